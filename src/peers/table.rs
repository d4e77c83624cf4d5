//! [`Peers`]: the table by itself, without streams and clocks.

use std::collections::HashMap;
use std::sync::Arc;

use super::daemon::Daemon;
use super::store::{Entry, Store};
use super::{Change, Departure, PeerRecord, PeerRow, PeersSnapshot, RecordId};
use crate::client::{Peer, PeerIdentities};
use crate::events::Event;
use crate::reply::Status;
use crate::session::{Missed, Picture};

/// Who is in or waits at one server or several, fed by events and `status`: without streams and clocks, for programs that
/// read the events themselves. [`LivePeers`](super::LivePeers) is the same, and reads them by itself.
///
/// What is fed must be in the order of the wire. A reply is there at once and events are read in their turn, so a `status`
/// is taken in once [`Events::has_passed`](crate::Events::has_passed) its identities. Each call gives what it changed.
///
/// # Memory
/// It holds 65,536 records at most, or as many as [it was made for](Self::with_most), of some 10 KiB at most each; clients
/// beyond are counted and not recorded, and come in by a later `status` where there is room. An event costs no more the
/// more clients there are; a `status` costs as much as it has rows, and a snapshot as much as there are records.
#[derive(Debug)]
pub struct Peers {
    daemons: HashMap<Arc<str>, Daemon>,
    store: Store,
}

const MOST: usize = 1 << 16;

impl Default for Peers {
    fn default() -> Self {
        Self::with_most(MOST)
    }
}

impl Peers {
    /// A table of nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that holds so many records at most.
    #[must_use]
    pub fn with_most(records: usize) -> Self {
        Self { daemons: HashMap::new(), store: Store::new(records) }
    }

    /// A connection to the daemon of this name has begun: takes what is known beside it, of a fresh
    /// [`Attached`](crate::Attached) or [`MemberAttached`](crate::MemberAttached).
    ///
    /// Sessions of before [go on](super#what-a-session-is) unless the daemon is known to have restarted.
    pub fn attached(&mut self, daemon: &str, now: &Picture, missed: &Missed) -> Vec<Change> {
        self.with(daemon, |daemon, store| {
            // The picture is of the begin of the connection.
            daemon.reconnected(store, true, Some(0));
            if missed.restarted == Some(true) {
                daemon.restarted(store);
            }
            daemon.clock = None;
            if let Some(Status::Server(status)) = &now.status {
                // Its identities were not taken with it, and come with the next.
                daemon.reconcile(store, status, None);
            }
            daemon.is_blind = now.status_is_broken_off;
            daemon.wants_status = true;
        })
    }

    /// A connection to the daemon of this name has begun, of which nothing is known but how often the daemon had
    /// restarted on it, if that.
    pub fn connected(&mut self, daemon: &str, epoch: Option<u64>) {
        self.with(daemon, |daemon, store| {
            daemon.reconnected(store, true, epoch);
            daemon.clock = None;
            daemon.wants_status = true;
        });
    }

    /// The connection to this daemon is over. Its sessions stay as they were last known.
    pub fn disconnected(&mut self, daemon: &str) {
        self.with(daemon, |daemon, store| daemon.reconnected(store, false, None));
    }

    /// This daemon is none of the table's any more, nor are its sessions.
    pub fn remove(&mut self, daemon: &str) -> Vec<Change> {
        if let Some(mut daemon) = self.daemons.remove(daemon) {
            daemon.all_leave(&mut self.store, Departure::Removed);
        }
        self.store.take_changes()
    }

    /// An event of this daemon, with [the client it is about](crate::Events::peer) and [how often the daemon had
    /// restarted](crate::Events::epoch) when it came.
    pub fn event(
        &mut self,
        daemon: &str,
        event: &Event,
        peer: Option<&Peer>,
        epoch: u64,
    ) -> Vec<Change> {
        self.with(daemon, |daemon, store| {
            if let Event::State(state) = event {
                daemon.is_now(state.time);
            }
            daemon.in_epoch(store, epoch);
            daemon.event(store, event, peer);
        })
    }

    /// Events of this daemon were lost, as by [`Lagged`](crate::Lagged): what is missing comes with the next `status`.
    pub fn lagged(&mut self, daemon: &str) {
        self.with(daemon, |daemon, _| daemon.wants_status = true);
    }

    /// A `status` of this daemon, behind all events that came before it, with the identities that
    /// [came with it](crate::Client::status_with_peers); `None` on a connection without [requests](crate::Builder::requests),
    /// which has none.
    ///
    /// Sessions that are not in it have left, and clients that were never seen to connect are in the table from now on. That
    /// of a client changes nothing. Rows without a CID, as in format 1, and those that cannot be read, are passed over, and
    /// nobody has left then.
    pub fn status(
        &mut self,
        daemon: &str,
        status: &Status,
        peers: Option<&PeerIdentities>,
    ) -> Vec<Change> {
        self.with(daemon, |daemon, store| match status {
            Status::Server(status) => daemon.reconcile(store, status, peers),
            Status::Client(_) => (daemon.wants_status, daemon.is_blind) = (false, false),
        })
    }

    /// The `status` of this daemon could not be had, as by [`Error::BrokenOff`](crate::Error::BrokenOff): the table is
    /// [blind](Self::is_blind) there.
    pub fn status_failed(&mut self, daemon: &str) {
        self.with(daemon, |daemon, _| daemon.is_blind = true);
    }

    /// Whether the last `status` of this daemon could not be had: what events tell is in the table all the same, but
    /// sessions that ended without a word stay, and those that began unseen are missing, up to the next `status`.
    ///
    /// One client with a very long user name is [enough](crate::Error::BrokenOff). That a daemon in a hold answers no
    /// `status` is no blindness.
    #[must_use]
    pub fn is_blind(&self, daemon: &str) -> bool {
        self.daemons.get(daemon).is_some_and(|daemon| daemon.is_blind)
    }

    /// Whether a `status` of this daemon would tell what is missing: at the beginning of a connection, after a lag, behind
    /// an event about a client that could not be read, of a client of which something came and nothing is known, and where
    /// blocks are not trusted.
    #[must_use]
    pub fn wants_status(&self, daemon: &str) -> bool {
        self.daemons.get(daemon).is_some_and(|daemon| daemon.wants_status)
    }

    /// The session of this ID.
    #[must_use]
    pub fn get(&self, id: RecordId) -> Option<&Arc<PeerRecord>> {
        self.store.get(id).map(|entry| &entry.record)
    }

    /// The session of this identity.
    #[must_use]
    pub fn by_peer(&self, peer: &Peer) -> Option<&Arc<PeerRecord>> {
        self.store.by_peer(peer).map(|entry| &entry.record)
    }

    /// The sessions of this common name or user name, in the order they came.
    ///
    /// A user name is what the client says: who [waits](super::Phase::Waiting) has proved nothing by it yet, nor who is in
    /// where the server judges by certificates alone.
    pub fn by_name<'a>(
        &'a self,
        name: &str,
    ) -> impl Iterator<Item = &'a Arc<PeerRecord>> + use<'a> {
        self.store.by_name(name.as_bytes()).map(|entry| &entry.record)
    }

    /// Every session, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<PeerRecord>> {
        self.store.entries().values().map(|entry| &entry.record)
    }

    /// The identity of a session for commands: `None` while there is no connection that has seen it, and on one without
    /// [requests](crate::Builder::requests).
    #[must_use]
    pub fn peer(&self, id: RecordId) -> Option<&Peer> {
        self.store.get(id)?.peer.as_ref()
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.entries().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many sessions there are at this daemon.
    #[must_use]
    pub fn len_of(&self, daemon: &str) -> usize {
        self.daemons.get(daemon).map_or(0, Daemon::len)
    }

    /// How often a client was not recorded for want of room, one that was seen again counted again.
    #[must_use]
    pub fn unrecorded(&self) -> u64 {
        self.store.unrecorded()
    }

    /// The table as it is; the records are shared, not copied.
    #[must_use]
    pub fn snapshot(&self) -> PeersSnapshot {
        let row =
            |entry: &Entry| PeerRow { record: Arc::clone(&entry.record), peer: entry.peer.clone() };
        let rows = self.store.entries().values().map(row).collect();
        let daemons = self.daemons.iter();
        let daemons =
            daemons.map(|(name, daemon)| (Arc::clone(name), daemon.is_attached, daemon.is_blind));
        PeersSnapshot::new(rows, daemons.collect())
    }

    /// Does something to a daemon, which is one of the table's from now on, and gives what that changed.
    fn with(&mut self, name: &str, act: impl FnOnce(&mut Daemon, &mut Store)) -> Vec<Change> {
        if let Some(daemon) = self.daemons.get_mut(name) {
            act(daemon, &mut self.store);
        } else {
            let name: Arc<str> = name.into();
            let mut daemon = Daemon::new(Arc::clone(&name));
            act(&mut daemon, &mut self.store);
            self.daemons.insert(name, daemon);
        }
        self.store.take_changes()
    }
}
