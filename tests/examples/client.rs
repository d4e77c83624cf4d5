//! `first` and `events`, beside a client.

use anyhow::Result;
use lab::{ClientOptions, Lab, Process, ServerOptions};

use crate::{start, start_unread};

/// A server that lets everybody in, and a client of it in its hold.
async fn tunnel(lab: &Lab) -> Result<(Process, Process)> {
    let options = ServerOptions::new().without_client_auth().without_hold();
    let server = lab.server(options).await?;
    let client = lab.client(ClientOptions::to(&server).without_auth_user_pass()).await?;
    Ok((server, client))
}

#[tokio::test]
async fn first_shows_states_and_bytes() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("first_shows_states_and_bytes")? else { return Ok(()) };
    let (_server, client) = tunnel(&lab).await?;
    let mut program = start("first", &[&client.socket().display().to_string()])?;
    program.sees("CONNECTED").await?;
    program.sees(" in, ").await?;
    drop(client);
    program.ends().await?.succeeded().shows("the connection ended: ");
    Ok(())
}

#[tokio::test]
async fn first_drives_a_client_while_nobody_reads_it() -> Result<()> {
    let test = "first_drives_a_client_while_nobody_reads_it";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let (_server, client) = tunnel(&lab).await?;
    let (_program, _output) = start_unread("first", &[&client.socket().display().to_string()])?;
    until(|| Ok(client.log().contains("Initialization Sequence Completed"))).await
}

#[tokio::test]
async fn events_shows_all_that_a_client_tells() -> Result<()> {
    let test = "events_shows_all_that_a_client_tells";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let (_server, client) = tunnel(&lab).await?;
    let mut program = start("events", &[&client.socket().display().to_string()])?;
    program.sees("  CONNECTED").await?;
    program.sees("  BYTECOUNT  ").await?;
    drop(client);
    let end = program.ends().await?;
    end.succeeded().shows("  HOLD ").shows("  LOG  ").shows("  STATE  ");
    end.shows("the connection ended: ");
    Ok(())
}

/// From verb 8 on a daemon logs each write to its manager, so that the next is due at once: it writes as
/// fast as it is read.
const VERB: u32 = 9;
/// Far more than socket and pipe hold, in bytes.
const MUCH: u64 = 8 << 20;

#[tokio::test]
async fn a_daemon_is_read_while_nobody_reads_events() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_daemon_is_read_while_nobody_reads_events")? else {
        return Ok(());
    };
    let client = lab.client(ClientOptions::new().without_auth_user_pass().verb(VERB)).await?;
    let (_program, _output) = start_unread("events", &[&client.socket().display().to_string()])?;
    until(|| Ok(std::fs::metadata(client.log_path())?.len() >= MUCH)).await
}

/// Waits until a daemon's log is as it should be; nobody can see it in an output that is not read.
pub(crate) async fn until(is: impl Fn() -> Result<bool>) -> Result<()> {
    lab::until("progress: the daemon is held up", is).await
}
