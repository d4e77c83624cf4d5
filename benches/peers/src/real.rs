//! What a real daemon says at length: the time of the processor that its reader spends.
//!
//! The daemon is slower than any reader, so the clock on the wall would tell of it alone.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use lab::{DEADLINE, Lab, ServerOptions};
use openvpn_mgmt::{Builder, History};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::daemon::one_thread;
use crate::peer;
use crate::rounds::{Work, at_work, medians};
use crate::table::{Table, figure, ratio};

const TEST: u32 = 200_000;

/// `>INFO:` and `>HOLD:`, with which a daemon that holds greets.
const GREETING: usize = 2;

/// How many lines of its log the daemon keeps.
const LOG: usize = 100_000;

/// Their callers.
const CALLERS: usize = 50;

/// A table, or why there is none.
pub(crate) fn table(rounds: usize) -> Result<Table> {
    let mut table = Table::new(
        "A real daemon, processor time of the reader's thread, ms:",
        &[
            "work",
            "limit: blocking read and count",
            "this crate",
            "of the limit",
            "peer",
            "of the limit",
        ],
    );
    let runtime = one_thread();
    let lab = Lab::new()?;
    let keeps = format!("management-log-cache {LOG}");
    let server = runtime.block_on(lab.server(ServerOptions::new().verb(3).line(&keeps)))?;
    let socket = server.socket();
    runtime.block_on(fill_the_log(socket))?;
    for command in [Wanted::Test, Wanted::Log] {
        let [limit, ours, peer] = readers(rounds, &runtime, socket, command);
        let mut cells = vec![format!("`{}`", command.line())];
        cells.extend([figure(limit), figure(ours), ratio(ours, limit)]);
        cells.extend([figure(peer), ratio(peer, limit)]);
        table.row(cells);
    }
    Ok(table)
}

#[derive(Clone, Copy)]
enum Wanted {
    Test,
    Log,
}

impl Wanted {
    fn line(self) -> String {
        match self {
            Self::Test => format!("test {TEST}"),
            Self::Log => "log all".to_owned(),
        }
    }

    fn has_end(self) -> bool {
        matches!(self, Self::Log)
    }

    /// How many lines come at least.
    fn lines(self) -> usize {
        match self {
            Self::Test => TEST as usize,
            Self::Log => LOG,
        }
    }
}

/// The daemon logs each command.
async fn fill_the_log(socket: &Path) -> Result<()> {
    let session = Builder::new().requests(false).pipeline(CALLERS).connect(socket).await?;
    let (client, _, _) = session.split();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            for _ in 0..LOG.div_ceil(CALLERS) {
                client.pid().await?;
            }
            openvpn_mgmt::Result::Ok(())
        });
    }
    callers.join_all().await.into_iter().collect::<openvpn_mgmt::Result<()>>()?;
    client.close().await;
    Ok(())
}

/// A daemon has one manager at a time, so each comes and leaves.
fn readers(rounds: usize, runtime: &Runtime, socket: &Path, wanted: Wanted) -> [f64; 3] {
    let limit = Work::new(|| spent(|| blocking(socket, wanted)));
    let ours = Work::new(|| spent(|| runtime.block_on(ours(socket, wanted))));
    let theirs = async || tokio::time::timeout(DEADLINE, theirs(socket, wanted)).await?;
    let peer = Work::new(|| spent(|| runtime.block_on(theirs())));
    medians(rounds, [limit, ours, peer])
}

/// Milliseconds that this thread was at work.
fn spent(read: impl FnOnce() -> Result<usize>) -> f64 {
    let before = at_work();
    let lines = read().expect("a reply");
    std::hint::black_box(lines);
    (at_work() - before) / 1e6
}

fn blocking(socket: &Path, wanted: Wanted) -> Result<usize> {
    let mut stream = StdUnixStream::connect(socket)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    let (mut buffer, mut lines) = (vec![0; 16 * 1024], 0);
    while lines < GREETING {
        let count = stream.read(&mut buffer)?;
        lines += crate::limits::lines(buffer.get(..count).unwrap_or_default());
    }
    writeln!(stream, "{}", wanted.line())?;
    let mut lines = 0;
    loop {
        let count = stream.read(&mut buffer)?;
        let bytes = buffer.get(..count).context("more than there is room for")?;
        ensure!(!bytes.is_empty(), "the daemon closed");
        lines += crate::limits::lines(bytes);
        if lines >= wanted.lines() && (!wanted.has_end() || bytes.ends_with(b"END\r\n")) {
            return Ok(lines);
        }
    }
}

async fn ours(socket: &Path, wanted: Wanted) -> Result<usize> {
    let session = Builder::new().requests(false).connect(socket).await?;
    let (client, events, _) = session.split();
    drop(events);
    let lines = match wanted {
        Wanted::Test => client.test(TEST).await?.len(),
        Wanted::Log => client.log_history(History::All).await?.len(),
    };
    ensure!(lines >= wanted.lines(), "only {lines} lines");
    client.close().await;
    Ok(lines)
}

async fn theirs(socket: &Path, wanted: Wanted) -> Result<usize> {
    let stream = UnixStream::connect(socket).await?;
    let lines = match wanted {
        Wanted::Test => peer::counted(stream, wanted.line(), wanted.lines()).await,
        Wanted::Log => peer::block(stream, wanted.line()).await,
    };
    ensure!(lines >= wanted.lines(), "only {lines} lines");
    Ok(lines)
}
