//! Identities that callers keep, and commands by them and by names that outlive a session.

use std::sync::Arc;
use std::time::Duration;

use openvpn_mgmt::command::Pid;
use openvpn_mgmt::reply::StatusClient;
use openvpn_mgmt::{Client, Error, KillTarget, LinkClient, Peer};
use tokio::time::Instant;

use crate::answer::{look_for_reason, told};
use crate::host::SERIALS;
use crate::ledger::mark_text;
use crate::scenario::{Deed, Step};
use crate::world::World;

/// A client as it was when somebody looked, and the mark of the command that ends it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    peer: Peer,
    mark: usize,
}

/// So many are kept.
const MOST: usize = 8;

/// Does what callers do with identities and over sessions.
pub(crate) fn does(world: &Arc<World>, step: Step, unique: u32) {
    let Some(program) = world.program(step.daemon) else { return };
    let (client, link) = {
        let state = program.lock();
        (state.client.clone(), state.link.clone())
    };
    let shared = Arc::clone(world);
    let what = format!("{step:?}, number {unique}");
    let task = match step.deed {
        Deed::Keep => {
            let Some(client) = client else { return };
            tokio::spawn(async move { keep(&shared, step.daemon, &client).await })
        }
        Deed::KillKept => {
            let kept = {
                let mut state = program.lock();
                let at = usize::try_from(step.a).unwrap_or(0) % state.kept.len().max(1);
                if at < state.kept.len() { Some(state.kept.remove(at)) } else { None }
            };
            let (Some(client), Some(kept)) = (client, kept) else { return };
            tokio::spawn(async move { kill(&shared, step.daemon, &client, kept).await })
        }
        _ => {
            let Some(link) = link else { return };
            tokio::spawn(async move { through(&shared, step.daemon, &link, unique).await })
        }
    };
    program.answers(what, task);
}

/// Keeps who is there.
async fn keep(world: &World, daemon: usize, client: &Client) {
    let Ok((openvpn_mgmt::Status::Server(status), peers)) = client.status_with_peers().await else {
        return;
    };
    let Some(program) = world.program(daemon) else { return };
    for cid in status.clients.iter().filter_map(StatusClient::cid) {
        let peer = peers.peer(cid);
        let mark = world.ledger.lock().kills(daemon, cid.0);
        if let Some(mark) = mark {
            let mut state = program.lock();
            state.kept.push(Kept { peer, mark });
            if state.kept.len() > MOST {
                state.kept.remove(0);
            }
        }
    }
}

/// Ends the session of a client that was kept, and of nobody else.
async fn kill(world: &World, daemon: usize, client: &Client, Kept { peer, mark }: Kept) {
    let result = client.client_kill_with(&peer, mark_text(mark)).await;
    let told = told(&result);
    world.note(|| format!("{daemon} kills {mark}: {told:?}"));
    if told.is_stale() {
        look_for_reason(world, daemon, mark);
    }
    // Where replies are lost or others come, what is told may be another's.
    let is_odd = world.is_odd(daemon) || world.may_miss_replies(daemon);
    if let Some(mark) = world.ledger.lock().marks.get_mut(mark).filter(|_| !is_odd) {
        mark.told = Some(told);
    }
}

/// Calls a command by a link, which has the next session send it where this one did not.
async fn through(world: &World, daemon: usize, link: &LinkClient, unique: u32) {
    let target = KillTarget::CommonName(format!("nobody{unique}"));
    // The link may be away for longer than its daemon lives.
    let result = tokio::time::timeout(Duration::from_secs(30), async {
        let Some(program) = world.program(daemon) else { return Ok(String::new()) };
        // One after another: of many that wait for a session tokio wakes any first.
        let _turn = program.through.lock().await;
        link.send(&target).await.map(|reply| format!("{reply:?}"))
    });
    let result = result.await;
    world.note(|| format!("{daemon} through {unique}: {result:?}"));
    if let Ok(Err(Error::Refused { text, .. })) = result {
        let text = text.to_string();
        if text.contains("nobody") && !text.contains(&format!("'nobody{unique}'")) {
            world.breaks("reply", format!("daemon {daemon}: `kill` {unique} has the reply {text}"));
        }
    }
}

/// A command to all members of a fleet, or to some: each outcome is of its own member, which was chosen, and comes once.
pub(crate) fn asks_all(world: &Arc<World>, step: Step) {
    let Some(fleet) = world.fleet() else { return };
    let Some(program) = world.program(step.daemon) else { return };
    let shared = Arc::clone(world);
    let is_some = step.b % 2 == 1;
    let task = tokio::spawn(async move {
        let began = Instant::now();
        let name = World::name(step.daemon);
        let mut outcomes = if is_some {
            fleet.some(|member| *member.name == *name, &Pid)
        } else {
            fleet.all(&Pid)
        };
        let mut told = std::collections::BTreeSet::new();
        while let Some((member, outcome)) = outcomes.next().await {
            let is_chosen = !is_some || *member == *name;
            if !is_chosen || !told.insert(Arc::clone(&member)) {
                shared.breaks("fleet", format!("an outcome of {member}, for {name}"));
            }
            let daemon = member.trim_start_matches('d').parse().unwrap_or(usize::MAX);
            if let Ok(pid) = outcome {
                let serial = usize::try_from(pid).unwrap_or(0).saturating_sub(SERIALS);
                shared.ledger.lock().given_serial(daemon, serial, began, "pid of a fleet");
            }
        }
    });
    program.answers(format!("{step:?}"), task);
}
