//! The end of a program: because it is done, has failed, or was told to stop.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use super::printer::{self, harmless};
use signals::Stop;

#[path = "signals.rs"]
mod signals;

/// Runs `work` until it ends or a signal does; what it holds is dropped then, and with it
/// every daemon, device and file of its own.
///
/// What was printed is waited for a little, and less after a signal: nobody may read it.
///
/// The exit status is 0 where it is done, 1 where it failed, and after a signal what
/// shells use for it: 130 after Ctrl-C.
pub(crate) async fn until_stopped(work: impl Future<Output = Result<()>>) -> ExitCode {
    let (status, within) = match Stop::new() {
        Ok(stop) => end(stop, work).await,
        Err(error) => (failed(&error), printer::AT_THE_END),
    };
    printer::flush(within).await;
    status
}

/// Gives the exit status, and how long it may take to print what is left.
async fn end(mut stop: Stop, work: impl Future<Output = Result<()>>) -> (ExitCode, Duration) {
    let done = tokio::select! {
        biased;
        stopped = stop.received() => return (by(stopped), printer::WHEN_STOPPED),
        done = work => done,
    };
    let Err(error) = done else { return (ExitCode::SUCCESS, printer::AT_THE_END) };
    // A Ctrl-C goes to the daemons as well, and their end may be seen first.
    match tokio::time::timeout(Duration::from_millis(100), stop.received()).await {
        Ok(stopped) => (by(stopped), printer::WHEN_STOPPED),
        Err(_) => (failed(&error), printer::AT_THE_END),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    // Of several lines, where a daemon's log is in it.
    for line in format!("failed: {error:#}").lines() {
        printer::stderr().line(&harmless(line));
    }
    ExitCode::FAILURE
}

fn by((status, name): (u8, &str)) -> ExitCode {
    printer::stderr().line(&format!("\nstopped by {name}"));
    ExitCode::from(status)
}
