//! A command and its reply, and many commands at once.

use std::future::Future;
use std::time::Instant;

use openvpn_mgmt::{Builder, Client};
use openvpn_mgmt_codec::ManagementSession;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::daemon::pinned::Pinned;
use crate::daemon::{
    answer, ask, attached, connected, greeted, in_its_own_thread, one_thread, ping,
};
use crate::peer;
use crate::rounds::{Work, median, medians, nanoseconds, to_f64};
use crate::table::{Table, figure, ratio};

/// Of so many round trips the median is a round's figure.
const TRIPS: usize = 5000;

const CALLERS: usize = 16;

/// How many calls each of them makes, one after another.
const CALLS: usize = 500;

pub(crate) fn table(rounds: usize) -> Table {
    let mut table = Table::new(
        "A `pid` and its reply over a unix socket, p50 in us, both ends on one core; and 16 callers \
         with `pipeline(16)`, us a command:",
        &["work", "raw tokio", "this crate", "of raw (goal: <= 1.1x)", "peer", "of the peer's"],
    );
    let _pinned = Pinned::new();
    for (name, two) in [("both ends in one thread", false), ("two threads", true)] {
        let [raw, ours, peer] = trips(rounds, two);
        let mut cells = vec![format!("`pid`, {name}")];
        cells.extend([figure(raw), figure(ours), ratio(ours, raw)]);
        cells.extend([figure(peer), ratio(ours, peer)]);
        table.row(cells);
    }
    let [one, at_once, ours] = pipelined(rounds);
    let gains = format!("{} of one in flight", ratio(one, ours));
    let limit = format!("{} one in flight, {} 16 written at once", figure(one), figure(at_once));
    table.row([
        format!("{CALLERS} callers, limit {}", ratio(one, at_once)),
        limit,
        figure(ours),
        gains,
        "not possible".to_owned(),
        String::new(),
    ]);
    table
}

/// The connections of raw tokio, of this crate and of the peer, each to a daemon of its own.
struct Ends {
    raw: UnixStream,
    ours: Client,
    peer: ManagementSession<UnixStream>,
}

impl Ends {
    async fn new(two_threads: bool) -> Self {
        let builder = Builder::new().requests(false);
        if two_threads {
            let ours = attached(in_its_own_thread(), &builder).await.split().0;
            let raw = greeted(in_its_own_thread()).await;
            let peer = peer::session(greeted(in_its_own_thread()).await);
            return Self { raw, ours, peer };
        }
        let (ours, daemon) = UnixStream::pair().expect("a socket");
        let ours = connected(ours, daemon, &builder).await;
        let peer = peer::session(answered());
        Self { raw: answered(), ours, peer }
    }
}

/// A stream to a daemon in a task, which does not greet.
fn answered() -> UnixStream {
    let (ours, daemon) = UnixStream::pair().expect("a socket");
    tokio::spawn(answer(daemon));
    ours
}

fn trips(rounds: usize, two_threads: bool) -> [f64; 3] {
    let runtime = &one_thread();
    let Ends { mut raw, ours, mut peer } = runtime.block_on(Ends::new(two_threads));
    let raw = Work::new(move || p50(runtime, async || ping(&mut raw).await));
    let ours = Work::new(move || p50(runtime, async || _ = ours.pid().await.expect("a reply")));
    let peer = Work::new(move || p50(runtime, async || _ = peer.pid().await.expect("a reply")));
    medians(rounds, [raw, ours, peer])
}

/// In microseconds.
fn p50(runtime: &Runtime, mut trip: impl AsyncFnMut()) -> f64 {
    let trips = async {
        let mut figures = Vec::with_capacity(TRIPS);
        for _ in 0..TRIPS {
            let from = Instant::now();
            trip().await;
            figures.push(nanoseconds(from) / 1e3);
        }
        figures
    };
    median(runtime.block_on(trips))
}

fn pipelined(rounds: usize) -> [f64; 3] {
    let runtime = &one_thread();
    let builder = Builder::new().requests(false).pipeline(CALLERS);
    let (mut one, mut many, client) = runtime.block_on(async {
        let client = attached(in_its_own_thread(), &builder).await.split().0;
        (greeted(in_its_own_thread()).await, greeted(in_its_own_thread()).await, client)
    });
    let one = work(runtime, async move || {
        for _ in 0..CALLERS * CALLS {
            ask(&mut one, 1).await;
        }
    });
    let many = work(runtime, async move || {
        for _ in 0..CALLS {
            ask(&mut many, CALLERS).await;
        }
    });
    medians(rounds, [one, many, work(runtime, async move || callers(&client).await)])
}

fn work<'a>(runtime: &'a Runtime, mut run: impl AsyncFnMut() + 'a) -> Work<'a> {
    Work::new(move || {
        let from = Instant::now();
        runtime.block_on(run());
        nanoseconds(from) / 1e3 / to_f64(CALLERS * CALLS)
    })
}

fn callers(client: &Client) -> impl Future<Output = ()> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            for _ in 0..CALLS {
                client.pid().await.expect("a reply");
            }
        });
    }
    async { _ = callers.join_all().await }
}
