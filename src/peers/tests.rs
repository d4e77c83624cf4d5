//! The table by itself, fed with lines of daemons.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::events::{Assembler, Event};
use crate::reply::{RawReply, Status};
use crate::types::{Kid, VirtualAddress};

mod hostile;

/// A table, and what its changes make of an empty one.
struct Table {
    peers: Peers,
    replayed: BTreeMap<RecordId, PeerRecord>,
    left: Vec<(RecordId, Option<Duration>, Departure)>,
    trusted: bool,
    epoch: u64,
}

impl Table {
    fn new() -> Self {
        let mut peers = Peers::new();
        peers.connected("udp", Some(0));
        Self { peers, replayed: BTreeMap::new(), left: Vec::new(), trusted: true, epoch: 0 }
    }

    fn replay(&mut self, changes: Vec<Change>) -> usize {
        let count = changes.len();
        for change in changes {
            match change {
                Change::Joined(record) => {
                    assert!(self.replayed.insert(record.id, (*record).clone()).is_none());
                }
                Change::Changed(record) => {
                    assert!(self.replayed.insert(record.id, (*record).clone()).is_some());
                }
                Change::Bytes { id, received, sent } => {
                    let record = self.replayed.get_mut(&id).unwrap();
                    (record.bytes_received, record.bytes_sent) = (received, sent);
                }
                Change::Left { record, duration, how } => {
                    assert_eq!(self.replayed.remove(&record.id).as_ref(), Some(&*record));
                    self.left.push((record.id, duration, how));
                }
            }
        }
        let snapshot = self.peers.snapshot();
        assert!(self.replayed.values().eq(snapshot.records().map(|record| &**record)));
        count
    }

    fn say(&mut self, lines: &str) -> usize {
        let (mut assembler, mut events) = (Assembler::new(), Vec::new());
        assembler.set_env_trusted(self.trusted);
        for line in lines.lines() {
            let line = Bytes::copy_from_slice(line.trim().as_bytes());
            assembler.push(&line, &mut |event| events.push(event));
        }
        events
            .into_iter()
            .map(|event: Event| {
                let changes = self.peers.event("udp", &event, None, self.epoch);
                self.replay(changes)
            })
            .sum()
    }

    fn status(&mut self, rows: &[&str]) -> usize {
        let mut lines = vec![
            "TITLE\tOpenVPN 2.6.14".to_owned(),
            "TIME\t2026-11-22 07:25:00\t1795332300".to_owned(),
            "HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\tBytes Received\
             \tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher"
                .to_owned(),
            "HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\tLast Ref (time_t)".to_owned(),
        ];
        lines.extend(rows.iter().map(|row| row.replace(' ', "\t")));
        let lines = lines.into_iter().map(Bytes::from).collect();
        let status = Status::parse(&RawReply::block(lines)).unwrap();
        let changes = self.peers.status("udp", &status, None);
        self.replay(changes)
    }

    fn only(&self) -> &PeerRecord {
        assert_eq!(self.peers.len(), 1);
        self.peers.iter().next().unwrap()
    }
}

const CONNECT: &str = "CLIENT:CONNECT,0,1
    CLIENT:ENV,untrusted_port=40000
    CLIENT:ENV,untrusted_ip=192.0.2.7
    CLIENT:ENV,common_name=alice
    CLIENT:ENV,username=al ice
    CLIENT:ENV,password=s3cret
    CLIENT:ENV,IV_VER=2.6.14
    CLIENT:ENV,IV_PLAT=linux
    CLIENT:ENV,END";

const ESTABLISHED: &str = "CLIENT:ADDRESS,0,10.8.0.2,1
    CLIENT:ADDRESS,0,10.1.0.0/255.255.0.0,0
    CLIENT:ESTABLISHED,0
    CLIENT:ENV,trusted_port=40000
    CLIENT:ENV,trusted_ip=192.0.2.7
    CLIENT:ENV,common_name=alice
    CLIENT:ENV,time_unix=1795332240
    CLIENT:ENV,END";

const DISCONNECT: &str = "CLIENT:DISCONNECT,0
    CLIENT:ENV,bytes_sent=6000
    CLIENT:ENV,bytes_received=5000
    CLIENT:ENV,time_duration=61
    CLIENT:ENV,time_unix=1795332240
    CLIENT:ENV,END";

/// A row with its empty IPv6 address.
fn row(changes: &[(&str, &str)]) -> String {
    let row = "CLIENT_LIST alice 192.0.2.7:40000 10.8.0.2  100 200 then 1795332240 al_ice 0 0 AES-256-GCM";
    changes.iter().fold(row.to_owned(), |row, (from, to)| {
        assert!(row.contains(from), "{row}");
        row.replacen(from, to, 1)
    })
}

#[test]
fn a_session_from_its_connect_to_its_end() {
    let mut table = Table::new();
    table.say(CONNECT);
    let alice = table.only();
    assert_eq!((alice.phase, alice.kid, alice.since), (Phase::Waiting, Some(Kid(1)), None));
    assert_eq!(alice.common_name.as_ref().unwrap(), &"alice");
    assert_eq!(alice.username.as_ref().unwrap(), &"al ice");
    assert_eq!(alice.real_address(), Some("192.0.2.7:40000".parse().unwrap()));
    assert_eq!(alice.facts.iv_ver().unwrap(), &"2.6.14");
    assert!(!format!("{alice:?}").contains("s3cret") && !alice.is_partial);

    table.say(ESTABLISHED);
    let alice = table.only();
    assert_eq!((alice.phase, alice.since), (Phase::In, Some(1_795_332_240)));
    assert_eq!(alice.addresses, [VirtualAddress::Ip("10.8.0.2".parse().unwrap())]);
    let behind = VirtualAddress::Network { address: "10.1.0.0".parse().unwrap(), prefix_len: 16 };
    assert_eq!(alice.networks, [behind]);
    assert_eq!(alice.facts.iv_plat().unwrap(), &"linux", "kept from its CONNECT");

    assert_eq!(table.say("BYTECOUNT_CLI:0,3000,4000"), 1);
    assert_eq!(table.say("BYTECOUNT_CLI:0,2999,4000"), 0, "they never go back");
    assert_eq!((table.only().bytes_received, table.only().bytes_sent), (3000, 4000));
    assert_eq!(table.peers.by_name("al ice").count(), 1);
    assert_eq!(table.peers.by_name("alice").count(), 1);

    let before = table.replayed.clone();
    let id = table.only().id;
    table.say(DISCONNECT);
    assert_eq!((table.peers.len(), table.peers.by_name("alice").count()), (0, 0));
    assert_eq!(before.len(), 1);
    assert_eq!(table.left, [(id, Some(Duration::from_secs(61)), Departure::Disconnected)]);
}

#[test]
fn records_and_changes_are_shown_in_a_line() {
    let mut table = Table::new();
    table.say(CONNECT);
    let mut alice = table.only().clone();
    let shown = "alice (client 0 of udp), waiting, from 192.0.2.7:40000, 0 bytes in, 0 out";
    assert_eq!(alice.to_string(), shown);
    (alice.common_name, alice.username, alice.real_port) = (None, None, None);
    (alice.bytes_received, alice.bytes_sent) = (15, 9);
    alice.addresses = vec!["10.8.0.2".parse().unwrap(), "fd00::2".parse().unwrap()];
    let shown = "(client 0 of udp), waiting, from 192.0.2.7, 10.8.0.2, fd00::2, 15 bytes in, 9 out";
    assert_eq!(alice.to_string(), shown);
    alice.real_ip = None;
    alice.addresses.clear();
    let shown = "(client 0 of udp), waiting, 15 bytes in, 9 out";
    assert_eq!(alice.to_string(), shown);

    let (id, record, how) = (alice.id, Arc::new(alice), Departure::Restarted);
    let left = |duration| Change::Left { record: Arc::clone(&record), duration, how };
    for (change, words) in [
        (Change::Joined(Arc::clone(&record)), format!("joined: {shown}")),
        (Change::Changed(Arc::clone(&record)), format!("changed: {shown}")),
        (Change::Bytes { id, received: 2, sent: 1 }, "session 0: 2 bytes in, 1 out".to_owned()),
        (left(None), format!("left: {shown}; {how}")),
        (left(Some(Duration::from_secs(7))), format!("left: {shown}; {how} after 7 s")),
    ] {
        assert_eq!(change.to_string(), words);
    }
}

#[test]
fn a_client_that_begins_anew_is_another_session() {
    let mut table = Table::new();
    table.say(CONNECT);
    table.say(&CONNECT.replace("CONNECT,0,1", "CONNECT,0,2"));
    assert_eq!(table.left, [(RecordId(0), None, Departure::Replaced)]);
    assert_eq!((table.only().id, table.only().kid), (RecordId(1), Some(Kid(2))));
}

#[test]
fn a_restart_ends_all() {
    let mut table = Table::new();
    table.say(ESTABLISHED);
    table.say("STATE:1795332250,RECONNECTING,SIGUSR1,,,,,");
    assert_eq!(table.left, [(RecordId(0), Some(Duration::from_secs(10)), Departure::Restarted)]);
    table.say(ESTABLISHED);
    table.say("HOLD:Waiting for hold release:0");
    assert_eq!(table.left.len(), 2);
    table.say(ESTABLISHED);
    table.say("STATE:1795332260,EXITING,SIGTERM,,,,,");
    assert_eq!((table.left.len(), table.peers.len()), (3, 0));
}

#[test]
fn a_restart_that_was_not_heard_is_known_by_the_next_event() {
    let mut table = Table::new();
    table.say(ESTABLISHED);
    table.epoch = 1;
    table.say("BYTECOUNT_CLI:0,1,1");
    assert_eq!((table.left.len(), table.left[0].2), (1, Departure::Restarted));
    assert!(table.peers.is_empty() && table.peers.wants_status("udp"));
    table.say(ESTABLISHED);
    assert_eq!(table.only().id, RecordId(1));
    // Where it is not known how often it had restarted before, nothing is told by it.
    table.peers.connected("udp", None);
    table.epoch = 7;
    table.say("BYTECOUNT_CLI:0,1,1");
    assert_eq!((table.only().id, table.left.len()), (RecordId(1), 1));
}

#[test]
fn a_status_tells_who_is_there() {
    let mut table = Table::new();
    let waiting = [("10.8.0.2", ""), (" 0 0 AES-256-GCM", " 1 1 BF-CBC"), ("alice", "bob")];
    let route = "ROUTING_TABLE 10.1.0.0/16 alice 192.0.2.7:40000 then 1795332240";
    let own = "ROUTING_TABLE 10.8.0.2 alice 192.0.2.7:40000 then 1795332240";
    table.status(&[&row(&[]), &row(&waiting), own, route]);
    assert_eq!(table.peers.len(), 2);
    let alice = table.peers.by_name("alice").next().unwrap();
    assert_eq!((alice.phase, alice.bytes_sent), (Phase::In, 200));
    assert_eq!((alice.addresses.len(), alice.networks.len()), (1, 1));
    assert_eq!(table.peers.by_name("bob").next().unwrap().phase, Phase::Waiting);
    assert_eq!(table.peers.by_name("al_ice").count(), 2);

    assert_eq!(table.status(&[&row(&[]), &row(&waiting), own, route]), 0, "nothing has changed");
    assert_eq!(table.status(&[&row(&[("100 200", "100 300")]), &row(&waiting), own, route]), 1);
    assert_eq!(table.status(&[&row(&[(":40000", ":40001")])]), 2, "one moved and one left");
    assert_eq!(table.left, [(RecordId(1), Some(Duration::from_secs(60)), Departure::Unseen)]);
    assert_eq!(table.only().real_port, Some(40_001));
    assert_eq!(table.only().bytes_sent, 300);
}

#[test]
fn who_was_let_in_is_not_turned_out_by_a_status() {
    let mut table = Table::new();
    table.say(ESTABLISHED);
    table.status(&[&row(&[("10.8.0.2", ""), ("AES-256-GCM", "BF-CBC")])]);
    assert_eq!(table.only().phase, Phase::In);
    table.say(&CONNECT.replace("CONNECT,0,1", "REAUTH,0,2"));
    assert_eq!((table.only().phase, table.only().kid), (Phase::Renewing, Some(Kid(2))));
    table.status(&[&row(&[])]);
    assert_eq!((table.only().phase, table.left.len()), (Phase::In, 0));
}

#[test]
fn a_client_that_was_seen_in_its_handshake_is_no_other_when_it_is_announced() {
    let mut table = Table::new();
    table.status(&[&row(&[
        ("alice", "UNDEF"),
        ("al_ice", "UNDEF"),
        ("10.8.0.2", ""),
        ("AES-256-GCM", "BF-CBC"),
    ])]);
    assert_eq!((table.only().phase, table.only().name()), (Phase::Waiting, None));
    table.say(CONNECT);
    table.say(ESTABLISHED);
    assert_eq!((table.only().id, table.left.len()), (RecordId(0), 0));
    table.say(CONNECT);
    assert_eq!((table.only().id, table.left.len()), (RecordId(1), 1), "that is another");
}

#[test]
fn another_client_that_has_the_id_in_the_same_second_is_another_session() {
    let mut table = Table::new();
    table.say(CONNECT);
    table.say(ESTABLISHED);
    table.peers.connected("udp", None);
    table.say(&ESTABLISHED.replace("alice", "mallory"));
    assert_eq!(table.left.len(), 1);
    assert_eq!(table.only().common_name.as_ref().unwrap(), &"mallory");
}

#[test]
fn what_a_client_claims_is_not_taken_for_the_daemons_word() {
    let mut table = Table::new();
    table.status(&[]);
    table.trusted = false;
    table.say(CONNECT);
    let claimed = table.only();
    assert_eq!((claimed.name(), claimed.real_ip, claimed.since), (None, None, None));
    assert_eq!(claimed.facts.iv_ver().unwrap(), &"2.6.14", "its own claim, and taken for that");
    assert!(table.peers.wants_status("udp"));
    table.status(&[&row(&[("alice", "mallory")])]);
    assert_eq!(table.only().common_name.as_ref().unwrap(), &"mallory");
    assert_eq!((table.left.len(), table.peers.wants_status("udp")), (0, false));
    table.say(DISCONNECT);
    assert_eq!(table.left, [(RecordId(0), Some(Duration::from_secs(60)), Departure::Disconnected)]);
}

#[test]
fn sessions_go_on_over_another_connection() {
    let mut table = Table::new();
    table.say(CONNECT);
    table.say(ESTABLISHED);
    table.say("BYTECOUNT_CLI:0,3000,4000");
    table.peers.disconnected("udp");
    assert_eq!(table.peers.len(), 1);
    table.peers.connected("udp", Some(0));
    table.status(&[&row(&[("al_ice", "UNDEF")])]);
    assert_eq!((table.only().bytes_received, table.left.len()), (3000, 0));
    assert_eq!(table.only().facts.iv_ver().unwrap(), &"2.6.14");

    for other in [("1795332240", "1795332241"), ("alice", "bob")] {
        let mut table = Table::new();
        table.say(ESTABLISHED);
        table.peers.disconnected("udp");
        table.peers.connected("udp", None);
        table.status(&[&row(&[other])]);
        assert_eq!(table.left.len(), 1, "{other:?}");
        assert_eq!((table.left[0].2, table.only().id), (Departure::Unseen, RecordId(1)));
    }
}

#[test]
fn there_are_no_more_than_may_be() {
    let mut table = Table::new();
    table.peers = Peers::with_most(2);
    for cid in 0..4 {
        table.say(&CONNECT.replace("CONNECT,0", &format!("CONNECT,{cid}")));
    }
    assert_eq!((table.peers.len(), table.peers.unrecorded()), (2, 2));
    assert_eq!(table.peers.len_of("udp"), 2);
    let long = "x".repeat(1025);
    let many: Vec<_> = (0..65).map(|n| format!("CLIENT:ENV,IV_{n}=y\n")).collect();
    let many = many.concat();
    let connect = CONNECT.replace("common_name=alice", &format!("common_name={long}"));
    table.say(&connect.replace("CLIENT:ENV,IV_VER", &format!("{many}CLIENT:ENV,IV_VER")));
    let record = table.peers.iter().max_by_key(|record| record.id).unwrap();
    assert!(record.is_partial && record.common_name.is_none());
    assert_eq!(record.facts.iter().count(), 64);
    for network in 0..40 {
        table.say(&format!("CLIENT:ADDRESS,0,10.{network}.0.0/16,0"));
    }
    let record = table.peers.iter().max_by_key(|record| record.id).unwrap();
    assert_eq!(record.networks.len(), 32);
}

#[test]
fn a_daemon_that_is_removed_takes_its_sessions_with_it() {
    let mut table = Table::new();
    table.say(ESTABLISHED);
    let changes = table.peers.remove("udp");
    table.replay(changes);
    assert_eq!((table.left[0].2, table.peers.len()), (Departure::Removed, 0));
    assert_eq!(table.peers.snapshot().daemons().count(), 0);
}
