//! What a `status` tells of the clients of a daemon.

use std::collections::HashMap;

use super::daemon::Daemon;
use super::store::{Entry, Store};
use super::{Departure, PeerRecord, Phase};
use crate::client::{Peer, PeerIdentities};
use crate::reply::{Admission, ServerStatus, StatusClient};
use crate::types::{Cid, Text, VirtualAddress};

/// The networks behind clients, by where they come from.
type Networks = HashMap<Text, Vec<VirtualAddress>>;

impl Daemon {
    /// Takes in a `status` that stands behind all events so far: who is not in it has left.
    pub(super) fn reconcile(
        &mut self,
        store: &mut Store,
        status: &ServerStatus,
        peers: Option<&PeerIdentities>,
    ) {
        if let Some(peers) = peers {
            self.in_epoch(store, peers.epoch());
        }
        if let Some(time) = status.time.as_ref().and_then(|time| time.unix) {
            self.is_now(time);
        }
        (self.wants_status, self.is_blind) = (false, false);
        self.statuses += 1;
        let mut networks = networks(status);
        let rows = status.clients.iter().filter_map(|row| Some((row.cid()?, row)));
        let mut new = Vec::new();
        for (cid, row) in rows {
            if !self.is_seen_in(store, (cid, row), peers, &mut networks) {
                new.push((cid, row));
            }
        }
        if tells_all(status) {
            self.unseen_leave(store);
        }
        for (cid, row) in new {
            self.joins_by(store, (cid, row), peers, &mut networks);
        }
    }

    /// Whether the session of this row is known; takes what the row tells of it.
    fn is_seen_in(
        &mut self,
        store: &mut Store,
        (cid, row): (Cid, &StatusClient),
        peers: Option<&PeerIdentities>,
        networks: &mut Networks,
    ) -> bool {
        let Some((id, entry)) = self.id(cid).and_then(|id| Some((id, store.get(id)?))) else {
            return false;
        };
        let peer = peers.and_then(|peers| peers.known(cid));
        if !is_session(entry, row, peer.as_ref()) {
            self.replaced(store, id);
            return false;
        }
        let kid = entry.record.kid;
        let undecided = kid.is_some_and(|kid| peers.is_some_and(|it| it.is_undecided(cid, kid)));
        store.confirm(id, peer.as_ref());
        store.sight(id, self.statuses);
        store.update(id, |record| take(record, row, networks, undecided));
        true
    }

    fn joins_by(
        &mut self,
        store: &mut Store,
        (cid, row): (Cid, &StatusClient),
        peers: Option<&PeerIdentities>,
        networks: &mut Networks,
    ) {
        // No daemon says one twice.
        if self.id(cid).is_some() {
            return;
        }
        let peer = peers.and_then(|peers| peers.known(cid));
        let id = self.change(store, None, (cid, peer.as_ref(), Phase::Unknown), |record| {
            take(record, row, networks, false);
        });
        if let Some(id) = id {
            store.sight(id, self.statuses);
        }
    }

    fn unseen_leave(&mut self, store: &mut Store) {
        let is_unseen = |entry: &Entry| entry.sighting != self.statuses;
        let mut unseen = self.ids();
        unseen.retain(|id| store.get(*id).is_some_and(is_unseen));
        for id in unseen {
            self.leaves(store, id, Departure::Unseen, None);
        }
    }
}

/// Whether who is not in it is not there: each row of a client is one with a CID.
fn tells_all(status: &ServerStatus) -> bool {
    let is_client = |line: &Text| line.as_bytes().starts_with(b"CLIENT_LIST");
    status.clients.iter().all(|row| row.cid().is_some()) && !status.unparsed.iter().any(is_client)
}

/// Whether a row is of this session.
fn is_session(entry: &Entry, row: &StatusClient, peer: Option<&Peer>) -> bool {
    let record = &entry.record;
    if !entry.may_be(peer) {
        return false;
    }
    let since = row.connected_since().unix;
    if record.since.is_some() && since.is_some() && record.since != since {
        return false;
    }
    if entry.is_confirmed {
        return true;
    }
    // Of another connection: where nothing proves that it is the same it is taken for another.
    let (real, names) = (row.real_address(), (row.common_name(), row.username()));
    let is_elsewhere = (record.real_ip, record.real_port) != (real.ip, real.port);
    let differs = |known: &Option<Text>, name: Option<Text>| {
        known.is_some() && name.is_some() && *known != name
    };
    let is_other_name = differs(&record.common_name, names.0) || differs(&record.username, names.1);
    !is_other_name && (record.since.is_some() || !is_elsewhere)
}

fn take(record: &mut PeerRecord, row: &StatusClient, networks: &mut Networks, undecided: bool) {
    record.name_as(row.common_name(), row.username());
    record.since = row.connected_since().unix.or(record.since);
    let real = row.real_address();
    if let Some(ip) = real.ip {
        record.come_from(ip, real.port);
    }
    real.protocol.into_iter().for_each(|protocol| record.carried_by(protocol));
    let own: Vec<_> = row.virtual_address().into_iter().chain(row.virtual_ipv6()).collect();
    if !own.is_empty() {
        record.set_addresses(&own, true);
    }
    // Without a port, as before 2.7 with IPv6, an address may be that of several.
    if real.port.is_some() {
        // Taken, so that rows of one address do not cost as much as its networks each.
        let mut behind = networks.remove(&real.text).unwrap_or_default();
        behind.retain(|it| !own.contains(it));
        record.set_addresses(&behind, false);
    }
    record.count(row.bytes_received(), row.bytes_sent());
    record.phase = phase(record.phase, row.admission(), undecided);
}

/// What a row adds to what is known: who was let in is not turned out by it.
fn phase(known: Phase, admission: Admission, undecided: bool) -> Phase {
    match (known, admission) {
        (Phase::Renewing, _) if undecided => Phase::Renewing,
        (Phase::In | Phase::Renewing, _) | (_, Admission::Admitted) => Phase::In,
        (Phase::Unknown, Admission::Waiting) => Phase::Waiting,
        (known, _) => known,
    }
}

fn networks(status: &ServerStatus) -> Networks {
    let mut networks = Networks::new();
    for route in status.routes.iter().filter(|route| !route.is_cached()) {
        networks.entry(route.real_address().text).or_default().push(route.virtual_address());
    }
    networks
}
