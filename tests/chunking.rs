//! However the bytes of a real daemon are cut, the same comes out at every layer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod recordings;

use std::sync::LazyLock;

use openvpn_mgmt::demux::{Demuxer, Item, demultiplex};
use openvpn_mgmt::events::Assembler;
use openvpn_mgmt::{Builder, Event, Events};
use openvpn_mgmt_test::scripted::{Daemon, beside, pipe};
use proptest::prelude::*;
use recordings::Recording;
use tokio::sync::mpsc;

static RECORDINGS: LazyLock<Vec<Recording>> = LazyLock::new(recordings::all);

/// Pieces of these lengths, again and again.
fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(bytes.len().min(*length));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

fn items(pieces: &[&[u8]]) -> Vec<Item> {
    let mut demuxer = Demuxer::new();
    let mut items = Vec::new();
    for piece in pieces {
        demuxer.feed(piece);
        while let Some(item) = demuxer.next_item() {
            items.push(item.unwrap());
        }
    }
    items.extend(demuxer.finish());
    items
}

fn events(items: &[Item]) -> Vec<Event> {
    let mut assembler = Assembler::new();
    let mut events = Vec::new();
    for item in items {
        if let Item::Event(line) = item {
            assembler.push(line, &mut |event| events.push(event));
        }
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

/// Says each piece by itself, and closes.
async fn say(mut daemon: Daemon, pieces: &[&[u8]]) {
    for piece in pieces {
        daemon.says(piece).await;
        tokio::task::yield_now().await;
    }
}

/// What the channels of the async face receive, replies first.
async fn received(pieces: &[&[u8]]) -> [Vec<bytes::Bytes>; 2] {
    let (reader, daemon) = pipe();
    let ((reply_tx, mut replies), (event_tx, mut events)) = (mpsc::channel(1), mpsc::channel(1));
    let mut lines = [Vec::new(), Vec::new()];
    let [said, happened] = &mut lines;
    let draining = async {
        while let Some(line) = replies.recv().await {
            said.push(line);
        }
    };
    let watching = async {
        while let Some(line) = events.recv().await {
            happened.push(line);
        }
    };
    tokio::join!(say(daemon, pieces), demultiplex(reader, reply_tx, event_tx), draining, watching);
    lines
}

/// What a subscriber of a connected client sees; replies that nobody asked for are events too.
async fn subscribed(pieces: &[&[u8]]) -> Vec<Event> {
    let (ours, daemon) = pipe();
    let builder = Builder::new().requests(false).event_capacity(16 * 1024);
    let listen = async {
        let mut subscription = first_subscription(builder.attach(ours).await.unwrap());
        let mut seen = Vec::new();
        while let Some(event) = subscription.next().await {
            seen.push(event.unwrap());
        }
        seen
    };
    beside(listen, say(daemon, pieces)).await
}

fn first_subscription(session: openvpn_mgmt::Session) -> Events {
    session.split().1
}

/// A client connects to a daemon that greets at once.
fn greets(bytes: &[u8]) -> bool {
    bytes.starts_with(b">INFO:OpenVPN Management Interface")
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// Every layer, for these pieces and for the whole.
fn check(name: &str, bytes: &[u8], lengths: &[usize]) {
    let pieces = cut(bytes, lengths);
    let whole = items(&[bytes]);
    assert!(items(&pieces) == whole, "{name}: the items differ, cut by {lengths:?}");
    assert!(events(&items(&pieces)) == events(&whole), "{name}: the events differ");
    let runtime = paused();
    runtime.block_on(async {
        assert!(received(&pieces).await == received(&[bytes]).await, "{name}: the lines differ");
        if greets(bytes) {
            assert_eq!(subscribed(&pieces).await, subscribed(&[bytes]).await, "{name}");
        }
    });
}

#[test]
fn byte_by_byte() {
    for recording in RECORDINGS.iter() {
        check(&recording.name, &recording.daemon_bytes(), &[1]);
    }
}

#[test]
fn as_they_were_read() {
    for recording in RECORDINGS.iter() {
        let daemon = recording.records.iter().filter(|record| record.from_daemon);
        let lengths: Vec<_> =
            daemon.map(|record| record.bytes.len()).filter(|length| *length > 0).collect();
        check(&recording.name, &recording.daemon_bytes(), &lengths);
    }
}

#[test]
fn cut_once_anywhere() {
    for recording in RECORDINGS.iter() {
        let mut bytes = recording.daemon_bytes();
        // Past the greeting and its neighbours a cut meets nothing new.
        bytes.truncate(768);
        let whole = items(&[&bytes]);
        for at in 0..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert!(items(&[head, tail]) == whole, "{} differs, cut at {at}", recording.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn cut_in_any_way(
        index in any::<prop::sample::Index>(),
        lengths in prop::collection::vec(prop_oneof![1..4_usize, 1..64_usize, 1..5000_usize], 1..40),
    ) {
        let recording = &RECORDINGS[index.index(RECORDINGS.len())];
        check(&recording.name, &recording.daemon_bytes(), &lengths);
    }
}
