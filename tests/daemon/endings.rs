//! Every way a connection ends, and who learns of it.

use anyhow::{Result, bail};
use openvpn_mgmt::{Builder, Client, CloseReason, Error, Event, Signal};
use tokio::task::JoinSet;

use crate::support::{idle, open, open_with, until_prompt};
use lab::Lab;

/// `count` callers, each waiting for a reply.
fn waiters(client: &Client, count: usize) -> JoinSet<openvpn_mgmt::Result<u32>> {
    let mut waiters = JoinSet::new();
    for _ in 0..count {
        let client = client.clone();
        waiters.spawn(async move { client.pid().await });
    }
    waiters
}

#[tokio::test]
async fn a_killed_daemon_is_told_to_every_waiter() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_killed_daemon_is_told_to_every_waiter")? else {
        return Ok(());
    };
    for depth in [1, 16] {
        let mut daemon = idle(&lab).await?;
        let pipelined = Builder::new().pipeline(depth);
        let (client, mut events) = open_with(&pipelined, daemon.socket()).await?;
        assert_eq!(client.pid().await?, daemon.pid());
        // It takes no command any more, so each of these is in flight or queued when it ends.
        daemon.freeze().await?;
        let waiters = waiters(&client, 200);
        tokio::task::yield_now().await;
        daemon.kill();
        for answer in waiters.join_all().await {
            // A socket that closes with commands unread says so by a reset.
            let Err(Error::Closed(CloseReason::Remote | CloseReason::Io(_))) = answer else {
                bail!("not told: {answer:?}");
            };
        }
        let reason = client.closed().await;
        assert!(matches!(reason, CloseReason::Remote | CloseReason::Io(_)), "{reason}");
        assert!(matches!(client.pid().await, Err(Error::Closed(_))));
        while let Some(event) = events.next().await {
            assert!(matches!(event?, Event::Info(_) | Event::Hold(_)));
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_fatal_error_is_the_reason() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_fatal_error_is_the_reason")? else { return Ok(()) };
    let mut daemon = idle(&lab).await?;
    let (client, mut events) = open(daemon.socket()).await?;
    client.hold_release().await?;
    until_prompt(&mut events).await?;
    // Ended while it waits for credentials, a daemon calls that fatal.
    let (signalled, after) = tokio::join!(client.signal(Signal::Sigterm), client.verb());
    signalled?;
    assert!(matches!(after, Ok(3) | Err(Error::Closed(CloseReason::Fatal(_)))), "{after:?}");
    let is_fatal = |reason: &CloseReason| {
        matches!(reason, CloseReason::Fatal(text)
            if text.to_string().starts_with("ERROR: could not read Auth username/password"))
    };
    let reason = client.closed().await;
    assert!(is_fatal(&reason), "{reason}");
    let Err(Error::Closed(reason)) = client.pid().await else { bail!("a reply of the dead") };
    assert!(is_fatal(&reason), "{reason}");
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event?);
    }
    assert!(matches!(last, Some(Event::Fatal(_))), "{last:?}");
    daemon.wait().await?;
    Ok(())
}
