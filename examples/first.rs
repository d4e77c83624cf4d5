//! The first program: lets a client out of its hold, and shows its states and its bytes.
//!
//! ```text
//! cargo run --example first                               # with a server and a client of its own
//! cargo run --example first -- /run/openvpn/client.sock   # with a client of yours; --help says how to start one
//! ```

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::{Endpoint, Event, connect};
use program_common::screen::show;
use program_common::stop::until_stopped;

/// Lets a client out of its hold, and shows its states and its bytes.
#[derive(Parser)]
#[command(name = "first", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your client: the path of its socket, or host:port. Without it a server and a client
    /// are started on loopback
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
A client of yours, which waits for this program:
  openvpn --config client.ovpn --management /run/openvpn/client.sock unix --management-hold

One that asks for a user name and password needs the example `credentials`.";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse().address {
        Some(address) => watch(address).await,
        None => alone().await,
    })
    .await
}

async fn watch(address: impl Into<Endpoint>) -> Result<()> {
    let (client, mut events, _) = connect(address).await?.split();
    client.state_on().await?;
    client.bytecount(Duration::from_secs(1)).await?;
    client.hold_release().await?;
    while let Some(event) = events.next().await {
        match event {
            // Unlike `println!`, `show` never waits for whoever reads the output, and takes out what would drive the
            // terminal.
            Ok(Event::State(state)) => show(state),
            Ok(Event::ByteCount(count)) => {
                show(format!("{} in, {} out", count.bytes_in, count.bytes_out));
            }
            Ok(_) => {}
            Err(lagged) => show(lagged), // told, and the loop goes on
        }
    }
    show(format!("the connection ended: {}", client.closed().await));
    Ok(())
}

/// A server that lets everybody in, and a client of it, which is ended soon after its tunnel is up.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = ServerOptions::new().without_client_auth().without_hold().line("keepalive 1 60");
    let server = lab.server(server).await?;
    let mut client = lab.client(ClientOptions::to(&server).without_auth_user_pass()).await?;
    let socket = client.socket().to_owned();
    let end = async {
        client.wait_until_up().await?;
        // Time to count a few bytes.
        tokio::time::sleep(Duration::from_secs(2)).await;
        client.stop().await
    };
    tokio::try_join!(watch(socket), end)?;
    Ok(())
}
