//! Sessions that are renewed: `>CLIENT:REAUTH`.

use anyhow::Result;

use crate::support::Fixture;
use lab::{ClientOptions, ServerOptions};

#[tokio::test]
async fn the_server_renews_a_session() -> Result<()> {
    let Some(fixture) = Fixture::serving("the_server_renews_a_session")? else { return Ok(()) };
    let options = ServerOptions::new().renews_keys();
    let (mut server, mut client, peer) =
        fixture.pair(options, ClientOptions::renewed_by_server).await?;
    let again = server.next_renewal().await;
    assert_eq!((again.cid, again.env.username()), (peer.cid, Ok(Some("alice".into()))));
    assert_ne!(again.kid, peer.kid);
    server.admit(&again).await;
    client.is_in_step().await;

    let last = server.next_renewal().await;
    let call = server.client.client_deny(last.cid, last.kid, "enough", Some("enough for today"));
    server.answered("client-deny with a client reason", call).await;
    server.gone(&peer).await;
    client.drain();
    Ok(())
}

#[tokio::test]
async fn the_client_renews_its_session() -> Result<()> {
    let Some(fixture) = Fixture::serving("the_client_renews_its_session")? else { return Ok(()) };
    // By packets, which are pings: by the clock, it could begin before it is in.
    let options = |client: ClientOptions| client.line("reneg-sec 0\nreneg-pkts 3\nauth-nocache");
    let server = ServerOptions::new().line("keepalive 1 600");
    let (mut server, mut client, peer) = fixture.pair(server, options).await?;
    // Without its cache the client asks again, and sends what it is told then.
    client.log_in("alice", "another secret").await;
    let again = server.next_renewal().await;
    assert_eq!(again.cid, peer.cid);
    assert_eq!(again.env.password(), Ok(Some("another secret".into())));
    server.admit(&again).await;
    client.is_in_step().await;
    server.is_in_step().await;
    Ok(())
}
