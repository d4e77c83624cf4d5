//! The JSON of every family of events.

use std::collections::BTreeSet;

use openvpn_mgmt::Event;
use openvpn_mgmt::demux::{Demuxer, Item};
use openvpn_mgmt::events::Assembler;

use crate::snapshots::{Snapshots, all};

/// The events of what a daemon sent.
pub fn events(bytes: &[u8]) -> Vec<Event> {
    let (mut demuxer, mut assembler, mut events) = (Demuxer::new(), Assembler::new(), Vec::new());
    assembler.set_env_trusted(true);
    demuxer.feed(bytes);
    while let Some(item) = demuxer.next_item() {
        if let Item::Event(line) = item.unwrap() {
            assembler.push(&line, &mut |event| events.push(event));
        }
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

/// What stands in a snapshot, in which `\xNN` is a byte.
fn bytes(lines: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        let mut parts = line.split(r"\xff");
        bytes.extend(parts.next().unwrap().bytes());
        for part in parts {
            bytes.push(0xff);
            bytes.extend(part.bytes());
        }
        bytes.extend(b"\r\n");
    }
    bytes
}

#[test]
fn every_family_is_as_it_was() {
    Snapshots::read("events.txt").check(|lines| {
        let events = events(&bytes(lines));
        events.iter().map(|event| serde_json::to_string(event).unwrap()).collect()
    });
}

/// The kinds, and the types of those that have some.
const KINDS: &[&str] = &[
    "byte_count",
    "byte_count_client",
    "client/address",
    "client/connect",
    "client/cr_response",
    "client/disconnect",
    "client/established",
    "client/reauth",
    "echo",
    "fatal",
    "hold",
    "info/greeting",
    "info/other",
    "info_msg/cr_text",
    "info_msg/open_url",
    "info_msg/other",
    "info_msg/web_auth",
    "log",
    "malformed",
    "need_certificate",
    "need_ok",
    "need_str",
    "notify",
    "password/auth_token",
    "password/need_password",
    "password/need_user_pass",
    "password/need_username",
    "password/verification_failed",
    "pk_sign",
    "pkcs11_id_count",
    "pkcs11_id_entry",
    "proxy",
    "remote",
    "state",
    "unknown",
    "up_down",
];

#[test]
fn every_kind_is_there() {
    let entries = Snapshots::read("events.txt").entries.into_iter();
    let mut kinds = BTreeSet::new();
    for json in entries.flat_map(|entry| entry.json) {
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let kind = json["event"].as_str().unwrap();
        kinds.insert(match json["type"].as_str() {
            Some(of_kind) => format!("{kind}/{of_kind}"),
            None => kind.to_owned(),
        });
    }
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), KINDS);
    assert!(all().len() > KINDS.len());
}
