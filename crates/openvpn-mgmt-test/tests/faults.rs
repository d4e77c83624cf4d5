//! A session of the SDK against a daemon whose connection is faulty: whatever comes, each call ends,
//! and what arrives whole is understood.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

use std::time::Duration;

use openvpn_mgmt::events::ClientEvent;
use openvpn_mgmt::{Event, Request, Session, attach};
use openvpn_mgmt_test::{Client, FakeDaemon, Faults, Personality};
use tokio::time::timeout;

/// Longer than any call may take: timeouts of the session are seconds.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What a program makes of a conversation with a server and its client.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    pid: Option<u32>,
    established: usize,
    gone: usize,
    closed: bool,
}

fn server(personality: Personality, faults: Faults) -> FakeDaemon {
    FakeDaemon::of(personality)
        .server()
        .faults(faults)
        .client_connects("alice", |client| client.peer_info("UV_ROOM", "1"))
}

/// Lets clients in and asks for the pid, until the client has left or the connection is over.
async fn hold(fake: &FakeDaemon) -> Seen {
    let mut seen = Seen::default();
    let session = match fake.connect() {
        Ok(stream) => attach(stream).await,
        Err(error) => panic!("{error}"),
    };
    match session {
        Ok(session) => talk(fake, session, &mut seen).await,
        Err(_) => seen.closed = true,
    }
    seen
}

async fn talk(fake: &FakeDaemon, session: Session, seen: &mut Seen) {
    let (client, mut events, mut requests) = session.split();
    let answering = tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            if let Request::ClientConnect(request) = request {
                request.allow().await.ok();
            }
        }
    });
    seen.pid = client.pid().await.ok();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Client(ClientEvent::Established { .. })) => {
                seen.established += 1;
                fake.leaves("alice").ok();
            }
            Ok(Event::Client(ClientEvent::Disconnect { .. })) => {
                seen.gone += 1;
                break;
            }
            _ => {}
        }
    }
    seen.closed = client.pid().await.is_err();
    drop(client);
    answering.abort();
}

async fn run(personality: Personality, faults: Faults) -> Seen {
    let fake = server(personality, faults.clone());
    let Ok(seen) = timeout(PATIENCE, hold(&fake)).await else {
        panic!("{faults:?} has no end:\n{}", fake.conversation());
    };
    seen
}

const WELL: Seen = Seen { pid: Some(4711), established: 1, gone: 1, closed: false };

#[tokio::test(start_paused = true)]
async fn splits_delays_and_merges_change_nothing() {
    for (seed, personality) in (0..30).zip(Personality::ALL.into_iter().cycle()) {
        let mut faults = Faults::seeded(seed).delay(Duration::from_millis(seed));
        if seed % 2 == 0 {
            faults = faults.split();
        }
        if seed % 3 == 0 {
            faults = faults.merge(Duration::from_millis(50));
        }
        assert_eq!(run(personality, faults.clone()).await, WELL, "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_and_floods_between_lines_change_nothing() {
    for seed in 0..20 {
        let faults = Faults::seeded(seed).garbage(3).flood(10, 50);
        assert_eq!(run(Personality::V2_6, faults).await, WELL, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_at_any_byte_is_an_end() {
    for at in (0..6000).step_by(7) {
        let seen = run(Personality::V2_6, Faults::seeded(at).split().cut_at(at)).await;
        assert!(seen.closed || seen == WELL, "{at}: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stall_ends_the_call_that_waits() {
    for at in (0..200).step_by(5) {
        let fake = server(Personality::V2_7, Faults::default().stall_at(at));
        let session = timeout(PATIENCE, attach(fake.connect().unwrap())).await.unwrap();
        let Ok(session) = session else { continue };
        let pid = timeout(PATIENCE, session.client().pid()).await.unwrap();
        assert!(pid.is_err() || at > 100, "{at}: {pid:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_does_not_read_answers_nothing() {
    let fake = server(Personality::V2_6, Faults::default().deaf());
    let session = timeout(PATIENCE, attach(fake.connect().unwrap())).await.unwrap();
    let Ok(session) = session else { return };
    assert!(timeout(PATIENCE, session.client().pid()).await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn half_a_block_is_no_client() {
    for block in 1..3 {
        let seen = run(Personality::V2_6, Faults::default().half_block(block)).await;
        assert!(seen.closed && seen.established == 0 && seen.gone == 0, "{block}: {seen:?}");
    }
}

/// CIDs begin at 0 again: a late answer to the client of before lets nobody in.
async fn mallory_is_in(fake: &FakeDaemon, restart: bool) -> bool {
    let session = attach(fake.connect().unwrap()).await.unwrap();
    let (client, _events, mut requests) = session.split();
    let answering = tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let Request::ClientConnect(request) = request else { continue };
            tokio::time::sleep(Duration::from_secs(3)).await;
            if request.common_name().is_ok_and(|name| name.is_some_and(|name| name == "alice")) {
                request.allow().await.ok();
            } else {
                request.deny("nobody knows", None).await.ok();
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    if restart {
        fake.with(openvpn_mgmt_test::Daemon::restarts_by_itself);
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    fake.connects(Client::new("mallory").password("x")).ok();
    tokio::time::sleep(Duration::from_secs(10)).await;
    timeout(PATIENCE, client.pid()).await.unwrap().ok();
    answering.abort();
    fake.with(|daemon| daemon.is_client_in("mallory"))
}

#[tokio::test(start_paused = true)]
async fn a_restart_between_any_two_lines_lets_nobody_in_for_another() {
    for lines in 2..120 {
        let fake = server(Personality::V2_6, Faults::default().restart_at(lines));
        assert!(!mallory_is_in(&fake, false).await, "{lines}:\n{}", fake.conversation());
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_lets_nobody_in_for_another() {
    for personality in Personality::ALL {
        let fake = server(personality, Faults::default());
        assert!(!mallory_is_in(&fake, true).await, "{}", fake.conversation());
    }
}
