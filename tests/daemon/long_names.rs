//! A client whose name is too long for the daemon's `status`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use openvpn_mgmt::peers::LivePeers;
use openvpn_mgmt::{Error, Status, StatusFormat};
use tokio::time::Instant;

use crate::support::Tunnel;
use lab::{ClientOptions, Lab, ServerOptions};

/// One that blinds a manager: the reply has no end, costs its own call and no time to speak of, and `status 1` is whole.
#[tokio::test]
async fn a_row_of_512_bytes_breaks_the_status_off() -> Result<()> {
    let name = "a_row_of_512_bytes_breaks_the_status_off";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let tunnel = with_a_long_name(&lab).await?;
    let server = &tunnel.at_server;
    for format in [StatusFormat::V3, StatusFormat::V2] {
        let asked = Instant::now();
        let broken_off = server.status_format(format).await;
        ensure!(matches!(broken_off, Err(Error::BrokenOff { lines: 3, .. })), "{broken_off:?}");
        // The command timeout of these tests is far longer.
        ensure!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        ensure!(
            server.pid().await? == tunnel.server.pid(),
            "later replies are their own commands'"
        );
    }
    let Status::Server(status) = server.status_format(StatusFormat::V1).await? else {
        anyhow::bail!("not a server's status")
    };
    let client = status.clients.first().context("nobody")?;
    ensure!(client.common_name() == Some("alice".into()), "{client:?}");

    let peers = LivePeers::new();
    peers.follow("udp", server);
    let broken_off = peers.refresh("udp").await;
    ensure!(matches!(broken_off, Err(Error::BrokenOff { .. })), "{broken_off:?}");
    ensure!(peers.snapshot().blind().eq(["udp"]), "{peers:?}");
    Ok(())
}

/// A client that asks to be let in, of a user name that no management interface takes.
async fn with_a_long_name(lab: &Lab) -> Result<Tunnel> {
    let credentials = lab.dir().join("credentials");
    std::fs::write(&credentials, format!("{}\nsecret\n", "u".repeat(480)))?;
    let from_file = format!("auth-user-pass \"{}\"", credentials.display());
    let client = |client: ClientOptions| client.without_auth_user_pass().line(&from_file);
    let mut tunnel = Tunnel::with(lab, ServerOptions::new(), client).await?;
    tunnel.at_server.hold_release().await?;
    tunnel.at_client.hold_release().await?;
    tunnel.asks_to_connect().await?;
    Ok(tunnel)
}
