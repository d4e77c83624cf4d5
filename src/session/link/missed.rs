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
    /// `state all`, the oldest first; rows that cannot be read are left out. A daemon keeps the last 100, over restarts by
    /// SIGUSR1 and SIGHUP.
    pub states: Vec<State>,
    /// `status 3`
    pub status: Option<Status>,
    /// Whether there is no `status` because the daemon [broke it off](Error::BrokenOff), at a client's very long name.
    pub status_is_broken_off: bool,
    /// `load-stats`
    pub load_stats: Option<LoadStats>,
    extent: Extent,
    /// The daemon's clock when it was asked, in seconds of Unix time.
    clock: Option<u64>,
}

/// How many states a daemon keeps (fact 192).
const KEPT: usize = 100;

/// How much of a daemon's history the states of a picture are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Extent {
    /// It was not told, or a row could not be read.
    #[default]
    Unknown,
    /// Every state since the process began.
    Whole,
    /// As many as are kept: older ones may be gone.
    Last,
}

impl Picture {
    /// What a program has kept of a daemon: its process ID, and all its [states](Self::states) with the newest last. Where some
    /// are missing, the daemon is taken for another one.
    #[must_use]
    pub fn kept(pid: u32, states: impl IntoIterator<Item = State>) -> Self {
        let states: Vec<_> = states.into_iter().collect();
        let extent = if states.len() < KEPT { Extent::Whole } else { Extent::Last };
        Self { pid: Some(pid), states, extent, ..Self::default() }
    }

    /// A time at which the daemon was still the same, by its own clock (the time of its `status`), in seconds of Unix time.
    ///
    /// It is of use where all states are of one second, as those of a server that serves at once: see
    /// [`Missed::restarted`].
    #[must_use]
    pub fn seen_at(self, time: u64) -> Self {
        Self { clock: Some(time), ..self }
    }

    /// Asks the daemon. What it refuses is left empty. That the connection has ended is an error, and that nothing answers
    /// `pid`, as every daemon does.
    pub(super) async fn of(client: &Client) -> Result<Self, Error> {
        let rows = told(client.send(&HistoryOf::<State>::new(History::All)).await)?;
        let extent = match &rows {
            Some(rows) if rows.len() >= KEPT => Extent::Last,
            Some(rows) if rows.iter().all(Result::is_ok) => Extent::Whole,
            _ => Extent::Unknown,
        };
        let pid = client.pid().await;
        if let Err(error @ Error::Timeout { .. }) = pid {
            return Err(error);
        }
        let pid = told(pid)?;
        let status = client.status().await;
        let status_is_broken_off = matches!(status, Err(Error::BrokenOff { .. }));
        let status = told(status)?;
        let server = status.as_ref().and_then(Status::as_server);
        Ok(Self {
            pid,
            states: rows.into_iter().flatten().flatten().collect(),
            extent,
            clock: server.and_then(|server| server.time.as_ref()?.unix),
            status,
            status_is_broken_off,
            load_stats: told(client.load_stats().await)?,
        })
    }

    /// What is known behind this picture: what it does not tell is as it was.
    pub(super) fn known_after(self, before: Option<Self>) -> Self {
        let before = before.unwrap_or_default();
        let (states, extent, clock) = if self.states.is_empty() {
            (before.states, before.extent, before.clock)
        } else {
            (self.states, self.extent, self.clock)
        };
        Self {
            pid: self.pid.or(before.pid),
            states,
            extent,
            clock,
            status: self.status.or(before.status),
            status_is_broken_off: self.status_is_broken_off,
            load_stats: self.load_stats.or(before.load_stats),
        }
    }

    fn clients(&self) -> &[StatusClient] {
        self.status.as_ref().and_then(Status::as_server).map_or(&[], |server| &server.clients)
    }

    /// Whether the daemon's clock was past the second of its first state, so that no process which began later has that
    /// first state, too.
    fn outlived_its_first_second(&self) -> bool {
        let last = self.states.last().map(|state| state.time).max(self.clock);
        self.states.first().is_some_and(|first| last > Some(first.time))
    }

    /// Where the states may begin that came behind those of `before`, and from where on all surely did; of one process
    /// whose states may be the same again.
    fn begin_of_new(&self, before: &Self) -> (usize, usize) {
        let Some(last) = before.states.last() else { return (0, self.states.len()) };
        let earliest = self.states.iter().position(|state| state == last).map_or(0, |at| at + 1);
        let latest = self.states.iter().rposition(|state| state == last).map_or(0, |at| at + 1);
        match before.extent {
            // There were no more then.
            Extent::Whole => (earliest, latest.min(before.states.len())),
            _ => (earliest, latest),
        }
    }

    fn is_restarted_behind(&self, place: usize) -> bool {
        self.states.iter().skip(place).any(|state| state.name == StateName::Reconnecting)
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

/// What happened since the picture before, as far as it can be told.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Missed {
    /// The states entered since the last one that was known: all there are where that is not among them any more, or
    /// where none was known. Where several are the same, those behind the first of them.
    pub states: Vec<State>,
    /// Whether the daemon has restarted, or is another process, since the picture before; `None` where that is not
    /// proved.
    ///
    /// `Some(false)` is proved by the pid, and by a history of states that goes on where the known one ended, with
    /// nothing lost of either (under 100 states) and no RECONNECTING behind it. As another process may have the same pid,
    /// in a container of its own, the known history must have been looked at in a later second than its first state's.
    /// What is left is a daemon of the same pid that begins in the very same second, by a clock that was set back.
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
        let (place, restarted) = match Process::of(before, now) {
            Process::Other => (0, Some(true)),
            Process::Same => {
                let place = before.states.len();
                (place, Some(now.is_restarted_behind(place)))
            }
            Process::Unknown => {
                let (place, sure) = now.begin_of_new(before);
                (place, now.is_restarted_behind(sure).then_some(true))
            }
        };
        let (were, are) = (before.clients(), now.clients());
        // Without a status, as in a hold, nobody is known to be gone.
        let left = if now.status.is_some() { only_in(were, are) } else { Vec::new() };
        let states = now.states.iter().skip(place).cloned().collect();
        Self { states, restarted, joined: only_in(are, were), left }
    }
}

/// Whose pictures two are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Process {
    /// One process, and no state is missing.
    Same,
    /// Another process.
    Other,
    /// It cannot be told, or states may be missing.
    Unknown,
}

impl Process {
    fn of(before: &Picture, now: &Picture) -> Self {
        let are_whole = match (before.extent, now.extent) {
            (Extent::Whole, Extent::Whole) if now.states.starts_with(&before.states) => true,
            // A history is never changed and never gets shorter.
            (Extent::Whole | Extent::Last, Extent::Whole) => return Self::Other,
            _ => false,
        };
        match (before.pid, now.pid) {
            (Some(before), Some(now)) if before != now => Self::Other,
            (Some(_), Some(_)) if are_whole && before.outlived_its_first_second() => Self::Same,
            _ => Self::Unknown,
        }
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
