//! Clients of a server: let in, turned away, renewed.

use anyhow::{Context as _, Result};
use openvpn_mgmt::events::Realm;
use openvpn_mgmt::{Builder, DroppedRequest, Error, Event, PeerConfig, Request, StateName};

use crate::daemon::{Daemon, pair, pair_with, request, serving};
use lab::{ClientOptions, ServerOptions, within};

#[tokio::test]
async fn a_client_gets_a_configuration_of_its_own() -> Result<()> {
    let lab = serving!("a_client_gets_a_configuration_of_its_own");
    let (mut server, mut client) = pair(&lab, |options| options).await?;
    client.client.echo_on().await?;
    client.log_in("alice").await?;
    let config = PeerConfig::new().push("echo \"for alice\"")?;
    server.connect().await?.allow_with(config).await?;
    client.connected().await?;
    let echoes = client.client.echo_history(openvpn_mgmt::History::All).await?;
    let echo = echoes.into_iter().next().context("nothing was echoed")??;
    assert_eq!(echo.text, "for alice");
    assert_eq!(server.established().await?.0, 0);
    Ok(())
}

#[tokio::test]
async fn a_denied_client_is_told_what_it_may_know() -> Result<()> {
    let lab = serving!("a_denied_client_is_told_what_it_may_know");
    let (mut server, mut client) = pair(&lab, ClientOptions::auth_retry_interact).await?;
    client.log_in("alice").await?;
    server.connect().await?.deny("not on the list", None).await?;
    assert_eq!(client.refused(&Realm::Auth).await?, None);
    client.log_in("alice").await?;
    let reason = "go away: it's \"late\"";
    server.connect().await?.deny("not \"now\"", Some(reason)).await?;
    assert_eq!(client.refused(&Realm::Auth).await?, Some(reason.into()));
    client.log_in("alice").await?;
    Request::ClientConnect(server.connect().await?).decline().await?;
    assert_eq!(client.refused(&Realm::Auth).await?, None);
    client.log_in("alice").await?;
    server.connect().await?.allow().await?;
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn a_denied_client_that_does_not_retry_ends() -> Result<()> {
    let lab = serving!("a_denied_client_that_does_not_retry_ends");
    let (mut server, mut client) = pair(&lab, |options| options).await?;
    client.log_in("alice").await?;
    server.connect().await?.deny("no", Some("no")).await?;
    let reason = within("end of the client", client.client.closed()).await?;
    assert_eq!(reason.to_string(), "the daemon exited (auth-failure)");
    Ok(())
}

#[tokio::test]
async fn a_decision_is_made_once() -> Result<()> {
    let lab = serving!("a_decision_is_made_once");
    let (mut server, mut client) = pair(&lab, |options| options).await?;
    client.log_in("alice").await?;
    let peer = server.connect().await?;
    server.client.client_deny(peer.cid(), peer.kid(), "by another way", None::<&str>).await?;
    assert!(!peer.is_open());
    let error = peer.allow().await.unwrap_err();
    assert!(matches!(error, Error::Stale { command: "client-auth-nt" }), "{error}");
    client.refused(&Realm::Auth).await?;
    Ok(())
}

#[tokio::test]
async fn a_client_whose_request_is_dropped_is_denied_where_that_is_set() -> Result<()> {
    let lab = serving!("a_client_whose_request_is_dropped_is_denied_where_that_is_set");
    let process = lab.server(ServerOptions::new()).await?;
    let builder = Builder::new().dropped_request(DroppedRequest::Deny);
    let mut server = Daemon::attach_with(builder, process).await?;
    server.release().await?;
    server.connected().await?;
    let options = ClientOptions::to(&server.process).auth_retry_interact();
    let mut client = Daemon::client(&lab, options).await?;
    client.log_in("alice").await?;
    drop(server.connect().await?);
    client.refused(&Realm::Auth).await?;
    client.log_in("alice").await?;
    let peer = server.connect().await?;
    assert!(matches!(peer.allow_with(["END"]).await, Err(Error::InvalidArgument { .. })));
    client.refused(&Realm::Auth).await?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_with_it() -> Result<()> {
    let lab = serving!("a_client_that_leaves_takes_its_request_with_it");
    // Over TCP the server learns of it at once.
    let mut server = Daemon::server(&lab, ServerOptions::new().tcp()).await?;
    let mut client = Daemon::client(&lab, ClientOptions::to_tcp(&server.process)).await?;
    client.log_in("alice").await?;
    let peer = server.connect().await?;
    drop(client);
    server.disconnected().await?;
    assert!(!peer.is_open());
    assert!(matches!(peer.allow().await, Err(Error::Stale { .. })));
    Ok(())
}

#[tokio::test]
async fn a_renewed_client_stays_or_is_turned_away() -> Result<()> {
    let lab = serving!("a_renewed_client_stays_or_is_turned_away");
    let options = |client: ClientOptions| client.auth_retry_interact().renewed_by_server();
    let (mut server, mut client) =
        pair_with(&lab, ServerOptions::new().renews_keys(), options).await?;
    client.log_in("alice").await?;
    let peer = server.connect().await?;
    let first = (peer.cid(), peer.kid());
    peer.allow().await?;
    client.connected().await?;
    let again = request!(server, ClientReauth);
    assert_eq!(again.cid(), first.0);
    assert!(again.kid() > first.1, "{:?}", again.kid());
    assert_eq!(again.username(), Ok(Some("alice".into())));
    again.allow().await?;
    let last = request!(server, ClientReauth);
    // Still in, as after the renewal before.
    assert!(client.is_connected().await?);
    last.deny("enough", Some("enough")).await?;
    assert_eq!(client.refused(&Realm::Auth).await?, Some("enough".into()));
    client.state(&StateName::Reconnecting).await?;
    Ok(())
}

#[tokio::test]
async fn events_of_clients_still_come_to_subscribers() -> Result<()> {
    let lab = serving!("events_of_clients_still_come_to_subscribers");
    let (mut server, mut client) = pair(&lab, |options| options).await?;
    client.log_in("alice").await?;
    let peer = server.connect().await?;
    let cid = server
        .event("connecting client", |event| match event {
            Event::Client(openvpn_mgmt::events::ClientEvent::Connect { cid, .. }) => Some(*cid),
            _ => None,
        })
        .await?;
    assert_eq!(cid, peer.cid());
    peer.allow().await?;
    client.connected().await?;
    Ok(())
}
