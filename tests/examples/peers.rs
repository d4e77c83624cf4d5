//! `peers`, beside a server whose clients come and go.

use anyhow::Result;
use lab::{ClientOptions, Lab, Process, ServerOptions};
use nix::sys::signal::Signal;

use crate::client::until;
use crate::{start, start_unread};

async fn client(lab: &Lab, server: &Process, name: &str) -> Result<Process> {
    let options = ClientOptions::to(server).common_name(name).without_hold();
    lab.client(options.without_auth_user_pass().line("explicit-exit-notify 1")).await
}

#[tokio::test]
async fn peers_shows_who_comes_and_leaves() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("peers_shows_who_comes_and_leaves")? else {
        return Ok(());
    };
    // One that asks about each client, and one that does not tell who leaves.
    let asks = ServerOptions::new().auth_user_pass_optional();
    for options in [asks, ServerOptions::new().without_client_auth()] {
        let server = lab.server(options).await?;
        let mut program = start("peers", &[&server.socket().display().to_string()])?;
        program.sees("session 1").await?;
        let mut alice = client(&lab, &server, "alice").await?;
        program.sees("alice in 127.0.0.1:").await?;
        program.sees("1 clients").await?;
        program.sees("alice in 127.0.0.1:").await?;
        // Only then it says that it leaves.
        alice.stop_when_up().await?;
        program.sees("left:    alice in").await?;
        program.stop(Signal::SIGINT).await?.interrupted();
    }
    Ok(())
}

#[tokio::test]
async fn peers_serves_its_daemon_while_nobody_reads_it() -> Result<()> {
    let test = "peers_serves_its_daemon_while_nobody_reads_it";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new().auth_user_pass_optional()).await?;
    let (_program, _output) = start_unread("peers", &[&server.socket().display().to_string()])?;
    let alice = client(&lab, &server, "alice").await?;
    until(|| Ok(alice.log().contains("Initialization Sequence Completed"))).await
}
