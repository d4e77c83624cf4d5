//! Every command in every mode: answered, refused, or not in this version.
//!
//! What needs a request of the daemon (`password`, `pk-sig`, …) is refused here and answered
//! in the conversations.

mod rows;

use anyhow::Result;
use openvpn_mgmt::{Client, Error};

use crate::support::{Connection, Fixture, matchers};
use lab::{ClientOptions, ServerOptions};
use rows::{ROWS, Row};

/// Runs every row, in order, and compares with what is expected in this mode.
async fn sweep(connection: &mut Connection, mode: &'static str) {
    connection.mode = mode;
    let mut wrong = Vec::new();
    for row in ROWS {
        let expected = row.expected(mode, connection.version);
        let got = attempt(connection, row, expected).await;
        if got != expected {
            wrong.push(format!("{}: expected {expected:?}, got {got:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{mode}:\n  {}\n{}", wrong.join("\n  "), connection.daemon.log());
}

/// What a mode does with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    Refused,
    Unsupported,
    /// Not tried, because it would end the daemon or the mode.
    Skipped,
}

async fn attempt(connection: &mut Connection, row: &Row, expected: Outcome) -> Outcome {
    let name = row.name;
    match expected {
        Outcome::Skipped => return Outcome::Skipped,
        Outcome::Unsupported => {
            connection.unsupported(name, async |client: &Client| (row.call)(client).await).await;
            return Outcome::Unsupported;
        }
        Outcome::Answered | Outcome::Refused => {}
    }
    let result = (row.call)(&connection.client).await;
    let outcome = match result {
        Ok(()) => Outcome::Answered,
        Err(Error::Refused { .. }) => Outcome::Refused,
        Err(Error::Unsupported { .. }) => Outcome::Unsupported,
        Err(error) => {
            panic!("`{name}` ({}): {error}\n{}", connection.mode, connection.daemon.log())
        }
    };
    connection.is_in_step().await;
    connection.drain();
    let word = match outcome {
        Outcome::Answered => "answered",
        Outcome::Refused => "refused",
        Outcome::Unsupported | Outcome::Skipped => return outcome,
    };
    crate::support::results::record_command(connection.version, name, connection.mode, word);
    outcome
}

#[tokio::test]
async fn a_client_in_its_hold() -> Result<()> {
    let Some(fixture) = Fixture::new("a_client_in_its_hold")? else { return Ok(()) };
    let mut client = fixture.client(ClientOptions::new()).await?;
    client.until("a hold", matchers::hold).await;
    sweep(&mut client, "client in a hold").await;
    client.answered("hold release", client.client.hold_release()).await;
    client.answered("quit", client.client.quit()).await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_waits_for_a_password() -> Result<()> {
    let Some(fixture) = Fixture::new("a_client_that_waits_for_a_password")? else { return Ok(()) };
    let mut client = fixture.client(ClientOptions::new()).await?;
    client.release().await;
    client.until("a prompt", matchers::need_user_pass).await;
    sweep(&mut client, "client at a prompt").await;
    client.answered("quit", client.client.quit()).await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_connected() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_that_is_connected")? else { return Ok(()) };
    let (_server, mut client, _) = fixture.pair(ServerOptions::new(), |client| client).await?;
    sweep(&mut client, "client connected").await;
    client.answered("quit", client.client.quit()).await;
    Ok(())
}

#[tokio::test]
async fn a_server_in_its_hold() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_server_in_its_hold")? else { return Ok(()) };
    let mut server = fixture.server(ServerOptions::new()).await?;
    server.until("a hold", matchers::hold).await;
    sweep(&mut server, "server in a hold").await;
    server.answered("hold release", server.client.hold_release()).await;
    server.answered("quit", server.client.quit()).await;
    Ok(())
}

#[tokio::test]
async fn a_server_that_serves() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_server_that_serves")? else { return Ok(()) };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    sweep(&mut server, "server").await;
    server.answered("quit", server.client.quit()).await;
    Ok(())
}
