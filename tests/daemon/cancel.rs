//! Callers that give up at any point.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use anyhow::Result;
use openvpn_mgmt::{Builder, Client, Event, Events, History};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::load::{ask, talkative};
use lab::Lab;

/// Polls a future so many times, while its daemon works, and drops it.
async fn drop_after(polls: u32, call: impl Future) {
    let mut call = pin!(call);
    for _ in 0..polls {
        let polled =
            std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_ready())).await;
        if polled {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// A command with a reply of its own form.
async fn any_command(client: Client, kind: u32) {
    // It is dropped, or its result is of no interest.
    match kind % 7 {
        0 => drop(client.pid().await),
        1 => drop(client.help().await),
        2 => drop(client.state_on_with_history(History::All).await),
        3 => drop(client.announce_version(2).await),
        4 => drop(client.test(20).await),
        5 => drop(client.pk_sig([1; 100]).await),
        _ => drop(client.status().await),
    }
}

async fn dropping_shifts_no_reply(client: &Client, pid: u32, seed: u64) -> Result<()> {
    let strays = tokio::spawn(first_stray(client.subscribe()));
    drop_and_ask(client, pid, seed).await?;
    client.quit().await?;
    // A reply nobody waits for is thrown away, and no line is left without a command.
    assert_eq!(strays.await?, None);
    Ok(())
}

async fn first_stray(mut events: Events) -> Option<Event> {
    while let Some(event) = events.next().await {
        // It may fall behind: a stray line would come more than once.
        if let Ok(Event::Stray(_) | Event::Unknown(_) | Event::Malformed(_)) = event {
            return event.ok();
        }
    }
    None
}

async fn drop_and_ask(client: &Client, pid: u32, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    for round in 0..120 {
        let call = any_command(client.clone(), random.random());
        if round % 2 == 0 {
            drop_after(random.random_range(0..12), call).await;
        } else {
            let patience = Duration::from_micros(random.random_range(0..600));
            let _ = tokio::time::timeout(patience, call).await;
        }
        if round % 3 == 0 {
            ask(client, random.random(), pid).await?;
        }
    }
    for number in 0..100 {
        ask(client, number, pid).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_call_shifts_no_reply() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("a_dropped_call_shifts_no_reply")? else {
        return Ok(());
    };
    let (server, client) = talkative(&lab, &Builder::new()).await?;
    dropping_shifts_no_reply(&client, server.pid(), 1).await
}

#[tokio::test]
async fn a_dropped_call_shifts_no_pipelined_reply() -> Result<()> {
    let name = "a_dropped_call_shifts_no_pipelined_reply";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let (server, client) = talkative(&lab, &Builder::new().pipeline(64)).await?;
    dropping_shifts_no_reply(&client, server.pid(), 2).await
}
