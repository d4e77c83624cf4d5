//! A command and its reply, beside a bare write and read on the same kind of socket.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

mod daemon;

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use openvpn_mgmt::{Builder, Client};
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use daemon::pinned::Pinned;
use daemon::{answer, ask, attached, connected, greeted, in_its_own_thread, one_thread, ping};

const CALLERS: usize = 16;

/// How many calls each of them makes, one after another.
const CALLS: usize = 64;

fn builder() -> Builder {
    Builder::new().requests(false)
}

/// Both ends are tasks of one thread.
fn one<S>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    kind: &str,
    pair: impl Fn() -> (S, S),
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut ours, daemon) = runtime.block_on(async { pair() });
    runtime.spawn(answer(daemon));
    let client = runtime.block_on(async {
        let (ours, daemon) = pair();
        connected(ours, daemon, &builder()).await
    });
    both(group, runtime, kind, &mut ours, &client);
}

/// The ends have a thread each, on the same core.
fn two(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime) {
    let (mut ours, client) = runtime.block_on(async {
        let client = attached(in_its_own_thread(), &builder()).await.split().0;
        (greeted(in_its_own_thread()).await, client)
    });
    both(group, runtime, "unix, two threads", &mut ours, &client);
}

fn both<S: AsyncRead + AsyncWrite + Unpin>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    kind: &str,
    raw: &mut S,
    client: &Client,
) {
    group.bench_function(format!("{kind}/limit: raw tokio"), |b| {
        b.iter(|| runtime.block_on(ping(raw)));
    });
    group.bench_function(format!("{kind}/pid"), |b| {
        b.iter(|| runtime.block_on(client.pid()).unwrap());
    });
}

fn round_trip(c: &mut Criterion) {
    let _pinned = Pinned::new();
    let runtime = one_thread();
    let mut group = c.benchmark_group("round trip on one core");
    one(&mut group, &runtime, "duplex", || duplex(64 * 1024));
    one(&mut group, &runtime, "unix", || UnixStream::pair().unwrap());
    two(&mut group, &runtime);
    group.finish();
}

/// So many callers, and as many commands in flight.
async fn many(client: &Client) {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            for _ in 0..CALLS {
                client.pid().await.unwrap();
            }
        });
    }
    callers.join_all().await;
}

/// As many commands raw, so many written at once.
async fn raw(stream: &mut UnixStream, at_once: usize) {
    for _ in 0..CALLERS * CALLS / at_once {
        ask(stream, at_once).await;
    }
}

/// The daemon has a thread of its own, on the same core.
fn pipelined(c: &mut Criterion) {
    let _pinned = Pinned::new();
    let runtime = one_thread();
    let mut group = c.benchmark_group("pipeline on one core");
    group.throughput(Throughput::Elements((CALLERS * CALLS) as u64));
    let mut ours = runtime.block_on(async { greeted(in_its_own_thread()).await });
    for (name, at_once) in [("raw tokio, one in flight", 1), ("limit: 16 written at once", CALLERS)]
    {
        group.bench_function(name, |b| b.iter(|| runtime.block_on(raw(&mut ours, at_once))));
    }
    let builder = builder().pipeline(CALLERS);
    let client =
        runtime.block_on(async { attached(in_its_own_thread(), &builder).await.split().0 });
    group
        .bench_function("16 callers, pipeline(16)", |b| b.iter(|| runtime.block_on(many(&client))));
    group.finish();
}

fn quick() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = benches;
    config = quick();
    targets = round_trip, pipelined
}
criterion_main!(benches);
