//! The events in the transcripts of a version.

use std::collections::BTreeSet;
use std::path::Path;

use openvpn_mgmt::demux::{Demuxer, Item};
use openvpn_mgmt::events::Assembler;
use serde_json::Value;

use crate::catalogue::event_key;

/// The keys of every event in this folder; none where there is no such folder.
pub fn events(folder: &Path) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let Ok(files) = std::fs::read_dir(folder) else { return keys };
    for file in files.map(|file| file.unwrap().path()) {
        let (mut demuxer, mut assembler) = (Demuxer::new(), Assembler::new());
        let mut note = |event| {
            keys.insert(event_key(&event));
        };
        demuxer.feed(&daemon_bytes(&file));
        while let Some(item) = demuxer.next_item() {
            if let Item::Event(line) = item.unwrap() {
                assembler.push(&line, &mut note);
            }
        }
        assembler.finish(&mut note);
    }
    keys
}

/// The bytes the daemon sent; `data` holds one code point a byte.
fn daemon_bytes(path: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let from_daemon = records.filter(|record| record["from"] == "daemon");
    let chars = from_daemon.flat_map(|r| r["data"].as_str().unwrap().chars().collect::<Vec<_>>());
    chars.map(|char| u8::try_from(u32::from(char)).unwrap()).collect()
}
