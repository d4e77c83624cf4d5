//! An OpenVPN server's clients, let in by a web page (`WEB_AUTH`): each client waits while its
//! user opens a link of its own and approves.
//!
//! ```text
//! cargo run -p sso_server             # shows it on a server and clients of its own
//! cargo run -p sso_server -- --help
//! ```
//!
//! `sso.rs` is the program to read: an [`Authenticator`](openvpn_mgmt::handler::Authenticator).
//! `links.rs` holds the links that are out, `site.rs` and `pages.rs` are the web site.

mod asking;
mod browser;
mod demo;
mod links;
mod origin;
mod pages;
mod site;
mod sso;
mod web;

use std::future::pending;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use openvpn_mgmt::Session;
use program_common::stop::until_ended;
use server_common::console::Console;
use server_common::demo_server::DemoServer;
use server_common::serve::serve;
use server_common::target::Target;
use tokio::sync::oneshot;

use crate::links::{Limits, Links};
use crate::origin::Origin;
use crate::site::Site;
use crate::sso::Sso;

/// The demonstration of a built-in browser takes no longer, unless a daemon is broken.
const DEADLINE: Duration = Duration::from_secs(120);

/// Lets clients of an OpenVPN server in when their users approve on a web page.
///
/// Without --connect it starts a server and a client on loopback (which needs root, or user
/// namespaces), and shows the link that the client got, for you to open.
#[derive(Parser)]
#[command(name = "sso_server", after_help = AFTER_HELP)]
struct Args {
    #[command(flatten)]
    target: Target,

    /// Where the web site listens; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// How users reach the web site, where that is not at its own address: a proxy with TLS
    /// is in front of it, as `https://vpn.example.org`, or it listens at 0.0.0.0
    #[arg(long, value_name = "URL")]
    origin: Option<Origin>,

    /// How long a user has to answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120,
          value_parser = clap::value_parser!(u64).range(5..=600))]
    patience: u64,

    /// How many clients may wait for their users; others are denied
    #[arg(long, value_name = "N", default_value_t = 500)]
    max_links: usize,

    /// How many of them may be from one address, or one IPv6 network of 64 bits
    #[arg(long, value_name = "N", default_value_t = 20)]
    max_links_per_address: usize,

    /// In the demonstration, a built-in browser approves one client and denies another. So it
    /// does also where the input is no terminal
    #[arg(long, conflicts_with_all = ["connect", "origin"])]
    auto_approve: bool,
}

const AFTER_HELP: &str = "\
Your own server's configuration needs:
  management /run/openvpn/server.sock unix
  management-client-auth
  auth-gen-token       # so that a client that renews its keys is not sent to the page again

Your own clients need auth-user-pass, and a user interface that opens web pages: one that
says webauth or openurl in IV_SSO.

  sso_server --connect 127.0.0.1:7505 --password-file management.txt --listen 127.0.0.1:8080

A proxy in front of it must pass the header Host on as it came (--origin https://vpn.example.org).

A link lets in whoever has it. This program prints none, but the log of the OpenVPN server has
them from verb 3 on, and the access log of a proxy has every path.

The page takes the word of whoever opens the link. Put a real sign-in in its place.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    args.target.start_tracing();
    until_ended(|stopped| run(&args, stopped)).await
}

async fn run(args: &Args, stopped: oneshot::Receiver<()>) -> Result<()> {
    let console = Arc::new(Console::new());
    let limits = Limits { all: args.max_links, per_address: args.max_links_per_address };
    let links = Arc::new(Links::new(limits));
    let site = Site::new(Arc::clone(&links), args.listen, args.origin.clone()).await?;
    let patience = Duration::from_secs(args.patience);
    if !site.origin().is_private() {
        console.line(
            "server",
            format!(
                "warning: links to {}, and answers, travel unencrypted",
                site.origin().as_str()
            ),
        );
    }
    let origin = site.origin().as_str().to_owned();
    let sso = Sso { links, origin, patience, console: Arc::clone(&console) };
    let Some(address) = &args.target.connect else {
        drop(stopped);
        return show(args, sso, site, &console).await;
    };
    let session = args.target.open(address).await?;
    console.line("server", format!("connected to {address}; pages at {}", sso.origin));
    decide(session, sso, site, async { drop(stopped.await) }).await
}

/// Has a server and clients of its own.
async fn show(args: &Args, sso: Sso, site: Site, console: &Arc<Console>) -> Result<()> {
    let (server, session) = DemoServer::open(demo::server()).await?;
    console.heading(server.title());
    console.line("server", format!("pages at {}", sso.origin));
    let is_by_itself = args.auto_approve || !std::io::stdin().is_terminal();
    let play = async {
        if !is_by_itself {
            return demo::by_hand(&server, console).await;
        }
        let played = tokio::time::timeout(DEADLINE, demo::by_itself(&server, console)).await;
        played.with_context(|| format!("not done after {DEADLINE:?}"))?
    };
    tokio::select! {
        ended = decide(session, sso, site, pending()) => ended,
        played = play => played,
    }
}

/// Decides about the clients of a server until `stopped` is done.
async fn decide(
    session: Session,
    sso: Sso,
    site: Site,
    stopped: impl Future<Output = ()>,
) -> Result<()> {
    let (_client, _, requests) = session.split();
    let console = Arc::clone(&sso.console);
    tokio::select! {
        ended = serve(requests, sso, console, stopped) => ended,
        ended = site.run() => ended,
    }
}
