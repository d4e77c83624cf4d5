//! Commands in the wrong shape, without a reply, and before a daemon that stands still.

use std::time::Duration;

use anyhow::{Result, bail};
use nix::sys::signal::Signal as UnixSignal;
use openvpn_mgmt::{Builder, Client, CloseReason, Error};
use tokio::task::JoinSet;

use crate::support::{idle, open, open_with, patient};
use crate::wrong_shapes::WRONG_SHAPES;
use lab::{DEADLINE, Lab};

#[tokio::test]
async fn no_wrong_shape_of_a_raw_command_shifts_a_reply() -> Result<()> {
    let Some(lab) = Lab::or_skip("no_wrong_shape_of_a_raw_command_shifts_a_reply")? else {
        return Ok(());
    };
    let daemon = idle(&lab).await?;
    for depth in [1, 16] {
        let pipelined = Builder::new().pipeline(depth).event_capacity(64 * 1024);
        let (client, _events) = open_with(&pipelined, daemon.socket()).await?;
        let (pid, mut tasks) = (daemon.pid(), JoinSet::new());
        for task in 0..6_usize {
            let wrong = client.clone();
            tasks.spawn(async move {
                for round in 0..30 {
                    let (line, shape) = WRONG_SHAPES[(task + round) % WRONG_SHAPES.len()];
                    match wrong.raw_command(line, shape).await {
                        Ok(_) | Err(Error::UnexpectedReply { .. } | Error::NoReply { .. }) => {}
                        Err(error) => bail!("{line} as {shape:?}: {error}"),
                    }
                }
                Ok(())
            });
            let client = client.clone();
            tasks.spawn(async move {
                for _ in 0..60 {
                    assert_eq!(client.pid().await?, pid);
                    assert_eq!(client.verb().await?, 3);
                    assert!(client.hold().await?);
                }
                Ok(())
            });
        }
        while let Some(task) = tasks.join_next().await {
            task??;
        }
        client.quit().await?;
    }
    Ok(())
}

/// Callers that wait for a daemon that stands still.
fn stuck(client: &Client) -> JoinSet<openvpn_mgmt::Result<u32>> {
    (0..200)
        .map(|_| {
            let client = client.clone();
            async move { client.pid().await }
        })
        .collect()
}

#[tokio::test]
async fn a_daemon_that_stands_still_costs_the_session_in_the_time_that_was_set() -> Result<()> {
    let name = "a_daemon_that_stands_still_costs_the_session_in_the_time_that_was_set";
    let Some(lab) = Lab::or_skip(name)? else { return Ok(()) };
    let mut daemon = idle(&lab).await?;
    let impatient = Builder::new().reply_timeout(Duration::from_millis(200));
    let (client, _events) = open_with(&impatient, daemon.socket()).await?;
    daemon.freeze().await?;
    for answer in stuck(&client).join_all().await {
        let Err(Error::Closed(CloseReason::Desynchronized(_))) = answer else {
            bail!("not told: {answer:?}");
        };
    }
    // It goes on as if nothing had been.
    daemon.signal(UnixSignal::SIGCONT)?;
    let (client, _events) = open(daemon.socket()).await?;
    assert_eq!(client.pid().await?, daemon.pid());
    Ok(())
}

#[tokio::test]
async fn the_end_comes_at_once_before_a_daemon_that_stands_still() -> Result<()> {
    let name = "the_end_comes_at_once_before_a_daemon_that_stands_still";
    let Some(lab) = Lab::or_skip(name)? else { return Ok(()) };
    let mut daemon = idle(&lab).await?;
    for end in ["close", "quit", "drop"] {
        let builder = patient(Builder::new()).close_timeout(Duration::from_millis(100));
        let (client, events, requests) = builder.connect(daemon.socket()).await?.split();
        daemon.freeze().await?;
        let mut waiting = stuck(&client);
        tokio::task::yield_now().await;
        match end {
            "close" => client.close().await,
            "quit" => client.quit().await?,
            _ => waiting.abort_all(),
        }
        drop((client, events, requests));
        while let Some(answer) = waiting.join_next().await {
            let answer = answer.map_or(Err(Error::Closed(CloseReason::Requested)), |answer| answer);
            let Err(Error::Closed(CloseReason::Requested)) = answer else {
                bail!("{end}: not told: {answer:?}");
            };
        }
        // Had the connection stayed open, the next manager would hear nothing.
        daemon.signal(UnixSignal::SIGCONT)?;
        let next = tokio::time::timeout(DEADLINE, open(daemon.socket())).await??;
        assert_eq!(next.0.pid().await?, daemon.pid(), "after {end}");
    }
    Ok(())
}
