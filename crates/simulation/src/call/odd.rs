//! Calls of odd worlds: those that daemons answer in another form than their caller says, and those at the limits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use openvpn_mgmt::{
    Cid, Client, EnvFilter, Error, Event, Events, Kid, KillTarget, ReplyShape, Result, Signal,
    Transport,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::ledger::RAW;
use crate::world::World;

/// The first kind of these.
pub(crate) const FIRST: u32 = 100;
/// More than the SDK takes in before the first has gone out.
const MANY: u32 = 150;
/// What a line of a reply costs at least beside its bytes, in memory.
const LINE: usize = 24;
/// What a daemon says before a reply, where somebody looks for it.
pub(crate) const BEFORE: &str = "in order";
/// The longest line that a daemon reads as one command.
pub(crate) const LONGEST: usize = 1023;

/// Whether the reply to this is not in the form that its caller says.
pub(crate) fn is_raw(kind: u32) -> bool {
    matches!(kind, 104 | 105)
}

/// A call takes no more than the time it has, however many commands it is of.
pub(crate) fn look_at_time(world: &World, daemon: usize, kind: u32, began: Instant) {
    let Some(plan) = world.scenario.daemons.get(daemon) else { return };
    // One of them waits between two calls, and others have another time.
    if ![24, 106, 116].contains(&kind) && plan.timeout < u32::MAX {
        let most = Duration::from_millis(u64::from(plan.timeout) + 50);
        crate::run::odd::took(world, daemon, "a call", began, most);
    }
}

pub(super) async fn run(
    world: &World,
    daemon: usize,
    client: &Client,
    kind: u32,
    unique: u32,
) -> Result<String> {
    let done = |()| String::new();
    let raw = async |line: &str, shape| {
        client.raw_command(line, shape).await.map(|reply| format!("{reply:?}"))
    };
    Ok(match kind {
        100 => {
            let result = client.env_filter(EnvFilter::All).await;
            if matches!(result, Err(Error::Refused { .. })) {
                world.ledger.lock().filter_refused(daemon);
            }
            result.map(done)?
        }
        101 => client.env_filter(EnvFilter::Minimal).await.map(done)?,
        102 => raw("env-filter 2", ReplyShape::Line).await?,
        103 => raw("env-filter", ReplyShape::Line).await?,
        104 => raw("state on all", ReplyShape::Line).await?,
        105 => raw("log on all", ReplyShape::Line).await?,
        106 => client.with_timeout(Duration::MAX).verb().await?.to_string(),
        107 => in_order(world, daemon, client).await?,
        108 => many(client, unique).await,
        109 => {
            let name = format!("a\\b\"{unique}\\");
            match client.kill(&KillTarget::CommonName(name.clone())).await {
                Err(Error::Refused { text, command }) => {
                    let words = text.to_string();
                    let is_read = words.contains(&format!("'{name}'"));
                    if !is_read && !words.contains("not supported") {
                        world.breaks("form", format!("daemon {daemon} read {name:?}: {words}"));
                    }
                    return Err(Error::Refused { text, command });
                }
                result => format!("{:?}", result?),
            }
        }
        // One byte more than a daemon reads, or as many: each quote is two of them.
        110 => {
            let (reason, client_reason) = ("\"".repeat(256), "\"".repeat(236));
            let letters = if unique % 4 == 0 { "" } else { "x" };
            let client_reason = format!("{RAW}{client_reason}xxxxxxx{letters}");
            let (nobody, key) = (Cid(99_999), Kid(0));
            client.client_deny(nobody, key, reason, Some(&client_reason)).await.map(done)?
        }
        111 => {
            let asked = world.ledger.lock().someone(daemon, unique);
            let Some((client_id, key_id)) = asked else { return Ok("nobody".to_owned()) };
            raw(&format!("client-deny {client_id} {key_id} {RAW}"), ReplyShape::Line).await?
        }
        112 => {
            let count = 200 + unique % 13 * 20;
            let lines = client.test(count).await?;
            let size: usize = lines.iter().map(|line| line.as_bytes().len() + LINE).sum();
            let limit = world.scenario.daemons.get(daemon).map_or(0, |plan| plan.reply);
            if limit > 0 && size > usize::try_from(limit).unwrap_or(usize::MAX) {
                world.breaks("memory", format!("daemon {daemon}: a reply of {size}, of {limit}"));
            }
            lines.len().to_string()
        }
        113 => client.state_on().await.map(done)?,
        114 => signals(world, daemon, client, Signal::Sigusr1).await?,
        116 => {
            let began = Instant::now();
            let pid = client.with_timeout(Duration::MAX).pid().await;
            let patience = world.scenario.daemons.get(daemon).map_or(0, |plan| plan.patience);
            let most = Duration::from_millis(u64::from(4 * patience + 2000));
            crate::run::odd::took(world, daemon, "the end of a silent daemon", began, most);
            pid?.to_string()
        }
        _ => {
            let (transport, ip, port) = (Transport::Udp, [10, 9, 9, 9].into(), 9);
            client.kill(&KillTarget::Address { transport, ip, port }).await?.killed.to_string()
        }
    })
}

/// A signal that its caller is told of was taken.
pub(super) async fn signals(
    world: &World,
    daemon: usize,
    client: &Client,
    signal: Signal,
) -> Result<String> {
    client.signal(signal).await?;
    let mut ledger = world.ledger.lock();
    let told = ledger.signalled.entry(daemon).or_default();
    *told += 1;
    let (told, taken) = (*told, ledger.signals(daemon));
    if told > taken {
        ledger.breaks("told", format!("daemon {daemon} took {taken} signals, and {told} are told"));
    }
    Ok(String::new())
}

/// More calls at once than are taken in.
async fn many(client: &Client, unique: u32) -> String {
    let mut calls = JoinSet::new();
    for number in 0..MANY {
        let (client, name) = (client.clone(), format!("many{unique}n{number}"));
        calls.spawn(async move { client.kill(&KillTarget::CommonName(name)).await });
    }
    let results = calls.join_all().await;
    results.iter().filter(|result| matches!(result, Err(Error::Refused { .. }))).count().to_string()
}

/// Reads its events at the very moment at which it is told the reply, as another thread could.
struct Wakes {
    events: Mutex<Events>,
    caller: Mutex<Option<Waker>>,
    /// Whether it has found what it looks for, and whether it was woken since the last look.
    found: AtomicBool,
    woken: AtomicBool,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(event) = events.try_next() {
            let is_it = event.map_or(true, |event| is_before(&event));
            self.found.fetch_or(is_it, Ordering::Relaxed);
        }
        drop(events);
        self.woken.store(true, Ordering::Relaxed);
        let caller = self.caller.lock().unwrap_or_else(PoisonError::into_inner).take();
        caller.into_iter().for_each(Waker::wake);
    }
}

/// Whether a daemon has said this before a reply.
fn is_before(event: &Event) -> bool {
    matches!(event, Event::Log(line) if line.text.as_bytes().starts_with(BEFORE.as_bytes()))
}

/// What a daemon says before a reply is there when its caller is woken.
async fn in_order(world: &World, daemon: usize, client: &Client) -> Result<String> {
    let (events, flag) = (Mutex::new(client.subscribe()), AtomicBool::default);
    let caller = Mutex::default();
    let wakes = Arc::new(Wakes { events, caller, found: flag(), woken: flag() });
    world.hosts.get(daemon).into_iter().for_each(crate::host::Host::says_before_replies);
    let mut call = Box::pin(client.verb());
    let (verb, is_told) = std::future::poll_fn(|cx| {
        *wakes.caller.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        let is_told = wakes.woken.swap(false, Ordering::Relaxed);
        let own = Waker::from(Arc::clone(&wakes));
        call.as_mut().poll(&mut Context::from_waker(&own)).map(|result| (result, is_told))
    })
    .await;
    let verb = verb?;
    if is_told && !wakes.found.load(Ordering::Relaxed) {
        world.breaks("order", format!("daemon {daemon}: a reply before what was said before it"));
    }
    Ok(verb.to_string())
}
