//! From bytes in memory to lines, events and a status.

use std::hint::black_box;

use openvpn_mgmt_codec::OvpnMessage;

use crate::corpora::{self, Corpus, floods};
use crate::rounds::{Work, medians};
use crate::table::{Table, figure, ratio};
use crate::{limits, peer, through};

const BYTES: usize = 64 * 1024 * 1024;

pub(crate) fn table(rounds: usize) -> Table {
    let mut table = Table::new(
        "In memory, in pieces of 8 KiB, ns of the thread a line:",
        &[
            "work",
            "limit: lines",
            "limit: typed",
            "demux",
            "typed",
            "of the typed limit (goal: <= 1.5x)",
            "peer",
            "the peer's, of typed (goal: >= 4x)",
        ],
    );
    for corpus in floods(BYTES) {
        check(&corpus);
        let figures = flood(rounds, &corpus);
        table.row(row(corpus.name.to_owned(), figures));
    }
    for clients in [10_000, 100_000] {
        let corpus = corpora::status::of(clients);
        check_status(&corpus, clients);
        let figures = status(rounds, &corpus);
        table.row(row(format!("`status 3`, {clients} clients"), figures));
    }
    table
}

fn row(name: String, figures: [f64; 5]) -> Vec<String> {
    let [lines, limit, demux, typed, peer] = figures;
    let mut cells = vec![name];
    cells.extend([lines, limit, demux, typed].map(figure));
    cells.extend([ratio(typed, limit), figure(peer), ratio(peer, typed)]);
    cells
}

fn flood(rounds: usize, corpus: &Corpus) -> [f64; 5] {
    let work = |run: fn(&Corpus)| Work::busy(corpus.lines, move || run(black_box(corpus)));
    medians(
        rounds,
        [
            work(|corpus| _ = black_box(limits::lines(&corpus.bytes))),
            work(|corpus| _ = limits::typed(&corpus.bytes, |line| _ = black_box(line))),
            work(|corpus| through::demux(corpus, |item| drop(black_box(item)))),
            work(|corpus| through::events(corpus, |event| drop(black_box(event)))),
            work(|corpus| peer::messages(corpus, |message| drop(black_box(message)))),
        ],
    )
}

/// As often as it takes to have read as much as of a flood.
fn status(rounds: usize, corpus: &Corpus) -> [f64; 5] {
    let times = BYTES.div_ceil(corpus.bytes.len());
    let work = |run: fn(&Corpus)| {
        Work::busy(corpus.lines * times, move || (0..times).for_each(|_| run(black_box(corpus))))
    };
    medians(
        rounds,
        [
            work(|corpus| _ = black_box(limits::status::lines_and_tabs(&corpus.bytes))),
            work(|corpus| _ = limits::status::rows(&corpus.bytes, |row| _ = black_box(row))),
            work(|corpus| through::demux(corpus, |item| drop(black_box(item)))),
            work(|corpus| drop(black_box(through::status(corpus)))),
            work(|corpus| drop(black_box(peer::status(corpus)))),
        ],
    )
}

/// All read the same, or the ratios mean nothing.
fn check(corpus: &Corpus) {
    let (mut by_hand, mut by_crate, mut events, mut messages) = (0_u64, 0_u64, 0, 0);
    let read = limits::typed(&corpus.bytes, |line| by_hand = by_hand.wrapping_add(line.weight()));
    assert!(read.is_some(), "{}", corpus.name);
    through::events(corpus, |event| {
        by_crate = by_crate.wrapping_add(through::weight(&event));
        events += 1;
    });
    peer::messages(corpus, |message| {
        assert!(matches!(message, OvpnMessage::Notification(_)), "{message:?}");
        messages += 1;
    });
    assert_eq!((by_hand, corpus.events), (by_crate, events), "{}", corpus.name);
    assert_eq!(messages, events, "{}", corpus.name);
}

fn check_status(corpus: &Corpus, clients: usize) {
    let mut rows = 0;
    assert!(limits::status::rows(&corpus.bytes, |_| rows += 1).is_some());
    assert_eq!(rows, corpus.lines);
    let ours = through::status(corpus);
    let ours = ours.as_server().expect("a server's");
    assert_eq!((ours.clients.len(), ours.routes.len()), (clients, clients));
    let theirs = peer::status(corpus);
    assert_eq!((theirs.clients.len(), theirs.routes.len()), (clients, clients));
}
