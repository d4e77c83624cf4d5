//! A daemon without its sockets: bytes of a manager in, bytes for it out, in a time of its owner's.

mod clients;
mod clock;
mod commands;
mod end;
mod flow;
mod history;
mod link;
mod prompt;
mod say;
mod scripted;
mod text;
mod tunnel;

use std::collections::VecDeque;
use std::time::Duration;

use openvpn_mgmt::server::Received;

use self::clients::Clients;
use self::clock::{Clock, Due};
use self::end::Signal;
use self::flow::{Phase, Stage};
use self::history::History;
use self::link::Link;
use self::prompt::{Prompt, Question};
use self::tunnel::Tunnel;
use crate::personality::Personality;
use crate::set_up::{AuthRetry, Mode, SetUp};

pub use self::clients::{Client, ClientError, ClientState};
pub use self::tunnel::ServerAction;

/// What outlives the manager that set it.
#[derive(Debug)]
struct Settings {
    hold: bool,
    released: bool,
    client_version: i64,
    env_filter: i64,
    verb: i64,
    mute: i64,
    auth_retry: AuthRetry,
    /// Seconds between two `>BYTECOUNT:`; 0 for none.
    byte_count: u64,
}

/// A simulated OpenVPN daemon, without input and output of its own.
///
/// Whoever drives it gives it what a manager sends, takes what it says, and moves its time on.
#[derive(Debug)]
pub struct Daemon {
    personality: Personality,
    set_up: SetUp,
    settings: Settings,
    clock: Clock,
    pid: u32,
    link: Option<Link>,
    out: Vec<u8>,
    /// A signal that was thrown while commands were read.
    thrown: Option<Signal>,
    phase: Phase,
    plan: VecDeque<Stage>,
    /// It has begun to set its tunnel up: commands for that mode are known.
    is_open: bool,
    prompt: Option<Prompt>,
    state: History,
    log: History,
    echo: History,
    /// The label of a token that is not there.
    asks_for: Option<String>,
    tunnel: Tunnel,
    clients: Clients,
    /// The lines that were read, until they are taken.
    received: Vec<String>,
    /// What is said to commands in place of an answer.
    scripted: Vec<(String, Vec<String>)>,
}

/// How many bytes a daemon reads at a time.
pub(crate) const READ: usize = 256;

/// How many lines are kept for whoever asks for them.
const RECEIVED: usize = 10_000;

impl Daemon {
    /// Starts a daemon, up to its first hold or prompt.
    #[must_use]
    pub fn new(personality: Personality, set_up: SetUp) -> Self {
        let settings = Settings {
            hold: set_up.hold,
            released: false,
            client_version: 1,
            env_filter: 0,
            verb: i64::from(set_up.verb),
            mute: 0,
            auth_retry: set_up.auth_retry,
            byte_count: 0,
        };
        let mut daemon = Self {
            personality,
            settings,
            clock: Clock::default(),
            pid: set_up.pid,
            link: None,
            out: Vec::new(),
            thrown: None,
            phase: Phase::Running,
            plan: VecDeque::new(),
            is_open: false,
            prompt: None,
            state: History::new(100),
            log: History::new(set_up.log_history),
            echo: History::new(100),
            asks_for: None,
            tunnel: Tunnel::new(&set_up),
            clients: Clients::new(personality),
            received: Vec::new(),
            scripted: Vec::new(),
            set_up,
        };
        daemon.start();
        daemon
    }

    /// The release it behaves as.
    #[must_use]
    pub fn personality(&self) -> Personality {
        self.personality
    }

    /// A manager connects. There must be none: the next one waits until this one has left.
    pub fn connect(&mut self) {
        self.out.clear();
        let link = Link::new(self.personality, self.set_up.password.as_deref());
        let verified = link.is_verified();
        self.link = Some(link);
        if !self.personality.keeps_byte_count() {
            self.settings.byte_count = 0;
            self.clock.cancel(Due::ByteCount);
        }
        self.log("", "MANAGEMENT: Client connected from management.sock");
        if verified {
            self.welcome();
        }
        self.take_server_output();
        self.settle();
    }

    /// Whether a manager is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    /// Whether the daemon has ended: nobody can connect any more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// The manager closes its connection, or is found gone.
    pub fn disconnect(&mut self) {
        if self.link.take().is_some() {
            self.out.clear();
            self.left();
            self.settle();
        }
    }

    /// Takes bytes that the manager has sent; 256 at a time, as a daemon reads them.
    ///
    /// A daemon reads only when [`output`](Self::output) has been taken, and 256 bytes at most.
    pub fn receive(&mut self, bytes: &[u8]) {
        bytes.chunks(READ).for_each(|chunk| self.read(chunk));
    }

    /// Takes what is to be written to the manager.
    pub fn output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Whether there is something to be written.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.out.is_empty()
    }

    /// Takes the lines that were read since the last time, those of blocks and passwords too.
    ///
    /// Up to 10,000 are kept.
    pub fn take_commands(&mut self) -> Vec<String> {
        std::mem::take(&mut self.received)
    }

    /// Whether it is a server that serves, with a manager that would hear of clients.
    #[must_use]
    pub fn serves_a_manager(&self) -> bool {
        self.serves() && self.link.as_ref().is_some_and(Link::is_verified)
    }

    /// The time since its start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// When it will do something by itself, in time since its start.
    #[must_use]
    pub fn next_timer(&self) -> Option<Duration> {
        self.clock.next()
    }

    /// Moves its time on, and does what is due.
    pub fn advance(&mut self, until: Duration) {
        while let Some(due) = self.clock.advance(until) {
            self.run(due);
            self.settle();
        }
    }

    fn run(&mut self, due: Due) {
        match due {
            Due::ByteCount => self.tell_byte_count(),
            Due::Restart => self.resume(),
            Due::GetConfig => self.ask_for_config(),
            Due::Silence => self.dial_another(),
            Due::Client(cid) => self.client_is_due(cid),
            Due::Renew(cid) => self.keys_are_due(cid),
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        let before = self.out.len();
        let Some(link) = &mut self.link else { return };
        link.server.receive(bytes);
        while let Some(received) = self.next_received() {
            self.received(&received);
        }
        self.log_open_block();
        self.take_server_output();
        if self.link.as_ref().is_some_and(Link::is_over) {
            self.halt(before);
        }
        self.settle();
    }

    /// The next line, or block, of what was read.
    fn next_received(&mut self) -> Option<Received> {
        let signature = self.awaits(|question| matches!(question, Question::Signature { .. }));
        let certificate = self.awaits(|question| *question == Question::Certificate);
        let password = self.long_password_kind().map(str::to_owned);
        let filters = self.personality.filters_packets();
        let link = self.link.as_mut().filter(|link| !link.halt)?;
        let blocks = link.server.blocks();
        blocks.client_pf(filters).signature(signature).certificate(certificate).password(password);
        link.server.next()
    }

    /// Whether this is asked, and not answered.
    fn awaits(&self, is: impl FnOnce(&Question) -> bool) -> bool {
        self.prompt.as_ref().is_some_and(|prompt| !prompt.answer.is_done && is(&prompt.question))
    }

    /// Takes what is said about the password of the management interface.
    fn take_server_output(&mut self) {
        if let Some(link) = &mut self.link {
            self.out.extend_from_slice(&link.server.output());
        }
    }

    /// Ends the connection by `exit`, or after three wrong passwords.
    fn halt(&mut self, before: usize) {
        // In its event loop a daemon throws away what it was about to say; elsewhere it writes at once.
        if !self.is_standalone() {
            self.out.truncate(before);
        }
        self.link = None;
        self.left();
    }

    /// What a daemon does when its manager has left.
    fn left(&mut self) {
        self.log("", "MANAGEMENT: Client disconnected");
        if self.set_up.forget_disconnect {
            self.forget_passwords();
        }
        if self.set_up.signal && self.phase == Phase::Running {
            self.thrown = Some(Signal::ManagementDisconnect);
        }
        if self.set_up.dials {
            self.thrown = Some(Signal::ManagementExit);
        }
    }

    /// Whether it waits for its manager, outside of its event loop.
    fn is_standalone(&self) -> bool {
        matches!(self.phase, Phase::Hold | Phase::Asking | Phase::Pausing)
    }

    /// Whether it is of this kind.
    fn is(&self, mode: Mode) -> bool {
        self.set_up.mode == mode
    }
}

#[cfg(test)]
mod tests;
