//! The programs of a world: how they come to sessions, and what they do with them.

mod look;
mod whole;

pub(crate) use look::environment;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use openvpn_mgmt::events::SignAlgorithm;
use openvpn_mgmt::handler::{
    AskError, Attempt, AuthServer, BoxError, CredentialsAnswer, CredentialsPrompt,
    CredentialsProvider, Decision, Delivery, Failure, Outcome, Responder, Signer, Verdict,
};
use openvpn_mgmt::{
    Backoff, Builder, DroppedRequest, Event, Fleet, IntoPeerConfig as _, Link, MemberItem,
    Requests, Session,
};
use tokio::task::JoinHandle;

use crate::answer::{Way, config, encoded, heard, name_in, take};
use crate::ledger::{Asked, Told, mark_text};
use crate::scenario::{Program as Kind, Setting};
use crate::world::World;

/// The password of those management interfaces that have one.
const SECRET: &str = "s3cret";

/// What a request may have been on its way to an `AuthServer`.
const SLACK: Duration = Duration::from_millis(500);

/// Starts the programs of a world.
pub(crate) fn start(world: &Arc<World>) -> Vec<JoinHandle<()>> {
    if world.scenario.fleet {
        return vec![tokio::spawn(run_fleet(Arc::clone(world)))];
    }
    let plans = world.scenario.daemons.iter().enumerate();
    let programs = plans.map(|(daemon, plan)| {
        let world = Arc::clone(world);
        match plan.program {
            Kind::Session | Kind::Whole => tokio::spawn(run_sessions(world, daemon)),
            Kind::Link | Kind::Auth | Kind::Responder => tokio::spawn(run_link(world, daemon)),
        }
    });
    programs.collect()
}

fn builder(world: &World, daemon: usize) -> Builder {
    let Some(plan) = world.scenario.daemons.get(daemon) else { return Builder::new() };
    let milliseconds = |number: u32| match number {
        u32::MAX => Duration::MAX,
        number => Duration::from_millis(u64::from(number)),
    };
    let whole = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let mut builder = Builder::new();
    if plan.memory > 0 {
        builder = builder.event_memory(whole(plan.memory));
    }
    if plan.reply > 0 {
        builder = builder.reply_limit(whole(plan.reply));
    }
    let builder = match plan.has(Setting::Waiting) {
        Some(clients) => builder.request_limit(whole(clients)),
        None => builder,
    };
    let builder = match plan.has(Setting::Each) {
        Some(clients) => builder.request_limit_per_address(whole(clients)),
        None => builder,
    };
    let builder = match plan.has(Setting::Denies) {
        Some(_) => builder.dropped_request(DroppedRequest::Deny),
        None => builder,
    };
    let builder = if plan.set_up.contains("password ") {
        let is_wrong = plan.has(Setting::Wrong).is_some();
        builder.password(if is_wrong { "another" } else { SECRET })
    } else {
        builder
    };
    builder
        .pipeline(whole(plan.pipeline))
        .command_timeout(milliseconds(plan.timeout))
        .reply_timeout(milliseconds(plan.patience))
        .event_capacity(whole(plan.events))
}

fn link(world: &World, daemon: usize) -> Link {
    let host = world.hosts.get(daemon).cloned();
    let connect = move || {
        let connected = host.as_ref().map(crate::host::Host::connect);
        let refused = || Err(std::io::ErrorKind::ConnectionRefused.into());
        std::future::ready(connected.unwrap_or_else(refused))
    };
    let backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    builder(world, daemon).reconnect_with(connect).backoff(backoff)
}

async fn run_sessions(world: Arc<World>, daemon: usize) {
    let (Some(program), Some(host)) = (world.program(daemon), world.hosts.get(daemon)) else {
        return;
    };
    loop {
        if let Ok(stream) = host.connect() {
            let conversation = world.ledger.lock().newest(daemon);
            match builder(&world, daemon).attach(stream).await {
                Ok(session) => {
                    if world.is_server(daemon) {
                        world.peers.follow(World::name(daemon), session.client());
                    }
                    serve(&world, daemon, conversation, session).await;
                }
                Err(error) => world.note(|| format!("{daemon} has no session: {error}")),
            }
        }
        program.connect.notified().await;
    }
}

async fn run_link(world: Arc<World>, daemon: usize) {
    let mut link = link(&world, daemon);
    let plan = world.scenario.daemons.get(daemon);
    let patience = plan.and_then(|plan| plan.has(Setting::Impatient));
    if let Some(program) = world.program(daemon) {
        program.lock().link = Some(link.client());
    }
    let mut before = 0;
    loop {
        let attached = match patience {
            None => link.next().await,
            Some(patience) => loop {
                let patience = Duration::from_millis(u64::from(patience));
                if let Ok(next) = tokio::time::timeout(patience, link.next()).await {
                    break next;
                }
            },
        };
        let attached = match attached {
            Ok(attached) => attached,
            Err(error) => return ends(&world, daemon, &error),
        };
        let conversation = world.ledger.lock().newest(daemon);
        let process = {
            let mut ledger = world.ledger.lock();
            ledger.conversation((daemon, conversation)).map_or(0, |one| one.process)
        };
        if attached.missed.restarted == Some(false) && process != before {
            world
                .breaks("told", format!("daemon {daemon} is another, and was told to be the same"));
        }
        before = process;
        if world.is_server(daemon) {
            world.peers.attach(World::name(daemon), &attached);
        }
        serve(&world, daemon, conversation, attached.session).await;
    }
}

/// A link ends for good where its password is wrong alone.
fn ends(world: &World, daemon: usize, error: &openvpn_mgmt::Error) {
    world.note(|| format!("{daemon} ends: {error}"));
    let plan = world.scenario.daemons.get(daemon);
    if plan.is_none_or(|plan| plan.has(Setting::Wrong).is_none()) {
        world.breaks("end", format!("the link to daemon {daemon} ends by itself: {error}"));
    }
    if let Some(program) = world.program(daemon) {
        program.lock().has_ended = true;
    }
}

/// Serves a session to its end.
async fn serve(world: &Arc<World>, daemon: usize, conversation: usize, session: Session) {
    let Some(program) = world.program(daemon) else { return };
    world.note(|| format!("{daemon} attached {conversation}"));
    world.ledger.lock().attached((daemon, conversation));
    let kind = world.scenario.daemons.get(daemon).map_or(Kind::Session, |plan| plan.program);
    if kind == Kind::Whole {
        return whole::serve(world, daemon, conversation, session).await;
    }
    let (client, events, requests) = session.split();
    let reader = tokio::spawn(look::read(Arc::clone(world), daemon, events));
    {
        let mut state = program.lock();
        state.sessions += 1;
        state.client = Some(client.clone());
        state.takes_requests = true;
        program.lets_go.store(false, Ordering::Relaxed);
        if let Some(last) = state.reader.replace(reader) {
            last.abort();
        }
    }
    let left = tokio::select! {
        biased;
        () = program.abandon.notified() => {
            program.lock().forget_attempts();
            return;
        }
        () = program.leave.notified() => true,
        () = answer_all(world, daemon, conversation, kind, requests) => false,
    };
    if left {
        let mut state = program.lock();
        state.takes_requests = false;
        state.forget_attempts();
    }
    let reason = tokio::select! {
        biased;
        () = program.abandon.notified() => return,
        reason = client.closed() => reason,
    };
    world.note(|| format!("{daemon} closed {conversation}: {reason}"));
    let idle = {
        let mut state = program.lock();
        (state.client.take(), std::mem::take(&mut state.idle), std::mem::take(&mut state.pending))
    };
    drop(idle);
}

async fn answer_all(
    world: &Arc<World>,
    daemon: usize,
    conversation: usize,
    kind: Kind,
    mut requests: Requests,
) {
    match kind {
        Kind::Session | Kind::Link | Kind::Whole => {
            while let Some(request) = requests.next().await {
                take(world, daemon, Some(conversation), request);
            }
        }
        Kind::Auth => sign_in(world, daemon, requests).await,
        Kind::Responder => {
            let by = Arc::new(By { world: Arc::clone(world), daemon, conversation });
            let others = {
                let by = Arc::clone(&by);
                move |request| take(&by.world, daemon, Some(conversation), request)
            };
            let failed = {
                let by = Arc::clone(&by);
                move |failure: Failure| {
                    // Given once more; then the daemon waits on.
                    if let Some(request) = failure.request {
                        take(&by.world, daemon, Some(conversation), request);
                    }
                }
            };
            let responder = Responder::new().credentials(Arc::clone(&by)).signer(by);
            let responder = responder.others(others).failed(failed);
            drop(responder.release_holds(true).run(requests).await);
        }
    }
}

async fn sign_in(world: &Arc<World>, daemon: usize, requests: Requests) {
    let (deciding, telling) = (Arc::clone(world), Arc::clone(world));
    let authenticator = move |attempt: Attempt| {
        let world = Arc::clone(&deciding);
        async move {
            let ended = look::Ended::new(&world, daemon, attempt.deadline());
            let decision = decide(Arc::clone(&world), daemon, attempt).await;
            ended.ends();
            decision
        }
    };
    let server = AuthServer::new(authenticator).deadline(deadline(world, daemon));
    let server =
        server.release_holds(true).outcomes(move |outcome| came(&telling, daemon, &outcome));
    drop(server.run(requests).await);
}

/// How long an attempt may take.
fn deadline(world: &World, daemon: usize) -> Duration {
    let plan = world.scenario.daemons.get(daemon);
    let set = plan.and_then(|plan| plan.has(Setting::Deadline));
    Duration::from_millis(u64::from(set.unwrap_or(15_000)))
}

async fn decide(world: Arc<World>, daemon: usize, attempt: Attempt) -> Result<Decision, BoxError> {
    let name = name_in(attempt.env());
    let (cid, kid) = (attempt.cid().0, u64::from(attempt.kid().0));
    let asked = Asked::Client { cid, kid, name: name.clone() };
    look::environment(&world, daemon, &asked, attempt.env());
    let (mark, policy) = {
        let mut ledger = world.ledger.lock();
        ledger.gave(daemon, &name, cid, kid, false);
        let Some(program) = world.program(daemon) else { return Ok(Decision::deny("gone")) };
        let mark = ledger.mark(daemon, None, asked.clone());
        let mut state = program.lock();
        let attempted = state.attempts.entry((format!("{:?}", attempt.peer()), kid)).or_default();
        (attempted.name, attempted.mark) = (name, Some(mark));
        attempted.began = Some(ledger.began(mark));
        (mark, state.policy)
    };
    let way = policy.way(mark);
    match way {
        Way::Late | Way::Hold => {
            tokio::time::sleep(Duration::from_millis(u64::from(policy.after))).await;
        }
        Way::Ask => match attempt.ask("code", true, Duration::from_secs(5)).await {
            Ok(response) => heard(&world, daemon, &asked, Some(response)),
            Err(error) => {
                let has_responded = world.ledger.lock().has_responded(daemon, cid, kid);
                if matches!(error, AskError::NoResponse) && has_responded && attempt.is_open() {
                    world.breaks("lost", format!("nobody was told of the response of {asked:?}"));
                }
                return Err(error.into());
            }
        },
        Way::Drop => return Err("no".into()),
        _ => {}
    }
    if way == Way::Deny || way == Way::Challenge {
        return Ok(Decision::deny(mark_text(mark)));
    }
    if let Some(mark) = world.ledger.lock().marks.get_mut(mark) {
        mark.admits = true;
    }
    Ok(Decision::AllowWith([config(mark)].into_peer_config()?))
}

/// The outcome of an attempt was told.
fn came(world: &World, daemon: usize, outcome: &Outcome) {
    world.note(|| {
        format!(
            "{daemon} outcome {} {:?} {:?}",
            outcome.peer.cid(),
            outcome.verdict,
            outcome.delivery
        )
    });
    let Some(program) = world.program(daemon) else { return };
    let attempted = {
        let mut state = program.lock();
        let kid = u64::from(outcome.kid.0);
        let attempted = state.attempts.entry((format!("{:?}", outcome.peer), kid)).or_default();
        attempted.told += 1;
        attempted.clone()
    };
    if attempted.told > 1 {
        world.breaks("outcome", format!("daemon {daemon}: told twice of {attempted:?}"));
    }
    // The time of a renewal begins when its turn comes.
    let had = attempted.began.map(|began| began.elapsed());
    if matches!(outcome.verdict, Verdict::Late)
        && had.is_some_and(|had| had + SLACK < deadline(world, daemon))
    {
        world.breaks("outcome", format!("daemon {daemon}: late after {had:?}: {attempted:?}"));
    }
    let told = match &outcome.delivery {
        Delivery::Sent => Told::Taken,
        Delivery::Stale => Told::Unsent("stale".to_owned()),
        Delivery::Refused(text) => Told::Refused(text.to_string()),
        Delivery::NotSent(error) => Told::Unsent(error.to_string()),
        Delivery::Closed(reason) => Told::Unsent(reason.to_string()),
        other => Told::Unknown(format!("{other:?}")),
    };
    let mut ledger = world.ledger.lock();
    let Some(mark) = attempted.mark.and_then(|mark| ledger.marks.get_mut(mark)) else { return };
    let carries_mark = match &outcome.verdict {
        Verdict::AllowWith => mark.admits,
        Verdict::Deny { reason, .. } => reason.contains("mk"),
        _ => false,
    };
    if carries_mark {
        mark.told = Some(told);
    } else if mark.admits && mark.written > 0 {
        let text =
            format!("daemon {daemon}: told {:?}, but let in: {attempted:?}", outcome.verdict);
        ledger.breaks("outcome", text);
    }
}

/// Who answers a responder.
struct By {
    world: Arc<World>,
    daemon: usize,
    conversation: usize,
}

impl By {
    fn mark(&self, slot: crate::heads::Slot) -> usize {
        let mut ledger = self.world.ledger.lock();
        ledger.prompt_given(self.daemon, slot);
        ledger.mark(self.daemon, Some(self.conversation), Asked::Slot(slot))
    }

    async fn wait(&self) {
        let policy = self.world.program(self.daemon).map(|program| program.lock().policy);
        if let Some(policy) = policy.filter(|policy| matches!(policy.way(2), Way::Late | Way::Hold))
        {
            tokio::time::sleep(Duration::from_millis(u64::from(policy.after))).await;
        }
    }
}

impl CredentialsProvider for By {
    async fn credentials(
        &self,
        prompt: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        let mark = self.mark(crate::heads::Slot::Credentials);
        self.wait().await;
        let is_static = prompt.challenge.is_some_and(|challenge| challenge.username().is_none());
        let (username, response) = ("user".into(), mark_text(mark).into());
        let password = if is_static { encoded(mark, 0).into() } else { mark_text(mark).into() };
        Ok(Some(CredentialsAnswer { username, password, response }))
    }
}

impl Signer for By {
    async fn sign(
        &self,
        _: &[u8],
        _: bool,
        _: Option<&SignAlgorithm>,
    ) -> Result<Vec<u8>, BoxError> {
        let mark = self.mark(crate::heads::Slot::Sign);
        self.wait().await;
        Ok(encoded(mark, 120))
    }
}

async fn run_fleet(world: Arc<World>) {
    let mut fleet = Fleet::new();
    for daemon in 0..world.scenario.daemons.len() {
        if let Err(error) = fleet.add(World::name(daemon), link(&world, daemon)) {
            world.breaks("fleet", error.to_string());
        }
    }
    world.set_fleet(fleet.client());
    while let Some(item) = fleet.next().await {
        world.peers.note(&item);
        let daemon = item.member.name().trim_start_matches('d').parse().unwrap_or(usize::MAX);
        let Some(program) = world.program(daemon) else {
            world.breaks("fleet", format!("an item of {}", item.member));
            continue;
        };
        let text = match &item.what {
            MemberItem::Event(Event::Log(log)) => log.text.to_string(),
            _ => String::new(),
        };
        let late = world.ledger.lock().murmurs.gives(daemon, &text);
        if let Some(others) = late {
            world.breaks("fleet", format!("{others} items of others before {text} of {daemon}"));
        }
        match item.what {
            MemberItem::Attached(attached) => {
                let mut state = program.lock();
                state.sessions += 1;
                state.client = Some(attached.client.clone());
                state.takes_requests = true;
            }
            MemberItem::Event(event) => look::event(&world, daemon, &event),
            MemberItem::Request(request) => take(&world, daemon, None, request),
            MemberItem::Detached(reason) => {
                world.note(|| format!("{daemon} detached: {reason}"));
                let mut state = program.lock();
                let gone = (state.client.take(), std::mem::take(&mut state.idle));
                drop(state);
                drop(gone);
            }
            other => world.note(|| format!("{daemon} {other:?}")),
        }
        let mut reads = program.reads.subscribe();
        if reads.wait_for(|reads| *reads).await.is_err() {
            return;
        }
    }
}
