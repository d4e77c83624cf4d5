//! A program of each kind, beside daemons of the test's: `vpn_client`, `auth_token`, `exporter`, `audit`.

use anyhow::Result;
use lab::{ClientOptions, Lab, Process, ServerOptions};
use nix::sys::signal::Signal;
use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::events::SessionState;
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
use openvpn_mgmt::{Requests, connect};

use crate::start;

async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
    let has_token = attempt.env().session_state()? == Some(SessionState::Authenticated);
    let is_right = attempt.is_user("al ice")?
        && (has_token || attempt.password()? == Some(ClientPassword::Plain("open sesame".into())));
    Ok(if is_right { Decision::Allow } else { Decision::deny_with("wrong", "that is wrong") })
}

fn sign_in(requests: Requests) {
    tokio::spawn(AuthServer::new(decide).run(requests));
}

fn address(name: &str, daemon: &Process) -> String {
    format!("{name}={}", daemon.socket().display())
}

async fn guest(lab: &Lab, server: &Process, name: &str) -> Result<Process> {
    let options = ClientOptions::to(server).common_name(name).without_auth_user_pass();
    lab.client(options.without_hold().line("explicit-exit-notify 1")).await
}

#[tokio::test]
async fn vpn_client_signs_in_and_disconnects_by_ctrl_c() -> Result<()> {
    let test = "vpn_client_signs_in_and_disconnects_by_ctrl_c";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new().without_hold()).await?;
    let (_client, _, requests) = connect(server.socket()).await?.split();
    sign_in(requests);
    let mut client = lab.client(ClientOptions::to(&server)).await?;
    let mut program = start("vpn_client", &[&client.socket().display().to_string()])?;
    program.types("al ice\nopen seasme\nal ice\nopen sesame\n").await?;
    program.sees("Not accepted: that is wrong").await?;
    program.sees("You are connected.").await?;
    let end = program.stop(Signal::SIGINT).await?;
    end.interrupted().shows("It is over: the daemon exited");
    assert!(!end.output.contains("sesame") && !end.errors.contains("sesame"), "{end:?}");
    assert!(client.wait().await?.success());
    Ok(())
}

#[tokio::test]
async fn auth_token_keeps_what_it_is_given_and_shows_it_to_nobody() -> Result<()> {
    let test = "auth_token_keeps_what_it_is_given_and_shows_it_to_nobody";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = ServerOptions::new().without_hold().line("auth-gen-token 3600 external-auth");
    let server = lab.server(server).await?;
    let (_client, _, requests) = connect(server.socket()).await?.split();
    sign_in(requests);
    let mut client = lab.client(ClientOptions::to(&server)).await?;
    let mut program = start("auth_token", &[&client.socket().display().to_string()])?;
    program.types("al ice\nopen sesame\n").await?;
    program.sees("signs in with the password").await?;
    program.sees("a token of ").await?;
    lab.start_again(&mut client).await?;
    program.sees("signs in with the token").await?;
    client.wait_for_logs("Initialization Sequence Completed", 2).await?;
    let end = program.stop(Signal::SIGINT).await?;
    end.interrupted();
    assert!(!end.output.contains("sesame") && !end.output.contains("SESS_ID"), "{end:?}");
    Ok(())
}

#[tokio::test]
async fn exporter_writes_a_file() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("exporter_writes_a_file")? else { return Ok(()) };
    let server = lab.server(ServerOptions::new().without_client_auth()).await?;
    let file = lab.dir().join("openvpn.prom");
    let file = file.display().to_string();
    let program = start("exporter", &["--file", &file, &address("vpn", &server)])?;
    crate::client::until(|| {
        let page = std::fs::read_to_string(&file).unwrap_or_default();
        Ok(page.contains("openvpn_connected{daemon=\"vpn\"} 1"))
    })
    .await?;
    program.stop(Signal::SIGINT).await?.interrupted();
    Ok(())
}

#[tokio::test]
async fn audit_writes_who_comes_and_leaves() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("audit_writes_who_comes_and_leaves")? else {
        return Ok(());
    };
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let mut program = start("audit", &[&address("vpn", &server)])?;
    let mut alice = guest(&lab, &server, "alice").await?;
    let begins = program.sees("\"what\":\"begins\"").await?;
    // Only then it says that it leaves.
    alice.stop_when_up().await?;
    let ends = program.sees("\"what\":\"ends\"").await?;
    for line in [&begins, &ends] {
        let line: serde_json::Value = serde_json::from_str(line)?;
        assert_eq!((&line["name"], &line["server"]), (&"alice".into(), &"vpn".into()));
        assert_eq!(line["from"], "127.0.0.1");
    }
    assert!(serde_json::from_str::<serde_json::Value>(&ends)?["seconds"].is_u64(), "{ends}");
    program.stop(Signal::SIGINT).await?.interrupted();
    Ok(())
}
