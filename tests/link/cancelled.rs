//! Calls that are dropped, and links that are.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use openvpn_mgmt::command::{AnyCommand, SetVerb};
use openvpn_mgmt::{Attached, Backoff, Builder, Link};
use openvpn_mgmt_test::scripted::Daemon;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::door::Door;

/// As in a loop of `select!` whose other arms are always ready.
async fn polled_once(link: &mut Link) -> Option<Attached> {
    let mut next = Box::pin(link.next());
    let polled = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await;
    match polled {
        Poll::Ready(attached) => Some(attached.unwrap()),
        Poll::Pending => None,
    }
}

fn link(door: &Door) -> Link {
    let builder = Builder::new().password("hunter2");
    let backoff = Backoff::default().reset_after(Duration::ZERO);
    door.link_of(&builder).backoff(backoff).set_up([AnyCommand::new(SetVerb(4))])
}

/// Every step from the password to what was missed.
async fn serves(daemon: &mut Daemon) {
    daemon.asks_password("hunter2").await.greets(5).await.gets_ready().await;
    daemon.hears("verb 4").await.says("SUCCESS: verb level changed\r\n").await;
    daemon.hears("state all").await.says("1,WAIT,,,,,,\r\nEND\r\n").await;
    daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
    daemon.hears("status 3").await.says("ERROR: not in a hold\r\n").await;
    daemon.hears("load-stats").await.says("SUCCESS: nclients=0,bytesin=0,bytesout=0\r\n").await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_at_every_poll_gives_each_session_once() {
    let door = Door::default();
    let mut link = link(&door);
    for number in 1..4 {
        let mut daemon = door.daemon();
        let serving = tokio::spawn(async move {
            serves(&mut daemon).await;
            daemon
        });
        let mut polls = 0;
        let attached = loop {
            if let Some(attached) = polled_once(&mut link).await {
                break attached;
            }
            polls += 1;
            assert!(polls < 10_000, "session {number} after {} attempts", door.knocks());
            tokio::task::yield_now().await;
        };
        assert!(polls > 5, "{polls}");
        assert_eq!(
            (attached.number, attached.now.pid, door.knocks()),
            (number, Some(7), u32::try_from(number).unwrap())
        );
        assert_eq!(attached.last_end.is_some(), number > 1);
        drop(serving.await.unwrap());
        attached.session.client().closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_dropped_at_any_poll_leaves_nothing() {
    for polls in 0.. {
        let door = Door::default();
        let mut link = link(&door);
        let mut daemon = door.daemon();
        let serving = tokio::spawn(async move {
            serves(&mut daemon).await;
            // As long as the link keeps the connection.
            assert!(daemon.is_closed().await);
        });
        let mut is_attached = false;
        for _ in 0..polls {
            is_attached |= polled_once(&mut link).await.is_some();
            tokio::task::yield_now().await;
        }
        drop(link);
        let (knocks, serving) = (door.knocks(), serving.abort_handle());
        drop(door);
        serving.abort();
        let ended = async {
            while Handle::current().metrics().num_alive_tasks() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(60), ended).await.expect("a task is left");
        assert!(knocks <= 1);
        if is_attached {
            return;
        }
    }
}
