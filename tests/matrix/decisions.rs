//! Clients that are turned away, challenged or kept waiting.

use std::time::Duration;

use anyhow::Result;
use openvpn_mgmt::events::{ClientEvent, Event, InfoMsg, Password};
use openvpn_mgmt::{Error, StateName};

use crate::support::{Connection, Fixture, Peer, matchers};
use lab::{ClientOptions, ServerOptions, Version};

/// How long a client may wait for a decision: longer than a test takes.
const PATIENCE: Duration = Duration::from_secs(600);
const CHALLENGE: &str = "CRV1:R,E:state id:Y3Ix:Enter your PIN: now";

/// A server, and a client that asks again after each refusal and never holds.
async fn stubborn_client(fixture: &Fixture) -> Result<(Connection, Connection)> {
    let server = fixture.serving_server(ServerOptions::new()).await?;
    let options = ClientOptions::to(&server.daemon).auth_retry_interact();
    let mut client = fixture.client_without_requests(options).await?;
    client.answered("hold off", client.client.hold_off()).await;
    client.release().await;
    Ok((server, client))
}

async fn connects_as(
    server: &mut Connection,
    client: &mut Connection,
    name: &str,
    password: &str,
) -> Peer {
    client.log_in(name, password).await;
    let peer = server.next_client().await;
    assert_eq!(peer.env.username(), Ok(Some(name.to_owned().into())));
    assert_eq!(peer.env.password(), Ok(Some(password.into())));
    peer
}

#[tokio::test]
async fn a_client_is_turned_away() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_is_turned_away")? else { return Ok(()) };
    let (mut server, mut client) = stubborn_client(&fixture).await?;
    let peer = connects_as(&mut server, &mut client, "alice", "first").await;
    let call = server.client.client_deny(peer.cid, peer.kid, "wrong; \"word\" #1", None);
    server.answered("client-deny", call).await;
    let failed = client.until("the refusal", matchers::failed).await;
    assert!(matches!(failed, Password::VerificationFailed { reason: None, .. }), "{failed:?}");

    let peer = connects_as(&mut server, &mut client, "alice", "second").await;
    let reason = "go away: it's late \\o/ \"now\"";
    let call = server.client.client_deny(peer.cid, peer.kid, "late", Some(reason));
    server.answered("client-deny with a client reason", call).await;
    let failed = client.until("the refusal", matchers::failed).await;
    let Password::VerificationFailed { reason: Some(told), challenge: None, .. } = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(told, reason);
    // The peer is gone, or is on its way.
    let late = server.client.client_auth_nt(peer.cid, openvpn_mgmt::Kid(peer.kid.0 + 7));
    server.refused("client-auth-nt", late).await;
    Ok(())
}

#[tokio::test]
async fn a_client_answers_a_dynamic_challenge() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_answers_a_dynamic_challenge")? else {
        return Ok(());
    };
    let (mut server, mut client) = stubborn_client(&fixture).await?;
    let peer = connects_as(&mut server, &mut client, "cr1", "secret").await;
    let call = server.client.client_deny(peer.cid, peer.kid, "challenge", Some(CHALLENGE));
    server.answered("client-deny with a client reason", call).await;
    let failed = client.until("the challenge", matchers::failed).await;
    let Password::VerificationFailed { challenge: Some(challenge), .. } = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(
        (&challenge.username, &challenge.text),
        (&"cr1".into(), &"Enter your PIN: now".into())
    );
    assert!(challenge.flags.response_required() && challenge.flags.echo());

    let state_id = String::from_utf8(challenge.state_id.expose().unwrap().to_vec())?;
    let answer = format!("CRV1::{state_id}::8675309");
    let peer = connects_as(&mut server, &mut client, "cr1", &answer).await;
    server.admit(&peer).await;
    client.connected().await;
    Ok(())
}

#[tokio::test]
async fn a_client_is_kept_waiting() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_is_kept_waiting")? else { return Ok(()) };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let options = ClientOptions::to(&server.daemon);
    let options = options.line("push-peer-info\nsetenv IV_SSO webauth,openurl,crtext");
    let mut client = fixture.client_without_requests(options).await?;
    client.release().await;
    client.log_in("alice", "secret").await;
    let peer = server.next_client().await;
    let sso: Vec<_> = peer.env.iv_sso().map(|way| way.as_bytes().to_vec()).collect();
    assert_eq!(sso, [&b"webauth"[..], b"openurl", b"crtext"]);

    let url = "https://sso.example.com/?id=1";
    let asked = keep_waiting(&server, &mut client, &peer, &format!("WEB_AUTH::{url}")).await;
    let InfoMsg::WebAuth(web) = &asked else { panic!("{asked:?}") };
    assert_eq!(web.url.expose_str(), Some(url));
    let asked = keep_waiting(&server, &mut client, &peer, &format!("OPEN_URL:{url}")).await;
    let InfoMsg::OpenUrl(page) = &asked else { panic!("{asked:?}") };
    assert_eq!(page.expose_str(), Some(url));
    let asked = keep_waiting(&server, &mut client, &peer, "NEWS:of tomorrow").await;
    assert_eq!(asked, InfoMsg::Other("NEWS:of tomorrow".into()));
    // As long as a user can be told of.
    let long = format!("CR_TEXT:R,E:Enter \"your\" code: {}", "x".repeat(246 - 31));
    let asked = keep_waiting(&server, &mut client, &peer, &long).await;
    assert!(matches!(&asked, InfoMsg::CrText { text, .. } if text.len() == 246 - 12), "{asked:?}");
    let more = format!("{long}x");
    server.invalid(server.client.client_pending_auth(peer.cid, peer.kid, more, PATIENCE)).await;

    client.answered("cr-response", client.client.cr_response("123 456")).await;
    let response = server.until("the response", |event| match event {
        Event::Client(ClientEvent::CrResponse { cid, response, .. }) => {
            Some((*cid, response.raw().len()))
        }
        _ => None,
    });
    // In base64; this manager's requests have what it says.
    assert_eq!(response.await, (peer.cid, 12));
    server.admit(&peer).await;
    client.connected().await;
    Ok(())
}

/// `client-pending-auth`, and what the client's manager hears of it.
async fn keep_waiting(
    server: &Connection,
    client: &mut Connection,
    peer: &Peer,
    extra: &str,
) -> InfoMsg {
    let call = server.client.client_pending_auth(peer.cid, peer.kid, extra, PATIENCE);
    server.answered("client-pending-auth", call).await;
    // A client of OpenVPN 2.5 does not know that it waits.
    if client.version >= Version::new(2, 6, 0) {
        client.until("AUTH_PENDING", matchers::state(StateName::AuthPending)).await;
    }
    client.until("the message", matchers::info_msg).await
}

#[tokio::test]
async fn a_client_that_is_gone_is_not_kept_waiting() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_that_is_gone_is_not_kept_waiting")? else {
        return Ok(());
    };
    let server = fixture.serving_server(ServerOptions::new()).await?;
    let nobody = (openvpn_mgmt::Cid(7), openvpn_mgmt::Kid(1));
    let call = server.client.client_pending_auth(nobody.0, nobody.1, "OPEN_URL:x", PATIENCE);
    let error = call.await.expect_err("nobody is there");
    // 2.5.0 to 2.5.6 call it a SUCCESS, in words a failure.
    assert!(matches!(&error, Error::Refused { .. }), "{error}");
    server.is_in_step().await;
    let fraction = Duration::from_millis(1500);
    server.invalid(server.client.client_pending_auth(nobody.0, nobody.1, "x", fraction)).await;
    server.invalid(server.client.client_deny(nobody.0, nobody.1, "a\nverb 7", None)).await;
    server.invalid(server.client.client_auth(nobody.0, nobody.1, ["END"])).await;
    Ok(())
}
