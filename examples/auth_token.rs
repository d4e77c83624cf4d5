//! Signs a client in, keeps the token that its server gives for the next time, and uses it when OpenVPN was started anew.
//!
//! ```text
//! cargo run --example auth_token                               # with a server and a client of its own
//! cargo run --example auth_token -- /run/openvpn/client.sock   # with a client of yours; --help says how to start one
//! ```
//!
//! `alone` has the server's side, which lets a token in that is good.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::events::SessionState;
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
use openvpn_mgmt::{Builder, Endpoint, Item, Request, Secret, Signal, connect};
use program_common::screen::show;
use program_common::stop::until_stopped;
use program_common::typed;

/// Signs a client in, keeps the token that its server gives, and uses it when OpenVPN was started anew.
///
/// User name and password are two lines of the standard input.
#[derive(Parser)]
#[command(name = "auth_token", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your client: the path of its socket, or host:port. Without it a server and a client
    /// are started on loopback
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
A client of yours, which has `auth-user-pass` in its configuration:
  openvpn --config client.ovpn --management /run/openvpn/client.sock unix \\
      --management-hold --management-query-passwords

and a server with `auth-gen-token SECONDS`. What OpenVPN asks: Request::Credentials, Request::AuthToken";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || {
        let Some(address) = Args::parse().address else { return alone().await };
        let mut typed = typed::lines();
        show("user name and password:");
        let name = typed.recv().await.context("there is no user name")?;
        let password = typed.recv().await.context("there is no password")?;
        sign_in(address, name, password.into(), None).await
    })
    .await
}

/// Signs in session after session. Where one is said to be the last, each client is ended when it has its token.
async fn sign_in(
    address: impl Into<Endpoint>,
    name: String,
    password: Secret,
    last: Option<u64>,
) -> Result<()> {
    // In memory alone, and wiped at the end.
    let mut token = None;
    let mut link = Builder::new().reconnect(address);
    loop {
        let mut attached = link.next().await?;
        show(format!("session {}", attached.number));
        while let Some(item) = attached.session.next().await {
            let Ok(Item::Request(request)) = item else { continue };
            let answered = match request {
                Request::Hold(hold) => hold.release().await,
                Request::Credentials(ask) => {
                    if ask.refusal().is_some() {
                        // It is too old, or its server has a new key.
                        token = None;
                    }
                    let with = if token.is_some() { "the token" } else { "the password" };
                    show(format!("signs in with {with}"));
                    ask.answer(name.as_str(), token.as_ref().unwrap_or(&password)).await
                }
                Request::AuthToken(given) => {
                    show(format!("a token of {} bytes", given.token().len()));
                    token = Some(given.token().clone());
                    match last {
                        Some(_) => attached.session.client().signal(Signal::Sigterm).await,
                        None => Ok(()),
                    }
                }
                other => other.decline().await,
            };
            if let Err(error) = answered {
                show(error);
            }
        }
        if last == Some(attached.number) {
            return Ok(());
        }
    }
}

/// A server that gives tokens, and a client that is started twice.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    // With `external-auth` the server looks whether a token is good, and this program decides.
    let server = ServerOptions::new().without_hold().line("auth-gen-token 3600 external-auth");
    let server = lab.server(server).await?;
    let (_client, _, requests) = connect(server.socket()).await?.split();
    tokio::spawn(AuthServer::new(decide).run(requests));

    let mut client = lab.client(ClientOptions::to(&server)).await?;
    let socket = client.socket().to_owned();
    let restart = async {
        client.wait().await?;
        lab.start_again(&mut client).await?;
        client.wait().await
    };
    let alice = sign_in(socket, "alice".to_owned(), "open sesame".into(), Some(2));
    tokio::try_join!(alice, restart)?;
    Ok(())
}

/// The server's side.
async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
    let right = ClientPassword::Plain("open sesame".into());
    let has_token = attempt.env().session_state()? == Some(SessionState::Authenticated);
    if has_token || attempt.password()? == Some(right) {
        show(format!(
            "    the server lets in, by a {}",
            if has_token { "token" } else { "password" }
        ));
        return Ok(Decision::Allow);
    }
    Ok(Decision::deny_with("wrong", "Wrong user name or password"))
}
