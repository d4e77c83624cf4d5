//! A [`Responder`] and what a client daemon asks.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{Daemon, start};
use crate::error::CloseReason;
use crate::events::{Realm, SignAlgorithm, WebAuthFlag};
use crate::handler::{
    BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, PasswordPrompt, Responder,
    ResponsePrompt, Signer, WebAuthPrompt,
};
use crate::requests::Request;
use crate::types::Secret;

/// Knows everything but what is asked of `nobody`.
struct Wallet;

impl CredentialsProvider for Wallet {
    async fn credentials(
        &self,
        prompt: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        if prompt.realm != Realm::Auth {
            return Ok(None);
        }
        let response = prompt.challenge.map(|challenge| format!("re:{}", challenge.text()));
        Ok(Some(CredentialsAnswer {
            username: Secret::from("alice"),
            password: Secret::from("pw"),
            response: Secret::from(response.unwrap_or_default()),
        }))
    }

    async fn password(&self, prompt: PasswordPrompt) -> Result<Option<Secret>, BoxError> {
        match prompt.realm {
            Realm::PrivateKey => Ok(Some(Secret::from("key pw"))),
            _ => Err("no such key".into()),
        }
    }

    async fn response(&self, prompt: ResponsePrompt) -> Result<Option<Secret>, BoxError> {
        Ok(Some(Secret::from(format!("{}{}", prompt.text, prompt.echo))))
    }
}

/// Knows as little as the defaults do.
struct Empty;

impl CredentialsProvider for Empty {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        Ok(None)
    }
}

struct Pen;

impl Signer for Pen {
    async fn sign(
        &self,
        data: &[u8],
        is_message: bool,
        algorithm: Option<&SignAlgorithm>,
    ) -> Result<Vec<u8>, BoxError> {
        match algorithm {
            Some(SignAlgorithm::Ed448) => Err("no such key".into()),
            _ => Ok([data, if is_message { b"!" } else { b"." }].concat()),
        }
    }
}

async fn respond(responder: Responder) -> (tokio::task::JoinHandle<CloseReason>, Daemon) {
    let (requests, daemon) = start().await;
    (tokio::spawn(responder.run(requests)), daemon)
}

#[tokio::test(start_paused = true)]
async fn credentials_come_from_their_provider() {
    let (_task, mut daemon) = respond(Responder::new().credentials(Wallet)).await;
    let need = ">PASSWORD:Need 'Auth' username/password";
    daemon.says(format!("{need}\n")).await;
    daemon.grants("username \"Auth\" \"alice\"").await;
    daemon.grants("password \"Auth\" \"pw\"").await;

    daemon.says(format!("{need} SC:0,PIN\n")).await;
    daemon.grants("username \"Auth\" \"alice\"").await;
    daemon.grants("password \"Auth\" \"SCRV1:cHc=:cmU6UElO\"").await;

    daemon.says(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R:id:Y3Ix:Code']\n").await;
    daemon.says(">STATE:1,RECONNECTING,auth-failure,,,,,\n").await;
    daemon.says(format!("{need}\n")).await;
    daemon.grants("username \"Auth\" \"cr1\"").await;
    daemon.grants("password \"Auth\" \"CRV1::id::re:Code\"").await;

    daemon.says(">PASSWORD:Need 'Private Key' password\n").await;
    daemon.grants("password \"Private Key\" \"key pw\"").await;

    daemon.says(">PASSWORD:Need 'Auth' username\n").await;
    daemon.grants("username \"Auth\" \"alice\"").await;

    daemon.says(">PASSWORD:Need 'Auth' password SC:0,PIN\n").await;
    daemon.grants("password \"Auth\" \"SCRV1:cHc=:cmU6UElO\"").await;

    daemon.says(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R:id:Y3Ix:Code']\n").await;
    daemon.says(">PASSWORD:Need 'Auth' password\n").await;
    daemon.grants("password \"Auth\" \"CRV1::id::re:Code\"").await;

    daemon.says(">INFOMSG:CR_TEXT:R,E:Code\n").await;
    daemon.grants("cr-response Q29kZXRydWU=").await;
}

/// Tells what it is handed.
struct Keeper(tokio::sync::mpsc::UnboundedSender<Secret>);

impl CredentialsProvider for Keeper {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        Ok(None)
    }

    async fn web_auth(&self, page: WebAuthPrompt) -> Result<(), BoxError> {
        assert_eq!(page.flags, [WebAuthFlag::Hidden]);
        Ok(self.0.send(page.url)?)
    }

    async fn auth_token(&self, token: Secret) -> Result<(), BoxError> {
        if token == Secret::from("bad") {
            return Err("no room".into());
        }
        Ok(self.0.send(token)?)
    }
}

#[tokio::test(start_paused = true)]
async fn pages_and_tokens_go_to_the_provider() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (fail, mut failed) = tokio::sync::mpsc::unbounded_channel();
    let responder = Responder::new().credentials(Arc::new(Keeper(tell)));
    let responder = responder.failed(move |failure| fail.send(failure).unwrap());
    let (_task, mut daemon) = respond(responder).await;
    daemon.says(">INFOMSG:WEB_AUTH:hidden:https://a/\n").await;
    assert_eq!(told.recv().await, Some(Secret::from("https://a/")));
    daemon.says(">PASSWORD:Auth-Token:good\n").await;
    assert_eq!(told.recv().await, Some(Secret::from("good")));
    daemon.says(">PASSWORD:Auth-Token:bad\n").await;
    let failure = failed.recv().await.unwrap();
    assert_eq!(failure.error.to_string(), "no room");
    assert!(matches!(failure.request, Some(Request::AuthToken(_))));
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_does_not_know_leaves_the_daemon_waiting() {
    let (_task, mut daemon) = respond(Responder::new().credentials(Wallet)).await;
    // Not known, and failed.
    daemon.says(">PASSWORD:Need 'HTTP Proxy' username/password\n").await;
    daemon.says(">PASSWORD:Need 'lab token' password\n").await;
    daemon.says(">HOLD:Waiting for hold release:0\n").await;
    daemon.grants("hold release").await;

    let (_task, mut daemon) = respond(Responder::new().credentials(Empty)).await;
    daemon.says(">PASSWORD:Need 'Auth' username/password\n").await;
    daemon.says(">PASSWORD:Need 'Auth' username\n").await;
    daemon.says(">PASSWORD:Need 'Private Key' password\n").await;
    daemon.says(">INFOMSG:CR_TEXT:R,E:Code\n").await;
    daemon.says(">INFOMSG:OPEN_URL:https://a/\n>PASSWORD:Auth-Token:x\n").await;
    daemon.says(">HOLD:Waiting for hold release:0\n").await;
    daemon.grants("hold release").await;
}

#[tokio::test(start_paused = true)]
async fn signatures_and_the_certificate_are_given() {
    let pem = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
    let (_task, mut daemon) = respond(Responder::new().signer(Pen).certificate(pem)).await;
    daemon.says(">NEED-CERTIFICATE:hint\n").await;
    daemon.hears("certificate").await;
    for line in pem.lines() {
        daemon.hears(line).await;
    }
    daemon.hears("END").await;
    daemon.says("SUCCESS: certificate command succeeded\n").await;
    // The second one cannot be signed; the daemon waits on, and may ask anew.
    for (asks, base64) in [
        ("YWJj,ECDSA", "YWJjLg=="),
        ("YWJj,ED448", ""),
        ("YWJj,ECDSA,hashalg=SHA256,data=message", "YWJjIQ=="),
    ] {
        daemon.says(format!(">PK_SIGN:{asks}\n")).await;
        if !base64.is_empty() {
            daemon.hears("pk-sig").await;
            daemon.hears(base64).await;
            daemon.hears("END").await;
            daemon.says("SUCCESS: pk-sign command succeeded\n").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_providers_the_daemon_connects_as_configured() {
    let others = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&others);
    let responder = Responder::new().others(move |request| {
        let name = match request {
            Request::NeedOk(_) => "need-ok",
            Request::NeedStr(_) => "need-str",
            Request::Credentials(_) => "credentials",
            Request::PrivateKeyPassword(_) => "password",
            Request::Sign(_) => "sign",
            Request::Certificate(_) => "certificate",
            Request::Challenge(_) => "challenge",
            Request::WebAuth(_) => "page",
            Request::AuthToken(_) => "token",
            _ => "other",
        };
        seen.try_lock().unwrap().push(name);
    });
    let (_task, mut daemon) = respond(responder).await;
    daemon.says(">NEED-OK:Need 'x' confirmation MSG:y\n").await;
    daemon.says(">REMOTE:h,1,udp\n").await;
    daemon.grants("remote ACCEPT").await;
    daemon.says(">NEED-STR:Need 'x' string MSG:y\n>PASSWORD:Need 'Auth' username/password\n").await;
    daemon.says(">PROXY:1,TCP,h\n").await;
    daemon.grants("proxy NONE").await;
    daemon.says(">PASSWORD:Need 'Private Key' password\n>PK_SIGN:YWJj\n").await;
    daemon.says(">NEED-CERTIFICATE:x\n>INFOMSG:CR_TEXT::x\n").await;
    daemon.says(">INFOMSG:OPEN_URL:x\n>PASSWORD:Auth-Token:x\n").await;
    daemon.says(">HOLD:Waiting for hold release:0\n").await;
    daemon.grants("hold release").await;
    let mut seen = others.lock().await.clone();
    seen.sort_unstable();
    let mut all = [
        "need-ok",
        "need-str",
        "credentials",
        "password",
        "sign",
        "certificate",
        "challenge",
        "page",
        "token",
    ];
    all.sort_unstable();
    assert_eq!(seen, all);
}

#[tokio::test(start_paused = true)]
async fn holds_can_be_kept() {
    let holds = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&holds);
    let responder = Responder::new().release_holds(false).others(move |request| {
        assert!(matches!(request, Request::Hold(_)));
        *seen.try_lock().unwrap() += 1;
    });
    let (task, mut daemon) = respond(responder).await;
    daemon.says(">HOLD:Waiting for hold release:0\n").await;
    daemon.says(">REMOTE:h,1,udp\n").await;
    daemon.grants("remote ACCEPT").await;
    assert_eq!(*holds.lock().await, 1);
    drop(daemon);
    assert!(matches!(task.await.unwrap(), CloseReason::Remote));
}

#[test]
fn a_responder_shows_no_certificate() {
    let responder = Responder::default().certificate("s3cret").signer(Pen).credentials(Wallet);
    let shown = format!("{responder:?}");
    assert!(shown.contains("certificate: true") && !shown.contains("s3cret"), "{shown}");
}
