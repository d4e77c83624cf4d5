//! Calls that are dropped, and fleets that are.

use std::future::poll_fn;
use std::task::Poll;

use openvpn_mgmt::{Builder, Fleet, FleetItem};

use crate::support::{Door, log, no_task_is_left, session, words};

/// As in a loop of `select!` whose other arms are always ready.
async fn polled_once(fleet: &mut Fleet) -> Option<FleetItem> {
    let mut next = Box::pin(fleet.next());
    match poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await {
        Poll::Ready(item) => item,
        Poll::Pending => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_at_every_poll_gives_each_item_once() {
    let mut fleet = Fleet::new();
    for number in 0..5 {
        let (session, mut daemon) = session().await;
        fleet.add(format!("{number}"), session).unwrap();
        tokio::spawn(async move {
            for line in 0..10 {
                daemon.says(log(&format!("{line}"))).await;
                tokio::task::yield_now().await;
            }
        });
    }
    let mut items = vec![Vec::new(); 5];
    let mut polls = 0;
    while !fleet.is_empty() {
        polls += 1;
        assert!(polls < 10_000, "{items:?}");
        match polled_once(&mut fleet).await {
            Some(item) => {
                let number: usize = item.member.name().parse().unwrap();
                items[number].push(words(&item).split_once(": ").unwrap().1.to_owned());
            }
            None => tokio::task::yield_now().await,
        }
    }
    let mut expected =
        vec!["attached 1".to_owned(), "event OpenVPN management interface version 5".to_owned()];
    expected.extend((0..10).map(|line| format!("log {line}")));
    expected.extend(["detached: the daemon closed it".to_owned(), "ended".to_owned()]);
    for items in items {
        assert_eq!(items, expected);
    }
    no_task_is_left().await;
}

#[tokio::test(start_paused = true)]
async fn a_fleet_that_is_dropped_at_any_poll_leaves_nothing() {
    for polls in 0.. {
        let (door, mut fleet) = (Door::default(), Fleet::new());
        let mut daemon = door.daemon().await;
        let serving = tokio::spawn(async move {
            daemon.gets_ready().await.says(">HOLD:Waiting for hold release:0\r\n").await;
            // As long as the fleet keeps the connection.
            assert!(daemon.is_closed().await);
        });
        fleet.add("udp", door.link_of(&Builder::new())).unwrap();
        let handle = fleet.client();
        let mut has_asked = false;
        for _ in 0..polls {
            let item = polled_once(&mut fleet).await;
            has_asked |= item.is_some_and(|item| words(&item).ends_with("asks: hold"));
            tokio::task::yield_now().await;
        }
        drop(fleet);
        assert!(handle.add("again", door.link()).is_err());
        drop(door);
        serving.abort();
        no_task_is_left().await;
        if has_asked {
            return;
        }
        assert!(polls < 1000);
    }
}

/// What the program holds of a session is its own.
#[tokio::test(start_paused = true)]
async fn a_session_outlives_the_fleet_in_the_hands_of_the_program() {
    let mut fleet = Fleet::new();
    let (session, mut daemon) = session().await;
    let kept = session.client().clone();
    fleet.add("udp", session).unwrap();
    drop(fleet.next().await);
    drop(fleet);
    let pid = openvpn_mgmt_test::scripted::beside(kept.pid(), async {
        daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
    });
    assert_eq!(pid.await.unwrap(), 7);
    drop(kept);
    assert!(daemon.is_closed().await);
}
