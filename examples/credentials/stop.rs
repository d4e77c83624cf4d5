//! Ends on Ctrl-C and its like, with everything put away.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs a program until it ends or is told to, and gives its exit status.
pub(crate) async fn run(program: impl Future<Output = Result<()>>) -> ExitCode {
    let error = match Stop::new() {
        Ok(mut stop) => tokio::select! {
            biased;
            (status, name) = stop.received() => return stopped(status, name),
            result = program => match result {
                Ok(()) => return ExitCode::SUCCESS,
                Err(error) => {
                    // A Ctrl-C goes to the daemons as well, and their end may be seen first.
                    let wait = Duration::from_millis(100);
                    if let Ok((status, name)) = tokio::time::timeout(wait, stop.received()).await {
                        return stopped(status, name);
                    }
                    error
                }
            },
        },
        Err(error) => error,
    };
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

fn stopped(status: u8, name: &str) -> ExitCode {
    eprintln!("\nstopped by {name}");
    ExitCode::from(status)
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

    /// Waits for one; gives the exit status shells use for it, and its name.
    async fn received(&mut self) -> (u8, &'static str) {
        tokio::select! {
            _ = self.interrupt.recv() => (130, "Ctrl-C"),
            _ = self.terminate.recv() => (143, "SIGTERM"),
            _ = self.hangup.recv() => (129, "SIGHUP"),
        }
    }
}
