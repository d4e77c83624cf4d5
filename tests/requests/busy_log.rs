//! Answers while the daemon tells all it does (`log on`).
//!
//! From verb 8 on a daemon in its event loop logs each write to its manager, so that the next write
//! is due at once, and it reads no command any more, of whichever program (2.5.1, 2.6.14, 2.7.8). So verb
//! 11 is for what it asks before that loop, and verb 7 for the clients of a server.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use openvpn_mgmt::{Event, Events, Request, Signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::daemon::{Daemon, request, serving};
use crate::patient;
use lab::ClientOptions;

/// How long each answer took, from its call to the daemon's SUCCESS.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    async fn of(&mut self, answer: impl Future<Output = openvpn_mgmt::Result<()>>) -> Result<()> {
        let began = Instant::now();
        answer.await?;
        self.0.push(began.elapsed());
        Ok(())
    }

    fn print(&mut self, what: &str, lines: u64) {
        self.0.sort_unstable();
        let at = |percent: usize| self.0[(self.0.len() - 1) * percent / 100];
        let (half, most, count) = (at(50), at(99), self.0.len());
        println!("{what}: {count} answers, p50 {half:?}, p99 {most:?}, beside {lines} log lines");
    }
}

/// The log lines that came so far, also those that were lost to this subscriber.
fn log_lines(events: &mut Events) -> u64 {
    let mut lines = 0;
    while let Some(event) = events.try_next() {
        lines += match event {
            Ok(Event::Log(_)) => 1,
            Ok(_) => 0,
            Err(lagged) => lagged.0,
        };
    }
    lines
}

const STARTS: usize = 100;

#[tokio::test]
async fn prompts_are_answered_at_verb_11() -> Result<()> {
    let lab = serving!("prompts_are_answered_at_verb_11");
    let (mut times, mut lines) = (Times::default(), 0);
    for _ in 0..STARTS {
        let options = ClientOptions::new().verb(11).query_remote().line("log /dev/null");
        let mut client = Daemon::client(&lab, options).await?;
        client.client.log_on().await?;
        times.of(request!(client, Hold).release()).await?;
        times.of(request!(client, Credentials).answer("alice", "s3cret")).await?;
        times.of(request!(client, Remote).accept()).await?;
        lines += log_lines(&mut client.events);
    }
    times.print("prompts at verb 11", lines);
    ensure!(lines > 1_000, "only {lines} log lines");
    Ok(())
}

const CONNECTS: usize = 400;
const CLIENTS: [&str; 2] = ["alice", "bob"];

/// Logs in, and starts over when it is told that it was decided about.
async fn comes_again(
    mut client: Daemon,
    name: &'static str,
    mut decided: mpsc::Receiver<()>,
) -> Result<()> {
    loop {
        match client.request().await? {
            Request::Hold(hold) => {
                // So that it asks each time.
                client.client.forget_passwords().await?;
                hold.release().await?;
            }
            Request::Credentials(ask) => {
                ask.answer(name, "s3cret").await?;
                if decided.recv().await.is_none() {
                    return Ok(());
                }
                // Refused where it is in its next hold already.
                client.client.signal(Signal::Sigusr1).await.ok();
            }
            other => bail!("asked {other:?}"),
        }
    }
}

#[tokio::test]
async fn clients_are_decided_about_while_the_server_logs_every_packet() -> Result<()> {
    let lab = serving!("clients_are_decided_about_while_the_server_logs_every_packet");
    let options = patient::server().verb(7).line("log /dev/null\nduplicate-cn");
    let mut server = Daemon::server(&lab, options).await?;
    server.client.log_on().await?;
    let (mut clients, mut ends) = (HashMap::new(), JoinSet::new());
    for name in CLIENTS {
        let options = patient::client(&server.process);
        let client = Daemon::client(&lab, options).await?;
        let (decided, told) = mpsc::channel(1);
        ends.spawn(comes_again(client, name, told));
        clients.insert(name.to_owned(), decided);
    }
    let mut times = Times::default();
    for _ in 0..CONNECTS {
        // A renewal, where it happens to come from the port of one that was there before.
        let (Request::ClientConnect(peer) | Request::ClientReauth(peer)) = server.request().await?
        else {
            bail!("asked something else");
        };
        let name = peer.env().get("username").context("no user name")?.to_string();
        times.of(peer.allow()).await?;
        clients[&name].send(()).await?;
    }
    let lines = log_lines(&mut server.events);
    times.print("decisions at verb 7", lines);
    ensure!(lines > 10 * CONNECTS as u64, "only {lines} log lines");
    drop(clients);
    while let Some(end) = ends.join_next().await {
        end??;
    }
    Ok(())
}
