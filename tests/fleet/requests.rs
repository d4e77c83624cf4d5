//! Sign-in beside a monitor, and daemons that dial in.

use std::time::Duration;

use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
use openvpn_mgmt::{Builder, Error, Event, Fleet, Listener, MemberItem};
use openvpn_mgmt_test::{Client, FakeDaemon};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::support::{SECOND, next, no_task_is_left, words};

async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
    let is_right = matches!(attempt.password()?, Some(ClientPassword::Plain(password)) if password.expose() == b"secret");
    Ok(if is_right { Decision::Allow } else { Decision::deny("wrong password") })
}

#[tokio::test(start_paused = true)]
async fn a_server_signs_in_beside_a_monitor() {
    let mut fleet = Fleet::new();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let (tell, mut outcomes) = mpsc::unbounded_channel();
    let server = AuthServer::new(decide)
        .outcomes(move |outcome| drop(tell.send(outcome.origin.map(|origin| origin.to_string()))));
    let serving = tokio::spawn(server.serve(fleet.requests(), shutdown, SECOND));
    let fakes = ["udp", "tcp"].map(|name| {
        let fake = std::sync::Arc::new(FakeDaemon::v2_6().server());
        let connect = std::sync::Arc::clone(&fake);
        let link = Builder::new().reconnect_with(move || std::future::ready(connect.connect()));
        fleet.add(name, link).unwrap();
        fake
    });
    for _ in 0..2 {
        while !words(&fleet.next().await.unwrap()).ends_with("attached 1") {}
    }
    for fake in &fakes {
        fake.connects(Client::new("alice")).unwrap();
    }
    let (mut established, mut told) = (Vec::new(), Vec::new());
    while established.len() < 2 || told.len() < 2 {
        tokio::select! {
            item = fleet.next() => {
                let item = item.unwrap();
                match &item.what {
                    MemberItem::Event(Event::Client(openvpn_mgmt::events::ClientEvent::Established { .. })) => {
                        established.push(item.member.to_string());
                    }
                    MemberItem::Request(request) => panic!("{request:?}"),
                    _ => {}
                }
            }
            outcome = outcomes.recv() => told.extend(outcome.unwrap()),
        }
    }
    established.sort();
    told.sort();
    assert_eq!(
        (&established, &told),
        (&vec!["tcp (1)".to_owned(), "udp (1)".to_owned()], &established)
    );

    // In good order: the connections are closed, and the monitor hears of it.
    stop.send(()).unwrap();
    assert_eq!(serving.await.unwrap().denied, 0);
    drop((fakes, fleet));
    no_task_is_left().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_where_the_requests_are_dropped() {
    let fake = FakeDaemon::v2_6().server();
    let mut fleet = Fleet::new();
    drop(fleet.requests());
    let session = openvpn_mgmt::attach(fake.connect().unwrap()).await.unwrap();
    fleet.add("udp", session).unwrap();
    assert_eq!(next(&mut fleet).await, "udp (1): attached 1");
    fake.connects(Client::new("alice")).unwrap();
    while !matches!(fleet.next().await.unwrap().what, MemberItem::Event(Event::Client(_))) {}
    let more = async { while !next(&mut fleet).await.contains("asks") {} };
    assert!(timeout(SECOND, more).await.is_err());
}

#[tokio::test]
async fn those_who_dial_in_are_members_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.sock");
    let listener = Listener::bind(path.as_path()).await.unwrap();
    let mut fleet = Fleet::new();
    fleet.add_listener("in", listener).unwrap();
    assert!(fleet.members()[0].is_listener);
    assert!(matches!(fleet.client().to("in"), Err(Error::NoSuchMember { .. })));
    let mut fakes = Vec::new();
    for number in 1..4 {
        let fake = FakeDaemon::v2_6();
        fake.dial_unix(&path).await.unwrap();
        fakes.push(fake);
        let attached = loop {
            let item = fleet.next().await.unwrap();
            if let MemberItem::Attached(attached) = item.what {
                assert_eq!(item.member.to_string(), format!("in/{number} (1)"));
                break attached;
            }
        };
        assert_eq!(attached.dialer.unwrap().pid, Some(std::process::id()));
    }
    let pids = fleet.client().all(&openvpn_mgmt::command::Pid).await;
    assert_eq!(pids.len(), 3);
    assert!(pids.values().all(Result::is_ok), "{pids:?}");
    // One that is no daemon is told of the listener.
    drop(tokio::net::UnixStream::connect(&path).await.unwrap());
    while !words(&fleet.next().await.unwrap()).starts_with("in (0): away") {}

    // Those who leave are out, those who are there stay without the listener.
    drop(fakes.remove(0));
    while next(&mut fleet).await != "in/1 (1): ended" {}
    fleet.remove("in").unwrap();
    while next(&mut fleet).await != "in (0): removed" {}
    // The task that listens ends a moment later.
    let gone = async {
        while tokio::net::UnixStream::connect(&path).await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(300), gone).await.unwrap();
    assert_eq!(fleet.client().all(&openvpn_mgmt::command::Pid).await.len(), 2);
    drop(fakes);
    while next(&mut fleet).await != "none" {}
    drop(fleet);
    no_task_is_left().await;
}
