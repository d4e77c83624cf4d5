//! The task that serves one manager after the other.

use std::future::pending;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, sleep_until};

use super::shared::{Connection, Shared};
use crate::daemon::READ;
use crate::faults::{Mangler, Piece, Then};

/// Why a connection is over.
enum Over {
    /// The daemon closes it.
    Closed,
    /// The manager has closed it, or it broke.
    Left,
}

/// Serves managers, until the daemon has ended.
pub(super) async fn drive(shared: Arc<Shared>) {
    while let Some(stream) = next(&shared).await {
        serve(&shared, stream).await;
        shared.lock().is_busy = false;
        shared.idle.notify_waiters();
    }
    shared.end();
    shared.idle.notify_waiters();
}

/// The next manager, when it comes.
async fn next(shared: &Shared) -> Option<Box<dyn Connection>> {
    loop {
        let timer = {
            let mut core = shared.lock();
            if core.is_over() {
                return None;
            }
            shared.happened.notify_waiters();
            if let Some(stream) = core.next_connection() {
                core.is_busy = true;
                core.connect();
                return Some(stream);
            }
            core.timer()
        };
        tokio::select! {
            () = shared.changed.notified() => {}
            () = until(timer) => {}
        }
    }
}

async fn serve(shared: &Shared, mut stream: Box<dyn Connection>) {
    let mut mangler = Mangler::new(shared.lock().faults());
    let over = loop {
        if let Err(over) = say(shared, &mut stream, &mut mangler).await {
            break over;
        }
        if !shared.lock().daemon().is_connected() {
            break Over::Closed;
        }
        if let Err(over) = hear(shared, &mut stream, &mangler).await {
            break over;
        }
    };
    if matches!(over, Over::Left) {
        let mut core = shared.lock();
        core.daemon().disconnect();
        core.after();
        shared.happened.notify_waiters();
    }
    stream.shutdown().await.ok();
}

/// Writes all that the daemon has to say: it reads nothing before.
async fn say(
    shared: &Shared,
    stream: &mut Box<dyn Connection>,
    mangler: &mut Mangler,
) -> Result<(), Over> {
    loop {
        if !mangler.window().is_zero() && shared.lock().daemon().has_output() {
            sleep(mangler.window()).await;
        }
        let bytes = {
            let mut core = shared.lock();
            let bytes = core.daemon().output();
            core.said(&bytes);
            bytes
        };
        if bytes.is_empty() {
            return Ok(());
        }
        for Piece { bytes, wait, then } in mangler.pieces(bytes) {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            stream.write_all(&bytes).await.map_err(|_| Over::Left)?;
            match then {
                Then::GoOn => stream.flush().await.map_err(|_| Over::Left)?,
                Then::Cut => return Err(Over::Left),
                Then::Stall => stall(stream).await?,
                Then::Restart => shared.lock().daemon().restarts_by_itself(),
            }
        }
    }
}

/// Says nothing more, until the manager leaves.
async fn stall(stream: &mut Box<dyn Connection>) -> Result<(), Over> {
    let mut bytes = [0; READ];
    while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
    Err(Over::Left)
}

/// Waits for the manager, for time, or for what a test does.
async fn hear(
    shared: &Shared,
    stream: &mut Box<dyn Connection>,
    mangler: &Mangler,
) -> Result<(), Over> {
    let timer = shared.lock().timer();
    let mut bytes = [0; READ];
    tokio::select! {
        read = stream.read(&mut bytes), if mangler.reads() => {
            let count = read.map_err(|_| Over::Left)?;
            let bytes = bytes.get(..count).unwrap_or_default();
            if bytes.is_empty() {
                return Err(Over::Left);
            }
            shared.lock().daemon().receive(bytes);
        }
        () = shared.changed.notified() => {}
        () = until(timer) => {}
    }
    shared.lock().after();
    shared.happened.notify_waiters();
    Ok(())
}

async fn until(timer: Option<Instant>) {
    match timer {
        Some(timer) => sleep_until(timer).await,
        None => pending().await,
    }
}
