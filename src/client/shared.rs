//! [`Shared`]: what every handle of a connection knows.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::error::CloseReason;
use crate::reply::Version;

#[derive(Debug)]
pub(crate) struct Shared {
    /// Tells this connection from all others of the process.
    pub(crate) connection: u64,
    /// From the greeting.
    pub(crate) management_version: u32,
    pub(crate) command_timeout: Duration,
    /// What the daemon is, once it has been asked.
    version: OnceLock<Version>,
    /// The highest client version announced on this connection; 0 where none was.
    announced: AtomicU32,
    /// Whether the driver keeps states on for the questions.
    watches_states: bool,
    /// Whether the user has turned states on.
    wants_states: AtomicBool,
    closed: watch::Sender<Option<CloseReason>>,
}

impl Shared {
    pub(crate) fn new(
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
            closed: watch::Sender::new(None),
        }
    }

    pub(crate) fn version(&self) -> Option<Version> {
        self.version.get().cloned()
    }

    /// Keeps the daemon's version; it cannot change while the connection lasts.
    pub(crate) fn learn(&self, version: &Version) {
        self.version.get_or_init(|| version.clone());
    }

    pub(crate) fn announced(&self) -> u32 {
        self.announced.load(Ordering::Relaxed)
    }

    pub(crate) fn announce(&self, version: u32) {
        self.announced.store(version, Ordering::Relaxed);
    }

    pub(crate) fn watches_states(&self) -> bool {
        self.watches_states
    }

    pub(crate) fn want_states(&self, wanted: bool) {
        self.wants_states.store(wanted, Ordering::Release);
    }

    /// Whether states come that the user has not asked for.
    pub(crate) fn hides_states(&self) -> bool {
        self.watches_states && !self.wants_states.load(Ordering::Acquire)
    }

    /// Sets the reason the connection ended; the first one stays.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.closed.send_if_modified(|closed| {
            let first = closed.is_none();
            closed.get_or_insert(reason);
            first
        });
    }

    /// Why the connection ended, or the driver's own end where it did not say.
    pub(crate) fn reason(&self) -> CloseReason {
        self.closed.borrow().clone().unwrap_or(CloseReason::DriverGone)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.borrow().is_some()
    }

    pub(crate) async fn closed(&self) -> CloseReason {
        let mut watch = self.closed.subscribe();
        match watch.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or(CloseReason::DriverGone),
            Err(_) => CloseReason::DriverGone,
        }
    }
}

/// Marks the connection closed when the driver ends in any way, also by a runtime's shutdown.
pub(crate) struct CloseGuard(pub(crate) std::sync::Arc<Shared>);

impl Drop for CloseGuard {
    fn drop(&mut self) {
        self.0.close(CloseReason::DriverGone);
    }
}
