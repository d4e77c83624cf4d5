//! The end of a program: because it is done, has failed, or was told to stop.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use signals::Stop;

#[path = "signals.rs"]
mod signals;

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
        stopped = stop.received() => return by(stopped),
        done = work => done,
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    // A Ctrl-C goes to the daemons as well, and their end may be seen first.
    match tokio::time::timeout(Duration::from_millis(100), stop.received()).await {
        Ok(stopped) => by(stopped),
        Err(_) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("failed: {error:#}");
    ExitCode::FAILURE
}

fn by((status, name): (u8, &str)) -> ExitCode {
    eprintln!("\nstopped by {name}");
    ExitCode::from(status)
}
