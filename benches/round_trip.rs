//! A command and its reply, beside a bare write and read on the same kind of socket.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use openvpn_mgmt::{Builder, Client};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, duplex};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const GREETING: &[u8] =
    b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";
const COMMAND: &[u8] = b"pid\n";
const REPLY: &[u8] = b"SUCCESS: pid=3528\r\n";
const AT_ONCE: usize = 64;

/// Answers each `pid`, however many come at once; the bytes in one write.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let replies = REPLY.repeat(count / COMMAND.len());
        stream.write_all(&replies).await.unwrap();
    }
}

async fn ping(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let mut buffer = [0; REPLY.len()];
    stream.write_all(COMMAND).await.unwrap();
    stream.read_exact(&mut buffer).await.unwrap();
}

/// A client of a daemon that greets and then answers.
async fn connected(
    ours: impl AsyncRead + AsyncWrite + Send + 'static,
    mut daemon: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    builder: &Builder,
) -> Client {
    daemon.write_all(GREETING).await.unwrap();
    tokio::spawn(answer(daemon));
    builder.attach(ours).await.unwrap().split().0
}

async fn many(client: &Client) {
    let mut calls = JoinSet::new();
    for _ in 0..AT_ONCE {
        let client = client.clone();
        calls.spawn(async move { client.pid().await.unwrap() });
    }
    while calls.join_next().await.is_some() {}
}

fn pairs<S>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    kind: &str,
    pair: impl Fn() -> (S, S),
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut ours, daemon) = runtime.block_on(async { pair() });
    runtime.spawn(answer(daemon));
    group.bench_function(format!("{kind}/bare"), |b| b.iter(|| runtime.block_on(ping(&mut ours))));
    let client = runtime.block_on(async {
        let (ours, daemon) = pair();
        connected(ours, daemon, &Builder::new().requests(false)).await
    });
    group.bench_function(format!("{kind}/pid"), |b| {
        b.iter(|| runtime.block_on(client.pid()).unwrap());
    });
}

fn round_trip(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut group = c.benchmark_group("round trip");
    pairs(&mut group, &runtime, "duplex", || duplex(64 * 1024));
    pairs(&mut group, &runtime, "unix", || UnixStream::pair().unwrap());
    group.throughput(Throughput::Elements(AT_ONCE as u64));
    let client = runtime.block_on(async {
        let (ours, daemon) = UnixStream::pair().unwrap();
        connected(ours, daemon, &Builder::new().requests(false).pipeline(AT_ONCE)).await
    });
    group.bench_function("unix/64 pids at once", |b| b.iter(|| runtime.block_on(many(&client))));
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
    targets = round_trip
}
criterion_main!(benches);
