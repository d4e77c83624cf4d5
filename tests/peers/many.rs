//! One table over several servers, each with a program of its own, and over a fleet of them.

use openvpn_mgmt::Fleet;
use openvpn_mgmt::peers::{Change, Departure, LivePeers};
use openvpn_mgmt_test::Personality;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::manager::{Managed, Scene, pass, run_fleet};
use crate::replay::Replay;
use crate::ten_thousand::{client, happens, signal};

const NAMES: [&str; 3] = ["old", "udp", "tcp"];

fn scenes() -> [Scene; 3] {
    let personalities = [Personality::V2_5, Personality::V2_6, Personality::V2_7];
    personalities.map(|personality| Scene { personality, capacity: 200, ..Scene::default() })
}

/// Clients come and go, and servers restart; each time it is quiet the table is right.
async fn live(servers: &mut [Managed], peers: &LivePeers, replay: &mut Replay) {
    let mut random = StdRng::seed_from_u64(7);
    pass(1).await;
    for round in 0..24 {
        for managed in &*servers {
            for number in round * 20..round * 20 + 20 {
                drop(managed.fake().connects(client(number)));
            }
        }
        pass(1).await;
        for _ in 0..60 {
            let number = random.random_range(0..round * 20 + 20);
            let server = &servers[random.random_range(0..3)];
            happens(server, &format!("user{number}"), random.random_range(0..10));
        }
        let server = &mut servers[round % 3];
        match random.random_range(0..5) {
            0 => signal(server, "SIGUSR1"),
            1 => server.start_again(),
            2 => server.close().await,
            3 => server.reconnect(),
            _ => {}
        }
        pass(6).await;
        let mut there = 0;
        for managed in &*servers {
            there += managed.is_right(peers).await;
        }
        replay.catch_up(peers);
        assert_eq!(peers.with(openvpn_mgmt::peers::Peers::len), there);
    }
}

#[tokio::test(start_paused = true)]
async fn one_table_of_several_servers() {
    let peers = LivePeers::builder().capacity(1 << 18).build();
    let mut replay = Replay::new(&peers);
    let mut servers: Vec<_> = NAMES
        .into_iter()
        .zip(scenes())
        .map(|(name, scene)| Managed::new(name, scene, &peers))
        .collect();
    live(&mut servers, &peers, &mut replay).await;
    assert_eq!(peers.snapshot().daemons().count(), 3);
    peers.remove("old");
    replay.catch_up(&peers);
    assert!(peers.snapshot().records().all(|record| &*record.daemon != "old"));
    drop(servers);
    pass(1).await;
    let left = peers.snapshot();
    assert!(!left.is_empty() && left.daemons().all(|(_, is_attached)| !is_attached));
    assert!(left.rows().iter().all(|row| row.peer.is_none()));
    replay.catch_up(&peers);
}

#[tokio::test(start_paused = true)]
async fn one_table_of_a_fleet() {
    let peers = LivePeers::builder().capacity(1 << 18).build();
    let mut replay = Replay::new(&peers);
    let mut fleet = Fleet::new();
    let mut servers: Vec<_> = NAMES
        .into_iter()
        .zip(scenes())
        .map(|(name, scene)| Managed::in_fleet(name, scene, &mut fleet))
        .collect();
    let members = fleet.client();
    let program = tokio::spawn(run_fleet(fleet, peers.clone()));
    live(&mut servers, &peers, &mut replay).await;
    assert!(!peers.snapshot().is_empty());
    for name in NAMES {
        members.remove(name).unwrap();
    }
    program.await.unwrap();
    assert!(peers.snapshot().is_empty() && peers.snapshot().daemons().count() == 0);
    replay.catch_up(&peers);
}

#[tokio::test(start_paused = true)]
async fn the_changes_of_a_fleet_end_with_its_members_and_the_fleet_with_them() {
    for drops in [false, true] {
        let mut fleet = Fleet::new();
        let [_, scene, _] = scenes();
        let server = Managed::in_fleet("one", scene, &mut fleet);
        let members = fleet.client();
        let mut changes = LivePeers::new().changes_of(fleet);
        pass(1).await;
        server.fake().connects(client(1)).unwrap();
        assert!(matches!(changes.next().await, Some(Ok(Change::Joined(_)))));
        if drops {
            drop(changes);
            pass(1).await;
            assert!(matches!(members.remove("one"), Err(openvpn_mgmt::Error::NoSuchMember { .. })));
            continue;
        }
        members.remove("one").unwrap();
        let mut last = None;
        while let Some(change) = changes.next().await {
            last = Some(change.unwrap());
        }
        assert!(matches!(last, Some(Change::Left { how: Departure::Removed, .. })), "{last:?}");
    }
}
