//! Callers of commands: what each asks that only it can be answered, and what came of it.

pub(crate) mod odd;

use std::sync::Arc;
use std::time::Duration;

use openvpn_mgmt::reply::StatusClient;
use openvpn_mgmt::{
    AuthRetry, Client, CloseReason, Error, History, KillTarget, ReplyShape, Result, Signal,
};
use tokio::time::Instant;

use crate::answer::told;
use crate::ledger::mark_text;
use crate::odd::{ERROR_ROW, OTHER_WORDS};
use crate::world::{Waiter, World};

/// How many kinds of calls there are.
pub(crate) const KINDS: u32 = 26;

/// Has a caller call a command, unless it waits for one.
pub(crate) fn call(world: &Arc<World>, daemon: usize, caller: u32, kind: u32, unique: u32) {
    let Some(program) = world.program(daemon) else { return };
    let mut state = program.lock();
    let Some(client) = state.client.clone() else { return };
    if state.calls.get(&caller).is_some_and(|waiter| !waiter.task.is_finished()) {
        return;
    }
    let shared = Arc::clone(world);
    let kind = if kind < odd::FIRST { kind % KINDS } else { kind };
    let what = format!("caller {caller} of daemon {daemon}, kind {kind}, number {unique}");
    let told = what.clone();
    let task = tokio::spawn(async move {
        let began = Instant::now();
        let result = match kind {
            odd::FIRST.. => odd::run(&shared, daemon, &client, kind, unique).await,
            _ => run(&shared, daemon, &client, kind, unique).await,
        };
        shared.note(|| format!("{told}: {result:?}"));
        odd::look_at_time(&shared, daemon, kind, began);
        if let Err(error) = result {
            look(&shared, daemon, &told, &error, odd::is_raw(kind));
        }
    });
    state.calls.insert(caller, Waiter { what, task });
}

/// A caller gives up.
pub(crate) fn cancel(world: &World, daemon: usize, caller: u32) {
    let waiter = world.program(daemon).and_then(|program| program.lock().calls.remove(&caller));
    if let Some(waiter) = waiter {
        waiter.task.abort();
    }
}

/// Errors that nothing which happens in a world explains break a law: what a daemon hears it answers, whole and in order.
pub(crate) fn look(world: &World, daemon: usize, what: &str, error: &Error, is_raw: bool) {
    let is_odd = match error {
        Error::UnexpectedReply { line, .. }
            if line.as_bytes().ends_with(OTHER_WORDS.as_bytes()) =>
        {
            let mut ledger = world.ledger.lock();
            !world.was_silent(daemon) && (ledger.is_told_late(daemon) || !ledger.explains(daemon))
        }
        Error::UnexpectedReply { .. } | Error::NoReply { .. } | Error::BrokenOff { .. } => {
            !world.was_silent(daemon) && !is_raw && !world.ledger.lock().explains(daemon)
        }
        Error::Refused { text, .. } if format!("ERROR: {text}") == ERROR_ROW => true,
        Error::Closed(CloseReason::ReplyTooLarge(_)) => !world.has_small_replies(daemon),
        Error::Closed(CloseReason::Desynchronized(_)) => !world.was_silent(daemon),
        Error::Closed(CloseReason::LineTooLong(_)) => true,
        _ => false,
    };
    if is_odd {
        world.breaks("reply", format!("{what}: {error}"));
    }
}

async fn run(
    world: &World,
    daemon: usize,
    client: &Client,
    kind: u32,
    unique: u32,
) -> Result<String> {
    let began = Instant::now();
    let serial = |serial: u64, what: &str| {
        let serial = usize::try_from(serial).unwrap_or(0).saturating_sub(crate::host::SERIALS);
        world.ledger.lock().given_serial(daemon, serial, began, what);
    };
    let is_it = |is_it: bool, what: &str| {
        if !is_it {
            world.breaks("reply", format!("daemon {daemon}: {what} has another call's reply"));
        }
    };
    Ok(match kind {
        0..3 => {
            let pid = client.pid().await?;
            serial(u64::from(pid), "pid");
            pid.to_string()
        }
        3 | 4 => {
            let name = format!("nobody{unique}");
            let target = KillTarget::CommonName(name.clone());
            world.ledger.lock().waits(daemon, name.clone());
            match client.kill(&target).await {
                Err(Error::Refused { text, command }) => {
                    let text = text.to_string();
                    is_it(!text.contains("nobody") || text.contains(&format!("'{name}'")), "kill");
                    return Err(Error::Refused { text: text.into(), command });
                }
                Err(error @ Error::Timeout { sent, .. }) => {
                    let plan = world.scenario.daemons.get(daemon);
                    // Where there is little room, what was sent may be a part of it.
                    let is_whole = plan.is_some_and(|plan| plan.pipe > 4096);
                    let mut ledger = world.ledger.lock();
                    match sent {
                        true if is_whole => ledger.sent.insert(name),
                        true => false,
                        false => ledger.unsent.insert(name),
                    };
                    return Err(error);
                }
                result => format!("{:?}", result?),
            }
        }
        5 | 6 => {
            let entry = client.pkcs11_id_get(unique).await?;
            is_it(entry.index == unique, "pkcs11-id-get");
            entry.index.to_string()
        }
        7 => {
            let stats = client.load_stats().await?;
            serial(stats.bytes_in, "load-stats");
            stats.bytes_in.to_string()
        }
        11 => {
            let count = unique % 9 + 1;
            let lines = client.test(count).await?.len();
            is_it(u32::try_from(lines) == Ok(count), "test");
            lines.to_string()
        }
        12 => {
            let line = format!("signal NOBODY{unique}");
            match client.raw_command(&line, ReplyShape::Line).await {
                Err(Error::Refused { text, .. }) => {
                    is_it(text.to_string().contains(&format!("'NOBODY{unique}'")), "signal");
                    text.to_string()
                }
                result => format!("{:?}", result?),
            }
        }
        21 => odd::signals(world, daemon, client, Signal::Sigusr1).await?,
        24 => kill_one(world, daemon, client, unique).await?,
        other => plain(client, other, unique).await?,
    })
}

/// Calls whose replies tell nothing of whose they are, but by their form.
async fn plain(client: &Client, kind: u32, unique: u32) -> Result<String> {
    let done = |()| String::new();
    Ok(match kind {
        8 => client.status().await.map(|_| String::new())?,
        9 => client.state().await.map(|_| String::new())?,
        10 => client.log_history(History::Last(unique % 4 + 1)).await?.len().to_string(),
        13 => client.version().await.map(|version| format!("{version:?}"))?,
        14 => client.verb().await?.to_string(),
        15 => client.bytecount(Duration::from_secs(u64::from(unique % 3 + 1))).await.map(done)?,
        16 => client.state_on().await.map(done)?,
        17 => client.log_on().await.map(done)?,
        18 => client.help().await.map(|_| String::new())?,
        19 => client.remote_entries().await?.len().to_string(),
        20 => client.set_auth_retry(AuthRetry::Interact).await.map(done)?,
        22 => client.log_off().await.map(done)?,
        23 => client.nclients().await?.to_string(),
        _ => client.echo_on().await.map(done)?,
    })
}

/// Ends the session of a client that is there, or was a moment ago.
async fn kill_one(world: &World, daemon: usize, client: &Client, unique: u32) -> Result<String> {
    let (status, peers) = client.status_with_peers().await?;
    let openvpn_mgmt::Status::Server(status) = status else { return Ok("no server".to_owned()) };
    let cids: Vec<_> = status.clients.iter().filter_map(StatusClient::cid).collect();
    let at = usize::try_from(unique).unwrap_or(0) % cids.len().max(1);
    let Some(cid) = cids.get(at) else { return Ok("nobody".to_owned()) };
    let peer = peers.peer(*cid);
    let mark = world.ledger.lock().kills(daemon, cid.0);
    // Callers have 100 ms when all is over.
    tokio::time::sleep(Duration::from_millis(u64::from(unique % 4 * 30))).await;
    let Some(mark) = mark else {
        return client.client_kill(&peer).await.map(|()| cid.to_string());
    };
    let result = client.client_kill_with(&peer, mark_text(mark)).await;
    if let Some(mark) = world.ledger.lock().marks.get_mut(mark) {
        mark.told = Some(told(&result));
    }
    result.map(|()| cid.to_string())
}
