//! Signals, holds and ends.

use anyhow::Result;
use openvpn_mgmt::events::Event;
use openvpn_mgmt::{CloseReason, Error, Signal, StateName};

use crate::support::{Fixture, matchers};
use lab::{ClientOptions, ServerOptions};

#[tokio::test]
async fn a_server_restarts_and_ends() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_server_restarts_and_ends")? else { return Ok(()) };
    let (mut server, _client, first) = fixture.pair(ServerOptions::new(), |client| client).await?;
    for (name, signal) in [("signal SIGUSR1", Signal::Sigusr1), ("signal SIGHUP", Signal::Sighup)] {
        server.mode = "server";
        server.answered(name, server.client.signal(signal)).await;
        server.until("a restart", matchers::state(StateName::Reconnecting)).await;
        server.until("a hold", matchers::hold).await;
        server.mode = "server in a hold";
        let text = server.refused(name, server.client.signal(signal)).await;
        assert!(text.contains("currently ignored"), "{text}");
        server.until("the hold, told again", matchers::hold).await;
        assert!(server.answered("hold", server.client.hold()).await);
        server.answered("hold release", server.client.hold_release()).await;
        server.connected().await;
    }
    server.mode = "server";
    // Numbers start again: the first client after a restart is the one there was before.
    let mut client = fixture.client(ClientOptions::to(&server.daemon)).await?;
    client.release().await;
    client.log_in("mallory", "secret").await;
    assert_eq!(server.next_client().await.cid, first.cid);

    server.answered("log on", server.client.log_on()).await;
    server.answered("signal SIGUSR2", server.client.signal(Signal::Sigusr2)).await;
    server.until("the status in the log", matchers::log_with("OpenVPN CLIENT LIST")).await;
    server.answered("signal SIGTERM", server.client.signal(Signal::Sigterm)).await;
    server.until("the exit", matchers::state(StateName::Exiting)).await;
    let reason = server.end().await;
    assert!(matches!(reason, CloseReason::Exiting(_)), "{reason}");
    assert!(server.daemon.wait().await?.success());
    let error = server.client.pid().await.unwrap_err();
    assert!(matches!(error, Error::Closed(CloseReason::Exiting(_))), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_client_restarts_and_ends() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_restarts_and_ends")? else { return Ok(()) };
    let server = ServerOptions::new().without_client_auth();
    let server = fixture.serving_server(server).await?;
    let mut client =
        fixture.client(ClientOptions::to(&server.daemon).without_auth_user_pass()).await?;
    client.release().await;
    client.connected().await;
    client.mode = "client connected";
    client.answered("signal SIGHUP", client.client.signal(Signal::Sighup)).await;
    client.until("a hold", matchers::hold).await;
    client.mode = "client in a hold";
    client.answered("hold off", client.client.hold_off()).await;
    client.answered("hold release", client.client.hold_release()).await;
    client.connected().await;
    client.mode = "client connected";
    client.answered("signal SIGUSR1", client.client.signal(Signal::Sigusr1)).await;
    // Without a hold it goes on by itself.
    client.connected().await;
    client.answered("hold on", client.client.hold_on()).await;
    assert!(client.answered("hold", client.client.hold()).await);
    client.answered("signal SIGTERM", client.client.signal(Signal::Sigterm)).await;
    let reason = client.end().await;
    assert!(matches!(reason, CloseReason::Exiting(_)), "{reason}");
    assert!(client.daemon.wait().await?.success());
    Ok(())
}

/// Brings a client to its prompt, and lets a signal end it there.
async fn ended_at_its_prompt(test: &str, name: &str, signal: Signal) -> Result<()> {
    let Some(fixture) = Fixture::new(test)? else { return Ok(()) };
    let mut client = fixture.client(ClientOptions::new()).await?;
    client.release().await;
    client.until("a prompt", matchers::need_user_pass).await;
    client.mode = "client at a prompt";
    client.answered(name, client.client.signal(signal)).await;
    let fatal = client.until("the fatal error", |event| match event {
        Event::Fatal(fatal) => Some(fatal.text.clone()),
        _ => None,
    });
    let told = fatal.await;
    let reason = client.end().await;
    assert!(matches!(&reason, CloseReason::Fatal(last) if *last == told), "{reason}");
    client.daemon.wait().await?;
    Ok(())
}

#[tokio::test]
async fn a_prompt_that_a_signal_ends_is_fatal() -> Result<()> {
    let test = "a_prompt_that_a_signal_ends_is_fatal";
    ended_at_its_prompt(test, "signal SIGTERM", Signal::Sigterm).await?;
    ended_at_its_prompt(test, "signal SIGUSR2", Signal::Sigusr2).await?;
    Ok(())
}

#[tokio::test]
async fn a_hold_is_ended_by_a_signal() -> Result<()> {
    let test = "a_hold_is_ended_by_a_signal";
    let Some(fixture) = Fixture::new(test)? else { return Ok(()) };
    for (name, signal) in [("signal SIGTERM", Signal::Sigterm), ("signal SIGUSR2", Signal::Sigusr2)]
    {
        let mut client = fixture.client(ClientOptions::new()).await?;
        client.until("a hold", matchers::hold).await;
        client.mode = "client in a hold";
        client.answered(name, client.client.signal(signal)).await;
        client.end().await;
        client.daemon.wait().await?;
    }
    Ok(())
}
