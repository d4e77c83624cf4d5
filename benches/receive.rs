//! How fast what a daemon sends becomes lines, events and a status, beside the least that
//! can be done with the same bytes in the same run: finding the line ends, and finding by hand
//! what the typed values have. The throughput is in lines.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

mod corpora;
mod limits;
mod through;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openvpn_mgmt::Status;

use corpora::{Corpus, floods};

/// More than the caches hold, and little enough for many rounds.
const BYTES: usize = 16 * 1024 * 1024;

fn receive(c: &mut Criterion) {
    for corpus in floods(BYTES) {
        check(&corpus);
        let mut group = c.benchmark_group(format!("receive/{}", corpus.name));
        group.throughput(Throughput::Elements(corpus.lines as u64));
        group.bench_function("limit: lines", |b| {
            b.iter(|| limits::lines(black_box(&corpus.bytes)));
        });
        group.bench_function("limit: typed", |b| {
            b.iter(|| limits::typed(black_box(&corpus.bytes), |line| _ = black_box(line)));
        });
        group.bench_function("demux", |b| {
            b.iter(|| through::demux(black_box(&corpus), |item| drop(black_box(item))));
        });
        group.bench_function("events", |b| {
            b.iter(|| through::events(black_box(&corpus), |event| drop(black_box(event))));
        });
        group.finish();
    }
}

fn status(c: &mut Criterion) {
    for clients in [10_000, 100_000] {
        let corpus = corpora::status::of(clients);
        check_status(&corpus, clients);
        let mut group = c.benchmark_group(format!("status 3/{clients} clients"));
        group.throughput(Throughput::Elements(corpus.lines as u64));
        group.bench_function("limit: lines and tabs", |b| {
            b.iter(|| limits::status::lines_and_tabs(black_box(&corpus.bytes)));
        });
        group.bench_function("limit: typed", |b| {
            b.iter(|| limits::status::rows(black_box(&corpus.bytes), |row| _ = black_box(row)));
        });
        group.bench_function("demux", |b| {
            b.iter(|| through::demux(black_box(&corpus), |item| drop(black_box(item))));
        });
        group.bench_function("typed", |b| b.iter(|| through::status(black_box(&corpus))));
        group.finish();
    }
}

/// The limit reads what the crate reads, or the ratio means nothing.
fn check(corpus: &Corpus) {
    let (mut by_hand, mut by_crate, mut events) = (0_u64, 0_u64, 0);
    limits::typed(&corpus.bytes, |line| by_hand = by_hand.wrapping_add(line.weight())).unwrap();
    through::events(corpus, |event| {
        by_crate = by_crate.wrapping_add(through::weight(&event));
        events += 1;
    });
    assert_eq!((by_hand, corpus.events), (by_crate, events), "{}", corpus.name);
}

fn check_status(corpus: &Corpus, clients: usize) {
    let mut rows = 0;
    limits::status::rows(&corpus.bytes, |_| rows += 1).unwrap();
    let Status::Server(status) = through::status(corpus) else { panic!("not a server's") };
    assert_eq!((rows, status.clients.len(), status.routes.len()), (corpus.lines, clients, clients));
    assert!(status.unparsed.is_empty());
}

fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = benches;
    config = quick();
    targets = receive, status
}
criterion_main!(benches);
