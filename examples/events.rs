//! Shows all that a client's OpenVPN tells, with the time: its log, its states, its bytes.
//!
//! ```text
//! cargo run --example events                               # with a server and a client of its own
//! cargo run --example events -- /run/openvpn/client.sock   # with a client of yours; --help says how to start one
//! ```

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::{Endpoint, connect};
use program_common::screen::show;
use program_common::stop::until_stopped;

/// Shows all that a client tells, with the time: its log, its states, its bytes.
///
/// A client in its hold is let out of it. Where events come faster than they are taken, some are lost, and how many is
/// told.
#[derive(Parser)]
#[command(name = "events", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your client: the path of its socket, or host:port. Without it a server and a client
    /// are started on loopback
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
A client of yours:
  openvpn --config client.ovpn --management /run/openvpn/client.sock unix";

const EVERY: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse().address {
        Some(address) => watch(address).await,
        None => alone().await,
    })
    .await
}

async fn watch(address: impl Into<Endpoint>) -> Result<()> {
    let began = Instant::now();
    let (client, mut events, _) = connect(address).await?.split();
    client.log_on().await?;
    client.state_on().await?;
    client.bytecount(EVERY).await?;
    client.hold_release().await?;
    while let Some(event) = events.next().await {
        let time = began.elapsed().as_secs_f64();
        match event {
            // A newer OpenVPN may send what this crate does not know, or cannot read: it is shown as it came.
            Ok(event) => {
                show(format!("{time:9.3}  {:<9}  {event}", event.name().unwrap_or_default()));
            }
            // Events came faster than they were taken. Some are lost, here alone.
            Err(lagged) => show(format!("{time:9.3}  {lagged}")),
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
