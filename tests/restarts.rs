//! One program that signs in for a UDP and a TCP server, which restart in turn while clients keep coming.
//!
//! Four restarts; as many as `RESTARTS` says otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{ClientOptions, DEADLINE, Lab, Process, ServerOptions};
use nix::sys::signal::Signal;
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision, Delivery, Outcome};
use openvpn_mgmt::{Builder, Sources};
use rand::Rng as _;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

/// Of each kind and server.
const CLIENTS: usize = 2;

/// What a client's log says when it is in.
const IN: &str = "Initialization Sequence Completed";

/// Retries for ever, and soon; notices soon that a server is gone.
const PERSISTENT: &str = "auth-retry nointeract\nconnect-retry 1 1\nconnect-timeout 3\nhand-window 6\n\
                          pull-filter ignore ping\nping 1\nping-restart 4";

struct Clients {
    allowed: Vec<Process>,
    others: Vec<Process>,
}

impl Clients {
    async fn of(lab: &Lab, server: &Process, is_tcp: bool) -> Result<Self> {
        let start = async |name: &str| -> Result<Vec<Process>> {
            let mut clients = Vec::new();
            for number in 0..CLIENTS {
                let to =
                    if is_tcp { ClientOptions::to_tcp(server) } else { ClientOptions::to(server) };
                let options = to.common_name(&format!("{name}-{number}")).without_auth_user_pass();
                clients.push(lab.client(options.without_hold().line(PERSISTENT)).await?);
            }
            Ok(clients)
        };
        Ok(Self { allowed: start("allowed").await?, others: start("other").await? })
    }
}

#[tokio::test]
async fn nobody_gets_in_who_is_not_allowed_whatever_restarts() -> Result<()> {
    let name = "nobody_gets_in_who_is_not_allowed_whatever_restarts";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let restarts: u32 = std::env::var("RESTARTS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let mut servers = [
        lab.server(ServerOptions::new().auth_user_pass_optional()).await?,
        lab.server(ServerOptions::new().auth_user_pass_optional().tcp()).await?,
    ];
    let mut sources = Sources::new();
    for (name, server) in ["udp", "tcp"].into_iter().zip(&servers) {
        sources.add(name, Builder::new().command_timeout(DEADLINE).reconnect(server.socket()));
    }
    let attempts = Arc::new([watch::Sender::new(0_u32), watch::Sender::new(0)]);
    let outcomes = Arc::new(Mutex::new(Vec::<Outcome>::new()));
    let (counted, told) = (Arc::clone(&attempts), Arc::clone(&outcomes));
    let decided = Arc::new(AtomicU32::new(0));
    let server = AuthServer::new(move |attempt: Attempt| {
        let (counted, decided) = (Arc::clone(&counted), Arc::clone(&decided));
        async move { decide(&attempt, &counted, &decided).await }
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let server = server.outcomes(move |outcome| told.lock().unwrap().push(outcome));
    let serving = tokio::spawn(server.serve(sources, shutdown, Duration::from_secs(10)));
    let clients =
        [Clients::of(&lab, &servers[0], false).await?, Clients::of(&lab, &servers[1], true).await?];

    for restart in 0..restarts as usize {
        let place = restart % 2;
        let mut seen = attempts[place].subscribe();
        seen.mark_unchanged();
        // Another attempt, and then a moment within which it is decided, or not yet.
        timeout(DEADLINE, seen.changed())
            .await
            .with_context(|| format!("nobody came, restart {restart}"))??;
        let moment = Duration::from_micros(rand::rng().random_range(0..30_000));
        tokio::time::sleep(moment).await;
        servers[place].signal(Signal::SIGUSR1)?;
    }
    for of_one in &clients {
        for client in &of_one.others {
            ensure!(!client.log().contains(IN), "one is in that is not allowed:\n{}", client.log());
        }
    }
    // In the end both serve as ever.
    for of_one in &clients {
        for client in &of_one.allowed {
            let is_in = async {
                while !client.log().contains(IN) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            timeout(DEADLINE, is_in)
                .await
                .with_context(|| format!("never in:\n{}", client.log()))?;
        }
    }
    drop(clients);
    stop.send(()).ok();
    timeout(DEADLINE, serving).await??;
    let asked: u32 = attempts.iter().map(|attempts| *attempts.borrow()).sum();
    let outcomes = outcomes.lock().unwrap();
    let count =
        |is_one: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is_one(outcome)).count();
    let admitted = count(Outcome::is_admitted);
    let sent = count(|outcome| matches!(outcome.delivery, Delivery::Sent));
    let gone = count(|outcome| matches!(outcome.delivery, Delivery::Stale | Delivery::Closed(_)));
    println!(
        "{restarts} restarts: {asked} attempts, {} outcomes, {sent} sent ({admitted} admitted), {gone} stale",
        outcomes.len()
    );
    ensure!(outcomes.len() >= asked as usize, "attempts without an outcome");
    ensure!(admitted > 0);
    for outcome in outcomes.iter().filter(|outcome| outcome.is_admitted()) {
        let name = outcome.common_name.as_ref().context("no name")?.to_string();
        ensure!(name.starts_with("allowed"), "{name} was let in");
    }
    Ok(())
}

/// Lets in who is allowed, by the name of the certificate, after some milliseconds.
async fn decide(
    attempt: &Attempt,
    counted: &[watch::Sender<u32>; 2],
    decided: &AtomicU32,
) -> Result<Decision, BoxError> {
    let place = usize::from(attempt.origin().is_some_and(|origin| origin.name() == "tcp"));
    counted[place].send_modify(|attempts| *attempts += 1);
    let takes = decided.fetch_add(1, Ordering::Relaxed) % 4 * 8;
    tokio::time::sleep(Duration::from_millis(takes.into())).await;
    let is_allowed =
        attempt.common_name()?.is_some_and(|name| name.as_bytes().starts_with(b"allowed"));
    Ok(if is_allowed { Decision::Allow } else { Decision::deny("not allowed") })
}
