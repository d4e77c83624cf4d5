//! Answers what an OpenVPN client asks its user: user name and password, the password of its private key, and each kind of
//! challenge a server may put. The answers are typed, or lines of a pipe.
//!
//! ```text
//! cargo run --example credentials                               # with a server and a client of its own
//! cargo run --example credentials -- /run/openvpn/client.sock   # with a client of yours; --help says how to start one
//! ```
//!
//! It is a loop of one's own; `vpn_client` does the same with a `Responder`. `programs/credentials` also answers for tokens.

use std::fmt::Display;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::challenge::{Challenge, ClientPassword, Crv1};
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
use openvpn_mgmt::{
    AuthRetry, CredentialsRequest, Endpoint, Event, Item, Refusal, Request, Secret, connect,
};
use program_common::screen::{harmless, show};
use program_common::stop::until_stopped;
use program_common::{printer, typed};
use tokio::sync::mpsc::{self, Receiver};

/// Answers what a client asks its user: name and password, the password of its key, each kind of challenge.
#[derive(Parser)]
#[command(name = "credentials", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your client: the path of its socket, or host:port. Without it a server and a client
    /// are started on loopback, and signed in to
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
A client of yours, which has `auth-user-pass` in its configuration:
  openvpn --config client.ovpn --management /run/openvpn/client.sock unix \\
      --management-query-passwords --management-hold --setenv IV_SSO webauth,openurl,crtext

What OpenVPN asks: Request::Credentials, Username, PrivateKeyPassword, Challenge, WebAuth";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse().address {
        Some(address) => Person(typed::lines()).signs_in_at(address).await,
        None => alone().await,
    })
    .await
}

/// Who types the answers.
struct Person(Receiver<String>);

impl Person {
    async fn signs_in_at(mut self, address: impl Into<Endpoint>) -> Result<()> {
        let mut session = connect(address).await?;
        let client = session.client().clone();
        client.state_on().await?;
        // Else the daemon ends when it is refused, or challenged, which is a refusal to it.
        client.set_auth_retry(AuthRetry::Interact).await?;
        while let Some(item) = session.next().await {
            match item {
                Ok(Item::Event(Event::State(state))) => show(state),
                // One answer that came too late, or is too long, ends nothing: the daemon asks again.
                Ok(Item::Request(request)) => self.answers(request).await?.unwrap_or_else(show),
                Ok(_) => {}
                Err(lagged) => show(lagged),
            }
        }
        show(format!("the connection ended: {}", client.closed().await));
        Ok(())
    }

    /// Gives whether there was an answer, and in it whether the daemon took it.
    async fn answers(&mut self, request: Request) -> Result<openvpn_mgmt::Result<()>> {
        Ok(match request {
            Request::Hold(hold) => hold.release().await,
            Request::Credentials(ask) => return self.signs_in(ask).await,
            // OpenVPN 2.7.1, after `announce_version(4)`.
            Request::Username(ask) => ask.answer(self.types("User name", true).await?).await,
            Request::PrivateKeyPassword(ask) => {
                show_refusal(ask.refusal());
                let question = format!("Password of '{}'", ask.realm());
                ask.answer(self.types(question, false).await?).await
            }
            // The server asks while the client waits (CR_TEXT).
            Request::Challenge(ask) if ask.response_required() => {
                let response = self.types(ask.text(), ask.echo()).await?;
                ask.answer(response).await
            }
            Request::Challenge(ask) => {
                show(ask.text());
                ask.decline();
                Ok(())
            }
            Request::WebAuth(page) => {
                show(format!("Open {}", page.url().expose_str().unwrap_or_default()));
                Ok(())
            }
            other => other.decline().await,
        })
    }

    async fn signs_in(&mut self, ask: CredentialsRequest) -> Result<openvpn_mgmt::Result<()>> {
        show_refusal(ask.refusal());
        // User name and password were right; the server wants this as well (CRV1).
        if let Some(challenge) = ask.challenge().filter(|challenge| challenge.username().is_some())
        {
            let response = self.responds(challenge).await?;
            return Ok(ask.respond(response).await);
        }
        let name = self.types("User name", true).await?;
        let password = self.types("Password", false).await?;
        let Some(challenge) = ask.challenge() else { return Ok(ask.answer(name, password).await) };
        // The client's configuration says that a response goes with them (SCRV1).
        let response = self.responds(challenge).await?;
        Ok(ask.answer_with_response(name, password, response).await)
    }

    async fn responds(&mut self, challenge: &Challenge) -> Result<Secret> {
        if challenge.response_required() {
            return self.types(challenge.text(), challenge.echo()).await;
        }
        show(challenge.text());
        Ok(Secret::default())
    }

    /// Asks, and waits for a line; on a terminal it is seen as it is typed only with `echo`.
    async fn types(&mut self, question: impl Display, echo: bool) -> Result<Secret> {
        printer::stdout().text(format!("{}: ", harmless(question)));
        let hidden = (!echo).then(typed::hide);
        let line = self.0.recv().await.context("the input has ended")?;
        if hidden.flatten().is_some() {
            show("");
        }
        Ok(line.into())
    }
}

fn show_refusal(refusal: Option<&Refusal>) {
    if let Some(refusal) = refusal {
        let reason = refusal.reason.as_ref().map(ToString::to_string);
        show(format!("not accepted: {}", reason.unwrap_or_default()));
    }
}

/// A server that wants a code after the password, and a client, whose user mistypes once.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().without_hold()).await?;
    let (_client, _, requests) = connect(server.socket()).await?.split();
    tokio::spawn(AuthServer::new(decide).run(requests));

    let mut client = lab.client(ClientOptions::to(&server)).await?;
    let socket = client.socket().to_owned();
    let (keyboard, lines) = mpsc::channel(8);
    for line in ["alice", "open seasme", "alice", "open sesame", "123456"] {
        keyboard.send(line.to_owned()).await?;
    }
    tokio::try_join!(Person(lines).signs_in_at(socket), client.stop_when_up())?;
    Ok(())
}

async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
    let is = |given: &Secret, right: &str| *given == Secret::from(right);
    Ok(match attempt.password()? {
        Some(ClientPassword::Plain(password)) if is(&password, "open sesame") => {
            Decision::Challenge(Crv1::new("a-state-of-this-server", "alice", "Your code")?)
        }
        Some(ClientPassword::Dynamic { response, .. }) if is(&response, "123456") => {
            Decision::Allow
        }
        _ => Decision::deny_with("wrong", "that is wrong"),
    })
}
