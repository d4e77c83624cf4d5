//! An audit log: who was in, from where, for how long, with how many bytes; a line of JSON each, over all servers.

use std::collections::{BTreeMap, BTreeSet};

use openvpn_mgmt::Fleet;
use openvpn_mgmt::peers::{Change, LivePeers, PeerRecord};
use serde_json::{Value, json};

/// What is written as an object of JSON.
pub(crate) type Line = BTreeMap<&'static str, Value>;

/// Writes a line for each session of a client that begins and ends, until no server is left.
pub(crate) async fn audit(fleet: Fleet, mut write: impl FnMut(Line)) {
    let (mut changes, mut open) = (LivePeers::new().changes_of(fleet), BTreeSet::new()); // plumbing
    while let Some(change) = changes.next().await {
        match change {
            // A client is told of before it is let in.
            Ok(Change::Joined(peer) | Change::Changed(peer)) => {
                if peer.is_in() && open.insert(peer.id) {
                    write(line("begins", &peer));
                }
            }
            Ok(Change::Left { record, duration, how, .. }) if open.remove(&record.id) => {
                let mut line = line("ends", &record);
                line.extend([
                    ("seconds", json!(duration.map(|duration| duration.as_secs()))),
                    ("received", json!(record.bytes_received)),
                    ("sent", json!(record.bytes_sent)),
                    ("how", json!(how.to_string())),
                ]);
                write(line);
            }
            Ok(_) => {}
            Err(lagged) => write(Line::from([("lost", json!(lagged.0))])),
        }
    }
}

fn line(what: &str, peer: &PeerRecord) -> Line {
    Line::from([
        ("what", json!(what)),
        ("server", json!(&*peer.daemon)),
        ("name", json!(peer.name().map(ToString::to_string))),
        ("from", json!(peer.real_ip)),
        ("address", json!(peer.addresses.first().map(ToString::to_string))),
        ("since", json!(peer.since)),
        ("client", json!(peer.facts.iv_ver().map(ToString::to_string))),
    ])
}
