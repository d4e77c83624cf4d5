//! Daemons that give nobody up while a slow machine gets to them.

use std::time::Duration;

use anyhow::{Result, ensure};
use openvpn_mgmt::events::{ClientEvent, InfoMsg};
use openvpn_mgmt::{Cid, Event, StateName};

use crate::daemon::Daemon;
use lab::{ClientOptions, Lab, Process, ServerOptions};

/// A server that waits ten minutes for a decision, and renews no keys.
pub fn server() -> ServerOptions {
    ServerOptions::new().line("hand-window 600\nreneg-sec 0\nconnect-retry 1 1")
}

/// A client of this server that waits as long, asks its user again after a refusal, and can answer
/// a `CR_TEXT`.
pub fn client(server: &Process) -> ClientOptions {
    let waits =
        "hand-window 600\nserver-poll-timeout 600\nreneg-sec 0\nsetenv IV_SSO crtext,webauth";
    ClientOptions::to(server).auth_retry_interact().line(waits)
}

/// Starts a client and logs it in.
pub async fn comes(lab: &Lab, options: ClientOptions, username: &str) -> Result<Daemon> {
    let mut client = Daemon::client(lab, options).await?;
    client.release().await?;
    client.log_in(username).await?;
    Ok(client)
}

/// Starts a client that nobody decides about yet; what it sends from then on arrives.
pub async fn waits(lab: &Lab, options: ClientOptions, username: &str) -> Result<Daemon> {
    let mut client = comes(lab, options, username).await?;
    // Before its TLS session is up it takes a `cr-response` and drops it.
    client.state(&StateName::GetConfig).await?;
    Ok(client)
}

/// Nothing is asked of this manager: what the daemon has said so far raised no request.
pub async fn asks_nothing(server: &mut Daemon) -> Result<()> {
    server.client.pid().await?;
    let next = tokio::time::timeout(Duration::ZERO, server.requests.next()).await;
    ensure!(next.is_err(), "asked {next:?}");
    Ok(())
}

/// The client's user is told something by `client-pending-auth`.
pub async fn told(client: &mut Daemon) -> Result<()> {
    client
        .event("word of the server", |event| match event {
            Event::InfoMsg(InfoMsg::CrText { .. } | InfoMsg::WebAuth(_) | InfoMsg::OpenUrl(_)) => {
                Some(())
            }
            _ => None,
        })
        .await
}

/// A client sends a response, asked for or not; by then its event is there.
pub async fn responds(server: &mut Daemon, client: &Daemon, text: &str) -> Result<Cid> {
    client.client.cr_response(text).await?;
    let pick = |event: &Event| match event {
        Event::Client(ClientEvent::CrResponse { cid, .. }) => Some(*cid),
        _ => None,
    };
    server.event("response", pick).await
}

/// The command lines that the daemon has read and that hold this text, by its own log.
pub fn commands(process: &Process, text: &str) -> Vec<String> {
    let log = process.log();
    let commands = log.lines().filter_map(|line| Some(line.split_once("MANAGEMENT: CMD ")?.1));
    commands.filter(|command| command.contains(text)).map(ToOwned::to_owned).collect()
}
