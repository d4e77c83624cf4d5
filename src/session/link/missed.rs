//! [`Missed`]: what the daemon tells of itself when a session came about, held against what was known.

use std::collections::HashSet;

use crate::client::Client;
use crate::command::{History, HistoryOf};
use crate::error::Error;
use crate::events::{State, StateName};
use crate::reply::{LoadStats, Status, StatusClient};
use crate::types::Cid;

/// What a daemon tells of itself, as far as it answered: in a hold, and at a prompt, there is no status.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Picture {
    /// `pid`
    pub pid: Option<u32>,
    /// `state all`, the oldest first; rows that cannot be read are left out. A daemon keeps the last 100.
    pub states: Vec<State>,
    /// `status 3`
    pub status: Option<Status>,
    /// `load-stats`
    pub load_stats: Option<LoadStats>,
}

impl Picture {
    /// What a program has kept of a daemon: its process ID, and its states with the newest last.
    #[must_use]
    pub fn kept(pid: u32, states: impl IntoIterator<Item = State>) -> Self {
        let states = states.into_iter().collect();
        Self { pid: Some(pid), states, status: None, load_stats: None }
    }

    /// Asks the daemon. What it refuses is left empty. That the connection has ended is an error, and that nothing answers
    /// `pid`, as every daemon does.
    pub(super) async fn of(client: &Client) -> Result<Self, Error> {
        let states = told(client.send(&HistoryOf::<State>::new(History::All)).await)?;
        let pid = client.pid().await;
        if let Err(error @ Error::Timeout { .. }) = pid {
            return Err(error);
        }
        Ok(Self {
            pid: told(pid)?,
            states: states.into_iter().flatten().flatten().collect(),
            status: told(client.status().await)?,
            load_stats: told(client.load_stats().await)?,
        })
    }

    /// What is known behind this picture: what it does not tell is as it was.
    pub(super) fn known_after(self, before: Option<Self>) -> Self {
        let before = before.unwrap_or_default();
        Self {
            pid: self.pid.or(before.pid),
            states: if self.states.is_empty() { before.states } else { self.states },
            status: self.status.or(before.status),
            load_stats: self.load_stats.or(before.load_stats),
        }
    }

    fn clients(&self) -> &[StatusClient] {
        self.status.as_ref().and_then(Status::as_server).map_or(&[], |server| &server.clients)
    }
}

/// A refusal, or a reply that cannot be read, tells nothing.
fn told<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Closed(reason)) => Err(Error::Closed(reason)),
        Err(_) => Ok(None),
    }
}

/// What happened while there was no session, as far as it can be told.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Missed {
    /// The states entered since the last one that was known: all there are where that is not among them any more, or
    /// where none was known.
    pub states: Vec<State>,
    /// Whether the daemon has restarted, or is another process, since the picture before: `None` where that cannot be
    /// told, as behind more states than a daemon keeps, or where none was known.
    pub restarted: Option<bool>,
    /// Clients in `status` that were not in it before, by CID and the time of their connection.
    pub joined: Vec<StatusClient>,
    /// Clients that were in it and are not any more; none where there is no `status` now, as in a hold: then they are told
    /// with the next.
    pub left: Vec<StatusClient>,
}

impl Missed {
    /// What changed from `before` to `now`.
    pub(super) fn between(before: Option<&Picture>, now: &Picture) -> Self {
        let Some(before) = before else {
            let (states, joined) = (now.states.clone(), now.clients().to_vec());
            return Self { states, restarted: None, joined, left: Vec::new() };
        };
        let is_other = match (before.pid, now.pid) {
            (Some(before), Some(now)) => Some(before != now),
            _ => None,
        };
        let known = if is_other == Some(true) { None } else { before.states.last() };
        // The earliest that is the same: what may have come behind it counts.
        let place = known.and_then(|known| now.states.iter().position(|state| state == known));
        let states = now.states.get(place.map_or(0, |place| place + 1)..).unwrap_or_default();
        let begins_anew = states.iter().any(|state| state.name == StateName::Reconnecting);
        let restarted = match (is_other, place) {
            (Some(true), _) => Some(true),
            (Some(false), Some(_)) => Some(begins_anew),
            // Of a history that was not known, any part may be older.
            _ if before.states.is_empty() => None,
            _ => begins_anew.then_some(true),
        };
        let (were, are) = (before.clients(), now.clients());
        // Without a status, as in a hold, nobody is known to be gone.
        let left = if now.status.is_some() { only_in(were, are) } else { Vec::new() };
        Self { states: states.to_vec(), restarted, joined: only_in(are, were), left }
    }
}

/// The clients of `these` that are not among the others.
fn only_in(these: &[StatusClient], others: &[StatusClient]) -> Vec<StatusClient> {
    let known: HashSet<_> = others.iter().map(session_of).collect();
    these.iter().filter(|client| !known.contains(&session_of(client))).cloned().collect()
}

/// What tells one session of a client from others.
pub(super) fn session_of(client: &StatusClient) -> (Option<Cid>, Option<u64>) {
    (client.cid(), client.connected_since().unix)
}
