//! The state that a fake daemon, its driver and its listeners share.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::driver;
use super::transcript::{Transcript, Who};
use crate::daemon::{Client, Daemon};
use crate::faults::Faults;
use crate::personality::Personality;
use crate::set_up::SetUp;

/// A connection of a manager.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection for S {}

/// How many managers wait behind the one that is served, on a Unix socket with a backlog of 1.
const BACKLOG: usize = 2;
/// How long a manager may say nothing before clients connect all the same.
const QUIET: Duration = Duration::from_secs(5);
/// How many commands are kept for expectations.
const COMMANDS: usize = 100_000;

pub(super) struct Shared {
    core: Mutex<Core>,
    /// The daemon may have something to say, or somebody has come.
    pub(super) changed: Notify,
    /// Commands have come, or time has passed, or a test has done something.
    pub(super) happened: Notify,
    /// Nobody is served.
    pub(super) idle: Notify,
}

pub(super) struct Core {
    personality: Personality,
    set_up: SetUp,
    faults: Faults,
    /// Made when it is first needed, with what is configured then.
    daemon: Option<Daemon>,
    started: Option<Instant>,
    skipped: Duration,
    /// What is said in place of answers, once there is a daemon.
    scripted: Vec<(String, Vec<String>)>,
    /// Who connects when the server serves a manager that has begun.
    later: VecDeque<Client>,
    /// When the manager that is served has come, and whether it has sent a command.
    came: Option<Instant>,
    has_begun: bool,
    waiting: VecDeque<Box<dyn Connection>>,
    pub(super) is_busy: bool,
    driver: Option<AbortHandle>,
    has_ended: bool,
    transcript: Transcript,
    commands: Vec<String>,
}

impl Shared {
    pub(super) fn new(personality: Personality) -> Self {
        let core = Core {
            personality,
            set_up: SetUp::default(),
            faults: Faults::default(),
            daemon: None,
            started: None,
            skipped: Duration::ZERO,
            scripted: Vec::new(),
            later: VecDeque::new(),
            came: None,
            has_begun: false,
            waiting: VecDeque::new(),
            is_busy: false,
            driver: None,
            has_ended: false,
            transcript: Transcript::default(),
            commands: Vec::new(),
        };
        Self {
            core: Mutex::new(core),
            changed: Notify::new(),
            happened: Notify::new(),
            idle: Notify::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn configure(&self, change: impl FnOnce(&mut SetUp)) {
        change(&mut self.lock().set_up);
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    pub(super) fn answers(&self, command: String, lines: Vec<String>) {
        self.lock().scripted.push((command, lines));
    }

    pub(super) fn connects_later(&self, client: Client) {
        self.lock().later.push_back(client);
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Daemon) -> T) -> T {
        let result = {
            let mut core = self.lock();
            let result = act(core.daemon());
            core.after();
            result
        };
        self.changed.notify_one();
        self.happened.notify_waiters();
        result
    }

    pub(super) fn skip(&self, time: Duration) {
        self.lock().skipped += time;
        self.with(|_| ());
    }

    /// A manager connects, or is refused.
    pub(super) fn offer(self: &Arc<Self>, stream: Box<dyn Connection>) -> io::Result<()> {
        let mut core = self.lock();
        if core.has_ended || core.daemon().has_ended() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let limit = if core.is_busy { BACKLOG } else { BACKLOG + 1 };
        if core.waiting.len() >= limit {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        core.waiting.push_back(stream);
        if core.driver.is_none() {
            let task = tokio::spawn(driver::drive(Arc::clone(self)));
            core.driver = Some(task.abort_handle());
        }
        drop(core);
        self.changed.notify_one();
        Ok(())
    }

    /// Nothing goes on any more.
    pub(super) fn end(&self) {
        let mut core = self.lock();
        core.has_ended = true;
        core.waiting.clear();
        drop(core);
        self.changed.notify_one();
    }

    /// Ends it with its connections.
    pub(super) fn abort(&self) {
        self.end();
        if let Some(driver) = self.lock().driver.take() {
            driver.abort();
        }
    }

    pub(super) fn conversation(&self) -> String {
        self.lock().transcript.text()
    }

    pub(super) fn commands(&self) -> Vec<String> {
        self.lock().commands.clone()
    }
}

impl Core {
    /// The daemon, at its time.
    pub(super) fn daemon(&mut self) -> &mut Daemon {
        let started = *self.started.get_or_insert_with(Instant::now);
        let now = started.elapsed() + self.skipped;
        let (personality, set_up) = (self.personality, &self.set_up);
        let daemon = self.daemon.get_or_insert_with(|| Daemon::new(personality, set_up.clone()));
        daemon.advance(now);
        for (command, lines) in self.scripted.drain(..) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            daemon.answers(&command, &lines);
        }
        daemon
    }

    /// A manager is served.
    pub(super) fn connect(&mut self) {
        (self.came, self.has_begun) = (Some(Instant::now()), false);
        self.daemon().connect();
        self.after();
    }

    /// Does what waits for the daemon to have come further.
    pub(super) fn after(&mut self) {
        let daemon = self.daemon();
        let mut commands = daemon.take_commands();
        let serves = daemon.serves_a_manager();
        self.has_begun |= !commands.is_empty();
        if serves && self.is_awaited() {
            for client in std::mem::take(&mut self.later) {
                self.daemon().client_connects(client).ok();
            }
        }
        for command in &commands {
            self.transcript.add(Who::Manager, command.as_bytes());
        }
        if self.commands.len() < COMMANDS {
            self.commands.append(&mut commands);
        }
    }

    /// Whether the manager is as far as one that is asked about clients: what it sets first is in force.
    fn is_awaited(&self) -> bool {
        self.has_begun || self.came.is_some_and(|came| came.elapsed() >= QUIET)
    }

    /// The first command that begins so.
    pub(super) fn command(&self, start: &str) -> Option<String> {
        self.commands.iter().find(|line| line.starts_with(start)).cloned()
    }

    /// When the daemon does something by itself.
    pub(super) fn timer(&mut self) -> Option<Instant> {
        let quiet = self.came.filter(|_| !self.later.is_empty() && !self.is_awaited());
        let quiet = quiet.map(|came| came + QUIET);
        let next = self.daemon().next_timer().map(|next| next.saturating_sub(self.skipped));
        let next = self.started.zip(next).map(|(started, next)| started + next);
        quiet.into_iter().chain(next).min()
    }

    pub(super) fn said(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.transcript.add(Who::Daemon, bytes);
        }
    }

    pub(super) fn faults(&self) -> Faults {
        self.faults.clone()
    }

    pub(super) fn next_connection(&mut self) -> Option<Box<dyn Connection>> {
        self.waiting.pop_front()
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn is_over(&mut self) -> bool {
        self.has_ended || (self.daemon().has_ended() && !self.daemon().has_output())
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let core = self.lock();
        f.debug_struct("Shared")
            .field("personality", &core.personality)
            .field("waiting", &core.waiting.len())
            .finish_non_exhaustive()
    }
}
