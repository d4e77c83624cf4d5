//! What is drawn.

use std::hint::black_box;
use std::sync::Arc;

use openvpn_mgmt::demux::{DEFAULT_LINE_LIMIT, Demuxer};

use super::Curve;
use crate::flood::{Feed, Subscribers};
use crate::rounds::{Work, medians, to_f64};
use crate::{corpora, idle, through};

const ROUNDS: usize = 5;

/// As few events as the subscribers may fall behind, so that none is ever lost.
const BYTES: usize = 4 * 1024 * 1024;

/// A log flood through a unix socket.
pub(super) fn subscribers() -> Curve {
    let corpus = Arc::new(corpora::log_flood(BYTES));
    let cost = |count| {
        let (feed, stream) = Feed::start(Arc::clone(&corpus));
        let mut subscribers = Subscribers::new(stream, count);
        let work = Work::timed(corpus.events * count, || {
            feed.again();
            subscribers.take(corpus.events);
        });
        median(work)
    };
    Curve {
        title: "Subscribers of a log flood",
        x: "subscribers",
        y: "ns an event and subscriber",
        points: points([1, 2, 5, 10, 20, 50, 100], cost),
    }
}

/// The reply of `status 3`, read and parsed.
pub(super) fn clients() -> Curve {
    let cost = |count| {
        let corpus = corpora::status::of(count);
        let times = 100_000_usize.div_ceil(count).min(100);
        median(Work::busy(corpus.lines * times, || {
            (0..times).for_each(|_| drop(black_box(through::status(&corpus))));
        }))
    };
    Curve {
        title: "Clients of a status",
        x: "clients",
        y: "ns a line",
        points: points([100, 300, 1000, 3000, 10_000, 30_000, 100_000], cost),
    }
}

/// A line that comes byte by byte.
pub(super) fn line() -> Curve {
    let cost = |length| {
        let mut line = vec![b'x'; length];
        line.push(b'\n');
        let times = DEFAULT_LINE_LIMIT / length;
        median(Work::busy(length * times, || (0..times).for_each(|_| byte_by_byte(&line))))
    };
    let lengths = (0..6).map(|power| (1 << (2 * power)) * 1024);
    Curve {
        title: "A line byte by byte",
        x: "bytes",
        y: "ns a byte",
        points: lengths.map(|length| (length, cost(length))).collect(),
    }
}

fn byte_by_byte(line: &[u8]) {
    let mut demuxer = Demuxer::new();
    let mut items = 0;
    for byte in line.chunks(1) {
        demuxer.feed(byte);
        while let Some(item) = demuxer.next_item() {
            drop(black_box(item.expect("a line within the limit")));
            items += 1;
        }
    }
    assert_eq!(items, 1);
}

/// Sessions with default settings, at rest, each number in a process of its own.
pub(super) fn sessions() -> Curve {
    let cost = |count| to_f64(idle::in_its_own_process(count)) / 1024.0 / to_f64(count);
    Curve {
        title: "Sessions at rest",
        x: "sessions",
        y: "KiB a session",
        points: points([1, 10, 100, 1000, 10_000], cost),
    }
}

fn points<const N: usize>(counts: [usize; N], cost: impl Fn(usize) -> f64) -> Vec<(usize, f64)> {
    counts.into_iter().map(|count| (count, cost(count))).collect()
}

fn median(work: Work<'_>) -> f64 {
    let [median] = medians(ROUNDS, [work]);
    median
}
