//! A relay that delays, splits and cuts between a link and its daemon, while callers count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use lab::{Lab, ServerOptions, until, within};
use openvpn_mgmt::command::{SetMute, Verb};
use openvpn_mgmt::{Error, Event, Item, Link, LinkClient, Request, Session};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::relay::{Course, Relay};
use crate::support::{FIRST, amount, ask_by_name, is_gone, is_long, patient, runs, soon};

/// What the callers share.
#[derive(Clone)]
struct Callers {
    link: LinkClient,
    next: Arc<AtomicU32>,
    is_over: Arc<AtomicBool>,
    pid: u32,
}

/// What became of the commands of a caller: the numbers of those that were answered, and of those that were cut off.
#[derive(Debug, Default)]
struct Outcomes {
    answered: Vec<u32>,
    cut_off: Vec<u32>,
    asked: u64,
}

/// What was seen of all seeds.
#[derive(Debug, Default)]
struct Totals {
    connections: u64,
    sessions: u64,
    bytes: u64,
    /// Commands, each of them run once.
    answered: u64,
    /// Commands without a reply, of which some were run.
    cut_off: u64,
    cut_off_and_run: u64,
    /// Questions that were answered.
    asked: u64,
}

impl Callers {
    /// Sends commands, each with a number of its own, and looks whose the replies are.
    async fn call(self) -> Result<Outcomes> {
        let mut outcomes = Outcomes::default();
        while !self.is_over.load(Ordering::Relaxed) {
            let number = FIRST + self.next.fetch_add(1, Ordering::Relaxed);
            match self.link.send(&SetMute(number)).await {
                Ok(()) => outcomes.answered.push(number),
                Err(Error::Closed(reason)) if is_gone(&reason) => outcomes.cut_off.push(number),
                Err(error) => bail!("mute {number}: {error:?}"),
            }
            match self.ask(number).await {
                Ok(()) => outcomes.asked += 1,
                Err(Error::Closed(reason)) if is_gone(&reason) => {}
                Err(error) => bail!("beside {number}: {error:?}"),
            }
        }
        Ok(outcomes)
    }

    /// Questions whose answers are known, of one session.
    async fn ask(&self, number: u32) -> openvpn_mgmt::Result<()> {
        let client = self.link.client().await?;
        match number % 4 {
            0 => ask_by_name(&client, &format!("caller-{number}")).await?,
            1 => assert_eq!(client.pid().await?, self.pid, "another's reply"),
            2 => assert_eq!(client.test(1 + number % 7).await?.len(), 1 + number as usize % 7),
            _ => assert!(client.status().await?.as_server().is_some(), "another's reply"),
        }
        Ok(())
    }
}

/// What a seed makes of the connections, of which the last are not cut.
fn courses(seed: u64, cuts: u64) -> impl FnMut(u64) -> Course + Send + 'static {
    let mut random = StdRng::seed_from_u64(seed);
    move |number| {
        let mut course = Course { seed: random.random(), ..Course::default() };
        // Every third is split at each byte, and the others into pieces or not.
        course.piece = [1, 7, 0][usize::try_from(number % 3).unwrap()];
        if number <= cuts {
            // Within the greeting, within the questions of a new session, and behind them.
            let most = [200, 4000, 20_000][random.random_range(0..3)];
            if random.random_bool(0.5) {
                course.cut_down = Some(random.random_range(1..most));
            } else {
                course.cut_up = Some(random.random_range(1..most / 8));
            }
        }
        course
    }
}

/// Serves the sessions until all is over; how many there were, each but the first with the end of the one before.
async fn serve(mut link: Link, over: Arc<Notify>) -> Result<u64> {
    let mut sessions = 0;
    loop {
        let mut attached = within("session", link.next()).await??;
        sessions += 1;
        ensure!(attached.number == sessions, "{} is the {sessions}th", attached.number);
        ensure!(attached.last_end.is_some() == (sessions > 1), "{:?}", attached.last_end);
        ensure!(attached.last_end.as_ref().is_none_or(is_gone), "{:?}", attached.last_end);
        // The daemon has been there all the time. (What was seen in its first second proves nothing.)
        ensure!(attached.missed.restarted != Some(true), "{:?}", attached.missed);
        tokio::select! {
            served = serve_one(&mut attached.session) => served?,
            () = over.notified() => return Ok(sessions),
        }
    }
}

async fn serve_one(session: &mut Session) -> Result<()> {
    while let Some(item) = session.next().await {
        match item? {
            // It comes again where this is lost.
            Item::Request(Request::Hold(hold)) => drop(hold.release().await),
            Item::Event(Event::Unknown(unknown)) => bail!("{unknown:?}"),
            _ => {}
        }
    }
    Ok(())
}

async fn cut_again_and_again(seed: u64, cuts: u64, totals: &mut Totals) -> Result<()> {
    let test = "a_connection_cut_anywhere_loses_and_doubles_nothing";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let relay = Relay::new(server.socket(), courses(seed, cuts))?;
    let link = soon(patient().pipeline(1 + 7 * usize::from(seed % 2 == 1)).reconnect(relay.path()));
    let callers = Callers {
        link: link.client(),
        next: Arc::default(),
        is_over: Arc::default(),
        pid: server.pid(),
    };
    let over = Arc::new(Notify::new());
    let serving = tokio::spawn(serve(link, Arc::clone(&over)));
    let mut calls = JoinSet::new();
    for _ in 0..4 {
        calls.spawn(callers.clone().call());
    }
    let all_cut = || {
        ensure!(!serving.is_finished(), "the link has ended");
        Ok(relay.figures().cuts >= cuts)
    };
    until("cuts", all_cut).await.with_context(|| format!("{:?}", relay.figures()))?;
    // Behind the last cut all goes on.
    callers.link.send(&Verb).await?;
    callers.is_over.store(true, Ordering::Relaxed);
    let outcomes = within("callers", calls.join_all()).await?;
    over.notify_one();
    let outcomes = outcomes.into_iter().collect::<Result<Vec<_>>>()?;
    let sessions = within("end", serving).await???;

    let runs = runs(&server.log());
    let run = |number: &u32| runs.get(number).copied().unwrap_or_default();
    ensure!(sessions > 1 && sessions <= cuts + 1, "{sessions} sessions of {cuts} cuts");
    totals.connections += relay.figures().connections;
    totals.bytes += relay.figures().bytes;
    totals.sessions += sessions;
    let answered = totals.answered;
    for outcome in &outcomes {
        for number in &outcome.answered {
            ensure!(run(number) == 1, "{number} was answered, and run {} times", run(number));
            totals.answered += 1;
        }
        for number in &outcome.cut_off {
            ensure!(run(number) <= 1, "{number} was cut off, and run {} times", run(number));
            totals.cut_off_and_run += u64::from(run(number));
            totals.cut_off += 1;
        }
        totals.asked += outcome.asked;
    }
    ensure!(totals.answered > answered, "nobody was answered: {outcomes:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_anywhere_loses_and_doubles_nothing() -> Result<()> {
    let (seeds, cuts) = (amount(2, 20) as u64, amount(10, 50) as u64);
    let mut totals = Totals::default();
    for seed in 0..seeds {
        let done = cut_again_and_again(seed, cuts, &mut totals).await;
        done.with_context(|| format!("seed {seed}"))?;
    }
    if is_long() {
        println!("cut {cuts} times by each of {seeds} seeds: {totals:?}");
    }
    Ok(())
}
