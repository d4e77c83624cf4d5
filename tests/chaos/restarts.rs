//! A server that restarts again and again under load: by SIGUSR1, by SIGHUP, and killed and started.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use lab::{ClientOptions, Lab, Process, ServerOptions, until, within};
use nix::sys::signal::Signal;
use openvpn_mgmt::Text;
use openvpn_mgmt::command::{AnyCommand, Channel, Notifications, SetMute};
use openvpn_mgmt::peers::LivePeers;
use openvpn_mgmt::reply::{Admission, StatusClient};

use openvpn_mgmt::{
    ClientRequest, Error, Event, Item, Link, LinkClient, Request, Session, StateName,
};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::support::{FIRST, amount, ask_by_name, is_gone, is_long, patient, runs, soon};

/// What a log says when a daemon is up, or a client in.
const UP: &str = "Initialization Sequence Completed";

/// Tries for ever and soon, and notices soon that a server is gone.
const PERSISTENT: &str = "auth-retry nointeract\nconnect-retry 1 1\nhand-window 6\n\
                          pull-filter ignore ping\nping 1\nping-restart 4";

/// How often what was noticed.
type Counts = BTreeMap<&'static str, usize>;

/// What the program notices and does.
#[derive(Debug, Default)]
struct Noted {
    restarts: Mutex<Counts>,
    /// Of clients that asked to be let in, and what became of the decisions.
    decisions: Mutex<Counts>,
}

impl Noted {
    fn decisions(&self, what: &str) -> usize {
        self.decisions.lock().unwrap().get(what).copied().unwrap_or_default()
    }
}

fn note(counts: &Mutex<Counts>, what: &'static str) {
    *counts.lock().unwrap().entry(what).or_default() += 1;
}

/// A server, and who drives it.
struct Scene {
    lab: Lab,
    server: Process,
    peers: LivePeers,
    link: LinkClient,
    is_over: Arc<AtomicBool>,
    next: Arc<AtomicU32>,
}

impl Scene {
    /// A client that signs in by itself, from the same port each time.
    async fn client(&self, name: &str) -> Result<Process> {
        let options = ClientOptions::to(&self.server).common_name(name).without_hold();
        let options = options.without_auth_user_pass().line("explicit-exit-notify 1");
        self.lab.client(options.line(PERSISTENT)).await
    }

    fn ups(&self) -> usize {
        self.server.log().matches(UP).count()
    }

    /// Restarts it one way or another, and waits until it serves and commands are answered.
    async fn restart(&mut self, how: &'static str) -> Result<()> {
        let (ups, calls) = (self.ups(), self.next.load(Ordering::Relaxed));
        match how {
            "SIGUSR1" => self.server.signal(Signal::SIGUSR1)?,
            "SIGHUP" => self.server.signal(Signal::SIGHUP)?,
            _ => {
                self.server.kill();
                self.lab.start_again(&mut self.server).await?;
            }
        }
        until("server", || Ok(self.ups() > ups)).await?;
        until("commands", || Ok(self.next.load(Ordering::Relaxed) > calls + 8)).await
    }
}

/// Lets in whose certificate has an allowed name, after some milliseconds.
async fn decide(client: ClientRequest, late: Duration) -> openvpn_mgmt::Result<()> {
    tokio::time::sleep(late).await;
    match client.env().common_name() {
        Ok(Some(name)) if name.as_bytes().starts_with(b"allowed") => client.allow().await,
        _ => client.deny("not on the list", None).await,
    }
}

/// Serves session after session, until all is over.
async fn serve(
    mut link: Link,
    peers: LivePeers,
    noted: Arc<Noted>,
    over: Arc<Notify>,
    seed: u64,
) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    loop {
        let mut attached = tokio::select! {
            attached = link.next() => attached?,
            () = over.notified() => return Ok(()),
        };
        peers.attach("server", &attached);
        if attached.number > 1 {
            ensure!(attached.last_end.as_ref().is_some_and(is_gone), "{:?}", attached.last_end);
            ensure!(attached.missed.restarted == Some(true), "{:?}", attached.missed);
            note(&noted.restarts, "kill");
        }
        tokio::select! {
            served = serve_one(&mut attached.session, &noted, &mut random) => served?,
            () = over.notified() => return Ok(()),
        }
    }
}

async fn serve_one(session: &mut Session, noted: &Arc<Noted>, random: &mut StdRng) -> Result<()> {
    while let Some(item) = session.next().await {
        match item? {
            Item::Request(Request::Hold(hold)) => drop(hold.release().await),
            Item::Request(Request::ClientConnect(client)) => {
                let late = Duration::from_millis(random.random_range(0..30));
                note(&noted.decisions, "asked");
                let noted = Arc::clone(noted);
                tokio::spawn(async move {
                    // One that comes too late decides about nobody.
                    let what = match decide(client, late).await {
                        Ok(()) => "decided",
                        Err(Error::Stale { .. }) => "stale",
                        Err(Error::Closed(_)) => "cut off",
                        Err(Error::Refused { .. }) => "refused",
                        Err(error) => {
                            println!("a decision: {error:?}");
                            "wrong"
                        }
                    };
                    note(&noted.decisions, what);
                });
            }
            Item::Event(Event::State(state)) if state.name == StateName::Reconnecting => {
                let detail = state.detail().map(|detail| detail.to_string());
                let how = match detail.as_deref() {
                    Some("SIGUSR1") => "SIGUSR1",
                    Some("SIGHUP") => "SIGHUP",
                    _ => bail!("{state}"),
                };
                note(&noted.restarts, how);
            }
            Item::Event(event @ (Event::Malformed(_) | Event::Unknown(_))) => bail!("{event:?}"),
            _ => {}
        }
    }
    Ok(())
}

/// Sends commands until all is over; the numbers of those that were answered, and not.
async fn call(
    link: LinkClient,
    next: Arc<AtomicU32>,
    is_over: Arc<AtomicBool>,
) -> Result<Vec<(u32, bool)>> {
    let mut outcomes = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let number = FIRST + next.fetch_add(1, Ordering::Relaxed);
        match link.send(&SetMute(number)).await {
            Ok(()) => outcomes.push((number, true)),
            Err(Error::Closed(reason)) if is_gone(&reason) => outcomes.push((number, false)),
            Err(error) => bail!("{number}: {error:?}"),
        }
        let client = link.client().await?;
        match ask_by_name(&client, &format!("caller-{number}")).await {
            Ok(()) => {}
            Err(Error::Closed(reason)) if is_gone(&reason) => {}
            Err(error) => bail!("beside {number}: {error:?}"),
        }
    }
    Ok(outcomes)
}

/// Who is in by the table, and by the server; and whether that is the one who is allowed, alone.
async fn is_right(scene: &Scene) -> Result<(bool, String)> {
    scene.peers.refresh("server").await?;
    let snapshot = scene.peers.snapshot();
    let records = snapshot.records().filter(|record| record.is_in());
    let records: Vec<_> = records.map(|record| record.common_name.clone()).collect();
    let status = scene.link.client().await?.status().await?;
    let rows = &status.as_server().context("not a server's status")?.clients;
    let rows = rows.iter().filter(|row| row.admission() == Admission::Admitted);
    let rows: Vec<_> = rows.map(StatusClient::common_name).collect();
    let is_right = |names: &[Option<Text>]| matches!(names, [Some(name)] if *name == "allowed");
    Ok((is_right(&records) && is_right(&rows), format!("{records:?}, {rows:?}")))
}

/// In the end who is allowed is in, and nobody else; and the table has whom the server has.
async fn the_end_is_right(scene: &Scene, allowed: &Process, other: &Process) -> Result<()> {
    let last = Mutex::new(String::new());
    let looking = async {
        loop {
            let (is_right, text) = is_right(scene).await?;
            if is_right {
                return anyhow::Ok(());
            }
            *last.lock().unwrap() = text;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    within("right table", looking).await.with_context(|| {
        format!("{}\n{}\n{}", last.lock().unwrap(), allowed.log(), scene.server.log())
    })??;
    ensure!(!other.log().contains(UP), "one is in that is not allowed:\n{}", other.log());
    Ok(())
}

/// Has a client come again, and waits until it has asked to be let in: what is decided may come too late then.
async fn is_asked(noted: &Noted, client: &mut Process) -> Result<()> {
    let before = noted.decisions("asked");
    client.signal(Signal::SIGUSR1)?;
    until("client that asks", || Ok(noted.decisions("asked") > before)).await
}

/// Has a client come again, and waits until it is in by its own word.
async fn is_in(scene: &Scene, client: &mut Process) -> Result<()> {
    let before = client.log().matches(UP).count();
    client.signal(Signal::SIGUSR1)?;
    let is_in = until("client that is in", || Ok(client.log().matches(UP).count() > before)).await;
    is_in.with_context(|| format!("{}\n{}", client.log(), scene.server.log()))
}

/// Which restarts, so many of them, of each kind at least one.
fn ways(seed: u64, restarts: usize) -> Vec<&'static str> {
    let mut random = StdRng::seed_from_u64(seed);
    let kinds = ["SIGUSR1", "SIGHUP", "kill"];
    let more = (3..restarts).map(|_| kinds[random.random_range(0..kinds.len())]);
    kinds.into_iter().chain(more).collect()
}

/// Restarts it these ways, at moments that matter to its clients, and looks that each restart is noticed, and none twice.
async fn follow(
    scene: &mut Scene,
    noted: &Noted,
    ways: &[&'static str],
    [allowed, other]: [&mut Process; 2],
) -> Result<Counts> {
    let mut expected = Counts::new();
    for (number, how) in ways.iter().enumerate() {
        match number % 3 {
            0 => is_asked(noted, other).await?,
            1 => is_in(scene, allowed).await?,
            _ => {}
        }
        scene.restart(how).await.with_context(|| format!("{how}:\n{}", scene.server.log()))?;
        *expected.entry(*how).or_default() += 1;
        let is_noticed = || Ok(*noted.restarts.lock().unwrap() == expected);
        let noticed = until("restart", is_noticed).await;
        noticed.with_context(|| format!("{how}: {noted:?}, not {expected:?}"))?;
    }
    Ok(expected)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_under_load_is_followed() -> Result<()> {
    let test = "a_server_that_restarts_under_load_is_followed";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new().auth_user_pass_optional()).await?;
    let states = AnyCommand::new(Notifications::on(Channel::State));
    let link = soon(patient().pipeline(4).reconnect(server.socket())).set_up([states]);
    let peers = LivePeers::builder().interval(Duration::from_secs(1)).build();
    let (noted, over) = (Arc::new(Noted::default()), Arc::new(Notify::new()));
    let mut scene = Scene {
        lab,
        server,
        peers: peers.clone(),
        link: link.client(),
        is_over: Arc::default(),
        next: Arc::default(),
    };
    let mut serving = tokio::spawn(serve(link, peers, Arc::clone(&noted), Arc::clone(&over), 7));
    let mut calls = JoinSet::new();
    for _ in 0..4 {
        let (next, is_over) = (Arc::clone(&scene.next), Arc::clone(&scene.is_over));
        calls.spawn(call(scene.link.clone(), next, is_over));
    }
    until("server", || Ok(scene.ups() > 0)).await?;
    let (mut allowed, mut other) = (scene.client("allowed").await?, scene.client("other").await?);
    let ways = ways(11, amount(6, 100));
    let following = follow(&mut scene, &noted, &ways, [&mut allowed, &mut other]);
    let expected = tokio::select! {
        expected = following => expected?,
        ended = &mut serving => bail!("the link has ended: {ended:?}"),
    };
    the_end_is_right(&scene, &allowed, &other).await?;
    scene.is_over.store(true, Ordering::Relaxed);
    let outcomes = within("callers", calls.join_all()).await?;
    let outcomes = outcomes.into_iter().collect::<Result<Vec<_>>>()?.concat();
    over.notify_one();
    within("end", serving).await???;
    let runs = runs(&scene.server.log());
    for (number, is_answered) in &outcomes {
        let times = runs.get(number).copied().unwrap_or_default();
        ensure!(times == 1 || times == 0 && !is_answered, "{number}, {is_answered}: {times} times");
    }
    let admitted = allowed.log().matches(UP).count();
    ensure!(admitted > 0 && noted.decisions("wrong") == 0, "{noted:?}");
    if is_long() {
        let cut_off = outcomes.iter().filter(|(_, is_answered)| !is_answered).count();
        println!(
            "{} restarts, {expected:?}: {} commands, {cut_off} cut off; clients: {:?}; who may was in {admitted} times, the \
             other never",
            ways.len(),
            outcomes.len(),
            noted.decisions.lock().unwrap()
        );
    }
    Ok(())
}
