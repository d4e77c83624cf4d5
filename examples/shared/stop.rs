//! The end of a program: because it is done, has failed, or was told to stop.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs `work` until it ends or a signal does; what it holds is dropped then, and with it
/// every daemon, device and file of its own.
///
/// The exit status is 0 where it is done, 1 where it failed, and after a signal what
/// shells use for it: 130 after Ctrl-C.
pub(crate) async fn until_stopped(work: impl Future<Output = Result<()>>) -> ExitCode {
    let mut stop = match Stop::new() {
        Ok(stop) => stop,
        Err(error) => return failed(&error),
    };
    let done = tokio::select! {
        biased;
        status = stop.received() => return ExitCode::from(status),
        done = work => done,
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    // A Ctrl-C goes to the daemons as well, and their end may be seen first.
    match tokio::time::timeout(Duration::from_millis(100), stop.received()).await {
        Ok(status) => ExitCode::from(status),
        Err(_) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("failed: {error:#}");
    ExitCode::FAILURE
}

/// The signals that ask a program to end.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Stop {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for one, and gives its exit status.
    async fn received(&mut self) -> u8 {
        let (status, name) = tokio::select! {
            _ = self.interrupt.recv() => (130, "Ctrl-C"),
            _ = self.terminate.recv() => (143, "SIGTERM"),
            _ = self.hangup.recv() => (129, "SIGHUP"),
        };
        eprintln!("\nstopped by {name}");
        status
    }
}
