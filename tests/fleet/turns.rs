//! Turns, and members that say more than is read.

use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use openvpn_mgmt::{Builder, Fleet, MemberItem};
use openvpn_mgmt_test::{Client, FakeDaemon, scripted};
use tokio::task::consume_budget;
use tokio::task::coop::unconstrained;
use tokio::time::{sleep, timeout};

use crate::support::{SECOND, log, next, words};

/// So much a task may do in one turn of tokio's.
const BUDGET: usize = 128;

#[tokio::test(start_paused = true)]
async fn one_that_floods_has_one_turn_among_many() {
    let mut fleet = Fleet::new();
    let mut daemons = Vec::new();
    for number in 0..10 {
        let (session, mut daemon) = scripted::connected(Builder::new()).await;
        let lines = if number == 5 { 4000 } else { 20 };
        for chunk in 0..lines / 20 {
            let text: String = (0..20).map(|line| log(&format!("{}", chunk * 20 + line))).collect();
            daemon.says(text).await;
            sleep(SECOND / 1000).await;
        }
        fleet.add(format!("{number}"), session).unwrap();
        daemons.push(daemon);
    }
    sleep(SECOND).await;
    // Each has its attachment, its greeting and twenty lines, one in each round.
    for round in 0..22 {
        let mut given = HashSet::new();
        for _ in 0..10 {
            given.insert(fleet.next().await.unwrap().member.name().to_owned());
        }
        assert_eq!(given.len(), 10, "round {round}: {given:?}");
    }
    // Nobody else has anything to say, so that it has all turns.
    assert!(next(&mut fleet).await.starts_with("5 (1): log"));
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_told_by_member() {
    let mut fleet = Fleet::new();
    let mut daemons = Vec::new();
    for (name, lines) in [("quiet", 3), ("loud", 100)] {
        let (session, mut daemon) = scripted::connected(Builder::new().event_capacity(8)).await;
        fleet.add(name, session).unwrap();
        for line in 0..lines {
            daemon.says(log(&format!("{line}"))).await;
            sleep(SECOND).await;
        }
        daemons.push(daemon);
    }
    let mut given = HashMap::<String, Vec<String>>::new();
    for _ in 0..5 + 10 {
        let item = fleet.next().await.unwrap();
        let words = words(&item);
        let (_, what) = words.split_once(": ").unwrap();
        given.entry(item.member.name().to_owned()).or_default().push(what.to_owned());
    }
    let mut expected = vec!["attached 1".to_owned(), "lost 93".to_owned()];
    expected.extend((92..100).map(|line| format!("log {line}")));
    assert_eq!(given["loud"], expected);
    assert_eq!(given["quiet"][2..], ["log 0", "log 1", "log 2"]);
    let client = fleet.client();
    assert_eq!(client.member("loud").unwrap().lagged, 93);
    assert_eq!(client.member("quiet").unwrap().lagged, 0);
}

/// The turn of the fleet's task ends within a member's own, wherever that is: both lines are given in the next one.
#[tokio::test(start_paused = true)]
async fn who_has_no_time_left_in_its_turn_has_the_next_one() {
    let mut fleet = Fleet::new();
    let mut daemons = Vec::new();
    for name in ["one", "two"] {
        let (session, daemon) = scripted::connected(Builder::new()).await;
        fleet.add(name, session).unwrap();
        daemons.push(daemon);
    }
    while timeout(SECOND, fleet.next()).await.is_ok() {}
    for spent in 0..BUDGET {
        for daemon in &mut daemons {
            daemon.says(log("line")).await;
        }
        // With time on its own, so that the turn begins here.
        sleep(SECOND).await;
        let mut given = Vec::new();
        poll_fn(|cx| {
            for _ in 0..spent {
                assert!(pin!(consume_budget()).poll(cx).is_ready(), "{spent}");
            }
            while let Poll::Ready(item) = pin!(fleet.next()).poll(cx) {
                given.push(words(&item.unwrap()));
            }
            // Nothing else has run, and nobody was woken.
            while let Poll::Ready(item) = pin!(unconstrained(fleet.next())).poll(cx) {
                given.push(words(&item.unwrap()));
            }
            Poll::Ready(())
        })
        .await;
        given.sort();
        assert_eq!(given, ["one (1): log line", "two (1): log line"], "{spent} were spent");
    }
}

/// As many as may wait to be decided about, behind more events than are kept.
#[tokio::test(start_paused = true)]
async fn requests_are_kept_where_events_are_lost() {
    let fake = FakeDaemon::v2_6().server();
    let builder = Builder::new().event_capacity(1);
    let session = builder.attach(fake.connect().unwrap()).await.unwrap();
    let mut fleet = Fleet::new();
    fleet.add("server", session).unwrap();
    let mut peers = Vec::new();
    for number in 0..200 {
        fake.connects(Client::new(&format!("user{number}"))).unwrap();
        sleep(SECOND / 100).await;
    }
    let (mut lost, mut events) = (0, 0);
    while peers.len() < 200 {
        let item = fleet.next().await.unwrap();
        match item.what {
            MemberItem::Request(openvpn_mgmt::Request::ClientConnect(client)) => {
                assert_eq!(item.peer.as_ref(), Some(client.peer()));
                peers.push(client.cid().0);
                client.allow().await.unwrap();
            }
            MemberItem::Lagged(lagged) => lost += lagged.0,
            MemberItem::Event(_) => events += 1,
            MemberItem::Attached(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(peers, (0..200).collect::<Vec<_>>());
    assert!(lost > 100, "{lost} lost, {events} given");
    assert!(fake.with(|daemon| daemon.is_client_in("user199")));
}

/// So that a table of clients can be kept by items alone.
#[tokio::test(start_paused = true)]
async fn events_tell_which_client_they_are_about() {
    let fake = FakeDaemon::v2_6().server_without_client_auth();
    let session = openvpn_mgmt::attach(fake.connect().unwrap()).await.unwrap();
    let handle = session.client().clone();
    let mut fleet = Fleet::new();
    fleet.add("server", session).unwrap();
    handle.bytecount(SECOND).await.unwrap();
    fake.connects(Client::new("alice")).unwrap();
    let mut peers = Vec::new();
    while peers.len() < 3 {
        let item = fleet.next().await.unwrap();
        if let MemberItem::Event(event) = &item.what {
            let is_about_a_client = matches!(
                event,
                openvpn_mgmt::Event::Client(_) | openvpn_mgmt::Event::ByteCountClient(_)
            );
            assert_eq!(item.peer.is_some(), is_about_a_client, "{event}");
            peers.extend(item.peer);
        }
    }
    let alice = peers.pop().unwrap();
    assert_eq!((alice.cid().0, alice.epoch()), (0, 0));
    let kill = fleet.client().to("server").unwrap().client().await.unwrap();
    kill.client_kill(&alice).await.unwrap();
}
