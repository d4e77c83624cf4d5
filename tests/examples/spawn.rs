//! `spawn`, with daemons of its own.

use std::path::Path;

use anyhow::{Context as _, Result};
use lab::{ClientOptions, KeyKind, Lab, Program, ServerOptions};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::build;
use crate::client::until;

fn start(lab: &Lab, configuration: &Path) -> Result<Program> {
    let program = build::program("spawn")?;
    Program::with(program, &[&configuration.display().to_string()], |command| {
        command.env("OPENVPN_BIN", lab.daemon().path()).stderr(std::process::Stdio::piped());
    })
}

/// The process that it says to have started.
fn pid(line: &str) -> Result<i32> {
    let (_, pid) = line.split_once("process ").context("no process")?;
    Ok(pid.trim().parse()?)
}

fn is_running(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn spawn_runs_a_client_of_its_own() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("spawn_runs_a_client_of_its_own")? else { return Ok(()) };
    if !lab.reaches_tcp() {
        lab::skip(
            "spawn_runs_a_client_of_its_own",
            &"the lab's servers are in a network of their own",
        );
        return Ok(());
    }
    let options = ServerOptions::new().without_client_auth().without_hold();
    let server = lab.server(options).await?;
    let options = ClientOptions::to(&server).without_auth_user_pass().without_hold();
    let identity = lab.identity("client", &KeyKind::Ec)?;
    let configuration = lab.dir().join("own.conf");
    std::fs::write(&configuration, options.config(lab.dir(), &identity, lab.daemon().version()))?;
    let mut program = start(&lab, &configuration)?;
    let first = pid(&program.sees("daemon 1: process").await?)?;
    program.sees("CONNECTED").await?;
    kill(Pid::from_raw(first), Signal::SIGKILL)?;
    program.sees("SIGKILL").await?;
    let second = pid(&program.sees("daemon 2: process").await?)?;
    program.sees("CONNECTED").await?;
    program.stop(Signal::SIGINT).await?.interrupted().shows("the daemon ended (exit status: 0)");
    until(|| Ok(!is_running(second))).await
}

#[tokio::test]
async fn spawn_tells_why_there_is_no_daemon() -> Result<()> {
    let Some(lab) = Lab::or_skip("spawn_tells_why_there_is_no_daemon")? else { return Ok(()) };
    let configuration = lab.dir().join("own.conf");
    std::fs::write(&configuration, "no-such-directive\n")?;
    let ended = start(&lab, &configuration)?.ends().await?;
    ended.failed_with("no-such-directive");
    Ok(())
}

/// Those that start OpenVPN by themselves, with daemons of their own.
async fn runs_alone(name: &str, lines: &[&str]) -> Result<()> {
    let test = format!("{name}_runs_alone");
    let Some(lab) = Lab::serving_or_skip(&test)? else { return Ok(()) };
    if !lab.reaches_tcp() {
        lab::skip(&test, &"the lab's servers are in a network of their own");
        return Ok(());
    }
    let end = crate::start(name, &[])?.ends().await?;
    end.succeeded();
    for line in lines {
        end.shows(line);
    }
    let (program, _output) = crate::start_unread(name, &[])?;
    assert!(program.ends().await?.status.success());
    Ok(())
}

#[tokio::test]
async fn spawn_runs_alone() -> Result<()> {
    runs_alone("spawn", &["daemon 1: process", "CONNECTED", "the daemon ended"]).await
}

#[tokio::test]
async fn orchestrator_runs_alone() -> Result<()> {
    let lines =
        ["one: started, 1", "one: started, 2", "two: CONNECTED", "one: Ok(", "two: stopped"];
    runs_alone("orchestrator", &lines).await
}

#[tokio::test]
async fn orchestrator_runs_what_it_is_told_to() -> Result<()> {
    let test = "orchestrator_runs_what_it_is_told_to";
    let Some(lab) = Lab::or_skip(test)? else { return Ok(()) };
    let identity = lab.identity("client", &KeyKind::Ec)?;
    let options = ClientOptions::new().without_auth_user_pass();
    let configuration = options.config(lab.dir(), &identity, lab.daemon().version());
    let files = ["office", "home"].map(|name| lab.dir().join(format!("{name}.ovpn")));
    for file in &files {
        std::fs::write(file, &configuration)?;
    }
    let [office, home] = files.each_ref().map(|file| file.display().to_string());
    let program = build::program("orchestrator")?;
    let mut program = Program::with(program, &[&office], |command| {
        command.env("OPENVPN_BIN", lab.daemon().path());
        command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    })?;
    program.sees("office: started, 1").await?;
    program.types(&format!("start {home}\nstop nobody\n")).await?;
    program.sees("stop nobody: ").await?;
    program.sees("home: started, 1").await?;
    program.types("stop office\n").await?;
    program.sees("office: stopped").await?;
    program.stop(Signal::SIGINT).await?.interrupted();
    Ok(())
}
