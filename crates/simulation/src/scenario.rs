//! [`Scenario`]: a world as plain data, and as text.
//!
//! ```text
//! simulation 1
//! seed 17
//! fleet
//! daemon 2.6 auth pipeline 3 pipe 4096 delay 20 timeout 5000 patience 4000 events 64 : server, client-auth
//! comes 0 1 0
//! wait 0 150 0
//! ```
//!
//! The first line names the grammar. `seed` is what delays and splits are drawn from. With `fleet` one program manages all daemons.
//! A `daemon` line has the release, the program (`session`, `link`, `auth`, `responder`, `whole`), settings by name, of which
//! `memory`, `reply` and those of [`Setting`] may be left out, and behind ` : ` the set-up in the words of the test kit. A `timeout`
//! of 4294967295 is `Duration::MAX`. Each other line is a [`Step`]: its deed, a daemon, and two numbers, whose meaning the
//! [`Deed`] tells. Empty lines and those that begin with `#` are skipped.

use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};
use openvpn_mgmt_test::Personality;

/// A world: its daemons, their programs, and what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What delays and splits are drawn from.
    pub seed: u64,
    /// Whether one program manages all daemons.
    pub fleet: bool,
    /// The daemons.
    pub daemons: Vec<Plan>,
    /// What happens, one after another.
    pub steps: Vec<Step>,
}

/// A daemon, and the program that manages it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which release it is.
    pub release: Personality,
    /// What manages it.
    pub program: Program,
    /// Commands in flight.
    pub pipeline: u32,
    /// How many bytes each direction of a connection holds.
    pub pipe: u32,
    /// The longest time that bytes are on their way, in milliseconds; 0 for none.
    pub delay: u32,
    /// The time of a command, in milliseconds.
    pub timeout: u32,
    /// How long a daemon may be silent, in milliseconds.
    pub patience: u32,
    /// How many events a subscriber may be behind.
    pub events: u32,
    /// How many bytes unread events may hold; 0 for the SDK's own limit.
    pub memory: u32,
    /// How many bytes a reply may hold; 0 for the SDK's own limit.
    pub reply: u32,
    /// What is set beside, in the order in which it is written.
    pub beside: Vec<(Setting, u32)>,
    /// The configuration, in the words of the test kit.
    pub set_up: String,
}

/// What manages a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// One session, which begins anew when it is told to.
    Session,
    /// A `Link`, whose requests are answered one by one.
    Link,
    /// A `Link`, and an `AuthServer` over its requests.
    Auth,
    /// A `Link`, and a `Responder` over its requests.
    Responder,
    /// One session, whose events and requests are read as one stream.
    Whole,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub deed: Deed,
    /// To which daemon, or its program.
    pub daemon: usize,
    /// A number that the deed knows.
    pub a: u32,
    /// Another one.
    pub b: u32,
}

macro_rules! words {
    ($(#[$of:meta])* $name:ident { $($(#[$meta:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$meta])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

words! {
    /// What happens.
    Deed {
        /// `a` milliseconds pass.
        Wait "wait",
        /// Every task has `a` turns.
        Turns "turns",
        /// Caller `a` calls command `b`.
        Call "call",
        /// Caller `a` gives up.
        Cancel "cancel",
        /// A client comes, of kind `a`.
        Comes "comes",
        /// Client `a` leaves.
        Leaves "leaves",
        /// The keys of client `a` are renewed.
        Renews "renews",
        /// Client `a` begins anew from its port.
        Again "again",
        /// Client `a` responds, asked or not.
        Responds "responds",
        /// Client `a` is gone without a word.
        Vanishes "vanishes",
        /// `a` clients come at once, from address `b`.
        Crowd "crowd",
        /// `b` bytes pass the tunnel of client `a`.
        Traffic "traffic",
        /// The daemon restarts by SIGUSR1.
        Restart "restart",
        /// The daemon is killed, and another one starts.
        Replace "replace",
        /// The connection breaks.
        Cut "cut",
        /// What the daemon says does not arrive any more.
        Stall "stall",
        /// The daemon does not read any more.
        Deaf "deaf",
        /// It arrives and reads again.
        Heal "heal",
        /// Writes are split at random bytes.
        Split "split",
        /// Another manager holds the connection for `a` milliseconds.
        Held "held",
        /// The daemon says a line that nobody can read.
        Garbage "garbage",
        /// The daemon says `a` lines of its log.
        Flood "flood",
        /// The server of a client lets it in.
        Admits "admits",
        /// The server of a client turns it away, with a challenge where `a` is 1.
        Denies "denies",
        /// The server of a client asks it something.
        Asks "asks",
        /// A caller keeps who is there.
        Keep "keep",
        /// A caller kills one of those who were kept.
        KillKept "kill-kept",
        /// A caller calls by a link, over sessions that come and go.
        Through "through",
        /// A caller asks all members of a fleet, or this one where `b` is odd.
        AskAll "ask-all",
        /// The daemon says once more that it holds.
        HoldsAgain "holds-again",
        /// The daemon says a line that others must not keep back.
        Murmur "murmur",
        /// The subscriber reads no more.
        Pause "pause",
        /// The subscriber reads again.
        Read "read",
        /// Another subscriber comes, which reads nothing.
        Subscribe "subscribe",
        /// The subscriptions are dropped.
        Deserts "deserts",
        /// Nobody takes requests any more.
        Leave "leave",
        /// How requests are answered from now on: see `Policy`, by `a`; after `b` milliseconds.
        Answer "answer",
        /// What was not answered yet is answered now.
        Release "release",
        /// Whoever answers a request gives up.
        GiveUp "give-up",
        /// The program closes its session.
        Close "close",
        /// The program begins another session.
        Connect "connect",
        /// Everything on its way arrives, and what should be so then is looked at.
        Settle "settle",
        /// A command stays without its reply, the `a`-th that comes.
        Mute "mute",
        /// A command is answered in other words than its own, the `a`-th that is answered so.
        Words "other-words",
        /// A command is refused and not done: one about a client, `env-filter` where `a` is 1, `state on` where it is 2.
        Refuses "refuses",
        /// A state cannot be read: the next with RECONNECTING, or with another name where `a` is 1.
        Unread "unreadable-state",
        /// From now on the daemon holds in other words.
        Holds "other-hold",
        /// A block has a second line that begins with `ERROR:`.
        ErrorLine "error-line",
        /// A `status` has no end.
        Endless "endless",
        /// A line of nobody's follows the reply to a signal.
        StrayLine "stray-line",
        /// The next connection begins with `a` lines before the greeting.
        Talks "talks",
        /// The next environment has `a` more lines and `b` more secrets.
        Wide "wide",
        /// The daemon says a secret where it does not belong, in the way `a`.
        Quotes "quotes",
        /// What is on its way arrives up to the middle of a line, and the connection breaks.
        Tears "tears",
        /// The program drops everything that it has of a session.
        Abandon "abandon",
        /// The program has its session end by `quit`.
        Quit "quit",
    }
}

impl Deed {
    /// Whether a daemon does so in odd worlds alone.
    pub(crate) fn is_odd(self) -> bool {
        self as usize > Self::Settle as usize
    }
}

words! {
    /// What a daemon or its program has in some worlds only.
    Setting {
        /// So many clients may wait for a decision.
        Waiting "waiting",
        /// So many of one address may.
        Each "each",
        /// Clients come from so many addresses.
        Addresses "addresses",
        /// Each client claims an address of its own.
        Claims "claims",
        /// Whose request is dropped is denied.
        Denies "denies",
        /// A call for the next session is dropped after so many milliseconds, and made again.
        Impatient "impatient",
        /// The password of the program is wrong.
        Wrong "wrong",
        /// Processes have the number of their place, and who follows another in its first second looks the same.
        Twins "twins",
        /// What an `AuthServer` gives each attempt, in milliseconds.
        Deadline "deadline",
    }
}

const GRAMMAR: &str = "simulation 1";

impl Program {
    const WORDS: [(Self, &'static str); 5] = [
        (Self::Session, "session"),
        (Self::Link, "link"),
        (Self::Auth, "auth"),
        (Self::Responder, "responder"),
        (Self::Whole, "whole"),
    ];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(program, _)| *program == self).map_or("session", |(_, word)| word)
    }
}

fn release(release: Personality) -> &'static str {
    match release {
        Personality::V2_5 => "2.5",
        Personality::V2_6 => "2.6",
        _ => "2.7",
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{GRAMMAR}\nseed {}", self.seed)?;
        if self.fleet {
            writeln!(f, "fleet")?;
        }
        for plan in &self.daemons {
            writeln!(f, "{plan}")?;
        }
        for Step { deed, daemon, a, b } in &self.steps {
            writeln!(f, "{} {daemon} {a} {b}", deed.word())?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pipeline, pipe, delay, timeout, patience, events, set_up, .. } = self;
        let (release, program) = (release(self.release), self.program.word());
        write!(f, "daemon {release} {program} pipeline {pipeline} pipe {pipe} delay {delay} ")?;
        write!(f, "timeout {timeout} patience {patience} events {events}")?;
        for (name, value) in [("memory", self.memory), ("reply", self.reply)] {
            if value > 0 {
                write!(f, " {name} {value}")?;
            }
        }
        for (setting, value) in &self.beside {
            write!(f, " {} {value}", setting.word())?;
        }
        write!(f, " : {set_up}")
    }
}

impl Scenario {
    /// Reads a scenario as it was written.
    ///
    /// # Errors
    /// A line is none of a scenario; the error names it.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut lines = lines.filter(|line| !line.starts_with('#'));
        ensure!(lines.next() == Some(GRAMMAR), "a scenario begins with `{GRAMMAR}`");
        let mut scenario = Self { seed: 0, fleet: false, daemons: Vec::new(), steps: Vec::new() };
        for line in lines {
            scenario.line(line).with_context(|| format!("`{line}`"))?;
        }
        Ok(scenario)
    }

    fn line(&mut self, line: &str) -> Result<()> {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("seed", seed) => self.seed = seed.parse()?,
            ("fleet", "") => self.fleet = true,
            ("daemon", rest) => self.daemons.push(Plan::parse(rest)?),
            (word, rest) => {
                let deed = Deed::parse(word).context("no such deed")?;
                let words: Vec<&str> = rest.split(' ').collect();
                let [daemon, a, b] = words.as_slice() else { bail!("three numbers are wanted") };
                let step = Step { deed, daemon: daemon.parse()?, a: a.parse()?, b: b.parse()? };
                self.steps.push(step);
            }
        }
        Ok(())
    }
}

impl Plan {
    /// What is set beside, where it is.
    #[must_use]
    pub fn has(&self, wanted: Setting) -> Option<u32> {
        self.beside.iter().find(|(setting, _)| *setting == wanted).map(|(_, value)| *value)
    }

    fn parse(text: &str) -> Result<Self> {
        let (settings, set_up) = text.split_once(" : ").context("no set-up behind ` : `")?;
        let words: Vec<&str> = settings.split(' ').collect();
        let [version, program, settings @ ..] = words.as_slice() else {
            bail!("a release and a program are wanted")
        };
        let mut releases = Personality::ALL.into_iter();
        let mut programs = Program::WORDS.into_iter();
        let found = |name: &str| {
            let pair = settings.chunks(2).find(|pair| pair.first() == Some(&name));
            pair.and_then(|pair| pair.get(1))
        };
        let number = |name: &str| -> Result<u32> {
            Ok(found(name).with_context(|| format!("no {name}"))?.parse()?)
        };
        let optional =
            |name: &str| -> Result<u32> { Ok(found(name).map_or(Ok(0), |value| value.parse())?) };
        let mut beside = Vec::new();
        for pair in settings.chunks(2) {
            if let [word, value] = pair {
                beside.extend(Setting::parse(word).map(|one| Ok((one, value.parse()?))));
            }
        }
        let beside = beside.into_iter().collect::<Result<_>>()?;
        Ok(Self {
            release: releases.find(|one| release(*one) == *version).context("no such release")?,
            program: programs.find(|(_, word)| word == program).context("no such program")?.0,
            pipeline: number("pipeline")?,
            pipe: number("pipe")?,
            delay: number("delay")?,
            timeout: number("timeout")?,
            patience: number("patience")?,
            events: number("events")?,
            memory: optional("memory")?,
            reply: optional("reply")?,
            beside,
            set_up: set_up.to_owned(),
        })
    }
}
