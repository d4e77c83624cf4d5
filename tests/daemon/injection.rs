//! What a daemon runs that nobody meant to send, and that this crate does not send it.

use anyhow::{Context as _, Result};
use openvpn_mgmt::{Cid, Client, Error, Kid, KillTarget, ReplyShape};

use crate::support::{Tunnel, open, until, until_state};
use lab::{Lab, Raw, ServerOptions, Version};

/// A line whose end the daemon runs as a command of its own.
fn overlong() -> String {
    format!("client-deny 0 1 \"{}{}verb 7", "A".repeat(900), " ".repeat(200))
}

/// Nothing was sent: the level is as it was, and answers match their commands.
async fn unharmed(client: &Client, pid: u32) -> Result<()> {
    assert_eq!(client.verb().await?, 3);
    assert_eq!(client.pid().await?, pid);
    assert!(client.status().await?.as_server().is_some());
    Ok(())
}

fn refused<T: std::fmt::Debug>(result: &openvpn_mgmt::Result<T>, what: &str) {
    assert!(matches!(result, Err(Error::InvalidArgument { .. })), "{what}: {result:?}");
}

#[tokio::test]
async fn an_overlong_line_is_run_by_the_daemon_and_refused_here() -> Result<()> {
    let name = "an_overlong_line_is_run_by_the_daemon_and_refused_here";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let mut raw = Raw::connect(server.socket()).await?;
    raw.ask("hold release", "SUCCESS: hold release").await?;
    raw.ask("verb", "SUCCESS: verb=3").await?;
    raw.ask(&overlong(), "SUCCESS: verb level changed").await?;
    raw.ask("verb", "SUCCESS: verb=7").await?;
    raw.ask("verb 3", "SUCCESS: verb level changed").await?;
    drop(raw);

    let (client, _events) = open(server.socket()).await?;
    let reason = overlong().split_once('"').context("no quote")?.1.to_owned();
    refused(&client.client_deny(Cid(0), Kid(1), &reason, None).await, "a long reason");
    refused(&client.raw_command(overlong(), ReplyShape::Line).await, "a long raw line");
    // Short enough each, too long together once they are quoted.
    let quotes = "\"".repeat(256);
    let both = client.client_deny(Cid(0), Kid(1), &quotes, Some(&quotes)).await;
    refused(&both, "two quoted reasons");
    unharmed(&client, server.pid()).await
}

#[tokio::test]
async fn an_end_in_a_block_is_run_by_the_daemon_and_refused_here() -> Result<()> {
    let name = "an_end_in_a_block_is_run_by_the_daemon_and_refused_here";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let mut raw = Raw::connect(server.socket()).await?;
    raw.ask("hold release", "SUCCESS: hold release").await?;
    raw.send("client-auth 7 1\npush \"route 10.0.0.0\"\nEND\nverb 7\nEND").await?;
    raw.expect("ERROR: client-auth command failed").await?;
    raw.expect("SUCCESS: verb level changed").await?;
    raw.ask("verb", "SUCCESS: verb=7").await?;
    raw.ask("verb 3", "SUCCESS: verb level changed").await?;
    drop(raw);

    let (client, _events) = open(server.socket()).await?;
    let long = format!("setenv-safe X {}push \"route 10.66.0.0 255.255.0.0\"", "A".repeat(241));
    for lines in [
        &["push \"route 10.0.0.0\"", "END", "verb 7"][..],
        &["push \"route 10.0.0.0\"\nEND\nverb 7"],
        &["push \"echo a,b\""],
        &["push \"echo a"],
        &[&long],
        &["a\tb"],
        &[""],
    ] {
        refused(&client.client_auth(Cid(7), Kid(1), lines).await, &lines.join("|"));
    }
    unharmed(&client, server.pid()).await
}

#[tokio::test]
async fn bad_input_is_refused_before_it_is_sent() -> Result<()> {
    let name = "bad_input_is_refused_before_it_is_sent";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let (client, _events) = open(server.socket()).await?;
    client.hold_release().await?;
    let long = "x".repeat(257);
    for text in ["a\nverb 7", "a\rb", "TAB\t", "\0", "\u{7f}", &long] {
        refused(&client.username("Auth", text).await, text);
        if text.len() < 257 {
            // From OpenVPN 2.7.2 on a password may be longer.
            refused(&client.password("Auth", text).await, text);
        }
        refused(&client.client_deny(Cid(0), Kid(1), text, None).await, text);
        refused(&client.client_kill_with_unchecked(Cid(0), text).await, text);
        refused(&client.kill(&KillTarget::CommonName(text.into())).await, text);
        refused(&client.raw_command(text, ReplyShape::Line).await, text);
        assert_eq!(client.pid().await?, server.pid(), "after {text:?}");
    }
    for name in ["tcp:127.0.0.1:1", "127.0.0.1:1", "a:b", ""] {
        refused(&client.kill(&KillTarget::CommonName(name.into())).await, name);
    }
    unharmed(&client, server.pid()).await
}

#[tokio::test]
async fn the_end_of_a_long_config_line_is_a_second_directive() -> Result<()> {
    let name = "the_end_of_a_long_config_line_is_a_second_directive";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    if lab.daemon().version() < Version::new(2, 7, 0) {
        lab::skip(name, &"seen on OpenVPN 2.7 only");
        return Ok(());
    }
    let mut tunnel = Tunnel::new(&lab, ServerOptions::new()).await?;
    tunnel.at_client.log_on().await?;
    tunnel.release(b"alice", b"secret").await?;
    let connect = tunnel.asks_to_connect().await?;
    let (cid, kid) = (connect.cid(), connect.kid().context("no KID")?);
    let filler = "setenv-safe X ";
    let line =
        format!("{filler}{}push \"route 10.66.0.0 255.255.0.0\"", "A".repeat(255 - filler.len()));
    refused(&tunnel.at_server.client_auth(cid, kid, [&line]).await, &line);

    tunnel.at_server.quit().await?;
    let mut raw = Raw::connect(tunnel.server.socket()).await?;
    raw.send(&format!("client-auth {cid} {kid}\n{line}\nEND")).await?;
    raw.expect("SUCCESS: client-auth command succeeded").await?;
    let pushed = |event| match event {
        openvpn_mgmt::Event::Log(log) if log.text.to_string().contains("PUSH_REPLY") => {
            Some(log.text.to_string())
        }
        _ => None,
    };
    let reply = until(&mut tunnel.client_events, "PUSH_REPLY", pushed).await?;
    assert!(reply.contains("route 10.66.0.0 255.255.0.0"), "{reply}");
    until_state(&mut tunnel.client_events, openvpn_mgmt::StateName::Connected).await
}
