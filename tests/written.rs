//! What real daemons sent, read and written again: byte for byte the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod recordings;
#[path = "written/replies.rs"]
mod replies;

use std::collections::BTreeMap;

use openvpn_mgmt::demux::{Demuxer, Item};
use openvpn_mgmt::events::{Assembler, Event};

fn events(bytes: &[u8]) -> Vec<Event> {
    let (mut demuxer, mut assembler, mut events) = (Demuxer::new(), Assembler::new(), Vec::new());
    demuxer.feed(bytes);
    while let Some(item) = demuxer.next_item() {
        if let Item::Event(line) = item.unwrap() {
            assembler.push(&line, &mut |event| events.push(event));
        }
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

/// Which lines of a recording keep their order when each event is written whole: other events may stand between
/// the lines of a block.
fn stream(line: &[u8]) -> &'static str {
    let is_block_of =
        |name: &[u8]| line.starts_with(name) && !line.starts_with(b">CLIENT:ADDRESS,");
    if is_block_of(b">CLIENT:") {
        "client"
    } else if is_block_of(b">UPDOWN:") {
        "updown"
    } else {
        "other"
    }
}

#[test]
fn every_recorded_event_is_written_as_it_came() {
    let mut count = BTreeMap::new();
    for recording in recordings::all() {
        let bytes = recording.daemon_bytes();
        let mut recorded = BTreeMap::<_, Vec<u8>>::new();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        for line in lines.filter(|line| line.starts_with(b">")) {
            recorded.entry(stream(line)).or_default().extend(line);
            *count.entry(stream(line)).or_insert(0) += 1;
        }
        let mut written = BTreeMap::<_, Vec<u8>>::new();
        for event in events(&bytes) {
            let lines = event.to_bytes().unwrap_or_else(|e| panic!("{}: {e}", recording.name));
            written.entry(stream(&lines)).or_default().extend(lines);
        }
        for (stream, recorded) in &recorded {
            let (recorded, written) = (recorded.escape_ascii(), written[stream].escape_ascii());
            assert_eq!(recorded.to_string(), written.to_string(), "{}", recording.name);
        }
    }
    let count: Vec<_> = count.into_iter().collect();
    assert_eq!(count, [("client", 1928), ("other", 782), ("updown", 208)]);
}
