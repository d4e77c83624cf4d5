//! An audit log: who was in, from where, for how long, with how many bytes; a line of JSON each, over all servers.

use std::collections::BTreeMap;

use openvpn_mgmt::Fleet;
use openvpn_mgmt::peers::{Change, LivePeers, PeerRecord};
use serde_json::{Value, json};

/// What is written as an object of JSON.
pub(crate) type Line = BTreeMap<&'static str, Value>;

/// Writes a line for each session of a client that begins and ends, until no server is left.
pub(crate) async fn audit(mut fleet: Fleet, mut write: impl FnMut(Line)) {
    let peers = LivePeers::new();
    let mut changes = peers.changes(); // plumbing
    loop {
        // plumbing
        tokio::select! { // plumbing
            biased; // plumbing
            change = changes.next() => match change {
                Some(Ok(Change::Joined(peer))) => write(line("begins", &peer)),
                Some(Ok(Change::Left { record, duration, how, .. })) => {
                    let mut line = line("ends", &record);
                    line.extend([
                        ("seconds", json!(duration.map(|duration| duration.as_secs()))),
                        ("received", json!(record.bytes_received)),
                        ("sent", json!(record.bytes_sent)),
                        ("how", json!(how.to_string())),
                    ]);
                    write(line);
                }
                Some(Err(lagged)) => write(Line::from([("lost", json!(lagged.0))])),
                Some(Ok(_)) => {}
                None => return,
            },
            item = fleet.next() => match item {
                Some(item) => peers.note(&item),
                None => return,
            },
        } // plumbing
    } // plumbing
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
