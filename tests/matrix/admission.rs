//! What `status` shows of clients that wait, are in, or are turned away.

use anyhow::Result;
use openvpn_mgmt::reply::{Admission, StatusClient};
use openvpn_mgmt::{Cid, PeerConfig, VirtualAddress};

use crate::support::{Connection, Fixture, Peer, matchers};
use lab::{ClientOptions, ServerOptions};

/// The rows of this client; none once it is gone.
async fn rows(server: &Connection, cid: Cid) -> Result<Vec<StatusClient>> {
    let status = server.client.status().await?;
    let clients = &status.as_server().expect("a server's status").clients;
    Ok(clients.iter().filter(|client| client.cid() == Some(cid)).cloned().collect())
}

async fn row(server: &Connection, peer: &Peer) -> Result<StatusClient> {
    let mut rows = rows(server, peer.cid).await?;
    assert_eq!(rows.len(), 1, "{rows:?}");
    Ok(rows.remove(0))
}

/// A client that waits at this server, its user unless it gives none.
async fn waiting(
    fixture: &Fixture,
    server: &mut Connection,
    options: ClientOptions,
    user: Option<&str>,
) -> Result<(Connection, Peer)> {
    let mut client = fixture.client(options).await?;
    client.release().await;
    if let Some(user) = user {
        client.log_in(user, "secret").await;
    }
    let peer = server.next_client().await;
    Ok((client, peer))
}

/// Follows a client from its CONNECT to its session; what its row says at the end.
async fn followed(fixture: &Fixture, server: ServerOptions) -> Result<StatusClient> {
    let mut server = fixture.serving_server(server).await?;
    let options = ClientOptions::to(&server.daemon);
    let (mut client, peer) = waiting(fixture, &mut server, options, Some("alice")).await?;
    let asked = row(&server, &peer).await?;
    assert_eq!(asked.admission(), Admission::Waiting, "{asked:?}");

    let extra = "WEB_AUTH::https://example.com";
    let wait = std::time::Duration::from_secs(60);
    let call = server.client.client_pending_auth(peer.cid, peer.kid, extra, wait);
    server.answered("client-pending-auth", call).await;
    let waits = row(&server, &peer).await?;
    assert_eq!(waits.admission(), Admission::Waiting, "{waits:?}");
    // Its names are there before it is in.
    assert_eq!(waits.common_name(), Some("client".into()));
    assert_eq!(waits.username(), Some("alice".into()));
    assert_eq!((waits.virtual_address(), waits.virtual_ipv6()), (None, None));
    assert_eq!(waits.cipher(), Some("BF-CBC".into()));

    server.admit(&peer).await;
    server.established(&peer).await;
    client.connected().await;
    row(&server, &peer).await
}

#[tokio::test]
async fn a_client_with_an_address_is_in() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_with_an_address_is_in")? else { return Ok(()) };
    for options in [ServerOptions::new(), ServerOptions::new().tap()] {
        let row = followed(&fixture, options.clone()).await?;
        assert_eq!(row.admission(), Admission::Admitted, "{options:?}: {row:?}");
        assert_eq!(row.cipher(), Some("AES-256-GCM".into()));
        assert!(matches!(row.virtual_address(), Some(VirtualAddress::Ip(_))), "{row:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_without_addresses_does_not_tell_who_is_in() -> Result<()> {
    let name = "a_server_without_addresses_does_not_tell_who_is_in";
    let Some(fixture) = Fixture::serving(name)? else { return Ok(()) };
    let server = ServerOptions::new().without_pool();
    for options in [server.clone(), server.tap()] {
        let row = followed(&fixture, options.clone()).await?;
        assert_eq!(row.admission(), Admission::Unknown, "{options:?}: {row:?}");
        assert_eq!(row.cipher(), Some("AES-256-GCM".into()));
    }
    Ok(())
}

#[tokio::test]
async fn a_client_with_an_ipv6_address_alone_is_in() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_with_an_ipv6_address_alone_is_in")? else {
        return Ok(());
    };
    let mut server = fixture.serving_server(ServerOptions::new().without_pool()).await?;
    let options = ClientOptions::to(&server.daemon);
    let (mut client, peer) = waiting(&fixture, &mut server, options, Some("alice")).await?;
    let config = PeerConfig::new().ifconfig_ipv6_push("fd00::7".parse()?, 64, "fd00::1".parse()?);
    let call = server.client.client_auth(peer.cid, peer.kid, config?);
    server.answered("client-auth", call).await;
    server.established(&peer).await;
    client.connected().await;
    let row = row(&server, &peer).await?;
    assert_eq!((row.admission(), row.virtual_address()), (Admission::Admitted, None));
    Ok(())
}

#[tokio::test]
async fn a_configured_cipher_hides_who_waits() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_configured_cipher_hides_who_waits")? else {
        return Ok(());
    };
    let server = ServerOptions::new().line("cipher AES-256-GCM");
    let mut server = fixture.serving_server(server).await?;
    let options = ClientOptions::to(&server.daemon);
    let (_client, peer) = waiting(&fixture, &mut server, options, Some("alice")).await?;
    let row = row(&server, &peer).await?;
    assert_eq!((row.admission(), row.cipher()), (Admission::Unknown, Some("AES-256-GCM".into())));
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_turned_away_is_never_shown_as_in() -> Result<()> {
    let name = "a_client_that_is_turned_away_is_never_shown_as_in";
    let Some(fixture) = Fixture::serving(name)? else { return Ok(()) };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let options = ClientOptions::to(&server.daemon);
    let (mut client, peer) = waiting(&fixture, &mut server, options.clone(), Some("alice")).await?;
    let call = server.client.client_deny(peer.cid, peer.kid, "no", None);
    // The next command finds the client still there.
    let ((), denied) = tokio::join!(server.answered("client-deny", call), row(&server, &peer));
    assert_eq!(denied?.admission(), Admission::Waiting);
    client.until("the refusal", matchers::failed).await;

    // Let in, and then without a cipher in common: it has an address for some seconds.
    let options = options.line("data-ciphers AES-256-CBC");
    let (mut client, peer) = waiting(&fixture, &mut server, options, Some("bob")).await?;
    server.admit(&peer).await;
    client.until("the refusal", matchers::failed).await;
    for row in rows(&server, peer.cid).await? {
        assert_eq!(row.admission(), Admission::Unknown, "{row:?}");
        assert!(row.virtual_address().is_some(), "{row:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_without_a_name_has_none() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_without_a_name_has_none")? else {
        return Ok(());
    };
    let server = ServerOptions::new().auth_user_pass_optional();
    let server = server.line("verify-client-cert none\nduplicate-cn");
    let mut server = fixture.serving_server(server).await?;
    let nameless = ClientOptions::to(&server.daemon).without_auth_user_pass();
    let named = ClientOptions::to(&server.daemon);
    // The daemon's word for no name, and a user who is called so.
    for (options, user) in [(nameless, None), (named, Some("UNDEF"))] {
        let (mut client, peer) = waiting(&fixture, &mut server, options, user).await?;
        server.admit(&peer).await;
        client.connected().await;
        let row = row(&server, &peer).await?;
        assert_eq!(row.admission(), Admission::Admitted, "{row:?}");
        assert_eq!((row.common_name(), row.username()), (None, None));
        let status = server.client.status().await?;
        let routes = &status.as_server().expect("a server's status").routes;
        assert!(routes.iter().all(|route| route.common_name().is_none()), "{routes:?}");
    }
    Ok(())
}
