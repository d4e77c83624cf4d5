//! A session that is followed no more, while events of it are still to be read.

use std::sync::Arc;
use std::time::Duration;

use openvpn_mgmt::events::ClientEvent;
use openvpn_mgmt::peers::LivePeers;
use openvpn_mgmt::{Attached, Builder, Event};
use openvpn_mgmt_test::{Client, FakeDaemon, Personality};
use tokio::time::sleep;

async fn attached(fake: &Arc<FakeDaemon>) -> Attached {
    let dialed = Arc::clone(fake);
    let mut link = Builder::new().reconnect_with(move || {
        let fake = Arc::clone(&dialed);
        async move { fake.connect() }
    });
    link.next().await.unwrap()
}

/// A follower that has not read of a client that has just come, as its turn comes behind that of the test.
async fn behind(peers: &LivePeers) -> (Arc<FakeDaemon>, Attached) {
    let fake = Arc::new(FakeDaemon::of(Personality::V2_6).server());
    let attached = attached(&fake).await;
    let mut events = attached.session.client().subscribe();
    peers.attach("udp", &attached);
    sleep(Duration::from_millis(1)).await;
    fake.connects(Client::new("alice")).unwrap();
    loop {
        if let Ok(Event::Client(ClientEvent::Connect { .. })) = events.next().await.unwrap() {
            return (fake, attached);
        }
    }
}

/// As a task, which has its turn among the others.
async fn in_turns(test: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(test).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_was_removed_does_not_come_back() {
    // Which of several things a follower does first is chance.
    for _ in 0..64 {
        in_turns(async {
            let peers = LivePeers::new();
            let kept = behind(&peers).await;
            peers.remove("udp");
            sleep(Duration::from_millis(1)).await;
            assert_eq!(peers.snapshot().daemons().count(), 0, "{:?}", peers.snapshot());
            assert!(peers.snapshot().is_empty());
            drop(kept);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_daemon_of_before_still_says_is_not_of_the_next() {
    for _ in 0..64 {
        in_turns(async {
            let peers = LivePeers::new();
            let next = Arc::new(FakeDaemon::of(Personality::V2_6).pid(2).server());
            let its = attached(&next).await;
            let kept = behind(&peers).await;
            peers.attach("udp", &its);
            let (_, mut changes) = peers.subscribe();
            sleep(Duration::from_millis(1)).await;
            assert!(peers.snapshot().is_empty(), "{:?}", peers.snapshot());
            let change = changes.try_next();
            assert!(change.is_none(), "{change:?}");
            drop(kept);
        })
        .await;
    }
}
