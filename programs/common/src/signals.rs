//! [`Stop`]: the signals that ask a program to end.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for Ctrl-C, SIGTERM and SIGHUP.
#[derive(Debug)]
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Stop {
    /// Listens from now on; none of the signals ends the process by itself any more.
    ///
    /// # Errors
    /// The system does not let it.
    pub fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for one; gives the exit status shells use for it, and its name.
    pub async fn received(&mut self) -> (u8, &'static str) {
        tokio::select! {
            _ = self.interrupt.recv() => (130, "Ctrl-C"),
            _ = self.terminate.recv() => (143, "SIGTERM"),
            _ = self.hangup.recv() => (129, "SIGHUP"),
        }
    }
}
