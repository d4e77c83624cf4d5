//! [`Daemon`]: what a table knows of one daemon.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::store::Store;
use super::{Departure, PeerRecord, Phase, RecordId};
use crate::client::Peer;
use crate::events::Env;
use crate::types::Cid;

#[derive(Debug)]
pub(super) struct Daemon {
    name: Arc<str>,
    /// Whether there is a connection to it.
    pub(super) is_attached: bool,
    /// How often it had restarted on the connection that is; `None` where that is not known yet.
    pub(super) epoch: Option<u64>,
    /// The latest time by its own clock, in seconds of Unix time.
    pub(super) clock: Option<u64>,
    /// Its `status` could not be had, and what it tells is missing.
    pub(super) is_blind: bool,
    /// Something is missing that a `status` tells.
    pub(super) wants_status: bool,
    /// How many `status` were taken in.
    pub(super) statuses: u64,
    by_cid: HashMap<Cid, RecordId>,
}

impl Daemon {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            is_attached: false,
            epoch: None,
            clock: None,
            is_blind: false,
            wants_status: false,
            statuses: 0,
            by_cid: HashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_cid.len()
    }

    pub(super) fn id(&self, cid: Cid) -> Option<RecordId> {
        self.by_cid.get(&cid).copied()
    }

    /// Its records, in the order they came.
    pub(super) fn ids(&self) -> Vec<RecordId> {
        let mut ids: Vec<_> = self.by_cid.values().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// Another connection, or none.
    pub(super) fn reconnected(&mut self, store: &mut Store, is_attached: bool, epoch: Option<u64>) {
        (self.is_attached, self.epoch) = (is_attached, epoch);
        self.is_blind = false;
        self.by_cid.values().for_each(|id| store.doubt(*id));
    }

    /// A time by its clock.
    pub(super) fn is_now(&mut self, time: u64) {
        self.clock = self.clock.max(Some(time));
    }

    /// It has restarted: all are gone, and client IDs begin anew.
    pub(super) fn restarted(&mut self, store: &mut Store) {
        self.all_leave(store, Departure::Restarted);
    }

    pub(super) fn all_leave(&mut self, store: &mut Store, how: Departure) {
        for id in self.ids() {
            self.leaves(store, id, how, None);
        }
    }

    /// A session is over, after so long where that was told.
    pub(super) fn leaves(
        &mut self,
        store: &mut Store,
        id: RecordId,
        how: Departure,
        told: Option<Duration>,
    ) {
        let Some(entry) = store.get(id) else { return };
        let (cid, lasted) = (entry.record.cid, entry.record.lasted(self.clock));
        self.by_cid.remove(&cid);
        store.leave(id, told.or(lasted), how);
    }

    /// The restarts as they are known now: one more than before, and all are gone.
    pub(super) fn in_epoch(&mut self, store: &mut Store, epoch: u64) {
        if self.epoch.is_some_and(|known| epoch > known) {
            self.restarted(store);
        }
        self.epoch = self.epoch.max(Some(epoch));
    }

    /// The session of this ID, seen now. One whose ID is another session's is over; where nothing proves whose it is, as
    /// by a number alone on another connection, the next `status` tells.
    pub(super) fn find(
        &mut self,
        store: &mut Store,
        cid: Cid,
        peer: Option<&Peer>,
        env: Option<&Env>,
    ) -> Option<RecordId> {
        let id = self.id(cid)?;
        let entry = store.get(id)?;
        let since = env.and_then(|env| env.time_unix().ok().flatten());
        let is_named = entry.peer.is_some() && peer.is_some();
        let is_later =
            since.is_some() && entry.record.since.is_some() && since != entry.record.since;
        let is_unproved = match env {
            _ if entry.is_confirmed => false,
            Some(env) => !is_proved(&entry.record, since, env),
            // No word about another either.
            None if entry.may_be(peer) => return None,
            None => true,
        };
        if is_unproved || !entry.may_be(peer) || (!is_named && is_later) {
            self.replaced(store, id);
            return None;
        }
        store.confirm(id, peer);
        Some(id)
    }

    /// Another session has its ID.
    pub(super) fn replaced(&mut self, store: &mut Store, id: RecordId) {
        let is_confirmed = store.get(id).is_some_and(|entry| entry.is_confirmed);
        // Of one that was not seen on this connection nobody knows when it ended.
        let how = if is_confirmed { Departure::Replaced } else { Departure::Unseen };
        self.leaves(store, id, how, None);
    }

    /// Changes a session, or begins one.
    pub(super) fn change(
        &mut self,
        store: &mut Store,
        found: Option<RecordId>,
        (cid, peer, phase): (Cid, Option<&Peer>, Phase),
        change: impl FnOnce(&mut PeerRecord),
    ) -> Option<RecordId> {
        if let Some(id) = found {
            store.update(id, change);
            return Some(id);
        }
        let name = Arc::clone(&self.name);
        let id = store.insert(peer, |id| {
            let mut record = PeerRecord::new(id, name, cid, phase);
            change(&mut record);
            record
        })?;
        self.by_cid.insert(cid, id);
        Some(id)
    }
}

/// Whether a block is of this session of another connection.
fn is_proved(record: &PeerRecord, since: Option<u64>, env: &Env) -> bool {
    let name = env.common_name().ok().flatten().filter(|name| !name.is_empty() && *name != "UNDEF");
    if record.since.is_some() && since.is_some() {
        // A daemon that has restarted may give the same ID to another in the same second.
        let is_another =
            record.common_name.is_some() && name.is_some() && record.common_name != name;
        return record.since == since && !is_another;
    }
    let known = (record.real_ip, record.real_port);
    let untrusted = (env.untrusted_ip().ok().flatten(), env.untrusted_port().ok().flatten());
    let trusted = (env.trusted_ip().ok().flatten(), env.trusted_port().ok().flatten());
    let is_there = known.0.is_some() && (known == untrusted || known == trusted);
    let is_named = record.common_name == name;
    env.is_trusted() && is_there && is_named
}
