//! Clients that come, are asked about again, and leave in every way.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lab::{ClientOptions, ServerOptions};
use nix::sys::signal::Signal;
use openvpn_mgmt::peers::{Change, Departure, PeerRecord, Phase};
use openvpn_mgmt::{EnvFilter, VirtualAddress};
use tokio::sync::Semaphore;

use crate::scene::Scene;

type Left = (Arc<PeerRecord>, Option<std::time::Duration>, Departure);

pub(crate) fn left(change: &Change) -> Option<Left> {
    match change {
        Change::Left { record, duration, how, .. } => Some((Arc::clone(record), *duration, *how)),
        _ => None,
    }
}

fn texts(addresses: &[VirtualAddress]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_client_from_its_connect_to_its_end() -> Result<()> {
    let test = "a_client_from_its_connect_to_its_end";
    let Some(mut scene) = Scene::with(test, ServerOptions::new(), 0, EnvFilter::All).await? else {
        return Ok(());
    };
    let mut alice = scene.client("alice", "").await?;
    // The first sight of it may be in its handshake, by `status`.
    let waits = |record: &PeerRecord| record.phase == Phase::Waiting && record.kid.is_some();
    let record = scene.is("client that waits", waits).await?;
    assert_eq!(record.common_name.as_ref().unwrap(), &"alice");
    assert_eq!(record.username.as_ref().unwrap(), &"alice");
    assert_eq!(record.real_ip, Some(Ipv4Addr::LOCALHOST.into()));
    assert!(record.facts.iv_ver().is_some() && record.real_port.is_some(), "{record:?}");
    assert_eq!(record.facts.get("UV_SEAT").unwrap(), &"12");
    scene.refresh().await?;
    let row = scene.peers.snapshot().get(record.id).cloned().context("the same session")?;
    assert_eq!((row.record.phase, row.record.addresses.len()), (Phase::Waiting, 0));
    assert!(row.record.since.is_some() && row.peer.is_some());
    // What a daemon counts of one that waits is none of an established client's.
    let counted = row.record.bytes_received;

    scene.decisions.add_permits(1);
    let is_in = |record: &PeerRecord| record.phase == Phase::In;
    let record = scene.is("client that is in", is_in).await?;
    assert_eq!(record.id, row.record.id);
    assert_eq!(texts(&record.networks), ["10.77.0.0/16"]);
    assert_eq!((record.addresses.len(), record.since), (1, row.record.since));
    scene.refresh().await?;
    let status = scene.peers.snapshot().get(record.id).cloned().context("the same session")?.record;
    assert_eq!(
        (&status.addresses, &status.networks, status.real_port),
        (&record.addresses, &record.networks, record.real_port)
    );
    let more = move |record: &PeerRecord| record.bytes_received > counted;
    scene.is("more bytes", more).await?;

    let last = scene.peers.snapshot().get(record.id).cloned().context("it is there")?.record;
    scene.is_up(&alice).await?;
    alice.signal(Signal::SIGTERM)?;
    let (gone, duration, how) = scene.change("client that left", left).await?;
    assert_eq!((gone.id, how), (record.id, Departure::Disconnected));
    assert!(gone.bytes_received >= last.bytes_received && duration.is_some(), "{gone:?}");
    assert!(scene.peers.snapshot().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_renewal_is_the_same_session() -> Result<()> {
    let test = "a_renewal_is_the_same_session";
    let options = ServerOptions::new().renews_keys();
    let Some(mut scene) = Scene::with(test, options, 1, EnvFilter::All).await? else {
        return Ok(());
    };
    let renews = "pull-filter ignore ping\nping 1\nreneg-sec 0";
    let _alice = scene.client("alice", renews).await?;
    let record = scene.is("client that is in", PeerRecord::is_in).await?;
    let renews = |record: &PeerRecord| record.phase == Phase::Renewing;
    let renewing = scene.is("renewal", renews).await?;
    assert_eq!(renewing.id, record.id);
    assert!(renewing.kid > record.kid && renewing.kid.is_some());
    scene.refresh().await?;
    let still = scene.peers.with(|peers| peers.get(record.id).cloned()).context("it is there")?;
    assert_eq!(still.phase, Phase::Renewing, "nobody has decided");
    scene.decisions.add_permits(1);
    // Over with a `status` behind the decision, unless it is asked about again before that.
    let over = move |now: &PeerRecord| now.phase == Phase::In || now.kid > renewing.kid;
    scene.is("end of the renewal", over).await?;
    assert_eq!(scene.peers.snapshot().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_killed_and_one_that_vanishes() -> Result<()> {
    let test = "a_client_that_is_killed_and_one_that_vanishes";
    let options = ServerOptions::new().line("keepalive 1 4");
    let Some(mut scene) =
        Scene::with(test, options, Semaphore::MAX_PERMITS, EnvFilter::All).await?
    else {
        return Ok(());
    };
    let mut alice = scene.client("alice", "").await?;
    let record = scene.is("client that is in", PeerRecord::is_in).await?;
    scene.refresh().await?;
    scene.kill(record.id).await?;
    let (gone, duration, how) = scene.change("client that is killed", left).await?;
    assert_eq!((gone.id, how, duration.is_some()), (record.id, Departure::Disconnected, true));
    let again = scene.is("client that is back", PeerRecord::is_in).await?;
    assert!(again.id > record.id);
    alice.kill();
    let vanished = |change: &Change| left(change).filter(|(gone, ..)| gone.id == again.id);
    let (_, duration, how) = scene.change("client that vanished", vanished).await?;
    assert_eq!((how, duration.is_some()), (Departure::Disconnected, true));
    Ok(())
}

/// The client of a server that asks nobody's password.
pub(crate) fn open(scene: &Scene, name: &str) -> ClientOptions {
    let options = ClientOptions::to(&scene.server).common_name(name).without_hold();
    options.without_auth_user_pass().line("explicit-exit-notify 1")
}
