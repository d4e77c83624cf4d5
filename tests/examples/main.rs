//! The examples, run unattended on real daemons.

mod alone;
mod auth_server;
mod build;
mod challenge;
mod client;
mod credentials;
mod fleet;
mod index;
mod kinds;
mod lasting;
mod peers;
mod requests;
#[cfg(feature = "process")]
mod spawn;
mod two_servers;

use std::os::fd::OwnedFd;
use std::process::Stdio;

use anyhow::Result;
use lab::{Lab, Program, full_pipe};

/// Starts an example at a daemon's management socket.
fn start(name: &str, arguments: &[&str]) -> Result<Program> {
    Program::with(build::program(name)?, arguments, |command| {
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
    })
}

/// Starts an example that nobody listens to. With the other end of its output, which keeps it open.
fn start_unread(name: &str, arguments: &[&str]) -> Result<(Program, OwnedFd)> {
    let (input, output) = full_pipe()?;
    let errors = input.try_clone()?;
    let program = Program::with(build::program(name)?, arguments, |command| {
        command.stdin(Stdio::null()).stdout(input).stderr(errors);
    })?;
    Ok((program, output))
}

#[tokio::test]
async fn the_demo_comes_to_its_end_while_its_output_is_full() -> Result<()> {
    if Lab::serving_or_skip("the_demo_comes_to_its_end_while_its_output_is_full")?.is_none() {
        return Ok(());
    }
    let (program, _output) = start_unread("demo", &["--log"])?;
    assert!(program.ends().await?.status.success());
    Ok(())
}
