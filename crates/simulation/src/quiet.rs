//! What holds when nothing is on its way, and when everything is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};
use std::time::Duration;

use openvpn_mgmt::peers::{Change, Departure, PeerRecord};
use openvpn_mgmt::{Error, Event, Lagged};
use tokio::time::sleep;

use crate::heads::{Head, Kind};
use crate::ledger::{Most, RENEWALS};
use crate::scenario::{Program, Setting};
use crate::world::{Held, World};

/// The most that is read at once.
const AT_ONCE: usize = 64 * 1024;

/// No line of a flood is shorter.
const LINE: usize = ">LOG:1795332237,,flood 0.\r\n".len();

/// Follows the changes of the session table.
pub(crate) async fn follow(world: Arc<World>) {
    let mut changes = world.peers.changes();
    let mut known = BTreeMap::new();
    let mut names = BTreeMap::new();
    // On which connection each was seen first.
    let mut joined = BTreeMap::new();
    while let Some(change) = changes.next().await {
        let Ok(change) = change else { return };
        let id = change.id();
        if let Change::Joined(record) | Change::Changed(record) = &change {
            let name = record.common_name.as_ref().map(ToString::to_string);
            let name = name.filter(|name| !name.is_empty());
            let before = name.clone().and_then(|name| names.insert(id, name));
            if before.is_some() && before != name {
                world.breaks("table", format!("session {id} is of {before:?} and of {name:?}"));
            }
        }
        if let Change::Left { record, how, .. } = &change {
            names.remove(&id);
            let joined = joined.remove(&id);
            if *how == Departure::Unseen && joined == Some(connection(&world, record)) {
                is_gone(&world, record);
            }
        }
        let bytes = match &change {
            Change::Joined(record) | Change::Changed(record) | Change::Left { record, .. } => {
                (record.bytes_received, record.bytes_sent)
            }
            Change::Bytes { received, sent, .. } => (*received, *sent),
            _ => continue,
        };
        let before: Option<(u64, u64)> = known.insert(id, bytes);
        if let Change::Joined(record) = &change {
            joined.insert(id, connection(&world, record));
        }
        if before.is_none() != matches!(change, Change::Joined(_)) {
            world.breaks("table", format!("session {id} joins twice, or never: {change:?}"));
        }
        if before.is_some_and(|before| bytes.0 < before.0 || bytes.1 < before.1) {
            world.breaks(
                "table",
                format!("the bytes of session {id} go back: {before:?} {change:?}"),
            );
        }
        if matches!(change, Change::Left { .. }) {
            known.remove(&id);
        }
    }
}

fn daemon_of(record: &PeerRecord) -> usize {
    record.daemon.trim_start_matches('d').parse().unwrap_or(usize::MAX)
}

/// The connection of a session's daemon of which something was read last.
fn connection(world: &World, record: &PeerRecord) -> usize {
    let ledger = world.ledger.lock();
    let of_daemon = ledger.conversations.get(daemon_of(record)).map_or(&[][..], Vec::as_slice);
    of_daemon.iter().rposition(|conversation| conversation.read > 0).map_or(0, |last| last + 1)
}

/// Who came once and is there has not left.
fn is_gone(world: &World, record: &PeerRecord) {
    let daemon = daemon_of(record);
    let Some(host) = world.hosts.get(daemon) else { return };
    let Some(name) = record.common_name.as_ref().map(ToString::to_string) else { return };
    let is_it = |client: &openvpn_mgmt_test::ClientState| {
        client.cid == record.cid.0 && client.common_name.as_deref() == Some(&*name)
    };
    let is_there = host.with(|daemon| daemon.clients().iter().any(is_it));
    let of_client = |head: &Head| matches!(&head.kind, Kind::Client { name: n, is_new: true, .. } if *n == name);
    let ledger = world.ledger.lock();
    // Of one that came on an older connection it is not known whether it is the same.
    let last = ledger.conversations.get(daemon).and_then(|of_daemon| of_daemon.last());
    let has_come_once =
        last.is_some_and(|last| last.heads.iter().filter(|head| of_client(head)).count() == 1);
    drop(ledger);
    if is_there && has_come_once {
        world.breaks("table", format!("{name} of daemon {daemon} is there, and was told as gone"));
    }
}

/// Looks at each daemon whose program has a session.
pub(crate) async fn look(world: &Arc<World>) {
    for daemon in 0..world.hosts.len() {
        look_at_held(world, daemon);
        look_at_link(world, daemon);
        let is_connected =
            world.program(daemon).is_some_and(|program| program.lock().client.is_some());
        let is_served = world.hosts.get(daemon).is_some_and(|host| host.look().1);
        if is_connected && is_served {
            probe(world, daemon).await;
            look_for_lost(world, daemon);
            look_at_waiting(world, daemon);
            look_at_idle(world, daemon);
            if world.is_server(daemon) {
                compare(world, daemon).await;
            }
        }
    }
}

/// A session that goes on answers, now that nothing is wrong.
async fn probe(world: &World, daemon: usize) {
    let client = world.program(daemon).and_then(|program| program.lock().client.clone());
    let Some(client) = client else { return };
    match client.with_timeout(Duration::from_secs(60)).nclients().await {
        Err(error @ Error::Timeout { .. }) => {
            world.breaks("alive", format!("daemon {daemon} answers nobody: {error}"));
        }
        Err(error) => crate::call::look(world, daemon, "the probe", &error, false),
        Ok(_) => {}
    }
}

/// A link to a daemon that serves has a session, however its calls are dropped.
fn look_at_link(world: &World, daemon: usize) {
    let plan = world.scenario.daemons.get(daemon);
    let is_impatient = plan.is_some_and(|plan| plan.has(Setting::Impatient).is_some());
    let is_link = is_impatient && program_of(world, daemon) != Some(Program::Session);
    let Some(host) = world.hosts.get(daemon).filter(|_| is_link && !world.scenario.fleet) else {
        return;
    };
    let has_ended = host.with(|daemon| daemon.has_ended());
    let is_without = world.program(daemon).is_some_and(|program| {
        let state = program.lock();
        state.client.is_none() && !state.has_ended
    });
    // One that got no reply in its handshake is on its way to the next session.
    let was_odd = world.ledger.lock().was_odd_within(daemon, Duration::from_secs(30));
    if is_without && !has_ended && !was_odd {
        world.breaks("end", format!("daemon {daemon} serves, and its link has no session"));
    }
}

/// A request that nobody answered is open as long as what it asks is, and no longer.
fn look_at_held(world: &World, daemon: usize) {
    let Some(program) = world.program(daemon) else { return };
    let state = program.lock();
    let mut ledger = world.ledger.lock();
    for Held { request, mark } in &state.held {
        let Some(mark) = ledger.marks.get(*mark) else { continue };
        let (asked, place) = (mark.asked.clone(), mark.place.zip(mark.head));
        let Some((place, head)) = place else { continue };
        let Some(conversation) = ledger.conversation(place) else { continue };
        // Which renewals are given up is known where none of them were decided about.
        let is_over = conversation.ended_by(head, u64::MAX).is_some()
            || conversation.is_closed()
            // Where nobody takes requests any more, newer ones are none.
            // Nor is one that cannot be read.
            || state.takes_requests
                && !conversation.had_garbage
                && conversation.later_renewals(head) >= RENEWALS;
        if conversation.is_read() && is_over {
            let withdrawn = std::pin::pin!(request.withdrawn());
            let mut cx = Context::from_waker(Waker::noop());
            if withdrawn.poll(&mut cx).is_pending() {
                ledger.breaks("told", format!("nobody was told that this is over: {asked:?}"));
            }
        }
    }
}

/// A subscriber that did not read is told of as much as one that did, and not more is kept for it than may be.
fn look_at_idle(world: &World, daemon: usize) {
    let Some(program) = world.program(daemon) else { return };
    let idle = std::mem::take(&mut program.lock().idle);
    let most = world.scenario.daemons.get(daemon).map_or(0, |plan| u64::from(plan.events));
    for mut one in idle {
        let (mut kept, mut lost, mut bytes) = (0, 0, 0);
        while let Some(event) = one.events.try_next() {
            match event {
                Ok(event) => {
                    kept += 1;
                    bytes += size_of::<Event>();
                    bytes +=
                        if let Event::Log(line) = event { line.text.as_bytes().len() } else { 0 };
                }
                Err(Lagged(events)) => lost += events,
            }
        }
        let memory = world.scenario.daemons.get(daemon).map_or(0, |plan| plan.memory);
        // What came at once is kept in any case: so much text, and an event for each line of it.
        let at_once = AT_ONCE + AT_ONCE / LINE * size_of::<Event>();
        if memory > 0 && bytes > usize::try_from(memory).unwrap_or(usize::MAX) + at_once {
            world.breaks("memory", format!("daemon {daemon}: {bytes} bytes kept of {memory}"));
        }
        let told = one.told.load(Ordering::Relaxed);
        if kept + lost != told || kept > most {
            let text = format!("daemon {daemon}: {kept} kept of {most}, {lost} lost, of {told}");
            world.breaks("events", text);
        }
    }
}

/// Whatever was asked and is still to be answered was given to the program.
fn look_for_lost(world: &World, daemon: usize) {
    let Some(program) = world.program(daemon) else { return };
    if !program.lock().takes_requests {
        return;
    }
    let is_queued = program_of(world, daemon) == Some(Program::Auth);
    let mut ledger = world.ledger.lock();
    let newest = ledger.newest(daemon);
    let Some(conversation) = ledger.conversation((daemon, newest)) else { return };
    if conversation.is_dropped || conversation.had_garbage || !conversation.is_read() {
        return;
    }
    let is_held = conversation.odd.is_held;
    let asked = conversation.heads.iter().enumerate().filter_map(|(number, head)| match head {
        Head { kind: Kind::Client { cid, kid, is_new, name }, .. } if *is_new || !is_queued => {
            let is_over = conversation.ended_by(number, u64::MAX).is_some();
            // Of many renewals only the newest are kept.
            let renewals = conversation.heads.iter().skip(number).filter(|later| {
                matches!(&later.kind, Kind::Client { cid: c, is_new: false, .. } if c == cid)
            });
            let is_refused = conversation.odd.refused.contains(&(*cid, *kid));
            // Nor is anybody asked who was denied as too many wait.
            let is_settled = conversation.waiting.is_settled(number);
            (!is_over && !is_refused && !is_settled && renewals.count() < 3)
                .then(|| (daemon, name.clone(), *cid, *kid))
        }
        _ => None,
    });
    let asked: Vec<_> = asked.collect();
    // A responder gives up what could not be sent twice.
    let is_responder = program_of(world, daemon) == Some(Program::Responder);
    let again = if is_responder { Vec::new() } else { ledger.due_again((daemon, newest)) };
    for asked in again {
        ledger.breaks("lost", format!("an answer was not sent, and nobody asked again: {asked:?}"));
    }
    if is_held {
        ledger.breaks("lost", format!("daemon {daemon} holds, and nobody was asked"));
    }
    for request in asked {
        if !ledger.given.contains(&request) {
            ledger.breaks("lost", format!("nobody was asked about {request:?}"));
        }
    }
}

/// No more clients wait than may, and nobody who was dropped waits on where they are denied.
fn look_at_waiting(world: &World, daemon: usize) {
    let Some(plan) = world.scenario.daemons.get(daemon) else { return };
    let is_taken = world.program(daemon).is_some_and(|program| program.lock().takes_requests);
    let most = Most { all: plan.has(Setting::Waiting), of_address: plan.has(Setting::Each) };
    let mut ledger = world.ledger.lock();
    let place = (daemon, ledger.newest(daemon));
    let is_read = ledger.conversation(place).is_some_and(|one| {
        one.is_read() && !one.is_dropped && !one.had_garbage && !one.is_writing()
    });
    if !is_taken || !is_read {
        return;
    }
    ledger.look_for_crowd(place, most);
    if plan.has(Setting::Denies).is_some() {
        ledger.look_for_dropped(place);
    }
}

fn program_of(world: &World, daemon: usize) -> Option<Program> {
    world.scenario.daemons.get(daemon).map(|plan| plan.program)
}

/// A client's ID, its name, whether it is in, and its bytes.
type Row = (u64, String, bool, (u64, u64));

/// The session table has what the daemon has.
async fn compare(world: &World, daemon: usize) {
    let name = World::name(daemon);
    let Some(host) = world.hosts.get(daemon) else { return };
    // Keys that are renewed, and those who are let go of, go on meanwhile.
    let mut is_quiet = false;
    for _ in 0..5 {
        if world.peers.refresh(&name).await.is_err() {
            return;
        }
        is_quiet = host.is_quiet();
        if is_quiet {
            break;
        }
        sleep(Duration::from_millis(500)).await;
    }
    if !is_quiet {
        return;
    }
    let clients = host.with(|daemon| daemon.clients());
    let mut truth: Vec<Row> = clients
        .into_iter()
        .map(|client| {
            let bytes = (client.bytes_in, client.bytes_out);
            (client.cid, client.common_name.unwrap_or_default(), client.is_in, bytes)
        })
        .collect();
    let snapshot = world.peers.snapshot();
    let records = snapshot.records().filter(|record| *record.daemon == *name);
    let mut table: Vec<Row> = records
        .map(|record| {
            let name = record.common_name.as_ref().map(ToString::to_string);
            let bytes = (record.bytes_received, record.bytes_sent);
            (record.cid.0, name.unwrap_or_default(), record.is_in(), bytes)
        })
        .collect();
    truth.sort();
    table.sort();
    // Of a client that is let in the test kit makes up the bytes anew, and the table's never go back.
    let is_same = |(one, row): (&Row, &Row)| {
        (one.0, &one.1, one.2) == (row.0, &row.1, row.2) && row.3.0 >= one.3.0 && row.3.1 >= one.3.1
    };
    if truth.len() != table.len() || !truth.iter().zip(&table).all(is_same) {
        world.breaks("table", format!("daemon {daemon} has {truth:?}, the table {table:?}"));
    }
}

/// Everything is over: each program was told the truth about its answers, and of each attempt its outcome.
pub(crate) fn at_the_end(world: &World) {
    let mut ledger = world.ledger.lock();
    let lies: Vec<_> = ledger.marks.iter().filter_map(crate::ledger::Mark::lie).collect();
    let sent: Vec<_> = ledger.unsent.intersection(&ledger.called).cloned().collect();
    for name in sent {
        ledger.breaks("told", format!("`kill {name}` was told as never sent, and was"));
    }
    let unwritten: Vec<_> = ledger.sent.difference(&ledger.called).cloned().collect();
    for name in unwritten {
        ledger.breaks("told", format!("`kill {name}` was told as sent, and was not"));
    }
    for lie in lies {
        ledger.breaks("told", lie);
    }
    drop(ledger);
    for (daemon, program) in world.programs.iter().enumerate() {
        if program.lock().client.is_some() {
            world.breaks("end", format!("the session with daemon {daemon} outlives it"));
        }
        let attempts = program.lock().attempts.clone();
        for attempted in attempts.into_values().filter(|attempted| attempted.told == 0) {
            world.breaks("outcome", format!("daemon {daemon}: never told of {attempted:?}"));
        }
    }
}
