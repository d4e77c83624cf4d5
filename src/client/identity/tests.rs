//! Identities by themselves.

use crate::client::identity::*;
use crate::events::{Assembler, Event};

fn event(lines: &[&str]) -> Event {
    let (mut assembler, mut event) = (Assembler::new(), None);
    for line in lines {
        let line = bytes::Bytes::copy_from_slice(line.as_bytes());
        assembler.push(&line, &mut |whole| event = Some(whole));
    }
    event.unwrap()
}

fn connect(cid: u64) -> Event {
    event(&[&format!("CLIENT:CONNECT,{cid},1"), "CLIENT:ENV,END"])
}

fn disconnect(cid: u64) -> Event {
    event(&[&format!("CLIENT:DISCONNECT,{cid}"), "CLIENT:ENV,END"])
}

#[test]
fn an_identity_is_over_when_its_client_leaves_or_is_followed() {
    let mut table = PeerTable::new(0);
    let first = table.notice(&connect(0)).unwrap();
    assert!(table.is_current(&first));
    assert_eq!(table.notice(&event(&["BYTECOUNT_CLI:0,1,2"])), Some(first.clone()));
    assert_eq!(table.notice(&event(&["BYTECOUNT:1,2"])), None);
    let second = table.notice(&connect(0)).unwrap();
    assert!(!table.is_current(&first) && table.is_current(&second));
    assert_eq!(table.notice(&disconnect(0)), Some(second.clone()), "it was about this one");
    assert!(!table.is_current(&second));
    table.restart();
    let third = table.notice(&connect(0)).unwrap();
    assert!(third != first && third != second && table.is_current(&third));
    assert_eq!((third.epoch(), third.cid()), (1, Cid(0)));
}

#[test]
fn a_snapshot_stays_as_it_was() {
    let mut table = PeerTable::new(0);
    let first = table.notice(&connect(0)).unwrap();
    let snapshot = table.snapshot(1, [(Cid(0), Kid(1))].into());
    table.notice(&connect(0));
    table.notice(&connect(1));
    assert_eq!(snapshot.peer(Cid(0)), first);
    assert!(!table.is_current(&snapshot.peer(Cid(0))));
    assert!(!table.is_current(&snapshot.peer(Cid(1))), "not seen then");
    assert!(snapshot.is_undecided(Cid(0), Kid(1)) && !snapshot.is_undecided(Cid(0), Kid(2)));
}

#[test]
fn what_is_forgotten_for_want_of_memory_is_stale() {
    let mut table = PeerTable::new(0);
    let first = table.notice(&connect(0)).unwrap();
    for cid in 1..=u64::try_from(MAX_CLIENTS).unwrap() {
        table.connected(Cid(cid));
    }
    assert!(table.connects.len() <= MAX_CLIENTS);
    assert!(!table.is_current(&first));
}

#[test]
fn a_watch_is_told_once_and_dropped_with_its_caller() {
    let mut table = PeerTable::new(0);
    let peer = table.notice(&connect(0)).unwrap();
    let (end, abandoned) = oneshot::channel();
    table.watch(PeerWatch { peer: peer.clone(), end });
    drop(abandoned);
    let (end, mut told) = oneshot::channel();
    table.watch(PeerWatch { peer, end });
    assert_eq!(table.watches.len(), 1);
    table.notice(&disconnect(0));
    assert!(matches!(told.try_recv(), Ok(PeerEnd::Disconnected)));
    assert!(table.watches.is_empty());
}
