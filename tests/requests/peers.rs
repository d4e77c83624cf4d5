//! Clients by identity: a command for one reaches that one or nobody.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use openvpn_mgmt::{Error, Peer, PeerEnd, Signal, StateName};

use crate::daemon::{Daemon, serving};
use crate::patient::{self, comes, commands};
use lab::{DEADLINE, Lab, Port, Version, within};

/// A client that is in, and its identity by its request.
async fn admit(lab: &Lab, server: &mut Daemon, name: &str) -> Result<(Daemon, Peer)> {
    let options = patient::client(&server.process).common_name(name);
    let mut client = comes(lab, options, name).await?;
    let request = server.connect().await?;
    let peer = request.peer().clone();
    assert_eq!(peer.cid(), request.cid());
    request.allow().await?;
    client.connected().await?;
    assert_eq!(server.established().await?, peer.cid());
    Ok((client, peer))
}

/// The identity of the client of this name, by a status.
async fn by_status(server: &Daemon, name: &str) -> Result<Peer> {
    let (status, peers) = server.client.status_with_peers().await?;
    let status = status.as_server().context("no status of a server")?;
    let row =
        status.clients.iter().find(|row| row.common_name().is_some_and(|known| known == name));
    let row = row.with_context(|| format!("no {name} in {:?}", status.clients))?;
    Ok(peers.peer(row.cid().context("no CID")?))
}

async fn is_in(server: &Daemon, name: &str) -> Result<bool> {
    let status = server.client.status().await?;
    let status = status.as_server().context("no status of a server")?;
    let is_it = |row: &&openvpn_mgmt::reply::StatusClient| {
        row.common_name().is_some_and(|known| known == name)
    };
    Ok(status.clients.iter().find(is_it).is_some_and(|row| row.virtual_address().is_some()))
}

async fn restart(server: &mut Daemon, signal: Signal) -> Result<()> {
    server.client.signal(signal).await?;
    server.state(&StateName::Reconnecting).await?;
    server.release().await?;
    server.connected().await
}

/// No command by this identity goes out.
async fn is_stale(server: &Daemon, peer: &Peer) -> Result<()> {
    let client = &server.client;
    let refusals = [
        client.client_kill(peer).await.err(),
        client.client_kill_with(peer, "HALT,bye").await.err(),
        client.client_kill_and_wait(peer, DEADLINE).await.err(),
    ];
    for error in refusals {
        ensure!(matches!(error, Some(Error::Stale { command: "client-kill" })), "{error:?}");
    }
    match client.push_update_cid(peer, "echo nobody").await {
        Err(Error::Stale { command: "push-update-cid" } | Error::Unsupported { .. }) => {}
        other => anyhow::bail!("{other:?}"),
    }
    for command in ["client-kill", "push-update-cid"] {
        let sent = commands(&server.process, command);
        ensure!(sent.is_empty(), "{sent:?}");
    }
    Ok(())
}

#[tokio::test]
async fn who_was_client_0_before_a_restart_names_nobody_after_it() -> Result<()> {
    let lab = serving!("who_was_client_0_before_a_restart_names_nobody_after_it");
    for signal in [Signal::Sigusr1, Signal::Sighup] {
        namesake(&lab, signal).await.with_context(|| format!("{signal:?}"))?;
    }
    Ok(())
}

async fn namesake(lab: &Lab, signal: Signal) -> Result<()> {
    let mut server = Daemon::server(lab, patient::server()).await?;
    let (alice, by_request) = admit(lab, &mut server, "alice").await?;
    // The last event was of her.
    let by_event = server.events.peer().cloned().context("the event was about nobody")?;
    let by_row = by_status(&server, "alice").await?;
    let ways = HashSet::from([by_request.clone(), by_event.clone(), by_row.clone()]);
    ensure!(ways.len() == 1, "{ways:?}");
    drop(alice);
    restart(&mut server, signal).await?;
    let (mut mallory, peer) = admit(lab, &mut server, "mallory").await?;
    assert_eq!(peer.cid(), by_request.cid());
    assert_ne!(peer, by_request);
    for old in [&by_request, &by_event, &by_row] {
        is_stale(&server, old).await?;
    }
    assert!(is_in(&server, "mallory").await?);
    assert!(mallory.is_connected().await?);
    assert_eq!(by_status(&server, "mallory").await?, peer);
    server.client.client_kill(&peer).await?;
    mallory.state(&StateName::Reconnecting).await?;
    Ok(())
}

#[tokio::test]
async fn a_bare_number_ends_whoever_has_it() -> Result<()> {
    let lab = serving!("a_bare_number_ends_whoever_has_it");
    let mut server = Daemon::server(&lab, patient::server()).await?;
    let (mut alice, peer) = admit(&lab, &mut server, "alice").await?;
    server.client.client_kill_with_unchecked(peer.cid(), "HALT,so long").await?;
    alice.state(&StateName::Exiting).await?;
    let (mut bob, peer) = admit(&lab, &mut server, "bob").await?;
    server.client.client_kill_unchecked(peer.cid()).await?;
    bob.state(&StateName::Reconnecting).await?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_came_again_from_its_port_is_another_peer() -> Result<()> {
    let lab = serving!("a_client_that_came_again_from_its_port_is_another_peer");
    let mut server = Daemon::server(&lab, patient::server()).await?;
    let port = Port::reserve()?;
    let options = patient::client(&server.process).common_name("alice").local_port(&port);
    let mut gone = comes(&lab, options.clone(), "alice").await?;
    let older = server.connect().await?.peer().clone();
    // It waits, and shows in a status by its certificate.
    let by_row = by_status(&server, "alice").await?;
    assert_eq!(by_row, older);
    gone.process.kill();
    let mut client = comes(&lab, options, "alice").await?;
    let request = server.connect().await?;
    let newer = request.peer().clone();
    assert_eq!(newer.cid(), older.cid());
    assert_ne!(newer, older);
    is_stale(&server, &older).await?;
    is_stale(&server, &by_row).await?;
    request.allow().await?;
    client.connected().await?;
    assert!(is_in(&server, "alice").await?);
    assert_eq!(by_status(&server, "alice").await?, newer);
    server.client.client_kill(&newer).await?;
    client.state(&StateName::Reconnecting).await?;
    Ok(())
}

#[tokio::test]
async fn an_end_is_waited_for() -> Result<()> {
    let lab = serving!("an_end_is_waited_for");
    let mut server = Daemon::server(&lab, patient::server()).await?;
    let (mut alice, peer) = admit(&lab, &mut server, "alice").await?;
    let end = server.client.client_kill_and_wait(&peer, DEADLINE).await?;
    assert!(matches!(end, PeerEnd::Disconnected), "{end:?}");
    assert!(!is_in(&server, "alice").await?);
    alice.state(&StateName::Reconnecting).await?;
    let error = server.client.client_kill(&peer).await.unwrap_err();
    assert!(matches!(error, Error::Stale { .. } | Error::Refused { .. }), "{error}");
    // One who waits for a decision is ended alike.
    let bob = patient::client(&server.process).common_name("bob");
    let _bob = comes(&lab, bob, "bob").await?;
    let request = server.connect().await?;
    let end = server.client.client_kill_and_wait(request.peer(), DEADLINE).await?;
    assert!(matches!(end, PeerEnd::Disconnected), "{end:?}");
    assert!(!request.is_open());
    Ok(())
}

#[tokio::test]
async fn who_waits_too_short_for_an_end_is_told() -> Result<()> {
    let lab = serving!("who_waits_too_short_for_an_end_is_told");
    let mut server = Daemon::server(&lab, patient::server()).await?;
    let (mut alice, peer) = admit(&lab, &mut server, "alice").await?;
    // The daemon itself waits some seconds before it ends a client.
    let wait = server.client.client_kill_and_wait(&peer, Duration::from_secs(1)).await;
    // On a machine that is slow enough the reply is not there in time either.
    let told =
        matches!(wait, Err(Error::StillConnected { .. } | Error::Timeout { sent: true, .. }));
    assert!(told, "{wait:?}");
    alice.state(&StateName::Reconnecting).await?;
    assert_eq!(server.disconnected().await?, peer.cid());
    Ok(())
}

/// What ends the wait for an end that the server has scheduled.
async fn meanwhile(
    lab: &Lab,
    ends: impl AsyncFnOnce(&mut Daemon) -> Result<()>,
) -> Result<PeerEnd> {
    let mut server = Daemon::server(lab, patient::server()).await?;
    let (mut alice, peer) = admit(lab, &mut server, "alice").await?;
    let client = server.client.clone();
    let wait = tokio::spawn(async move { client.client_kill_and_wait(&peer, DEADLINE).await });
    // She is told at once, long before the server lets go of her.
    alice.state(&StateName::Reconnecting).await?;
    ends(&mut server).await?;
    Ok(within("end of the wait", wait).await???)
}

#[tokio::test]
async fn a_restart_and_the_end_of_the_daemon_end_the_wait() -> Result<()> {
    let lab = serving!("a_restart_and_the_end_of_the_daemon_end_the_wait");
    for signal in [Signal::Sigusr1, Signal::Sighup] {
        let end = meanwhile(&lab, async |server| restart(server, signal).await).await?;
        // Before it restarts, the daemon says of every client that it left.
        assert!(matches!(end, PeerEnd::Disconnected | PeerEnd::Restarted), "{end:?}");
    }
    let killed = async |server: &mut Daemon| {
        server.process.kill();
        Ok(())
    };
    let end = meanwhile(&lab, killed).await?;
    assert!(matches!(end, PeerEnd::Closed(_)), "{end:?}");
    Ok(())
}

/// OpenVPN 2.6 has no packet filters any more, and would run the lines of one as commands.
#[tokio::test]
async fn a_packet_filter_is_set_where_the_daemon_has_any() -> Result<()> {
    let lab = serving!("a_packet_filter_is_set_where_the_daemon_has_any");
    let has_filters = lab.daemon().version() < Version::new(2, 6, 0);
    let options = patient::server();
    let options = if has_filters { options.line("management-client-pf") } else { options };
    let mut server = Daemon::server(&lab, options).await?;
    let (_alice, peer) = admit(&lab, &mut server, "alice").await?;
    let filter = ["[CLIENTS ACCEPT]", "-bob", "[SUBNETS DROP]", "+10.0.0.0/8", "[END]"];
    let set = server.client.client_pf(&peer, filter).await;
    if has_filters {
        set?;
    } else {
        assert!(matches!(set, Err(Error::Unsupported { .. })), "{set:?}");
    }
    for bad in ["verb 11", "END", "[CLIENTS\tACCEPT]", ""] {
        let set = server.client.client_pf(&peer, [bad]).await;
        let refused = matches!(set, Err(Error::InvalidArgument { .. } | Error::Unsupported { .. }));
        assert!(refused, "{bad:?}: {set:?}");
    }
    assert_eq!(server.client.verb().await?, 3);
    Ok(())
}
