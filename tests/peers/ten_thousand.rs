//! Ten thousand clients that come and go, while the server restarts, is killed, and the program reconnects and lags.

use std::time::Instant;

use anyhow::{Result, ensure};
use openvpn_mgmt::peers::LivePeers;
use openvpn_mgmt_test::Client;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::manager::{Managed, Scene, pass};
use crate::replay::Replay;

const CLIENTS: usize = 10_000;
const WAVE: usize = 200;

/// How a client signs in, by its number.
pub(crate) fn client(number: usize) -> Client {
    let client = Client::new(&format!("user{number}"));
    match number % 5 {
        0 => client,
        1 => client.password("wrong"),
        2 => client.password("challenge me").answers("1234"),
        3 => client.password("ask me").answers("5678"),
        _ => client.static_response("9012"),
    }
}

/// One thing happens to a client of this name, which may be gone.
pub(crate) fn happens(managed: &Managed, name: &str, what: u32) {
    managed.fake().with(|daemon| {
        // That there is nobody of this name now is fine.
        let _ = match what {
            0..4 => daemon.client_leaves(name),
            4 => daemon.client_vanishes(name),
            5 => daemon.client_restarts(name),
            6 => daemon.client_floats(name),
            7 => daemon.client_renegotiates(name),
            _ => daemon.client_traffic(name, 1000, 2000),
        };
    });
}

async fn wave(managed: &Managed, random: &mut StdRng, from: usize) {
    for number in from..from + WAVE {
        // It may not serve now, as in a restart.
        let _ = managed.fake().connects(client(number));
    }
    pass(1).await;
    let names = (from.saturating_sub(3 * WAVE)..from + WAVE).choose_multiple(random, WAVE);
    for number in names {
        happens(managed, &format!("user{number}"), random.random_range(0..10));
    }
    pass(random.random_range(0..2)).await;
}

#[tokio::test(start_paused = true)]
async fn the_table_is_what_the_server_has() -> Result<()> {
    let started = Instant::now();
    let seed = 13;
    let mut random = StdRng::seed_from_u64(seed);
    let peers = LivePeers::builder().capacity(1 << 18).build();
    let mut replay = Replay::new(&peers);
    // Fewer than a wave says: some are lost again and again.
    let scene = Scene { capacity: 400, byte_count: 4, ..Scene::default() };
    let mut managed = Managed::new("udp", scene, &peers);
    pass(1).await;
    let (mut most, mut compared) = (0, 0);
    for number in 0..CLIENTS / WAVE {
        wave(&managed, &mut random, number * WAVE).await;
        match number % 10 {
            2 => signal(&managed, "SIGUSR1"),
            4 | 8 => managed.reconnect(),
            6 => managed.start_again(),
            9 => signal(&managed, "SIGHUP"),
            _ => {}
        }
        pass(3).await;
        most = most.max(managed.is_right(&peers).await);
        replay.catch_up(&peers);
        compared += 1;
    }
    ensure!(most > WAVE, "{most} at most");
    ensure!(replay.sessions() > CLIENTS / 2, "{} sessions", replay.sessions());
    println!(
        "{CLIENTS} clients, {} sessions, {most} at most, {compared} times compared: {:.1} s",
        replay.sessions(),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The server's manager has it restart.
pub(crate) fn signal(managed: &Managed, signal: &str) {
    managed.fake().with(|daemon| daemon.receive(format!("signal {signal}\n").as_bytes()));
}
