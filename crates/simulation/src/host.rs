//! [`Host`]: a simulated daemon of the test kit at its end of the connections, with what goes wrong there.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openvpn_mgmt_test::{Daemon, SetUp};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::crowd::Addresses;
use crate::ledger::{Shared as Ledger, marks_in};
use crate::odd::{self, Odds};
use crate::pipe::{ManagerEnd, Pipe};
use crate::scenario::{Deed, Plan, Setting};

/// How many bytes a daemon reads at a time.
const READ: usize = 256;
/// Whether a line of a reply says that a command was taken, or that it was not.
fn reply(line: &[u8]) -> Option<bool> {
    // 2.5 says so of a client that is not there.
    let failed = b"command failed".as_slice();
    let has_failed = line.windows(failed.len()).any(|part| part == failed);
    match line {
        [b'S', b'U', b'C', ..] => Some(!has_failed),
        [b'E', b'R', b'R', ..] => Some(false),
        _ => None,
    }
}

/// What the first number is more than 1.
pub(crate) const SERIALS: usize = 1_000_000;

/// How many managers wait at a socket.
const BACKLOG: usize = 2;

/// A daemon, and who connects to it.
#[derive(Clone)]
pub(crate) struct Host {
    number: usize,
    pipe: usize,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    ledger: Ledger,
}

struct State {
    plan: Plan,
    daemon: Daemon,
    processes: u32,
    /// How often another process took the place of one.
    replaced: u32,
    began: Instant,
    served: Option<Arc<Pipe>>,
    waiting: VecDeque<Arc<Pipe>>,
    /// What was said and has not arrived, with the time at which it does.
    on_its_way: VecDeque<(Instant, Vec<u8>)>,
    /// What was taken and is no whole line.
    line: Vec<u8>,
    /// A block goes on, of which these are the lines.
    block: Vec<String>,
    /// Replies to signatures and certificates, which may come later than those to other commands.
    late: Vec<(Instant, Vec<u8>)>,
    random: fastrand::Rng,
    faults: Faults,
    odds: Odds,
    says_before: bool,
    inside: BTreeSet<(u64, String)>,
    addresses: Addresses,
    /// Nobody can connect any more.
    is_over: bool,
}

/// What is wrong now.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) stalls: bool,
    pub(crate) deaf: bool,
    pub(crate) splits: bool,
    /// Somebody else is served until then.
    pub(crate) held_until: Option<Instant>,
}

fn start(plan: &Plan, processes: u32) -> Daemon {
    // What the generator writes is a set-up; a scenario file is looked at before.
    let set_up = SetUp::parse(&plan.set_up).unwrap_or_default();
    let mut daemon = Daemon::new(plan.release, set_up);
    daemon.advance(Duration::from_secs(u64::from(processes)));
    daemon
}

impl Host {
    pub(crate) fn new(number: usize, plan: &Plan, seed: u64, ledger: Ledger) -> Self {
        let state = State {
            plan: plan.clone(),
            daemon: start(plan, 0),
            processes: 0,
            replaced: 0,
            began: Instant::now(),
            served: None,
            waiting: VecDeque::new(),
            on_its_way: VecDeque::new(),
            line: Vec::new(),
            block: Vec::new(),
            late: Vec::new(),
            random: fastrand::Rng::with_seed(seed.wrapping_add(number as u64)),
            faults: Faults::default(),
            odds: Odds::default(),
            says_before: false,
            inside: BTreeSet::new(),
            addresses: Addresses::new(plan),
            is_over: false,
        };
        let (state, changed) = (Arc::new(Mutex::new(state)), Arc::new(Notify::new()));
        let pipe = usize::try_from(plan.pipe).unwrap_or(usize::MAX).max(1);
        Self { number, pipe, state, changed, ledger }
    }

    /// The task that serves managers, until the world ends.
    pub(crate) fn run(&self) -> JoinHandle<()> {
        let host = self.clone();
        tokio::spawn(async move {
            loop {
                let (again, next) = host.turn();
                if again {
                    tokio::task::yield_now().await;
                    continue;
                }
                let due = async {
                    match next {
                        Some(next) => sleep_until(next).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    () = host.changed.notified() => {}
                    () = due => {}
                }
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A manager connects.
    pub(crate) fn connect(&self) -> io::Result<ManagerEnd> {
        let mut state = self.lock();
        if state.is_over || state.daemon.has_ended() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        if state.waiting.len() > BACKLOG {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let place = {
            let mut ledger = self.ledger.lock();
            let place = (self.number, ledger.begins(self.number));
            if let Some(conversation) = ledger.conversation(place) {
                conversation.process = state.replaced;
            }
            place
        };
        let (pipe, end) =
            Pipe::new(place, self.pipe, self.ledger.clone(), Arc::clone(&self.changed));
        state.waiting.push_back(pipe);
        self.changed.notify_one();
        Ok(end)
    }

    /// Does something to the daemon.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Daemon) -> T) -> T {
        let mut state = self.lock();
        state.advance();
        let done = act(&mut state.daemon);
        self.changed.notify_one();
        done
    }

    /// A client comes, from an address of its own or from this one.
    pub(crate) fn comes(&self, client: openvpn_mgmt_test::Client, address: Option<u32>) {
        let mut state = self.lock();
        state.advance();
        // That nobody is served now is fine.
        if let (Ok(cid), Some(address)) = (state.daemon.client_connects(client), address) {
            state.addresses.comes(cid, address);
        }
        self.changed.notify_one();
    }

    /// Changes what is wrong.
    pub(crate) fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.lock().faults);
        self.changed.notify_one();
    }

    /// The daemon is to be odd.
    pub(crate) fn odd(&self, deed: Deed, a: u32, b: u32) {
        self.lock().odds.add(deed, a, b);
    }

    /// From now on it says something before its replies to `verb`.
    pub(crate) fn says_before_replies(&self) {
        self.lock().says_before = true;
    }

    /// What is on its way arrives up to the middle of its last line, and the connection breaks.
    pub(crate) fn tears(&self) {
        let mut state = self.lock();
        let Some(pipe) = state.served.clone() else { return };
        self.takes_output(&mut state, &pipe);
        let mut bytes: Vec<u8> = state.on_its_way.drain(..).flat_map(|(_, bytes)| bytes).collect();
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let last = lines.last().map_or(0, |line| line.len());
        // Its line end is two bytes, of which neither comes.
        let short = state.random.usize(2..=last.max(2));
        bytes.truncate(bytes.len().saturating_sub(short));
        pipe.deliver(&bytes);
        drop(state);
        self.cut();
    }

    /// What is wrong, whether somebody is served, and how many bytes wait either way.
    pub(crate) fn look(&self) -> (Faults, bool, (usize, usize)) {
        let state = self.lock();
        let waiting = state.served.as_ref().map_or((0, 0), |pipe| pipe.waiting());
        (state.faults, state.served.is_some(), waiting)
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_quiet(&self) -> bool {
        let state = self.lock();
        let waiting = state.served.as_ref().map_or((0, 0), |pipe| pipe.waiting());
        state.on_its_way.is_empty() && waiting == (0, 0)
    }

    /// The daemon says a line of nobody's, and nothing that it says follows.
    pub(crate) fn says(&self, line: &[u8], is_garbage: bool) {
        let mut state = self.lock();
        let Some(pipe) = state.served.clone() else { return };
        if is_garbage {
            if let Some(conversation) = self.ledger.lock().conversation(pipe.place) {
                conversation.had_garbage = true;
            }
        }
        self.takes_output(&mut state, &pipe);
        self.say(&mut state, &pipe, line);
        self.changed.notify_one();
    }

    /// The daemon says once more that it holds, as one that has refused a SIGHUP.
    pub(crate) fn holds_again(&self) {
        let mut state = self.lock();
        let Some(pipe) = state.served.clone() else { return };
        self.takes_output(&mut state, &pipe);
        if self.ledger.lock().holds(pipe.place) {
            self.say(&mut state, &pipe, b">HOLD:Waiting for hold release:0\r\n");
            self.changed.notify_one();
        }
    }

    /// The daemon says a line that is looked for among those of other daemons.
    pub(crate) fn murmurs(&self) {
        let mut state = self.lock();
        let Some(pipe) = state.served.clone() else { return };
        self.takes_output(&mut state, &pipe);
        let number = self.ledger.lock().murmurs.begins(pipe.place);
        self.say(&mut state, &pipe, format!(">LOG:1795332237,,murmur {number}\r\n").as_bytes());
        let mut ledger = self.ledger.lock();
        let said = ledger.conversation(pipe.place).map_or(0, |conversation| conversation.said());
        ledger.murmurs.is_said(number, said);
        self.changed.notify_one();
    }

    /// The connection breaks; what has arrived is still read.
    pub(crate) fn cut(&self) {
        let mut state = self.lock();
        if let Some(pipe) = state.served.take() {
            pipe.close();
            state.daemon.disconnect();
            state.forget();
        }
        self.changed.notify_one();
    }

    /// Another process takes the place of this one.
    pub(crate) fn replace(&self) {
        self.cut();
        let mut state = self.lock();
        state.waiting.drain(..).for_each(|pipe| pipe.close());
        state.replaced += 1;
        let is_twin = state.began.elapsed() < Duration::from_secs(1)
            && state.plan.has(Setting::Twins).is_some();
        if !is_twin {
            state.processes += 1;
        }
        state.daemon = start(&state.plan, state.processes);
        state.advance();
        state.inside.clear();
        self.ledger.lock().counts.restarts += 1;
    }

    /// The end of the daemon.
    pub(crate) fn end(&self) {
        self.cut();
        let mut state = self.lock();
        state.is_over = true;
        state.waiting.drain(..).for_each(|pipe| pipe.close());
    }

    /// One turn; gives whether another one is wanted at once, and when it is wanted else.
    fn turn(&self) -> (bool, Option<Instant>) {
        let mut state = self.lock();
        state.advance();
        let was_served = state.served.is_some();
        Self::serve_next(&mut state);
        if let (false, Some(pipe)) = (was_served, state.served.clone()) {
            self.talk(&mut state, &pipe);
        }
        let Some(pipe) = state.served.clone() else {
            state.daemon.output();
            return (false, state.next());
        };
        self.takes_output(&mut state, &pipe);
        let is_stuck = state.arrive(&pipe);
        let bytes = if is_stuck || state.faults.deaf { Vec::new() } else { pipe.take(READ) };
        let has_read = !bytes.is_empty();
        self.hear(&mut state, &pipe, bytes);
        self.takes_output(&mut state, &pipe);
        state.arrive(&pipe);
        // Writing to whoever is gone fails.
        let is_refused = is_stuck && pipe.is_gone() && !state.faults.deaf;
        let is_done = is_refused || !state.daemon.is_connected() && state.on_its_way.is_empty();
        if is_done || (pipe.is_left() && !state.faults.deaf) {
            pipe.close();
            state.served = None;
            state.daemon.disconnect();
            state.forget();
            return (true, None);
        }
        (has_read, state.next())
    }

    fn serve_next(state: &mut State) {
        if state.served.is_some() || state.daemon.has_ended() {
            if state.daemon.has_ended() && state.served.is_none() {
                state.waiting.drain(..).for_each(|pipe| pipe.close());
            }
            return;
        }
        if state.faults.held_until.is_some_and(|until| until > Instant::now()) {
            return;
        }
        state.faults.held_until = None;
        while let Some(pipe) = state.waiting.pop_front() {
            if !pipe.is_left() {
                state.daemon.output();
                state.daemon.connect();
                state.served = Some(pipe);
                return;
            }
        }
    }

    /// What is said before a greeting.
    fn talk(&self, state: &mut State, pipe: &Pipe) {
        let lines = std::mem::take(&mut state.odds.talks);
        if let Some(conversation) = self.ledger.lock().conversation(pipe.place) {
            conversation.odd.talk = lines;
        }
        for number in 0..lines {
            self.say(state, pipe, format!(">LOG:1795332237,,before {number}.\r\n").as_bytes());
        }
    }

    /// What the daemon has to say sets out, line by line.
    fn takes_output(&self, state: &mut State, pipe: &Pipe) {
        let now = Instant::now();
        let (due, late) =
            std::mem::take(&mut state.late).into_iter().partition(|(at, _)| *at <= now);
        state.late = late;
        let due: Vec<(Instant, Vec<u8>)> = due;
        for (_, line) in due {
            self.say(state, pipe, &line);
        }
        let output = state.daemon.output();
        for line in output.split_inclusive(|byte| *byte == b'\n') {
            self.say(state, pipe, line);
        }
    }

    fn say(&self, state: &mut State, pipe: &Pipe, line: &[u8]) {
        match state.addresses.instead(line) {
            Some(lines) => {
                for line in lines.split_inclusive('\n') {
                    self.is_said(state, pipe, line.as_bytes());
                }
            }
            None => self.is_said(state, pipe, line),
        }
    }

    fn is_said(&self, state: &mut State, pipe: &Pipe, line: &[u8]) {
        if [&b">PK_SIGN"[..], b">RSA_SIGN", b">NEED-CERT"].iter().any(|ask| line.starts_with(ask)) {
            // A daemon has answered the last one, or never will, before it asks again.
            state.late.clear();
        }
        let odd::Said { before, line, is_unreadable } = state.odds.says(line);
        if is_unreadable {
            if let Some(conversation) = self.ledger.lock().conversation(pipe.place) {
                conversation.odd.was_unreadable = true;
                conversation.had_garbage |= !before.is_empty();
            }
        }
        for line in before {
            self.sets_out(state, pipe, &line);
        }
        self.sets_out(state, pipe, &line);
    }

    /// A line sets out, at once or in pieces.
    fn sets_out(&self, state: &mut State, pipe: &Pipe, line: &[u8]) {
        self.ledger.lock().said(pipe.place, line);
        let mut rest = line;
        while !rest.is_empty() {
            let count =
                if state.faults.splits { state.random.usize(1..=rest.len()) } else { rest.len() };
            let (piece, more) = rest.split_at(count);
            let delay = u64::from(state.plan.delay);
            let wait =
                Duration::from_millis(if delay == 0 { 0 } else { state.random.u64(0..=delay) });
            // Nothing overtakes what was said before.
            let before = state.on_its_way.back().map(|(at, _)| *at);
            let at = before.into_iter().fold(Instant::now() + wait, Instant::max);
            state.on_its_way.push_back((at, piece.to_vec()));
            rest = more;
        }
    }

    /// The daemon reads these bytes.
    fn hear(&self, state: &mut State, pipe: &Pipe, bytes: Vec<u8>) {
        for byte in bytes {
            state.line.push(byte);
            if byte == b'\n' {
                let line = std::mem::take(&mut state.line);
                self.hear_line(state, pipe, &line);
            }
        }
    }

    fn hear_line(&self, state: &mut State, pipe: &Pipe, line: &[u8]) {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        let is_first = state.block.is_empty();
        let begins_block = text.starts_with("client-auth ") || text.starts_with("client-pf ");
        let begins_answer = ["pk-sig", "rsa-sig", "certificate"].contains(&text.as_str());
        if is_first && (begins_block || begins_answer) || !is_first && text != "END" {
            state.block.push(text.clone());
        } else {
            let mut whole = std::mem::take(&mut state.block);
            whole.push(text.clone());
            return self.hear_whole(state, pipe, line, &whole);
        }
        state.daemon.receive(line);
        let output = state.daemon.output();
        let refusal = b"not currently available".as_slice();
        let is_refused = output.windows(refusal.len()).any(|part| part == refusal);
        for line in output.split_inclusive(|byte| *byte == b'\n') {
            self.say(state, pipe, line);
        }
        if is_first && begins_answer && is_refused {
            // The daemon does not await it, so that its lines are read as commands.
            state.block.clear();
        }
    }

    fn hear_whole(&self, state: &mut State, pipe: &Pipe, line: &[u8], whole: &[String]) {
        let text = whole.join("\n");
        let marks = marks_in(&text);
        if !text.starts_with("signal fence-") && !state.late.is_empty() && state.random.bool() {
            // In the moment in which it is most easily taken for the reply to this.
            for (_, line) in std::mem::take(&mut state.late) {
                self.say(state, pipe, &line);
            }
        }
        let odd = state.odds.hears(&text);
        let output = if odd == Some(Deed::Refuses) && whole.len() == 1 {
            odd::refusal(state.plan.release, &text)
        } else {
            state.daemon.receive(line);
            let output = state.daemon.output();
            match state.plan.has(Setting::Twins) {
                Some(_) if text == "pid" => {
                    format!("SUCCESS: pid={}\r\n", 4711 + state.processes).into()
                }
                _ => self.numbered(&text, output),
            }
        };
        let mut taken = None;
        let mut lines = Vec::new();
        for line in output.split_inclusive(|byte| *byte == b'\n') {
            taken = taken.or(reply(line));
            lines.push(line);
        }
        {
            let mut ledger = self.ledger.lock();
            ledger.heard(&marks, taken);
            if text.starts_with("client-pending-auth ") && taken == Some(true) {
                ledger.asks_user(pipe.place, &text);
            }
            if text == "hold release" {
                ledger.is_released(pipe.place);
            }
        }
        let instead = odd.and_then(|deed| odd::instead(deed, &output));
        if instead.is_some() {
            // Behind a `status` nothing else is sent.
            let calls = if odd == Some(Deed::Endless) { 1 } else { state.plan.pipeline };
            self.ledger.lock().odd_reply(self.number, calls);
            lines =
                instead.iter().flat_map(|it| it.split_inclusive(|byte| *byte == b'\n')).collect();
        }
        self.ledger.lock().replied(pipe.place, &text, &lines);
        if state.says_before && text == "verb" {
            let line = format!(">LOG:1795332237,,{}.\r\n", crate::call::odd::BEFORE);
            self.say(state, pipe, line.as_bytes());
        }
        let is_late =
            ["pk-sig\n", "rsa-sig\n", "certificate\n"].iter().any(|name| text.starts_with(name));
        let is_late = is_late && state.random.bool();
        for line in lines {
            if is_late && line.starts_with(b"SUCCESS") {
                let most = 2 * u64::from(state.plan.patience);
                let wait = Duration::from_millis(state.random.u64(0..=most));
                state.late.push((Instant::now() + wait, line.to_vec()));
            } else {
                self.say(state, pipe, line);
            }
        }
        // Only what is heard lets anybody in, where somebody decides.
        if state.plan.set_up.contains("client-auth") {
            self.look_who_is_in(state, &marks);
        }
    }

    /// Gives the replies to some commands a number of their own, by which each is known again.
    fn numbered(&self, command: &str, output: Vec<u8>) -> Vec<u8> {
        let (from, is_number): (&str, fn(&u8) -> bool) = match command {
            "pid" => ("SUCCESS: pid=", u8::is_ascii_digit),
            "load-stats" => ("bytesin=", u8::is_ascii_digit),
            _ => return output,
        };
        let text = String::from_utf8_lossy(&output).into_owned();
        let Some(at) = text.find(from) else { return output };
        let begin = at + from.len();
        let digits = text.bytes().skip(begin).take_while(is_number).count();
        // Long, so that a part of it is none.
        let serial = (SERIALS + self.ledger.lock().serial(self.number)).to_string();
        let mut text = text;
        text.replace_range(begin..begin + digits, &serial);
        text.into_bytes()
    }

    fn look_who_is_in(&self, state: &mut State, marks: &[usize]) {
        let inside = state.daemon.clients().into_iter().filter(|client| client.is_in);
        let inside: BTreeSet<_> =
            inside.map(|client| (client.cid, client.common_name.unwrap_or_default())).collect();
        for (_, name) in inside.difference(&state.inside) {
            self.ledger.lock().admitted(self.number, name, marks);
        }
        state.inside = inside;
    }
}

impl State {
    fn advance(&mut self) {
        let now = self.began.elapsed() + Duration::from_secs(u64::from(self.processes));
        self.daemon.advance(now);
    }

    fn forget(&mut self) {
        self.on_its_way.clear();
        self.late.clear();
        self.line.clear();
        self.block.clear();
        self.daemon.output();
    }

    /// What is due arrives; gives whether something is due for which there is no room.
    fn arrive(&mut self, pipe: &Pipe) -> bool {
        if self.faults.stalls {
            return false;
        }
        while let Some((at, bytes)) = self.on_its_way.front_mut() {
            if *at > Instant::now() {
                return false;
            }
            let count = pipe.deliver(bytes);
            bytes.drain(..count);
            if !bytes.is_empty() {
                return true;
            }
            self.on_its_way.pop_front();
        }
        false
    }

    /// When something is due.
    fn next(&self) -> Option<Instant> {
        let began = self.began;
        let skipped = Duration::from_secs(u64::from(self.processes));
        let timer = self.daemon.next_timer().map(|at| began + at.saturating_sub(skipped));
        let arrival = self.on_its_way.front().map(|(at, _)| *at).filter(|at| *at > Instant::now());
        let arrival = arrival.filter(|_| !self.faults.stalls);
        let held =
            self.faults.held_until.filter(|until| self.served.is_none() && *until > Instant::now());
        let late = self.late.iter().map(|(at, _)| *at).filter(|at| *at > Instant::now()).min();
        timer.into_iter().chain(late).chain(arrival).chain(held).min()
    }
}
