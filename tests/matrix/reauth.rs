//! Sessions that are renewed: `>CLIENT:REAUTH`.

use anyhow::Result;

use crate::lab::ServerOptions;
use crate::support::{Bench, picks};

#[tokio::test]
async fn the_server_renews_a_session() -> Result<()> {
    let Some(bench) = Bench::serving("the_server_renews_a_session")? else { return Ok(()) };
    // The daemon gives its manager half of it to answer, in whole seconds.
    let options = ServerOptions::new().line("reneg-sec 8 8");
    let (mut server, mut client, peer) = bench.pair(options, |client| client).await?;
    let again = server.until("a renewal", picks::reauth).await;
    assert_eq!((again.cid, again.env.username()), (peer.cid, Some(&"alice".into())));
    assert_ne!(again.kid, peer.kid);
    server.admit(&again).await;
    client.is_in_step().await;

    let last = server.until("a renewal", picks::reauth).await;
    let call = server.client.client_deny(last.cid, last.kid, "enough", Some("enough for today"));
    server.answered("client-deny with a client reason", call).await;
    server.gone(&peer).await;
    client.drain();
    Ok(())
}

#[tokio::test]
async fn the_client_renews_its_session() -> Result<()> {
    let Some(bench) = Bench::serving("the_client_renews_its_session")? else { return Ok(()) };
    let options = |client: crate::lab::ClientOptions| client.line("reneg-sec 3\nauth-nocache");
    let (mut server, mut client, peer) = bench.pair(ServerOptions::new(), options).await?;
    // Without its cache the client asks again, and sends what it is told then.
    client.log_in("alice", "another secret").await;
    let again = server.until("a renewal", picks::reauth).await;
    assert_eq!(again.cid, peer.cid);
    assert_eq!(again.env.password(), Some("another secret".into()));
    server.admit(&again).await;
    client.is_in_step().await;
    server.is_in_step().await;
    Ok(())
}
