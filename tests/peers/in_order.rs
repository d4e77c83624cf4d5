//! A `status` and what comes right behind it.

use std::sync::Arc;
use std::time::Duration;

use openvpn_mgmt::Builder;
use openvpn_mgmt::peers::{Change, LivePeers};
use openvpn_mgmt_test::{FakeDaemon, Personality};
use tokio::time::sleep;

const NOBODY: [&str; 7] = [
    "TITLE\tOpenVPN 2.6.14",
    "TIME\t2026-11-22 07:25:00\t1795332300",
    "HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\tBytes Received\tBytes Sent\
     \tConnected Since\tConnected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher",
    "END",
    ">CLIENT:CONNECT,5,1",
    ">CLIENT:ENV,common_name=alice",
    ">CLIENT:ENV,END",
];

/// Who connects behind a `status` is not in it, and has not left.
#[tokio::test(start_paused = true)]
async fn a_status_ends_nobody_who_came_behind_it() {
    // Which of several things a follower does first is chance.
    for _ in 0..64 {
        let fake = FakeDaemon::of(Personality::V2_6).server().answers("status 3", &NOBODY);
        let fake = Arc::new(fake);
        let dialed = Arc::clone(&fake);
        let mut link = Builder::new().reconnect_with(move || {
            let fake = Arc::clone(&dialed);
            async move { fake.connect() }
        });
        let attached = link.next().await.unwrap();
        let peers = LivePeers::new();
        let (_, mut changes) = peers.subscribe();
        peers.attach("udp", &attached);
        sleep(Duration::from_millis(10)).await;
        let change = changes.try_next();
        assert!(matches!(change, Some(Ok(Change::Joined(_)))), "{change:?}");
        let change = changes.try_next();
        assert!(change.is_none(), "{change:?}");
    }
}
