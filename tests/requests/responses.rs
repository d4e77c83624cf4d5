//! Responses of clients: a client may send one whenever it likes, and only the one that was asked
//! for decides anything.

use std::time::Duration;

use anyhow::{Result, ensure};
use openvpn_mgmt::events::{ClientEvent, Realm};
use openvpn_mgmt::{
    Cid, ClientResponse, Error, Event, History, PendingAuth, PendingClient, Secret, StateName,
};

use crate::daemon::{Daemon, request, serving};
use crate::hostile::{DEAF, hostile};
use crate::patient::{self, asks_nothing, responds, told, waits};
use lab::{Lab, Port, Version, skip};

const WAIT: Duration = Duration::from_secs(300);

async fn pair(lab: &Lab) -> Result<(Daemon, Daemon)> {
    let server = Daemon::server(lab, patient::server()).await?;
    let client = waits(lab, patient::client(&server.process), "alice").await?;
    Ok((server, client))
}

/// The response that the server is asked about.
async fn response(server: &mut Daemon, text: &str) -> Result<ClientResponse> {
    let response = request!(server, ClientResponse);
    ensure!(response.response()? == Secret::from(text), "another response");
    Ok(response)
}

fn code() -> PendingAuth {
    PendingAuth::cr_text("Code", true)
}

#[tokio::test]
async fn a_response_that_nobody_asked_for_decides_nothing() -> Result<()> {
    let lab = serving!("a_response_that_nobody_asked_for_decides_nothing");
    let (mut server, mut client) = pair(&lab).await?;
    let peer = server.connect().await?;
    assert_eq!(responds(&mut server, &client, "123456").await?, peer.cid());
    asks_nothing(&mut server).await?;
    assert!(peer.is_open());
    peer.deny("wrong password", Some("wrong password")).await?;
    assert_eq!(client.refused(&Realm::Auth).await?, Some("wrong password".into()));
    let states = client.client.state_history(History::All).await?;
    assert!(
        states
            .iter()
            .all(|state| state.as_ref().is_ok_and(|state| state.name != StateName::Connected)),
        "{states:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_response_after_a_denial_opens_nothing() -> Result<()> {
    const NAME: &str = "a_response_after_a_denial_opens_nothing";
    let lab = serving!("a_response_after_a_denial_opens_nothing");
    // An honest client leaves as soon as it hears of its denial.
    let Some(deaf) = hostile(&lab, DEAF)? else {
        skip(NAME, &"this OpenVPN does not know a denial by the expected word");
        return Ok(());
    };
    let mut server = Daemon::server(&lab, patient::server()).await?;
    let options = patient::client(&server.process).program(&deaf);
    let client = waits(&lab, options, "alice").await?;
    let peer = server.connect().await?;
    let cid = peer.cid();
    peer.deny("wrong password", None).await?;
    client.client.cr_response("123456").await?;
    if responded(&mut server, cid).await? {
        asks_nothing(&mut server).await?;
        // The daemon ends it by itself.
        assert_eq!(server.disconnected().await?, cid);
    } else {
        assert!(hears_no_denied_client(&lab));
    }
    asks_nothing(&mut server).await?;
    let states = client.client.state_history(History::All).await?;
    assert!(
        states
            .iter()
            .all(|state| state.as_ref().is_ok_and(|state| state.name != StateName::Connected)),
        "{states:?}"
    );
    Ok(())
}

/// Whether its response was the next that came of this client, and not its end.
async fn responded(server: &mut Daemon, client: Cid) -> Result<bool> {
    let pick = |event: &Event| match event {
        Event::Client(ClientEvent::CrResponse { cid, .. }) if *cid == client => Some(true),
        Event::Client(ClientEvent::Disconnect { cid, .. }) if *cid == client => Some(false),
        _ => None,
    };
    server.event("response or end of the client", pick).await
}

/// OpenVPN 2.7 reads no more of a client that it has told of its denial.
fn hears_no_denied_client(lab: &Lab) -> bool {
    lab.daemon().version() >= Version::new(2, 7, 0)
}

async fn pending(
    server: &mut Daemon,
    client: &mut Daemon,
    what: PendingAuth,
) -> Result<PendingClient> {
    let pending = server.connect().await?.pending(&what, WAIT).await?;
    told(client).await?;
    Ok(pending)
}

#[tokio::test]
async fn each_challenge_brings_one_response() -> Result<()> {
    let lab = serving!("each_challenge_brings_one_response");
    let (mut server, mut client) = pair(&lab).await?;
    let first = pending(&mut server, &mut client, code()).await?;
    responds(&mut server, &client, "one").await?;
    responds(&mut server, &client, "two").await?;
    // Dropping it settles nothing.
    drop(response(&mut server, "one").await?);
    asks_nothing(&mut server).await?;
    assert!(first.request().is_open());
    let second = first.resume().pending(&code(), WAIT).await?;
    told(&mut client).await?;
    responds(&mut server, &client, "three").await?;
    response(&mut server, "three").await?.allow().await?;
    client.connected().await?;
    let error = second.resume().deny("late", None).await.unwrap_err();
    assert!(matches!(error, Error::Stale { command: "client-deny" }), "{error}");
    asks_nothing(&mut server).await
}

#[tokio::test]
async fn the_waiting_request_decides_although_a_response_came() -> Result<()> {
    let lab = serving!("the_waiting_request_decides_although_a_response_came");
    let (mut server, mut client) = pair(&lab).await?;
    let waiting = pending(&mut server, &mut client, code()).await?;
    responds(&mut server, &client, "one").await?;
    let response = response(&mut server, "one").await?;
    waiting.resume().deny("not today", Some("not today")).await?;
    let error = response.allow().await.unwrap_err();
    assert!(matches!(error, Error::Stale { command: "client-auth-nt" }), "{error}");
    assert_eq!(client.refused(&Realm::Auth).await?, Some("not today".into()));
    Ok(())
}

#[tokio::test]
async fn a_response_to_a_web_page_opens_nothing() -> Result<()> {
    let lab = serving!("a_response_to_a_web_page_opens_nothing");
    let (mut server, mut client) = pair(&lab).await?;
    let page = PendingAuth::web_auth("https://vpn.example.com/login");
    let waiting = pending(&mut server, &mut client, page).await?;
    responds(&mut server, &client, "123456").await?;
    asks_nothing(&mut server).await?;
    assert!(waiting.request().is_open());
    waiting.resume().deny("not signed in", Some("not signed in")).await?;
    assert_eq!(client.refused(&Realm::Auth).await?, Some("not signed in".into()));
    Ok(())
}

#[tokio::test]
async fn a_challenge_by_a_command_of_its_own_brings_its_response() -> Result<()> {
    let lab = serving!("a_challenge_by_a_command_of_its_own_brings_its_response");
    let (mut server, mut client) = pair(&lab).await?;
    let peer = server.connect().await?;
    let manager = server.client.clone();
    let ask =
        |extra: &'static str| manager.client_pending_auth(peer.cid(), peer.kid(), extra, WAIT);
    ask("OPEN_URL:https://vpn.example.com/login").await?;
    told(&mut client).await?;
    responds(&mut server, &client, "to the page").await?;
    asks_nothing(&mut server).await?;
    ask("CR_TEXT:R,E:Code").await?;
    told(&mut client).await?;
    responds(&mut server, &client, "123456").await?;
    drop(response(&mut server, "123456").await?);
    assert!(peer.is_open());
    peer.allow().await?;
    client.connected().await?;
    Ok(())
}

/// OpenVPN 2.5 tells a response by the number of the TLS key, which starts over with the client.
#[tokio::test]
async fn the_response_of_a_client_that_came_again_from_its_port_admits_it() -> Result<()> {
    let lab = serving!("the_response_of_a_client_that_came_again_from_its_port_admits_it");
    let mut server = Daemon::server(&lab, patient::server()).await?;
    let port = Port::reserve()?;
    let options = patient::client(&server.process).local_port(&port);
    let mut gone = waits(&lab, options.clone(), "alice").await?;
    let older = server.connect().await?;
    gone.process.kill();
    let mut client = waits(&lab, options, "alice").await?;
    let newer = server.connect().await?;
    assert_eq!(newer.cid(), older.cid());
    assert_ne!(newer.kid(), older.kid());
    let kid = newer.kid();
    // Unasked, it belongs to nobody, whatever number it comes with.
    responds(&mut server, &client, "unasked").await?;
    asks_nothing(&mut server).await?;
    let _waiting = newer.pending(&code(), WAIT).await?;
    told(&mut client).await?;
    responds(&mut server, &client, "123456").await?;
    let response = response(&mut server, "123456").await?;
    assert_eq!(response.request().kid(), kid);
    response.allow().await?;
    client.connected().await?;
    Ok(())
}
