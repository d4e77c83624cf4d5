//! Many commands under a flood of events.

use anyhow::{Context as _, Result, bail};
use openvpn_mgmt::{Builder, Client, Error, ReplyShape, Status};
use tokio::task::JoinSet;

use crate::support::{open, open_with, until};
use lab::{Lab, ServerOptions};

/// A server that logs a lot, and tells all of it.
pub(crate) async fn talkative(lab: &Lab, builder: &Builder) -> Result<(lab::Process, Client)> {
    let server = lab.server(ServerOptions::new().verb(4)).await?;
    let (client, _) = open_with(builder, server.socket()).await?;
    client.log_on().await?;
    client.hold_release().await?;
    Ok((server, client))
}

#[tokio::test]
async fn ten_thousand_pids_beside_a_subscriber_that_never_reads() -> Result<()> {
    let name = "ten_thousand_pids_beside_a_subscriber_that_never_reads";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let (server, client) = talkative(&lab, &Builder::new().event_capacity(1024)).await?;
    let mut never_reads = client.subscribe();
    for _ in 0..10_000 {
        assert_eq!(client.pid().await?, server.pid());
    }
    // A log line for each command: all but the newest are lost to it, and counted.
    let lost = never_reads.next().await.context("ended")?.unwrap_err();
    assert!(lost.0 >= 10_000 - 1024, "{lost}");
    let newest = |event| Some(event);
    assert!(matches!(
        until(&mut never_reads, "a log line", newest).await?,
        openvpn_mgmt::Event::Log(_)
    ));
    Ok(())
}

#[tokio::test]
async fn each_of_two_thousand_at_once_gets_its_own_answer() -> Result<()> {
    let name = "each_of_two_thousand_at_once_gets_its_own_answer";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let (server, client) = talkative(&lab, &Builder::new().pipeline(64)).await?;
    let _never_reads = client.subscribe();
    let mut calls = JoinSet::new();
    for number in 0..2000 {
        let (client, pid) = (client.clone(), server.pid());
        calls.spawn(async move { ask(&client, number, pid).await });
    }
    while let Some(call) = calls.join_next().await {
        call??;
    }
    Ok(())
}

/// One of several commands, each with a reply that can be told from the others'.
pub(crate) async fn ask(client: &Client, number: u32, pid: u32) -> Result<()> {
    match number % 8 {
        0 => assert_eq!(client.pid().await?, pid),
        1 => {
            let (Status::Server(_) | Status::Client(_)) = client.status().await? else {
                bail!("no status");
            };
        }
        2 => assert!(client.verb().await? >= 3),
        3 => assert!(client.hold().await?),
        4 => assert!(client.help().await?.has("load-stats")),
        5 => {
            let lines = client.test(1 + number % 5).await?;
            assert_eq!(lines.len(), 1 + number as usize % 5);
        }
        _ => refused_by_name(client, number).await?,
    }
    Ok(())
}

/// A refusal that names what it refuses.
async fn refused_by_name(client: &Client, number: u32) -> Result<()> {
    let line = format!("signal \"TEXT-{number}\"");
    let result = client.raw_command(line, ReplyShape::Line).await;
    let Err(Error::Refused { text, .. }) = result else { bail!("not refused: {result:?}") };
    assert_eq!(text.to_string(), format!("signal 'TEXT-{number}' is not a known signal type"));
    Ok(())
}

#[tokio::test]
async fn what_is_refused_leaves_the_next_answer_right() -> Result<()> {
    let name = "what_is_refused_leaves_the_next_answer_right";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let (client, _events) = open(server.socket()).await?;
    client.hold_release().await?;
    let lines = [
        "nope",
        "status 9",
        "verb 99",
        "kill nobody",
        "client-kill 77",
        "client-auth-nt 7 0",
        "signal FOO",
        "auth-retry x",
        "log 0",
        "hold bogus",
        "remote ACCEPT",
        "proxy NONE",
        "needok x ok",
        "username Auth x",
        "password Auth y",
        "net",
        "client-deny x 0 r",
        "state x",
    ];
    for line in lines {
        let shape = match line {
            "auth-retry x" => ReplyShape::ExplainedLine,
            _ => ReplyShape::Line,
        };
        let result = client.raw_command(line, shape).await;
        assert!(matches!(result, Err(Error::Refused { .. })), "{line}: {result:?}");
        assert_eq!(client.pid().await?, server.pid(), "after `{line}`");
        assert!(client.status().await?.as_server().is_some(), "after `{line}`");
    }
    // A refused block is run line by line; none of those errors may reach the next caller.
    let pem = "-----BEGIN CERTIFICATE-----\nMIIDHjCC\n-----END CERTIFICATE-----\n";
    for block in [client.pk_sig([7; 256]).await, client.certificate(pem).await] {
        assert!(matches!(block, Err(Error::Refused { .. })), "{block:?}");
        assert_eq!(client.pid().await?, server.pid());
        assert!(client.status().await?.as_server().is_some());
    }
    Ok(())
}
