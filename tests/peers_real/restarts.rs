//! Servers that restart, are stopped and started, and programs that come back.

use anyhow::{Context as _, Result};
use lab::ServerOptions;
use nix::sys::signal::Signal;
use openvpn_mgmt::EnvFilter;
use openvpn_mgmt::peers::{Departure, LivePeers, PeerRecord};
use tokio::sync::Semaphore;
use tokio::time::{Duration, timeout};

use crate::scene::Scene;
use crate::sessions::left;

const UP: &str = "Initialization Sequence Completed";

#[tokio::test]
async fn restarts_end_sessions_and_their_clients_come_back() -> Result<()> {
    let test = "restarts_end_sessions_and_their_clients_come_back";
    // So that the client notices soon.
    let options = ServerOptions::new().line("keepalive 1 8");
    let Some(mut scene) =
        Scene::with(test, options, Semaphore::MAX_PERMITS, EnvFilter::All).await?
    else {
        return Ok(());
    };
    let mut alice = scene.client("alice", "").await?;
    let mut record = scene.is("client that is in", PeerRecord::is_in).await?;
    for (before, signal) in [Signal::SIGUSR1, Signal::SIGHUP].into_iter().enumerate() {
        // One that has not heard that it is in knows of no keepalive, and waits on.
        alice.wait_for_logs(UP, before + 1).await?;
        scene.server.signal(signal)?;
        let (gone, _, how) = scene.change("client that left", left).await?;
        assert_eq!(gone.id, record.id);
        // The daemon says DISCONNECT of each before it restarts.
        assert_eq!(how, Departure::Disconnected);
        record = scene.is("client that is back", PeerRecord::is_in).await?;
        assert!(record.id > gone.id);
    }
    alice.wait_for_logs(UP, 3).await?;
    scene.stop().await?;
    let (gone, ..) = scene.change("client that left", left).await?;
    assert_eq!(gone.id, record.id);
    scene.lab.start_again(&mut scene.server).await?;
    let back = scene.is("client that is back", PeerRecord::is_in).await?;
    assert!(back.id > record.id);
    Ok(())
}

#[tokio::test]
async fn a_session_goes_on_when_we_come_back() -> Result<()> {
    let test = "a_session_goes_on_when_we_come_back";
    let Some(mut scene) = Scene::or_skip(test).await? else { return Ok(()) };
    let _alice = scene.client("alice", "").await?;
    let record = scene.is("client that is in", PeerRecord::is_in).await?;
    scene.refresh().await?;
    for _ in 0..2 {
        let before = scene.peers.snapshot().get(record.id).cloned().context("it is there")?;
        scene.reconnect();
        // The old connection's identity is over, and the new one has its own.
        let named = async {
            loop {
                let row = scene.peers.snapshot().get(record.id).cloned();
                let peer = row.context("the session goes on")?.peer;
                if peer.is_some() && peer != before.peer {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(lab::DEADLINE, named).await.context("no identity")??;
        scene.refresh().await?;
        let after = scene.peers.snapshot().get(record.id).cloned().context("it is there")?;
        assert!(after.record.bytes_received >= before.record.bytes_received);
        assert_eq!(after.record.facts, record.facts);
    }
    // A table that has not seen it connect has it too, without what it said of itself.
    let other = LivePeers::new();
    other.follow("server", &scene.commands.client().await?);
    other.refresh("server").await?;
    let mut seen = (**other.snapshot().records().next().context("it is there")?).clone();
    assert!(seen.facts.is_empty() && seen.kid.is_none());
    let known = scene.peers.snapshot().get(record.id).cloned().context("it is there")?.record;
    (seen.facts, seen.kid, seen.id) = (known.facts.clone(), known.kid, known.id);
    seen.daemon = known.daemon.clone();
    (seen.bytes_received, seen.bytes_sent) = (known.bytes_received, known.bytes_sent);
    assert_eq!(seen, *known);
    scene.kill(record.id).await?;
    let (gone, ..) = scene.change("client that left", left).await?;
    assert_eq!(gone.id, record.id);
    Ok(())
}
