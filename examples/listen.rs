//! Daemons dial in: shows the states of every OpenVPN that connects here.
//!
//! ```text
//! cargo run --example listen                           # with a server and clients of its own
//! cargo run --example listen -- /run/openvpn/in.sock   # with clients of yours; --help says how to start them
//! ```

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::{Endpoint, Event, Item, Listener, Request, Session};
use program_common::screen::show;
use program_common::stop::until_stopped;
use tokio::task::JoinSet;

/// Shows the states of every OpenVPN that dials in.
///
/// A DAEMON THAT DIALED IN ENDS WITH ITS SESSION: Ctrl-C ends this program, and every VPN that it manages with it. Where
/// that must not be, let OpenVPN listen, and connect: the example `reconnect`.
#[derive(Parser)]
#[command(name = "listen", after_help = YOUR_OPENVPN)]
struct Args {
    /// Where to listen: the path of a socket, which is its owner's alone, or host:port. Without it clients are started on
    /// loopback
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
As many clients of yours as you like, once this program runs:
  openvpn --config client.ovpn --management /run/openvpn/in.sock unix --management-client";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse().address {
        Some(address) => accept(listen(address).await?, None).await,
        None => alone().await,
    })
    .await
}

async fn listen(address: impl Into<Endpoint>) -> Result<Listener> {
    let listener = Listener::bind(address).await?;
    show(format!("listening at {}", listener.endpoint()));
    Ok(listener)
}

/// Accepts daemons, and serves each in a task of its own; ends with the last one, where one is said to be.
async fn accept(mut listener: Listener, last: Option<u32>) -> Result<()> {
    // Dropped, it ends its tasks, and with them their daemons.
    let mut daemons = JoinSet::new();
    let (mut dialed, mut ended) = (0, 0);
    while last != Some(ended) {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(session) => {
                    dialed += 1;
                    show(format!("daemon {dialed}: has dialed in"));
                    daemons.spawn(serve(dialed, session));
                }
                // One that was no daemon ends nothing.
                Err(refused) => show(refused),
            },
            Some(_) = daemons.join_next() => ended += 1,
        }
    }
    Ok(())
}

/// Shows the states of one daemon, from its hold to its end.
async fn serve(number: u32, mut session: Session) {
    let tell = |what: &dyn std::fmt::Display| show(format!("daemon {number}: {what}"));
    if let Some(dialer) = session.dialer() {
        tell(dialer);
    }
    if let Err(error) = session.client().state_on().await {
        tell(&error);
    }
    while let Some(item) = session.next().await {
        match item {
            Ok(Item::Event(Event::State(state))) => tell(&state),
            Ok(Item::Request(Request::Hold(hold))) => {
                if let Err(error) = hold.release().await {
                    tell(&error);
                }
            }
            Ok(_) => {}
            Err(lagged) => tell(&lagged), // told, and the loop goes on
        }
    }
    tell(&format!("ended: {}", session.client().closed().await));
}

/// A server, and two clients that dial in.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let socket = lab.dir().join("in.sock");
    let listener = listen(socket.as_path()).await?;
    let dial = async {
        for name in ["alice", "bob"] {
            let options = ClientOptions::to(&server).common_name(name).without_auth_user_pass();
            lab.client(options.management_client(&socket)).await?.stop_when_up().await?;
        }
        Ok(())
    };
    tokio::try_join!(accept(listener, Some(2)), dial)?;
    Ok(())
}
