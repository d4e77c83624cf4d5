//! A VPN client with a window, for which a terminal stands in: signs in, shows what happens, and disconnects.
//!
//! ```text
//! cargo run --example vpn_client                               # with a server and a client of its own
//! cargo run --example vpn_client -- /run/openvpn/client.sock   # with a client of yours; --help says how to start one
//! ```
//!
//! The guide of the documentation, `guide::vpn_client`, says what such a program should know.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::handler::{
    Attempt, AuthServer, BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider,
    Decision, Responder, ResponsePrompt, WebAuthPrompt,
};
use openvpn_mgmt::{AuthRetry, Endpoint, Event, Events, Secret, Signal, StateName, connect};
use program_common::screen::show;
use program_common::stop::until_ended;
use program_common::typed;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::oneshot;

/// A VPN client with a window, for which a terminal stands in: signs in, shows what happens.
///
/// Ctrl-C disconnects: it ends the client.
#[derive(Parser)]
#[command(name = "vpn_client", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your client: the path of its socket, or host:port. Without it a server and a client
    /// are started on loopback
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
A client of yours, which has `auth-user-pass` in its configuration:
  openvpn --config client.ovpn --management /run/openvpn/client.sock unix \\
      --management-hold --management-query-passwords --setenv IV_SSO webauth,crtext

What OpenVPN asks: Request::Hold, Credentials, Challenge, WebAuth";

#[tokio::main]
async fn main() -> ExitCode {
    until_ended(async |told| {
        if let Some(address) = Args::parse().address {
            return run(address, typed::lines(), told).await;
        }
        drop(told);
        alone().await
    })
    .await
}

/// Two things go on: questions are answered, and the window shows what happens.
async fn run(
    address: impl Into<Endpoint>,
    typed: Receiver<String>,
    disconnect: oneshot::Receiver<()>,
) -> Result<()> {
    let (client, events, requests) = connect(address).await?.split();
    // Else a wrong password ends OpenVPN.
    client.set_auth_retry(AuthRetry::Interact).await?;
    client.state_on().await?;
    client.bytecount(Duration::from_secs(1)).await?;
    tokio::spawn(Responder::new().credentials(Dialog(Mutex::new(typed))).run(requests));
    let showing = window(events);
    tokio::pin!(showing);
    tokio::select! {
        () = &mut showing => {}
        Ok(()) = disconnect => {
            client.signal(Signal::Sigterm).await?;
            showing.await;
        }
    }
    show(format!("It is over: {}.", client.closed().await));
    Ok(())
}

async fn window(mut events: Events) {
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::State(state)) => match state.name {
                StateName::Connected => show("You are connected."),
                StateName::Reconnecting => show("Connecting again …"),
                name => show(format!("{name} …")),
            },
            Ok(Event::ByteCount(count)) => {
                show(format!("{} bytes received, {} sent", count.bytes_in, count.bytes_out));
            }
            // What was lost was progress, and is shown by what comes next.
            Ok(_) | Err(_) => {}
        }
    }
}

/// The windows that ask; one at a time. Where OpenVPN takes a question back, its future is dropped.
struct Dialog(Mutex<Receiver<String>>);

impl CredentialsProvider for Dialog {
    async fn credentials(&self, prompt: CredentialsPrompt) -> Answer<CredentialsAnswer> {
        let mut lines = self.0.lock().await;
        let mut ask = async |question: &str, echo: bool| -> Result<Secret, BoxError> {
            show(format!("? {question}"));
            let _hidden = (!echo).then(typed::hide);
            Ok(lines.recv().await.ok_or("nobody answers")?.into())
        };
        if let Some(reason) = prompt.refusal.and_then(|refusal| refusal.reason) {
            show(format!("Not accepted: {reason}"));
        }
        let mut answer = CredentialsAnswer::default();
        // A server that asks again (CRV1) has taken user name and password.
        if prompt.challenge.as_ref().is_none_or(|challenge| challenge.username().is_none()) {
            answer.username = ask("User name", true).await?;
            answer.password = ask("Password", false).await?;
        }
        if let Some(challenge) = prompt.challenge {
            answer.response = ask(&challenge.text().to_string(), challenge.echo()).await?;
        }
        Ok(Some(answer))
    }

    async fn response(&self, prompt: ResponsePrompt) -> Answer<Secret> {
        show(format!("? {}", prompt.text));
        Ok(self.0.lock().await.recv().await.map(Secret::from))
    }

    async fn web_auth(&self, page: WebAuthPrompt) -> Result<(), BoxError> {
        // The example `web_auth` says what to look at before a browser is given it.
        show(format!("Sign in at {}", page.url.expose_str().unwrap_or_default()));
        Ok(())
    }
}

type Answer<T> = Result<Option<T>, BoxError>;

/// A server, and a client whose user mistypes once; when the tunnel is up, it is left.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().without_hold()).await?;
    let (_client, _, requests) = connect(server.socket()).await?.split();
    tokio::spawn(AuthServer::new(decide).run(requests));

    let mut client = lab.client(ClientOptions::to(&server)).await?;
    let socket = client.socket().to_owned();
    let (keyboard, lines) = mpsc::channel(8);
    for line in ["alice", "open seasme", "alice", "open sesame"] {
        keyboard.send(line.to_owned()).await?;
    }
    let (disconnect, disconnected) = oneshot::channel();
    let when_up = async {
        client.wait_until_up().await?;
        disconnect.send(()).ok();
        client.wait().await
    };
    tokio::try_join!(run(socket, lines, disconnected), when_up)?;
    Ok(())
}

async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
    if attempt.password()? == Some(ClientPassword::Plain("open sesame".into())) {
        return Ok(Decision::Allow);
    }
    Ok(Decision::deny_with("wrong", "wrong user name or password"))
}
