//! Answers what an OpenVPN client asks its user: user name and password, the password of its private
//! key, and each kind of challenge a server may put. The answers are typed, or lines of a pipe.
//!
//! Start an OpenVPN client that asks (as root, with a configuration of your own, which has
//! `auth-user-pass`):
//!
//! ```text
//! openvpn --config client.ovpn --management /run/openvpn/client.sock unix \
//!     --management-query-passwords --management-hold --setenv IV_SSO webauth,openurl,crtext
//! ```
//!
//! and run
//! ```text
//! cargo run --example credentials -- /run/openvpn/client.sock
//! ```
//!
//! `programs/credentials` also answers for tokens, and gives the terminal back after Ctrl-C.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write as _};

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use openvpn_mgmt::challenge::Challenge;
use openvpn_mgmt::{AuthRetry, CredentialsRequest, Event, Refusal, Request, Secret, connect};

// `println!` may wait for whoever reads it. Here only this function waits then: the session is served by
// tokio's own threads, and goes on. With the flavor `current_thread` it would not.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "/run/openvpn/client.sock".to_owned());
    let (client, mut events, mut requests) = connect(address).await?.split();
    client.state_on().await?;
    // Else the daemon ends when it is refused, or challenged, which is a refusal to it.
    client.set_auth_retry(AuthRetry::Interact).await?;
    loop {
        tokio::select! {
            Some(event) = events.next() => match event {
                Ok(Event::State(state)) => println!("{}", harmless(state)),
                Ok(_) => {}
                Err(lagged) => println!("{lagged}"),
            },
            Some(request) = requests.next() => {
                // One answer that came too late, or is too long, ends nothing: the daemon asks again.
                if let Err(error) = answer(request).await? {
                    println!("{error}");
                }
            }
            else => break,
        }
    }
    println!("the connection ended: {}", client.closed().await);
    Ok(())
}

/// Gives whether there was an answer, and in it whether the daemon took it.
async fn answer(request: Request) -> io::Result<openvpn_mgmt::Result<()>> {
    match request {
        Request::Hold(hold) => Ok(hold.release().await),
        Request::Credentials(ask) => sign_in(ask).await,
        Request::PrivateKeyPassword(ask) => {
            show_refusal(ask.refusal());
            let password = typed(&format!("Password of '{}'", ask.realm()), false).await?;
            Ok(ask.answer(password).await)
        }
        // The server asks while the client waits (CR_TEXT).
        Request::Challenge(ask) if ask.response_required() => {
            let response = typed(ask.text(), ask.echo()).await?;
            Ok(ask.answer(response).await)
        }
        Request::Challenge(ask) => {
            println!("{}", harmless(ask.text()));
            ask.decline();
            Ok(Ok(()))
        }
        Request::WebAuth(page) => {
            println!("Open {}", harmless(page.url().expose_str().unwrap_or_default()));
            Ok(Ok(()))
        }
        other => Ok(other.decline().await),
    }
}

async fn sign_in(ask: CredentialsRequest) -> io::Result<openvpn_mgmt::Result<()>> {
    show_refusal(ask.refusal());
    // User name and password were right; the server wants this as well (CRV1).
    if let Some(challenge) = ask.challenge().filter(|challenge| challenge.username().is_some()) {
        let response = respond(challenge).await?;
        return Ok(ask.respond(response).await);
    }
    let name = typed("User name", true).await?;
    let password = typed("Password", false).await?;
    let Some(challenge) = ask.challenge() else { return Ok(ask.answer(name, password).await) };
    // The client's configuration says that a response goes with them (SCRV1).
    let response = respond(challenge).await?;
    Ok(ask.answer_with_response(name, password, response).await)
}

async fn respond(challenge: &Challenge) -> io::Result<Secret> {
    if challenge.response_required() {
        return typed(challenge.text(), challenge.echo()).await;
    }
    println!("{}", harmless(challenge.text()));
    Ok(Secret::default())
}

fn show_refusal(refusal: Option<&Refusal>) {
    if let Some(refusal) = refusal {
        println!("not accepted: {}", refusal.reason.as_ref().map(harmless).unwrap_or_default());
    }
}

/// Asks, and waits for a line. A person takes long, so it is a thread of its own that waits.
async fn typed(question: impl Display, echo: bool) -> io::Result<Secret> {
    let question = harmless(question);
    tokio::task::spawn_blocking(move || {
        print!("{question}: ");
        io::stdout().flush()?;
        read_line(echo)
    })
    .await?
}

/// Reads a line; on a terminal it is seen as it is typed only with `echo`.
fn read_line(echo: bool) -> io::Result<Secret> {
    let before = tcgetattr(io::stdin()).ok().filter(|_| !echo);
    if let Some(mut hidden) = before.clone() {
        hidden.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &hidden)?;
    }
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    if let Some(before) = before {
        tcsetattr(io::stdin(), SetArg::TCSANOW, &before)?;
        println!();
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    if read? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(line.into()) }
}

/// Text from the other side, without what would drive the terminal.
fn harmless(text: impl Display) -> String {
    text.to_string().replace(char::is_control, "\u{fffd}")
}
