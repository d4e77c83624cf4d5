//! What real daemons sent: all of it has a JSON, and what can be read is read back the same.

use std::collections::BTreeSet;

use bytes::Bytes;
use openvpn_mgmt::Event;
use openvpn_mgmt::events::LogLine;

use crate::events::events;
use crate::recordings;
use crate::replies::{json_of, round_trip};

/// Reads an event back where a program may, and gives its JSON.
fn event(event: &Event) -> String {
    let alone = match event {
        Event::State(state) => round_trip(state),
        Event::ByteCount(count) => round_trip(count),
        Event::ByteCountClient(count) => round_trip(count),
        Event::Log(line) => log_line(line),
        Event::Echo(echo) => round_trip(echo),
        Event::Fatal(fatal) => round_trip(fatal),
        Event::Notify(notify) => round_trip(notify),
        Event::Pkcs11IdCount(count) => round_trip(count),
        Event::Pkcs11IdEntry(entry) => round_trip(entry),
        _ => return serde_json::to_string(event).unwrap(),
    };
    // An event is its family's record, and its kind before it.
    let json = serde_json::to_string(event).unwrap();
    assert_eq!(json.split_once(',').unwrap().1, &alone[1..]);
    json
}

/// Reads a line back, but for one that was cut: what it said is not there to be read.
pub fn log_line(line: &LogLine) -> String {
    let json = serde_json::to_string(line).unwrap();
    if json.contains("[redacted]") {
        assert_eq!(serde_json::from_str::<LogLine>(&json).unwrap().time, line.time);
        return json;
    }
    round_trip(line)
}

#[test]
fn every_event_of_every_daemon_is_an_object_of_a_kind() {
    let mut kinds = BTreeSet::new();
    for recording in recordings::all() {
        for said in events(&recording.daemon_bytes()) {
            let json: serde_json::Value = serde_json::from_str(&event(&said)).unwrap();
            kinds.insert(json["event"].as_str().unwrap().to_owned());
        }
    }
    assert!(kinds.len() >= 20, "{kinds:?}");
    assert!(!kinds.contains("unknown") && !kinds.contains("malformed"), "{kinds:?}");
}

/// The lines of each block, or the one line, that follows a command of this name.
fn replies(command: &str) -> Vec<Vec<Bytes>> {
    let mut replies = Vec::new();
    for recording in recordings::all() {
        let mut asked = false;
        let mut lines: Vec<Bytes> = Vec::new();
        for record in &recording.records {
            if !record.from_daemon {
                let sent = String::from_utf8_lossy(&record.bytes);
                asked = sent.trim_end() == command;
                lines.clear();
            } else if asked {
                let sent = record.bytes.split(|byte| *byte == b'\n');
                let sent = sent.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
                let sent = sent.filter(|line| !line.is_empty() && !line.starts_with(b">"));
                lines.extend(sent.map(Bytes::copy_from_slice));
                let whole = lines.first().is_some_and(|line| line.starts_with(b"SUCCESS:"));
                if whole || lines.last().is_some_and(|line| line == "END") {
                    lines.retain(|line| line != "END");
                    replies.push(std::mem::take(&mut lines));
                    asked = false;
                }
            }
        }
    }
    replies
}

#[test]
fn every_reply_of_every_daemon_is_read_back() {
    for command in [
        "status",
        "status 1",
        "status 2",
        "status 3",
        "version",
        "load-stats",
        "state 2",
        "log 3",
        "echo all",
        "remote-entry-get all",
        "help",
    ] {
        let replies = replies(command);
        assert!(!replies.is_empty(), "{command}");
        let count: usize = replies.iter().map(|lines| json_of(command, lines).len()).sum();
        assert!(count > 0, "{command}");
    }
}
