//! The JSON of every reply that has a type.

use bytes::Bytes;
use openvpn_mgmt::Text;
use openvpn_mgmt::command::{Command as _, History, HistoryOf, Recorded};
use openvpn_mgmt::events::{Echo, LogLine, State};
use openvpn_mgmt::reply::{
    AuthRetry, Help, KillReport, LoadStats, NetworkChange, RawReply, RemoteEntry, Status,
    UnreadRow, Version, parse_push_update,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::recorded::log_line;
use crate::snapshots::Snapshots;

/// What a command's reply is, of which the first line is no name.
pub fn reply(lines: &[Bytes]) -> RawReply {
    match lines {
        [line] if line.starts_with(b"SUCCESS: ") => {
            RawReply::success(Text::from(line.slice("SUCCESS: ".len()..)))
        }
        lines => RawReply::block(lines.to_vec()),
    }
}

/// Writes a value, which is the same when it is read.
pub fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    value: &T,
) -> String {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value, "{json}");
    // Also through what a program looks into first.
    let held: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::from_value::<T>(held).unwrap(), *value, "{json}");
    json
}

/// The JSON of each row of a history.
fn rows<T: Recorded + Serialize>(reply: &RawReply, json: impl Fn(&T) -> String) -> Vec<String> {
    let rows = HistoryOf::<T>::new(History::All).read(reply).unwrap();
    let json = |row: Result<T, UnreadRow>| match row {
        Ok(row) => json(&row),
        Err(unread) => serde_json::to_string(&unread).unwrap(),
    };
    rows.into_iter().map(json).collect()
}

/// The JSON of the reply to a command.
pub fn json_of(command: &str, lines: &[Bytes]) -> Vec<String> {
    let raw = reply(lines);
    let one = match command.split(' ').next().unwrap() {
        "state" => return rows::<State>(&raw, round_trip),
        "log" => return rows::<LogLine>(&raw, log_line),
        "echo" => return rows::<Echo>(&raw, round_trip),
        "remote-entry-get" => {
            let entries = RemoteEntry::parse(&raw);
            return entries.iter().map(|entry| round_trip(entry.as_ref().unwrap())).collect();
        }
        "status" => round_trip(&Status::parse(&raw).unwrap()),
        "version" => round_trip(&Version::parse(&raw).unwrap()),
        "help" => round_trip(&Help::parse(&raw).unwrap()),
        "load-stats" => round_trip(&LoadStats::parse(&raw).unwrap()),
        "kill" => round_trip(&KillReport::parse(&raw).unwrap()),
        "network-change" => round_trip(&NetworkChange::parse(&raw).unwrap()),
        "push-update-broad" => round_trip(&parse_push_update("push-update-broad", lines).unwrap()),
        // A reply that is one value has the JSON of serde: the value alone.
        "auth-retry" => {
            format!("{{\"auth_retry\":{}}}", round_trip(&AuthRetry::parse(&raw).unwrap()))
        }
        _ => serde_json::to_string(&raw).unwrap(),
    };
    vec![one]
}

#[test]
fn every_reply_is_as_it_was_and_is_read_back() {
    Snapshots::read("replies.txt").check(|lines| {
        let (command, reply) = lines.split_first().unwrap();
        let reply: Vec<_> = reply.iter().map(|line| Bytes::from(line.replace('|', "\t"))).collect();
        json_of(command.strip_prefix("$ ").unwrap(), &reply)
    });
}
