//! A client whose server has its user sign in on a web page: shows the page, and what becomes of it.
//!
//! ```text
//! cargo run --example web_auth                               # with a server and a client of its own
//! cargo run --example web_auth -- /run/openvpn/client.sock   # with a client of yours; --help says how to start one
//! ```
//!
//! `alone` has the server's side. `programs/sso_server` is one with a page to click on.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::events::SsoMethod;
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
use openvpn_mgmt::{Endpoint, Event, Item, PendingAuth, Request, WebAuthRequest, connect};
use program_common::screen::show;
use program_common::stop::until_stopped;
use tokio::sync::Notify;

/// Shows the page on which the user of a client is to sign in, and what becomes of it.
#[derive(Parser)]
#[command(name = "web_auth", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your client: the path of its socket, or host:port. Without it a server and a client
    /// are started on loopback
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
A client of yours, which says that it can show pages:
  openvpn --config client.ovpn --management /run/openvpn/client.sock unix \\
      --management-hold --setenv IV_SSO webauth,openurl

Its user name and password, where it needs any, come from a file (`auth-user-pass FILE`).
What OpenVPN asks: Request::WebAuth";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse().address {
        Some(address) => answer(address, |_| {}).await,
        None => alone().await,
    })
    .await
}

/// `visit`: what a browser does with the page.
async fn answer(address: impl Into<Endpoint>, visit: impl Fn(&str)) -> Result<()> {
    let mut session = connect(address).await?;
    let client = session.client().clone();
    client.state_on().await?;
    while let Some(item) = session.next().await {
        match item {
            Ok(Item::Request(Request::Hold(hold))) => hold.release().await?,
            Ok(Item::Request(Request::WebAuth(page))) => open(page, &visit),
            Ok(Item::Request(other)) => other.decline().await?,
            Ok(Item::Event(Event::State(state))) => show(state),
            Ok(_) => {}
            Err(lagged) => show(lagged),
        }
    }
    show(format!("the connection ended: {}", client.closed().await));
    Ok(())
}

/// There is nothing to answer: the server learns from its page how it went.
fn open(page: WebAuthRequest, visit: impl Fn(&str)) {
    // It comes from the server, and a desktop would open anything: a file, a phone call, a program.
    let Some(url) = page.url().expose_str().filter(|url| url.starts_with("https://")) else {
        show("a page that is not https:// is not opened");
        return;
    };
    // Whoever has it can sign in: it is for the user's eyes, and for no log.
    show(format!("sign in at {url}"));
    visit(url);
    tokio::spawn(async move {
        page.withdrawn().await;
        show("the page is over");
    });
}

/// A server that has everybody sign in at a page, and a client, which is ended when its tunnel is up.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().without_hold()).await?;
    let (_client, _, requests) = connect(server.socket()).await?.split();
    let visited = Arc::new(Notify::new());
    let browser = Arc::clone(&visited);
    let decide = move |attempt| decide(attempt, Arc::clone(&visited));
    tokio::spawn(AuthServer::new(decide).run(requests));

    let options = ClientOptions::to(&server).login("alice", "has no password");
    let mut client = lab.client(options.line("setenv IV_SSO webauth,openurl")).await?;
    let socket = client.socket().to_owned();
    tokio::try_join!(answer(socket, |_| browser.notify_one()), client.stop_when_up())?;
    Ok(())
}

/// The server's side.
async fn decide(attempt: Attempt, visited: Arc<Notify>) -> Result<Decision, BoxError> {
    let page = "https://sso.example.com/?id=1";
    let page = if attempt.env().supports_sso(SsoMethod::WebAuth) {
        PendingAuth::web_auth(page)
    } else {
        PendingAuth::open_url(page)
    };
    attempt.pending(&page, Duration::from_secs(120)).await?;
    tokio::select! {
        // A web server would tell.
        () = visited.notified() => Ok(Decision::Allow),
        () = attempt.withdrawn() => Ok(Decision::deny("left")),
    }
}
