//! Through a unix socket, from a thread that sends to one that reads.

use std::sync::Arc;

use crate::corpora::{Corpus, floods};
use crate::flood::{Counting, Feed, Subscribers};
use crate::peer::Reader;
use crate::rounds::{Work, medians};
use crate::table::{Table, figure, ratio};

const BYTES: usize = 64 * 1024 * 1024;

pub(crate) fn table(rounds: usize) -> Table {
    let mut table = Table::new(
        "Through a unix socket, ns a line; eight subscribers in one thread, for all of them:",
        &[
            "work",
            "limit: read and count",
            "1 subscriber",
            "8 subscribers",
            "8, of 1 (goal: <= 2x)",
            "peer, 1 reader",
            "1, of the peer's (goal: <= 0.33x)",
        ],
    );
    for corpus in floods(BYTES) {
        let corpus = Arc::new(corpus);
        let [limit, one, eight, peer] = flood(rounds, &corpus);
        let mut cells = vec![corpus.name.to_owned()];
        cells.extend([limit, one, eight].map(figure));
        cells.extend([ratio(eight, one), figure(peer), ratio(one, peer)]);
        table.row(cells);
    }
    table
}

fn flood(rounds: usize, corpus: &Arc<Corpus>) -> [f64; 4] {
    let connect = || Feed::start(Arc::clone(corpus));
    let (lines, events) = (corpus.lines, corpus.events);
    let (feed, stream) = connect();
    let mut counting = Counting::new(stream);
    let limit = Work::timed(lines, move || {
        feed.again();
        counting.read(lines);
    });
    let subscribers = |count| {
        let (feed, stream) = connect();
        let mut subscribers = Subscribers::new(stream, count);
        Work::timed(lines, move || {
            feed.again();
            subscribers.take(events);
        })
    };
    let (feed, stream) = connect();
    let mut reader = Reader::new(stream);
    let peer = Work::timed(lines, move || {
        feed.again();
        reader.take(events);
    });
    medians(rounds, [limit, subscribers(1), subscribers(8), peer])
}
