//! A server that asks each user for a code: along with the password, after it, or while the client waits.
//!
//! ```text
//! cargo run --example challenge                               # with a server and clients of its own
//! cargo run --example challenge -- /run/openvpn/server.sock   # with a server of yours; --help says how to start one
//! ```
//!
//! A SKETCH: one user, one code, and nobody counts wrong guesses. `programs/auth_server` has users, changing codes and a
//! lockout.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::challenge::{ClientPassword, Crv1};
use openvpn_mgmt::events::SsoMethod;
use openvpn_mgmt::handler::{
    BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, Responder, ResponsePrompt,
};
use openvpn_mgmt::{ClientRequest, Endpoint, PendingAuth, Request, Secret, connect};
use program_common::screen::show;
use program_common::stop::until_stopped;

/// Asks each user of a server for a code. A sketch: the user is alice, the password "open sesame", the code 123456.
#[derive(Parser)]
#[command(name = "challenge", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your server: the path of its socket, or host:port. Without it a server and clients
    /// are started on loopback
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
A server of yours, which asks this program about each client:
  openvpn --config server.ovpn --management /run/openvpn/server.sock unix --management-client-auth

How a client is asked for its code is up to the client's own configuration:
  setenv IV_SSO crtext                  while it waits (CR_TEXT)
  static-challenge \"Your code\" 1        along with the password
  auth-retry interact                   after it (CRV1)

What OpenVPN asks: Request::ClientConnect, ClientReauth, ClientResponse";

type Answer<T> = Result<Option<T>, BoxError>;

const NAME: &str = "alice";
const PASSWORD: &str = "open sesame";
const CODE: &str = "123456";
const QUESTION: &str = "Your code";
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse().address {
        Some(address) => serve(address).await,
        None => alone().await,
    })
    .await
}

async fn serve(address: impl Into<Endpoint>) -> Result<()> {
    let (client, _, mut requests) = connect(address).await?.split();
    let mut states = States::default();
    while let Some(request) = requests.next().await {
        let answered = match request {
            Request::Hold(hold) => hold.release().await,
            Request::ClientConnect(peer) => first_step(peer, &mut states, false).await,
            // A renewal of keys; but whoever comes anew from the port of a client that is in comes so, too.
            Request::ClientReauth(peer) => first_step(peer, &mut states, true).await,
            Request::ClientResponse(answer) => match answer.response() {
                Ok(code) if code == Secret::from(CODE) => says(answer.allow().await, "let in"),
                _ => says(answer.deny("wrong code", Some("Wrong code")).await, "wrong code"),
            },
            other => other.decline().await,
        };
        // One client that left ends nothing.
        if let Err(error) = answered {
            show(error);
        }
    }
    show(format!("the connection ended: {}", client.closed().await));
    Ok(())
}

/// States of challenges by CRV1. Here there is one at a time.
#[derive(Default)]
struct States {
    /// The client's next attempt holds it.
    asked: Option<Secret>,
    /// Somebody is in by it, and shows it again where keys are renewed.
    passed: Option<Secret>,
}

async fn first_step(
    peer: ClientRequest,
    states: &mut States,
    renews: bool,
) -> openvpn_mgmt::Result<()> {
    let is = |given: &Secret, right: &str| *given == Secret::from(right);
    let is_user = peer.is_user(NAME).unwrap_or(false);
    let by_code = match peer.password() {
        Ok(Some(ClientPassword::Plain(password))) if is_user && is(&password, PASSWORD) => {
            return ask(peer, states).await;
        }
        Ok(Some(ClientPassword::Static { password, response })) => {
            is(&password, PASSWORD) && is(&response, CODE)
        }
        Ok(Some(ClientPassword::Dynamic { state_id, response })) => {
            let state = if renews { states.passed.clone() } else { states.asked.take() };
            let is_right = is_user && state.as_ref() == Some(&state_id) && is(&response, CODE);
            if is_right {
                states.passed = state;
            }
            is_right
        }
        _ => false,
    };
    if by_code && is_user {
        return says(peer.allow().await, "the code came with the password: let in");
    }
    says(peer.deny("wrong", Some("Wrong user name, password or code")).await, "denied")
}

/// User name and password were right.
async fn ask(peer: ClientRequest, states: &mut States) -> openvpn_mgmt::Result<()> {
    if peer.env().supports_sso(SsoMethod::CrText) {
        let told = peer.pending(&PendingAuth::cr_text(QUESTION, true), PATIENCE).await;
        return says(told.map(drop), "is asked for a code while it waits");
    }
    let state_id = format!("{:032x}", rand::random::<u128>());
    let crv1 = Crv1::new(&state_id, NAME, QUESTION)?;
    states.asked = Some(state_id.into());
    says(peer.challenge(&crv1).await, "comes again with a code")
}

fn says(answered: openvpn_mgmt::Result<()>, what: &str) -> openvpn_mgmt::Result<()> {
    answered.inspect(|()| show(format!("{NAME}: {what}")))
}

/// A server, and one after another a client of each kind.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let mut server = lab.server(ServerOptions::new()).await?;
    let to = || ClientOptions::to(&server).auth_retry_interact();
    let clients = [to().static_challenge(QUESTION, true), to(), to().line("setenv IV_SSO crtext")];
    let socket = server.socket().to_owned();
    let come = async {
        for options in clients {
            let mut client = lab.client(options).await?;
            let (_client, _, requests) = connect(client.socket()).await?.split();
            tokio::spawn(Responder::new().credentials(User).run(requests));
            client.stop_when_up().await?;
        }
        server.stop().await
    };
    tokio::try_join!(serve(socket), come)?;
    Ok(())
}

/// Who types at the clients.
struct User;

impl CredentialsProvider for User {
    async fn credentials(&self, _: CredentialsPrompt) -> Answer<CredentialsAnswer> {
        let [username, password, response] = [NAME, PASSWORD, CODE].map(Secret::from);
        Ok(Some(CredentialsAnswer { username, password, response }))
    }

    async fn response(&self, _: ResponsePrompt) -> Answer<Secret> {
        Ok(Some(CODE.into()))
    }
}
