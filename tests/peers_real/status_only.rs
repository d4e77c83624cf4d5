//! Servers that do not tell who comes and goes, or filter what they tell.

use anyhow::Result;
use lab::ServerOptions;
use nix::sys::signal::Signal;
use openvpn_mgmt::EnvFilter;
use openvpn_mgmt::peers::{Departure, PeerRecord};
use tokio::sync::Semaphore;

use crate::scene::Scene;
use crate::sessions::{left, open};

#[tokio::test]
async fn a_server_without_client_auth_is_told_of_by_status() -> Result<()> {
    let test = "a_server_without_client_auth_is_told_of_by_status";
    let options = ServerOptions::new().without_client_auth();
    let Some(mut scene) = Scene::with(test, options, 0, EnvFilter::All).await? else {
        return Ok(());
    };
    let mut alice = scene.lab.client(open(&scene, "alice")).await?;
    let record = scene.is("client that is in", PeerRecord::is_in).await?;
    assert_eq!(record.common_name.as_ref().unwrap(), &"alice");
    assert_eq!((record.kid, record.username.as_ref()), (None, None));
    scene.is_up(&alice).await?;
    alice.signal(Signal::SIGTERM)?;
    let (gone, duration, how) = scene.change("client that left", left).await?;
    assert_eq!((gone.id, how, duration.is_some()), (record.id, Departure::Unseen, true));
    let _bob = scene.lab.client(open(&scene, "bob")).await?;
    let record = scene.is("client that is in", PeerRecord::is_in).await?;
    scene.server.signal(Signal::SIGUSR1)?;
    let (gone, _, how) = scene.change("client that left", left).await?;
    assert_eq!((gone.id, how), (record.id, Departure::Restarted));
    Ok(())
}

#[tokio::test]
async fn what_is_filtered_is_told_by_status() -> Result<()> {
    let test = "what_is_filtered_is_told_by_status";
    for filter in [EnvFilter::Reduced, EnvFilter::Minimal] {
        let options = ServerOptions::new();
        let scene = Scene::with(test, options, Semaphore::MAX_PERMITS, filter).await?;
        let Some(mut scene) = scene else { return Ok(()) };
        let mut alice = scene.client("alice", "setenv UV_common_name mallory").await?;
        let named = |record: &PeerRecord| record.is_in() && record.common_name.is_some();
        let record = scene.is("client that is in", named).await?;
        assert_eq!(record.common_name.as_ref().unwrap(), &"alice");
        assert_eq!(record.username.as_ref().unwrap(), &"alice");
        assert!(record.since.is_some() && record.real_port.is_some());
        scene.is_up(&alice).await?;
        alice.signal(Signal::SIGTERM)?;
        let (gone, duration, how) = scene.change("client that left", left).await?;
        assert_eq!((gone.id, how, duration.is_some()), (record.id, Departure::Disconnected, true));
    }
    Ok(())
}
