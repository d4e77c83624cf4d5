//! A monitor that outlives what it watches: shows states and clients, over restarts of OpenVPN and its absence.
//!
//! ```text
//! cargo run --example reconnect                               # with a server of its own, which restarts
//! cargo run --example reconnect -- /run/openvpn/server.sock   # with one of yours; --help says how to start it
//! ```

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use lab::{Lab, ServerOptions};
use openvpn_mgmt::command::{AnyCommand, Channel, Notifications};
use openvpn_mgmt::{Attached, Builder, Endpoint, Event, Item, Link, Request, Text};
use program_common::screen::show;
use program_common::stop::until_stopped;

/// Shows states and clients of an OpenVPN, over its restarts and its absence.
///
/// Restart it, stop it, connect another manager. Ctrl-C ends the monitor, and OpenVPN goes on. One in its hold is let
/// out of it.
#[derive(Parser)]
#[command(name = "reconnect", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your server or client: the path of its socket, or host:port. Without it a server is
    /// started on loopback
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
An OpenVPN of yours:
  openvpn --config server.ovpn --management /run/openvpn/server.sock unix

What else it asks, as with --management-client-auth, needs the example `auth_server`.";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse().address {
        Some(address) => monitor(address, None).await,
        None => alone().await,
    })
    .await
}

/// Shows session after session, up to the last one, where one is said to be. Ends before only where trying again is of no
/// use, as with a wrong password.
async fn monitor(address: impl Into<Endpoint>, last: Option<u64>) -> Result<()> {
    // Sent to each new session.
    let set_up = [AnyCommand::new(Notifications::on(Channel::State))];
    let mut link = Builder::new().reconnect(address).set_up(set_up);
    loop {
        let mut attached = attach(&mut link).await?;
        show_missed(&attached);
        while let Some(item) = attached.session.next().await {
            match item {
                Ok(Item::Event(Event::State(state))) => show(state),
                Ok(Item::Event(Event::Client(client))) => show(client),
                Ok(Item::Request(Request::Hold(hold))) => {
                    // One that could not be sent comes again, from this session or the next.
                    if let Err(error) = hold.release().await {
                        show(format!("not out of its hold: {error}"));
                    }
                }
                Ok(_) => {}
                Err(lagged) => show(lagged), // told, and the loop goes on
            }
        }
        if last == Some(attached.number) {
            return Ok(());
        }
    }
}

/// The next session; tells what keeps it away.
async fn attach(link: &mut Link) -> openvpn_mgmt::Result<Attached> {
    let mut watch = link.watch();
    let next = link.next();
    tokio::pin!(next);
    loop {
        tokio::select! {
            attached = &mut next => return attached,
            Some(status) = watch.changed() => show(status),
        }
    }
}

/// Shows what happened since the session before.
fn show_missed(attached: &Attached) {
    show(format!("session {}", attached.number));
    if let Some(reason) = &attached.last_end {
        show(format!("the last one ended: {reason}"));
    }
    match attached.missed.restarted {
        Some(true) => show("OpenVPN has restarted"),
        Some(false) => show("OpenVPN has not restarted"),
        // As the first time.
        None => show("OpenVPN may have restarted"),
    }
    let name = |name: Option<Text>| name.unwrap_or_default();
    for client in &attached.missed.joined {
        show(format!("joined: {}", name(client.common_name())));
    }
    for client in &attached.missed.left {
        show(format!("left: {}", name(client.common_name())));
    }
}

/// A server that ends, and comes back.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let mut server = lab.server(ServerOptions::new().without_client_auth()).await?;
    let socket = server.socket().to_owned();
    let restart = async {
        server.stop_when_up().await?;
        lab.start_again(&mut server).await?;
        server.wait_for_logs("Initialization Sequence Completed", 2).await?;
        server.stop().await
    };
    tokio::try_join!(monitor(socket, Some(2)), restart)?;
    Ok(())
}
