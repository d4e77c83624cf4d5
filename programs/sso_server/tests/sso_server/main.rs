//! `sso_server`, run unattended on real daemons.

#[path = "../../src/browser.rs"]
mod browser;
mod chromium;
mod clicked;
mod full_pipe;
mod guest;
mod links;

use std::path::Path;
use std::process::Stdio;

use anyhow::Result;
use lab::{Lab, Program};
use nix::sys::signal::Signal;
use tokio::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sso_server");

#[tokio::test]
async fn sso_server_shows_approval_and_denial() -> Result<()> {
    if Lab::serving_or_skip("sso_server_shows_approval_and_denial")?.is_none() {
        return Ok(());
    }
    let mut program = Program::start(PROGRAM, &["--auto-approve"], Stdio::null())?;
    for line in [
        "is told to open http://127.0.0.1:",
        "alice let in: approved",
        "CONNECTED as 10.",
        "this link was used",
        "denied on the page",
        "DENIED: Denied on the page",
    ] {
        program.sees(line).await?;
    }
    for line in program.seen().iter().filter(|line| line.contains("is told to open")) {
        assert!(line.ends_with("/…"), "the link is shown to others than its user: {line}");
    }
    assert!(program.ends().await?.status.success());
    Ok(())
}

#[tokio::test]
async fn ctrl_c_leaves_nothing() -> Result<()> {
    if Lab::serving_or_skip("ctrl_c_leaves_nothing")?.is_none() {
        return Ok(());
    }
    let mut program = Program::start(PROGRAM, &[], Stdio::null())?;
    program.sees("types user name and password").await?;
    assert_eq!(program.stop(Signal::SIGINT).await?.status.code(), Some(130));
    Ok(())
}

/// Starts the program beside a server of the test's own, with traces.
async fn attach(socket: &Path, arguments: &[&str]) -> Result<Program> {
    let socket = socket.display().to_string();
    let arguments = [&["--connect", &socket, "--verbose"], arguments].concat();
    let mut program = Program::with(PROGRAM, &arguments, piped)?;
    program.sees("connected to").await?;
    Ok(program)
}

/// Has the test read the errors, too.
fn piped(command: &mut Command) {
    command.stdin(Stdio::null()).stderr(Stdio::piped());
}
