//! Hold, user name and password, and the challenges that go with them.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use openvpn_mgmt::challenge::{ClientPassword, Crv1};
use openvpn_mgmt::events::{Password, Realm, WebAuthFlag};
use openvpn_mgmt::{CloseReason, Error, Event, PendingAuth, Request, Secret};

use crate::daemon::{Daemon, pair, request, serving};
use lab::{ClientOptions, Identity, KeyKind, Lab, Version, skip, within};

/// How long a client may wait for a decision: longer than a test takes.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_hold_declined_goes_on_until_it_is_released() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_hold_declined_goes_on_until_it_is_released")? else {
        return Ok(());
    };
    let mut client = Daemon::client(&lab, ClientOptions::new()).await?;
    client.hold().await?.decline();
    // A round trip shows that it still waits: nothing else was asked before the reply.
    client.client.pid().await?;
    assert!(!client.process.log().contains("Need 'Auth'"));
    client.client.hold_release().await?;
    request!(client, Credentials).decline();
    // The daemon goes on waiting, so the commands themselves still answer it.
    client.client.username("Auth", "alice").await?;
    client.client.password("Auth", "secret").await?;
    Ok(())
}

#[tokio::test]
async fn a_hold_can_be_refused_a_restart_and_asks_again() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_hold_can_be_refused_a_restart_and_asks_again")? else {
        return Ok(());
    };
    let mut client = Daemon::client(&lab, ClientOptions::new()).await?;
    let first = client.hold().await?;
    // Refused or without a reply, by version; either way the hold is told again.
    client.client.signal(openvpn_mgmt::Signal::Sighup).await.ok();
    let second = client.hold().await?;
    // Both stand for the same hold, so the older one still releases it.
    first.release().await?;
    client.credentials().await?.decline();
    drop(second);
    Ok(())
}

#[tokio::test]
async fn credentials_arrive_byte_for_byte() -> Result<()> {
    let lab = serving!("credentials_arrive_byte_for_byte");
    let (mut server, mut client) = pair(&lab, |options| options).await?;
    let password = "#p\"w\\d 'x' \u{e9}; ";
    client.credentials().await?.answer("al \"ice\\", password).await?;
    let peer = server.connect().await?;
    assert_eq!(peer.password()?, Some(ClientPassword::Plain(Secret::from(password))));
    assert_eq!(peer.common_name(), Ok(Some("alice".into())));
    assert_eq!(peer.username(), Ok(Some("al \"ice\\".into())));
    peer.allow().await?;
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn static_challenges_are_folded_in() -> Result<()> {
    let lab = serving!("static_challenges_are_folded_in");
    tokio::try_join!(static_challenge(&lab, "0", false), static_challenge(&lab, "1", true))?;
    Ok(())
}

#[tokio::test]
async fn static_challenges_are_appended_where_that_is_configured() -> Result<()> {
    let lab = serving!("static_challenges_are_appended_where_that_is_configured");
    if lab.daemon().version() < Version::new(2, 7, 0) {
        skip("static_challenges_are_appended_where_that_is_configured", &"2.7 or later does so");
        return Ok(());
    }
    let concat = static_challenge(&lab, "1 concat", true);
    tokio::try_join!(concat, static_challenge(&lab, "0 scrv1", false))?;
    Ok(())
}

async fn static_challenge(lab: &Lab, form: &str, echo: bool) -> Result<()> {
    let option = format!("static-challenge \"PIN, please\" {form}");
    let (mut server, mut client) = pair(lab, |options| options.line(&option)).await?;
    let ask = client.credentials().await?;
    let challenge = ask.challenge().context("no challenge")?;
    assert_eq!((challenge.text(), challenge.echo()), (&"PIN, please".into(), echo), "{form}");
    ask.answer_with_response("alice", "pass:word", "123:456").await?;
    let peer = server.connect().await?;
    match peer.password()?.context("no password")? {
        ClientPassword::Static { password, response, .. } => {
            assert!(!form.contains("concat"));
            assert_eq!(password, Secret::from("pass:word"));
            assert_eq!(response, Secret::from("123:456"));
        }
        plain => {
            assert!(form.contains("concat"), "{form}: {plain:?}");
            assert_eq!(plain, ClientPassword::Plain(Secret::from("pass:word123:456")));
        }
    }
    peer.allow().await?;
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn a_dynamic_challenge_is_answered_at_the_next_prompt() -> Result<()> {
    let lab = serving!("a_dynamic_challenge_is_answered_at_the_next_prompt");
    let (mut server, mut client) = pair(&lab, ClientOptions::auth_retry_interact).await?;
    client.log_in("alice").await?;
    let challenge = Crv1::new("st4te-id", "cr1", "Enter: PIN, now")?.echo(false);
    server.connect().await?.challenge(&challenge).await?;
    let ask = client.credentials().await?;
    let asked = ask.challenge().context("no challenge")?;
    assert_eq!((asked.username(), asked.text()), (Some(&"cr1".into()), &"Enter: PIN, now".into()));
    assert!(asked.response_required() && !asked.echo());
    ask.respond("867:5309").await?;
    let peer = server.connect().await?;
    assert_eq!(peer.username(), Ok(Some("cr1".into())));
    let Some(ClientPassword::Dynamic { state_id, response, .. }) = peer.password()? else {
        panic!("not a response")
    };
    assert_eq!(state_id, Secret::from("st4te-id"));
    assert_eq!(response, Secret::from("867:5309"));
    // A wrong one: the next prompt is a plain one again.
    peer.deny("wrong response", Some("wrong")).await?;
    let ask = client.credentials().await?;
    assert!(ask.challenge().is_none());
    ask.answer("alice", "s3cret").await?;
    server.connect().await?.allow().await?;
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn a_cr_text_is_answered_while_the_client_waits() -> Result<()> {
    let lab = serving!("a_cr_text_is_answered_while_the_client_waits");
    tokio::try_join!(cr_text(&lab, true), cr_text(&lab, false))?;
    Ok(())
}

async fn cr_text(lab: &Lab, allow: bool) -> Result<()> {
    let sso = |options: ClientOptions| options.line("setenv IV_SSO webauth,openurl,crtext");
    let (mut server, mut client) = pair(lab, sso).await?;
    client.log_in("alice").await?;
    let peer = server.connect().await?;
    assert_eq!(peer.env().get("IV_SSO"), Some("webauth,openurl,crtext".into()));
    let what = PendingAuth::cr_text("Enter your code: now", false);
    let pending = peer.pending(&what, PATIENCE).await?;
    let ask = request!(client, Challenge);
    assert_eq!(ask.text(), &"Enter your code: now");
    assert!(ask.response_required() && !ask.echo());
    ask.answer("12 34\u{e9}").await?;
    let response = request!(server, ClientResponse);
    assert_eq!(response.response()?, Secret::from("12 34\u{e9}"));
    assert!(pending.request().is_open());
    if allow {
        response.allow().await?;
        client.connected().await?;
    } else {
        response.deny("wrong code", Some("no")).await?;
        client.refused(&Realm::Auth).await?;
    }
    assert!(!pending.request().is_open());
    let error = pending.resume().allow().await.unwrap_err();
    assert!(matches!(error, Error::Stale { .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_cr_text_declined_leaves_the_decision_to_the_server() -> Result<()> {
    let lab = serving!("a_cr_text_declined_leaves_the_decision_to_the_server");
    let (mut server, mut client) =
        pair(&lab, |options| options.line("setenv IV_SSO crtext")).await?;
    client.log_in("alice").await?;
    let what = PendingAuth::cr_text("Code", true);
    let pending = server.connect().await?.pending(&what, PATIENCE).await?;
    let ask = request!(client, Challenge);
    assert!(ask.echo());
    ask.decline();
    pending.resume().allow().await?;
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn a_web_authentication_is_decided_out_of_band() -> Result<()> {
    let lab = serving!("a_web_authentication_is_decided_out_of_band");
    tokio::try_join!(web_authentication(&lab, true), web_authentication(&lab, false))?;
    Ok(())
}

async fn web_authentication(lab: &Lab, allow: bool) -> Result<()> {
    let (mut server, mut client) =
        pair(lab, |options| options.line("setenv IV_SSO webauth")).await?;
    client.log_in("alice").await?;
    let what = PendingAuth::web_auth_with("hidden", "https://sso.example.com/?id=1");
    let pending = server.connect().await?.pending(&what, PATIENCE).await?;
    let page = request!(client, WebAuth);
    assert_eq!(page.url().expose_str(), Some("https://sso.example.com/?id=1"));
    assert_eq!(page.flags(), [WebAuthFlag::Hidden]);
    // Told something else meanwhile; the decision is still open.
    let what = PendingAuth::open_url("https://sso.example.com/?id=2");
    let pending = pending.resume().pending(&what, PATIENCE).await?;
    let newer = request!(client, WebAuth);
    assert_eq!(newer.url().expose_str(), Some("https://sso.example.com/?id=2"));
    // There is one page at a time.
    within("end of the first page", page.withdrawn()).await?;
    if allow {
        pending.resume().allow().await?;
        client.connected().await?;
    } else {
        pending.resume().deny("not authenticated", Some("no")).await?;
        client.refused(&Realm::Auth).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_token_is_handed_over_and_signs_in() -> Result<()> {
    let lab = serving!("a_token_is_handed_over_and_signs_in");
    let options = lab::ServerOptions::new().line("auth-gen-token 3600 external-auth");
    let (mut server, mut client) =
        crate::daemon::pair_with(&lab, options, |options| options).await?;
    client.log_in("alice").await?;
    server.connect().await?.allow().await?;
    let Request::AuthToken(given) = client.past_holds().await? else { panic!("no token") };
    let withheld = client.event("token", |event| match event {
        Event::Password(Password::AuthToken(token)) => {
            Some((token.expose().is_none(), token.len()))
        }
        _ => None,
    });
    assert_eq!(withheld.await?, (true, given.token().len()));
    client.connected().await?;
    // The daemon keeps it too, and signs in with it.
    client.client.signal(openvpn_mgmt::Signal::Sigusr1).await?;
    within("end of the token", given.withdrawn()).await?;
    client.release().await?;
    let peer = server.connect().await?;
    assert_eq!(peer.password()?, Some(ClientPassword::Plain(given.token().clone())));
    given.decline();
    Ok(())
}

#[tokio::test]
async fn a_private_key_is_unlocked_by_its_password() -> Result<()> {
    let lab = serving!("a_private_key_is_unlocked_by_its_password");
    let kind = KeyKind::Encrypted("pass \"phrase\\".to_owned());
    let options = |options: ClientOptions| {
        options.key(kind.clone()).without_auth_user_pass().auth_retry_interact()
    };
    let server_options = lab::ServerOptions::new().auth_user_pass_optional();
    let (mut server, mut client) = crate::daemon::pair_with(&lab, server_options, options).await?;
    let ask = request!(client, PrivateKeyPassword);
    assert_eq!(ask.realm(), &Realm::PrivateKey);
    ask.answer("not the phrase").await?;
    let Request::PrivateKeyPassword(ask) = client.past_holds().await? else {
        panic!("not asked again")
    };
    // Told by a word of its own, or where what the password gave decodes by chance, by a state.
    assert!(ask.refusal().is_some());
    ask.answer("pass \"phrase\\").await?;
    let peer = server.connect().await?;
    // It sent none; the daemon says so with an empty one.
    assert_eq!(peer.password()?, Some(ClientPassword::Plain(Secret::default())));
    peer.allow().await?;
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn a_wrong_private_key_password_ends_a_client_that_does_not_retry() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_wrong_private_key_password_ends_a_client_that_does_not_retry")?
    else {
        return Ok(());
    };
    let kind = KeyKind::Encrypted("pass phrase".to_owned());
    let wrong = wrong_password(&lab.identity("client", &kind)?)?;
    let options = ClientOptions::new().common_name("client").key(kind).without_auth_user_pass();
    let mut client = Daemon::client(&lab, options).await?;
    client.release().await?;
    request!(client, PrivateKeyPassword).decline();
    client.client.password("Private Key", wrong).await?;
    if tells_key_failures(&lab) {
        client.refused(&Realm::PrivateKey).await?;
    }
    let reason = within("end", client.client.closed()).await?;
    assert!(matches!(reason, CloseReason::Fatal(_) | CloseReason::Exiting(_)), "{reason}");
    Ok(())
}

/// A password that is not the key's, and that the daemon sees to be wrong: with one of 256 the padding
/// of what was decrypted looks right, and daemons before 2.7 then tell the failure by a state alone.
fn wrong_password(identity: &Identity) -> Result<String> {
    for number in 0..100 {
        let password = format!("wrong {number}");
        let mut openssl = Command::new("openssl");
        openssl.args(["pkey", "-noout", "-in"]).arg(&identity.key);
        let tried = openssl.args(["-passin", &format!("pass:{password}")]).output()?;
        if String::from_utf8_lossy(&tried.stderr).contains("bad decrypt") {
            return Ok(password);
        }
    }
    bail!("no password is wrong")
}

/// From 2.7 a wrong password of a private key is in the log and the state alone.
fn tells_key_failures(lab: &Lab) -> bool {
    lab.daemon().version() < Version::new(2, 7, 0)
}

#[tokio::test]
async fn a_user_name_alone_is_asked_for() -> Result<()> {
    let lab = serving!("a_user_name_alone_is_asked_for");
    if lab.daemon().version() < Version::new(2, 7, 1) {
        skip("a_user_name_alone_is_asked_for", &"OpenVPN 2.7.1 or later asks for it");
        return Ok(());
    }
    let mut server = Daemon::server(&lab, lab::ServerOptions::new()).await?;
    let options = ClientOptions::to(&server.process).without_auth_user_pass();
    let options = options.line("auth-user-pass username-only");
    let mut client = Daemon::client(&lab, options).await?;
    client.client.announce_version(4).await?;
    client.release().await?;
    let ask = request!(client, Username);
    assert_eq!(ask.realm(), &Realm::Auth);
    ask.answer("bo b").await?;
    let peer = server.connect().await?;
    assert_eq!(peer.username(), Ok(Some("bo b".into())));
    // What a client without a password sends.
    assert_eq!(peer.password()?, Some(ClientPassword::Plain(Secret::from("[[BLANK]]"))));
    peer.allow().await?;
    client.connected().await?;
    Ok(())
}
