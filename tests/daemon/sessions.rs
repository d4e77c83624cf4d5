//! Getting a session, keeping it, and leaving it to the next.

use std::time::Duration;

use anyhow::{Context as _, Result};
use openvpn_mgmt::{Builder, CloseReason, Error, Event};

use crate::support::{idle, open, open_with, patient, until};
use lab::{ClientOptions, Lab, Process, ServerOptions, skip};

#[tokio::test]
async fn a_second_manager_is_told_and_gets_in_when_the_first_leaves() -> Result<()> {
    let name = "a_second_manager_is_told_and_gets_in_when_the_first_leaves";
    let Some(lab) = Lab::or_skip(name)? else { return Ok(()) };
    let daemon = idle(&lab).await?;
    let (first, _events) = open(daemon.socket()).await?;
    let impatient = Builder::new().greeting_timeout(Duration::from_millis(100));
    for _ in 0..2 {
        let error = impatient.connect(daemon.socket()).await.unwrap_err();
        assert!(
            matches!(error, Error::NoGreeting { after } if after == Duration::from_millis(100))
        );
    }
    assert_eq!(first.pid().await?, daemon.pid());
    // Those two are still in the socket's queue, which is full with them.
    let impatient = Builder::new().connect_timeout(Duration::from_millis(100));
    let error = impatient.connect(daemon.socket()).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(error.to_string().contains("another management client may hold"), "{error}");
    // One that waits is served as soon as the first has left.
    let waiting = tokio::spawn({
        let socket = daemon.socket().to_owned();
        async move { patient(Builder::new()).connect(socket).await }
    });
    first.quit().await?;
    let second = waiting.await??;
    assert_eq!(second.client().pid().await?, daemon.pid());
    Ok(())
}

#[tokio::test]
async fn a_session_can_be_taken_again_and_again() -> Result<()> {
    let name = "a_session_can_be_taken_again_and_again";
    let Some(lab) = Lab::or_skip(name)? else { return Ok(()) };
    let daemon = idle(&lab).await?;
    for round in 0..6 {
        let (client, mut events) = open(daemon.socket()).await?;
        let greeted = |event| matches!(event, Event::Info(_)).then_some(());
        until(&mut events, "the greeting", greeted).await?;
        // The prompt is repeated to each manager.
        let held = |event| matches!(event, Event::Hold(_)).then_some(());
        until(&mut events, "the hold", held).await?;
        assert_eq!(client.pid().await?, daemon.pid());
        if round % 2 == 0 {
            client.quit().await?;
            assert!(matches!(client.closed().await, CloseReason::Requested));
            assert!(matches!(client.pid().await, Err(Error::Closed(CloseReason::Requested))));
        }
    }
    Ok(())
}

#[tokio::test]
async fn management_over_tcp() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("management_over_tcp")? else { return Ok(()) };
    let server = lab.server(ServerOptions::new().management_tcp()).await?;
    if !shares_our_network(&server) {
        skip("management_over_tcp", &"daemons run in a network namespace of their own");
        return Ok(());
    }
    let address = server.address().context("no address")?;
    let (client, mut events) = open(address.to_string()).await?;
    let held = |event| matches!(event, Event::Hold(_)).then_some(());
    until(&mut events, "the hold", held).await?;
    assert!(client.hold().await?);
    assert_eq!(client.pid().await?, server.pid());
    client.quit().await?;
    let (client, _events) = open(address).await?;
    let pipelined = tokio::join!(client.pid(), client.verb(), client.version(), client.help());
    assert_eq!((pipelined.0?, pipelined.1?), (server.pid(), 3));
    assert!(pipelined.3?.has("pid"));
    let version = pipelined.2?.version.context("no version")?;
    let daemon = lab.daemon().version();
    assert_eq!((version.major, version.minor), (daemon.major, daemon.minor));
    Ok(())
}

/// Where a lab needs a namespace, its TCP ports are not ours to reach.
fn shares_our_network(daemon: &Process) -> bool {
    let network = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net")).ok();
    network("self") == network(&daemon.pid().to_string())
}

/// A blank, quotes and a backslash: it goes out as it is.
const PASSWORD: &str = r#"s3cret "pass\ #1"#;

async fn with_password(lab: &Lab) -> Result<Process> {
    lab.client(ClientOptions::new().management_password(PASSWORD)).await
}

#[tokio::test]
async fn the_management_password_is_asked_for() -> Result<()> {
    let Some(lab) = Lab::or_skip("the_management_password_is_asked_for")? else { return Ok(()) };
    let daemon = with_password(&lab).await?;
    let without = patient(Builder::new()).connect(daemon.socket()).await;
    assert!(matches!(without, Err(Error::PasswordRequired)), "{without:?}");
    let right = Builder::new().password(PASSWORD);
    let (client, mut events) = open_with(&right, daemon.socket()).await?;
    let held = |event| matches!(event, Event::Hold(_)).then_some(());
    until(&mut events, "the hold", held).await?;
    assert_eq!(client.pid().await?, daemon.pid());
    Ok(())
}

#[tokio::test]
async fn a_wrong_management_password_shuts_nobody_out() -> Result<()> {
    let name = "a_wrong_management_password_shuts_nobody_out";
    let Some(lab) = Lab::or_skip(name)? else { return Ok(()) };
    let daemon = with_password(&lab).await?;
    let wrong = patient(Builder::new().password("wrong"));
    for _ in 0..4 {
        let result = wrong.connect(daemon.socket()).await;
        assert!(matches!(result, Err(Error::PasswordRejected)), "{result:?}");
    }
    let (client, _events) = open_with(&Builder::new().password(PASSWORD), daemon.socket()).await?;
    assert_eq!(client.pid().await?, daemon.pid());
    Ok(())
}
