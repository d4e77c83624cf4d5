//! Daemons that stand still within a long reply.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Lab, ServerOptions, within};
use nix::sys::signal::Signal;
use openvpn_mgmt::{Builder, Client, Error};
use tokio::task::JoinHandle;

use crate::relay::{Course, Relay};
use crate::support::{amount, ask_by_name, is_long, odd_events, patient};

/// Some 1.5 MB: far more than the buffers between a daemon and its manager hold.
const LINES: u32 = 20_000;

/// In the middle of a line of that reply.
const WITHIN: &[u8] = b"\n[777] The purpose of";

/// A caller that waits for all of the reply.
fn patient_call(client: &Client) -> JoinHandle<openvpn_mgmt::Result<usize>> {
    let client = client.clone();
    tokio::spawn(async move { Ok(client.test(LINES).await?.len()) })
}

/// Calls that find no time to be answered in, each told so by its own name.
async fn hurried_calls_time_out(client: &Client) -> Result<()> {
    let hurried = client.with_timeout(Duration::from_millis(50));
    let (pid, verb, status) = tokio::join!(hurried.pid(), hurried.verb(), hurried.status());
    for (name, error) in [("pid", pid.err()), ("verb", verb.err()), ("status", status.err())] {
        let error = error.with_context(|| format!("`{name}` of a daemon that stands still"))?;
        let is_own = matches!(&error, Error::Timeout { command, .. } if command.starts_with(name));
        ensure!(is_own, "{name}: {error:?}");
    }
    Ok(())
}

/// Stops the daemon within a reply, whose caller waits or gives up; then everybody has its own answers.
async fn stopped_within_a_reply(lab: &Lab, pipeline: usize, gives_up: bool) -> Result<()> {
    let mut server = lab.server(ServerOptions::new()).await?;
    let course = Course { hold_at: Some(WITHIN.to_vec()), ..Course::default() };
    let relay = Relay::new(server.socket(), move |_| course.clone())?;
    let session = Builder::pipeline(patient(), pipeline).connect(relay.path()).await?;
    let (client, events, _) = session.split();
    let strays = tokio::spawn(odd_events(events));
    client.hold_release().await?;

    let long = patient_call(&client);
    relay.holds().await?;
    server.freeze().await?;
    // What the daemon has said goes on to come, and ends within the reply.
    relay.let_go();
    hurried_calls_time_out(&client).await?;
    ensure!(!long.is_finished(), "a reply that was not whole yet");
    if gives_up {
        long.abort();
    }
    let waits = {
        let client = client.clone();
        tokio::spawn(async move { ask_by_name(&client, "waits").await })
    };
    server.signal(Signal::SIGCONT)?;
    within("its own reply", waits).await???;
    if !gives_up {
        let lines = within("whole reply", long).await???;
        ensure!(lines == LINES as usize, "{lines} lines");
    }
    // The session is in step, and what came late was nobody's.
    for number in 0..20 {
        ask_by_name(&client, &format!("after-{number}")).await?;
        ensure!(client.pid().await? == server.pid(), "another's reply");
    }
    client.quit().await?;
    let strays = within("end", strays).await??;
    ensure!(strays.is_empty(), "{strays:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_stopped_within_a_reply_answers_each_its_own() -> Result<()> {
    let test = "a_daemon_stopped_within_a_reply_answers_each_its_own";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let times = amount(1, 10);
    for _ in 0..times {
        for pipeline in [1, 8] {
            for gives_up in [false, true] {
                let how = format!("pipeline {pipeline}, gives up: {gives_up}");
                stopped_within_a_reply(&lab, pipeline, gives_up).await.context(how)?;
            }
        }
    }
    if is_long() {
        println!("stopped within a reply {} times", 4 * times);
    }
    Ok(())
}
