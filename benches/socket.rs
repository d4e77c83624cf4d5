//! Events through a unix socket, from a daemon in a thread of its own to one subscriber and to
//! eight, beside a blocking read that counts the lines. The throughput is in lines.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]

mod corpora;
mod daemon;
mod flood;
mod limits;

use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use flood::{Counting, Feed, Subscribers};

const BYTES: usize = 16 * 1024 * 1024;

fn socket(c: &mut Criterion) {
    for corpus in corpora::floods(BYTES) {
        let corpus = Arc::new(corpus);
        let mut group = c.benchmark_group(format!("socket/{}", corpus.name));
        group.throughput(Throughput::Elements(corpus.lines as u64));
        let (feed, stream) = Feed::start(Arc::clone(&corpus));
        let mut counting = Counting::new(stream);
        group.bench_function("limit: read and count", |b| {
            b.iter(|| {
                feed.again();
                counting.read(corpus.lines);
            });
        });
        for count in [1, 8] {
            let (feed, stream) = Feed::start(Arc::clone(&corpus));
            let mut subscribers = Subscribers::new(stream, count);
            group.bench_function(format!("subscribers: {count}"), |b| {
                b.iter(|| {
                    feed.again();
                    subscribers.take(corpus.events);
                });
            });
        }
        group.finish();
    }
}

fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
}

criterion_group! {
    name = benches;
    config = quick();
    targets = socket
}
criterion_main!(benches);
