//! [`Shared`]: what every handle of a connection knows.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::client::broadcast::Broadcast;
use crate::client::registry::Registry;
use crate::error::CloseReason;
use crate::reply::Version;
use crate::types::Dialect;

#[derive(Debug)]
pub(super) struct Shared {
    /// Tells this connection from all others of the process.
    pub(super) connection: u64,
    /// From the greeting.
    pub(super) management_version: u32,
    pub(super) command_timeout: Duration,
    /// What the daemon is, once it has been asked.
    version: OnceLock<Version>,
    /// The highest client version announced on this connection; 0 where none was.
    announced: AtomicU32,
    /// Whether the driver keeps states on for the requests.
    watches_states: bool,
    /// Whether the user has last asked for states, and not to have none.
    wants_states: AtomicBool,
    /// Whether the daemon has accepted to tell the user states.
    tells_states: AtomicBool,
    /// Whether the daemon waits for `hold release`.
    in_hold: AtomicBool,
    closed: watch::Sender<Option<CloseReason>>,
    /// Tells the driver that there is something to do beside commands.
    pub(super) work: Arc<Notify>,
    closing: AtomicU8,
}

/// How a handle has asked for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// Not at all.
    No,
    /// After the commands called before, as far as the time to close allows.
    AfterCommands,
    /// At once.
    Now,
}

impl Shared {
    pub(super) fn new(
        management_version: u32,
        command_timeout: Duration,
        watches_states: bool,
    ) -> Self {
        static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
        Self {
            connection: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
            management_version,
            command_timeout,
            version: OnceLock::new(),
            announced: AtomicU32::new(0),
            watches_states,
            wants_states: AtomicBool::new(false),
            tells_states: AtomicBool::new(false),
            in_hold: AtomicBool::new(false),
            closed: watch::Sender::new(None),
            work: Arc::new(Notify::new()),
            closing: AtomicU8::new(Closing::No as u8),
        }
    }

    /// Asks the driver to end the connection.
    pub(super) fn ask_to_close(&self, how: Closing) {
        self.closing.fetch_max(how as u8, Ordering::AcqRel);
        self.work.notify_one();
    }

    pub(super) fn closing(&self) -> Closing {
        match self.closing.load(Ordering::Acquire) {
            0 => Closing::No,
            1 => Closing::AfterCommands,
            _ => Closing::Now,
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        let dialect = Dialect::new(self.management_version).with_announced(self.announced());
        self.version.get().map_or(dialect, |version| version.add_to(dialect))
    }

    pub(super) fn version(&self) -> Option<Version> {
        self.version.get().cloned()
    }

    /// Keeps the daemon's version; it cannot change while the connection lasts.
    pub(super) fn learn(&self, version: &Version) {
        self.version.get_or_init(|| version.clone());
    }

    pub(super) fn announced(&self) -> u32 {
        self.announced.load(Ordering::Relaxed)
    }

    pub(super) fn announce(&self, version: u32) {
        self.announced.store(version, Ordering::Relaxed);
    }

    pub(super) fn announce_at_most(&self, version: u32) {
        self.announced.fetch_min(version, Ordering::Relaxed);
    }

    pub(super) fn watches_states(&self) -> bool {
        self.watches_states
    }

    pub(super) fn want_states(&self, wanted: bool) {
        self.wants_states.store(wanted, Ordering::Release);
        if !wanted {
            self.tells_states.store(false, Ordering::Release);
        }
    }

    /// The daemon has accepted the user's `state on`.
    pub(super) fn tell_states(&self) {
        self.tells_states.store(true, Ordering::Release);
    }

    /// Whether states come that the user has not asked for.
    pub(super) fn hides_states(&self) -> bool {
        let shown = || {
            self.wants_states.load(Ordering::Acquire) && self.tells_states.load(Ordering::Acquire)
        };
        self.watches_states && !shown()
    }

    pub(super) fn set_in_hold(&self, in_hold: bool) {
        self.in_hold.store(in_hold, Ordering::Release);
    }

    pub(super) fn is_in_hold(&self) -> bool {
        self.in_hold.load(Ordering::Acquire)
    }

    /// Sets the reason the connection ended; the first one stays.
    pub(super) fn close(&self, reason: CloseReason) {
        self.closed.send_if_modified(|closed| {
            let first = closed.is_none();
            closed.get_or_insert(reason);
            first
        });
    }

    /// Why the connection ended, or the driver's own end where it did not say.
    pub(super) fn reason(&self) -> CloseReason {
        self.closed.borrow().clone().unwrap_or(CloseReason::DriverGone)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.borrow().is_some()
    }

    pub(super) async fn closed(&self) -> CloseReason {
        let mut watch = self.closed.subscribe();
        match watch.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(CloseReason::DriverGone),
            Err(_) => CloseReason::DriverGone,
        }
    }
}

/// Marks the connection closed when the driver ends in any way, also by a runtime's shutdown.
pub(super) struct CloseGuard {
    pub(super) shared: Arc<Shared>,
    pub(super) registry: Arc<Registry>,
    pub(super) broadcast: Arc<Broadcast>,
}

impl Drop for CloseGuard {
    fn drop(&mut self) {
        self.shared.close(CloseReason::DriverGone);
        self.registry.close();
        self.broadcast.close();
    }
}
