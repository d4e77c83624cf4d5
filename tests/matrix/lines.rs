//! Values, lines of the caller's own, and many commands at once.

use std::sync::Arc;

use anyhow::Result;
use openvpn_mgmt::{Builder, ReplyShape};
use tokio::task::JoinSet;

use crate::support::{Connection, Fixture, matchers};
use lab::{ClientOptions, ServerOptions};

#[tokio::test]
async fn values_are_set_and_told() -> Result<()> {
    let Some(fixture) = Fixture::new("values_are_set_and_told")? else { return Ok(()) };
    let mut client = fixture.client(ClientOptions::new()).await?;
    let text = client.refused("verb N", client.client.set_verb(99)).await;
    assert!(text.contains("out of range"), "{text}");
    client.answered("verb N", client.client.set_verb(5)).await;
    assert_eq!(client.answered("verb", client.client.verb()).await, 5);
    client.answered("mute N", client.client.set_mute(3)).await;
    assert_eq!(client.answered("mute", client.client.mute()).await, 3);
    client.invalid(client.client.test(0)).await;
    client.invalid(client.client.state_history(0)).await;
    client.invalid(client.client.log_history(0)).await;
    assert_eq!(client.answered("test N", client.client.test(2000)).await.len(), 2000);
    let help = client.answered("help", client.client.help()).await;
    assert!(help.has("hold") && help.has("needstr") && !help.has("nonsense"));
    let version = client.answered("version", client.client.version()).await;
    assert_eq!(version.version.map(|v| v.to_string()), Some(fixture.version().to_string()));
    client.drain();
    Ok(())
}

#[tokio::test]
async fn lines_of_the_callers_are_sent_as_they_are() -> Result<()> {
    let title = "lines_of_the_callers_are_sent_as_they_are";
    let Some(fixture) = Fixture::serving(title)? else { return Ok(()) };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let name = "a line of the caller's";
    let raw = |line: &'static str, shape| server.client.raw_command(line, shape);
    let reply = server.answered(name, raw("status 1", ReplyShape::Block)).await;
    assert_eq!(&reply.lines[0][..], b"OpenVPN CLIENT LIST");
    for (line, shape, says) in [
        ("nonsense", ReplyShape::Line, "unknown command"),
        ("state bogus", ReplyShape::Block, "state parameter must be"),
        ("status 9", ReplyShape::Block, "bad status format"),
        ("kill", ReplyShape::Line, "requires 1 parameter"),
        ("auth-retry bogus", ReplyShape::ExplainedLine, "method must be"),
        ("client-deny x 0 r", ReplyShape::Line, "cannot parse CID"),
        ("remote-entry-get x", ReplyShape::Block, ""),
        ("hold bogus", ReplyShape::Line, "bad hold command parameter"),
        ("signal \"SIG TERM\"", ReplyShape::Line, "signal 'SIG TERM' is not a known signal"),
    ] {
        let refusal = server.refused(name, raw(line, shape)).await;
        assert!(refusal.contains(says), "{line}: {refusal}");
    }
    for line in ["quit", "signal \"SIGTERM", "kill #1", "client-auth 0 1", "pid\npid"] {
        server.invalid(raw(line, ReplyShape::Line)).await;
    }
    server.drain();
    Ok(())
}

#[tokio::test]
async fn many_commands_at_once_get_their_own_answers() -> Result<()> {
    let test = "many_commands_at_once_get_their_own_answers";
    let Some(fixture) = Fixture::new(test)? else { return Ok(()) };
    let daemon = fixture.lab.client(ClientOptions::new()).await?;
    let pipelined = Builder::new().pipeline(32);
    let mut client =
        Connection::open(daemon, &pipelined, fixture.version(), "conversation").await?;
    client.until("a hold", matchers::hold).await;
    client.answered("log on", client.client.log_on()).await;
    let mut calls = JoinSet::new();
    let (handle, pid) = (Arc::new(client.client.clone()), client.daemon.pid());
    for number in 1..=400_u32 {
        let client = Arc::clone(&handle);
        calls.spawn(async move {
            match number % 4 {
                0 => assert_eq!(client.pid().await.unwrap(), pid),
                1 => assert_eq!(client.test(number).await.unwrap().len(), number as usize),
                2 => assert!(client.pk_sig(b"nobody asked").await.is_err()),
                _ => assert!(client.hold().await.unwrap()),
            }
        });
    }
    while let Some(call) = calls.join_next().await {
        call?;
    }
    client.is_in_step().await;
    client.drain();
    Ok(())
}
