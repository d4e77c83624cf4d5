//! A few clients do anything in any order, in every kind of scene.

use openvpn_mgmt::peers::{Departure, LivePeers};
use openvpn_mgmt_test::{Client, Personality};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::manager::{Managed, Scene, pass};
use crate::replay::Replay;
use crate::ten_thousand::{client, happens, signal};

const SEEDS: u64 = 120;
const STEPS: usize = 40;

fn scene(random: &mut StdRng) -> Scene {
    let personalities = [Personality::V2_5, Personality::V2_6, Personality::V2_7];
    Scene {
        personality: personalities[random.random_range(0..3)],
        client_auth: random.random_range(0..4) > 0,
        env_filter: random.random_range(0..4),
        requests: random.random_range(0..4) > 0,
        capacity: [4, 1 << 16][random.random_range(0..2)],
        byte_count: random.random_range(0..3),
    }
}

async fn step(managed: &mut Managed, random: &mut StdRng) {
    let number = random.random_range(0..8);
    match random.random_range(0..30) {
        0 => signal(managed, "SIGUSR1"),
        1 => signal(managed, "SIGHUP"),
        2 => managed.start_again(),
        3 => managed.reconnect(),
        4..14 => drop(managed.fake().connects(client(number))),
        _ => happens(managed, &format!("user{number}"), random.random_range(0..10)),
    }
    if random.random_range(0..2) == 0 {
        pass(random.random_range(0..8)).await;
    }
}

async fn run(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let scene = scene(&mut random);
    println!("seed {seed}: {scene:?}");
    let peers = LivePeers::new();
    let mut replay = Replay::new(&peers);
    let mut managed = Managed::new("udp", scene, &peers);
    pass(1).await;
    for number in 0..STEPS {
        step(&mut managed, &mut random).await;
        if number % 5 == 4 {
            // Everything that is on its way arrives, a restart of 2.5 too.
            pass(6).await;
            managed.is_right(&peers).await;
            replay.catch_up(&peers);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_table_is_right_whatever_happens() {
    let seeds = match std::env::var("PEERS_SEED") {
        Ok(seed) => seed.parse().unwrap()..=seed.parse().unwrap(),
        Err(_) => 0..=SEEDS - 1,
    };
    for seed in seeds {
        run(seed).await;
    }
}

/// What events tell without a `status` is all there is to tell, where blocks are whole and none is lost.
#[tokio::test(start_paused = true)]
async fn events_alone_tell_of_each_client() {
    for seed in 0..SEEDS / 4 {
        let mut random = StdRng::seed_from_u64(seed);
        let peers = LivePeers::builder().interval(std::time::Duration::from_secs(1 << 20)).build();
        let mut managed = Managed::new("udp", Scene::default(), &peers);
        pass(1).await;
        managed.is_right(&peers).await;
        for _ in 0..STEPS {
            let number = random.random_range(0..8);
            match random.random_range(0..12) {
                0 => signal(&managed, "SIGUSR1"),
                1..5 => drop(managed.fake().connects(client(number))),
                // All but to another port, which no event tells.
                _ => happens(&managed, &format!("user{number}"), [0, 4, 5, 7, 8][number % 5]),
            }
        }
        pass(8).await;
        let (before, mut changes) = peers.subscribe();
        managed.is_right(&peers).await;
        while let Some(change) = changes.try_next() {
            let change = change.unwrap();
            let known = before.get(change.id()).expect("known before");
            let openvpn_mgmt::peers::Change::Changed(now) = change else { panic!("{change:?}") };
            // That a client waits since then, and that a renewal is decided, stand in `status` alone.
            let mut then = (*known.record).clone();
            (then.since, then.phase) = (now.since, now.phase);
            let bytes = (now.bytes_received, now.bytes_sent);
            (then.bytes_received, then.bytes_sent) = bytes;
            assert_eq!(then, *now);
        }
        managed.start_again();
    }
}

/// A `status` comes between events all the time. One held against other events than those before it would end sessions that
/// go on, and begin ones that are over.
#[tokio::test(start_paused = true)]
async fn a_status_amid_events_ends_no_session() {
    for seed in 0..3 {
        let mut random = StdRng::seed_from_u64(seed);
        let peers = LivePeers::new();
        let mut replay = Replay::new(&peers);
        let managed = Managed::new("udp", Scene { byte_count: 0, ..Scene::default() }, &peers);
        pass(1).await;
        let asked = peers.clone();
        let asking = tokio::spawn(async move { while asked.refresh("udp").await.is_ok() {} });
        let mut came = 0;
        for number in 0..60 {
            came +=
                usize::from(managed.fake().connects(Client::new(&format!("user{number}"))).is_ok());
            for _ in 0..random.random_range(0..8) {
                tokio::task::yield_now().await;
            }
            let leaves = random.random_range(0..=number);
            happens(&managed, &format!("user{leaves}"), random.random_range(0..4));
        }
        // Time stands still while somebody asks.
        asking.abort();
        pass(1).await;
        managed.is_right(&peers).await;
        replay.catch_up(&peers);
        assert_eq!(replay.sessions(), came);
        assert_eq!(*replay.departures(), [Departure::Disconnected].into());
    }
}
