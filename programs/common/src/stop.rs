//! The end of a program: because it is done, has failed, or was told to stop.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::oneshot;

use crate::printer::{self, harmless};
use crate::signals::Stop;

/// How long the end in good order may take, whatever the work is at.
const GOOD_ORDER: Duration = Duration::from_secs(12);

/// As [`until_stopped`]; work that still listens to what it is given then may end in good order. A
/// second signal ends it at once.
pub async fn until_ended<W>(work: impl FnOnce(oneshot::Receiver<()>) -> W) -> ExitCode
where
    W: Future<Output = Result<()>>,
{
    let (tell, told) = oneshot::channel();
    let mut work = Box::pin(work(told));
    let (status, within) = match Stop::new() {
        Ok(stop) => end(stop, tell, work.as_mut()).await,
        Err(error) => (failed(&error), printer::AT_THE_END),
    };
    drop(work);
    printer::flush(within).await;
    status
}

/// Runs `work` until it ends or a signal does; what it holds is dropped then, and with it
/// every daemon, device and file of its own.
///
/// What was printed is waited for a little, and less after a signal: nobody may read it.
///
/// The exit status is 0 where it is done, 1 where it failed, and after a signal what
/// shells use for it: 130 after Ctrl-C.
pub async fn until_stopped<W>(work: impl FnOnce() -> W) -> ExitCode
where
    W: Future<Output = Result<()>>,
{
    until_ended(|_| work()).await
}

/// Gives the exit status, and how long it may take to print what is left.
async fn end(
    mut stop: Stop,
    tell: oneshot::Sender<()>,
    mut work: impl Future<Output = Result<()>> + Unpin,
) -> (ExitCode, Duration) {
    let done = tokio::select! {
        biased;
        stopped = stop.received() => {
            if tell.send(()).is_ok() {
                tokio::select! {
                    _ = stop.received() => {}
                    _ = tokio::time::timeout(GOOD_ORDER, work) => {}
                }
            }
            return (by(stopped), printer::WHEN_STOPPED);
        }
        done = &mut work => done,
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
