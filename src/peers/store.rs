//! [`Store`]: the records with their indices, and the changes to them that were not told yet.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::{Change, Departure, PeerRecord, RecordId};
use crate::client::Peer;
use crate::types::Text;

#[derive(Debug)]
pub(super) struct Store {
    entries: HashMap<RecordId, Entry>,
    names: HashMap<Text, BTreeSet<RecordId>>,
    identities: HashMap<Peer, RecordId>,
    next: u64,
    /// The most records.
    most: usize,
    unrecorded: u64,
    changes: Vec<Change>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Arc<PeerRecord>,
    /// Who it is on the connection that is; `None` where it cannot be named.
    pub(super) peer: Option<Peer>,
    /// Whether it was seen on the connection that is.
    pub(super) is_confirmed: bool,
    /// The last `status` of its daemon that it was in.
    pub(super) sighting: u64,
}

impl Entry {
    /// Whether it was seen on this connection before its CONNECT, as in its handshake by a `status`: then a first CONNECT is
    /// its own.
    pub(super) fn awaits_connect(&self) -> bool {
        let record = &self.record;
        self.is_confirmed && record.kid.is_none() && !record.is_in()
    }

    /// Whether it may be who this identity means.
    pub(super) fn may_be(&self, peer: Option<&Peer>) -> bool {
        let (Some(known), Some(peer)) = (&self.peer, peer) else { return true };
        // Where too many came, the CONNECT of some is forgotten.
        known == peer || peer.connect().is_none() || self.awaits_connect()
    }
}

impl Store {
    pub(super) fn new(most: usize) -> Self {
        let (entries, names, identities) = Default::default();
        Self { entries, names, identities, next: 0, most, unrecorded: 0, changes: Vec::new() }
    }

    pub(super) fn entries(&self) -> &HashMap<RecordId, Entry> {
        &self.entries
    }

    pub(super) fn get(&self, id: RecordId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    pub(super) fn by_peer(&self, peer: &Peer) -> Option<&Entry> {
        self.entries.get(self.identities.get(peer)?)
    }

    pub(super) fn by_name<'a>(&'a self, name: &[u8]) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let name = Text::from(bytes::Bytes::copy_from_slice(name));
        let ids = self.names.get(&name).into_iter().flatten();
        ids.filter_map(|id| self.entries.get(id))
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.most
    }

    pub(super) fn unrecorded(&self) -> u64 {
        self.unrecorded
    }

    /// What has changed since the last time.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Puts in a record that `make` makes; `None` where there is no room for it.
    pub(super) fn insert(
        &mut self,
        peer: Option<&Peer>,
        make: impl FnOnce(RecordId) -> PeerRecord,
    ) -> Option<RecordId> {
        if self.is_full() {
            self.unrecorded += 1;
            return None;
        }
        let id = RecordId(self.next);
        self.next += 1;
        let record = Arc::new(make(id));
        self.index(&record);
        self.changes.push(Change::Joined(Arc::clone(&record)));
        let entry = Entry { record, peer: None, is_confirmed: true, sighting: 0 };
        self.entries.insert(id, entry);
        self.confirm(id, peer);
        Some(id)
    }

    /// Changes a record, and tells what has changed of it.
    pub(super) fn update(&mut self, id: RecordId, change: impl FnOnce(&mut PeerRecord)) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let before = Arc::clone(&entry.record);
        let record = Arc::make_mut(&mut entry.record);
        change(record);
        if *record == *before {
            entry.record = before;
            return;
        }
        let bytes = (record.bytes_received, record.bytes_sent);
        let is_counted_only = *record
            == PeerRecord { bytes_received: bytes.0, bytes_sent: bytes.1, ..(*before).clone() };
        let record = Arc::clone(&entry.record);
        if is_counted_only {
            return self.changes.push(Change::Bytes { id, received: bytes.0, sent: bytes.1 });
        }
        self.unindex(&before);
        self.index(&record);
        self.changes.push(Change::Changed(record));
    }

    /// Counts bytes, which is what happens most.
    pub(super) fn count(&mut self, id: RecordId, received: u64, sent: u64) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if received <= entry.record.bytes_received && sent <= entry.record.bytes_sent {
            return;
        }
        let record = Arc::make_mut(&mut entry.record);
        record.count(received, sent);
        let (received, sent) = (record.bytes_received, record.bytes_sent);
        self.changes.push(Change::Bytes { id, received, sent });
    }

    /// It was seen on the connection that is, where this names it.
    pub(super) fn confirm(&mut self, id: RecordId, peer: Option<&Peer>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.is_confirmed = true;
        if peer.is_none() || entry.peer.as_ref() == peer {
            return;
        }
        if let Some(old) = std::mem::replace(&mut entry.peer, peer.cloned()) {
            self.forget(&old, id);
        }
        if let Some(peer) = peer {
            self.identities.insert(peer.clone(), id);
        }
    }

    /// The connection that it was seen on is over.
    pub(super) fn doubt(&mut self, id: RecordId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.is_confirmed = false;
        if let Some(peer) = entry.peer.take() {
            self.forget(&peer, id);
        }
    }

    pub(super) fn sight(&mut self, id: RecordId, sighting: u64) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.sighting = sighting;
        }
    }

    /// Takes a record out.
    pub(super) fn leave(&mut self, id: RecordId, duration: Option<Duration>, how: Departure) {
        let Some(Entry { record, peer, .. }) = self.entries.remove(&id) else { return };
        self.unindex(&record);
        if let Some(peer) = peer {
            self.forget(&peer, id);
        }
        self.changes.push(Change::Left { record, duration, how });
    }

    /// What was this record's identity is so no more. A session that is followed by two names has one identity twice.
    fn forget(&mut self, peer: &Peer, id: RecordId) {
        if self.identities.get(peer) == Some(&id) {
            self.identities.remove(peer);
        }
    }

    fn index(&mut self, record: &PeerRecord) {
        for name in names(record) {
            self.names.entry(name.clone()).or_default().insert(record.id);
        }
    }

    fn unindex(&mut self, record: &PeerRecord) {
        for name in names(record) {
            let Some(ids) = self.names.get_mut(name) else { continue };
            ids.remove(&record.id);
            if ids.is_empty() {
                self.names.remove(name);
            }
        }
    }
}

fn names(record: &PeerRecord) -> impl Iterator<Item = &Text> {
    record.common_name.iter().chain(&record.username)
}
