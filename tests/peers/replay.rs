//! What the changes of a table make of an empty one.

use std::collections::{BTreeMap, HashSet};

use openvpn_mgmt::peers::{Change, Changes, Departure, LivePeers, PeerRecord, RecordId};

pub(crate) struct Replay {
    changes: Changes,
    records: BTreeMap<RecordId, PeerRecord>,
    joined: HashSet<RecordId>,
    left: HashSet<RecordId>,
    departures: HashSet<Departure>,
}

impl Replay {
    /// From a table of nobody.
    pub(crate) fn new(peers: &LivePeers) -> Self {
        let (snapshot, changes) = peers.subscribe();
        assert!(snapshot.is_empty());
        Self {
            changes,
            records: BTreeMap::new(),
            joined: HashSet::new(),
            left: HashSet::new(),
            departures: HashSet::new(),
        }
    }

    /// Does what has changed, and looks that it leads to the table.
    pub(crate) fn catch_up(&mut self, peers: &LivePeers) -> usize {
        let mut count = 0;
        while let Some(change) = self.changes.try_next() {
            self.change(change.expect("more changes than the test reads"));
            count += 1;
        }
        let snapshot = peers.snapshot();
        let same = self.records.values().eq(snapshot.records().map(|record| &**record));
        assert!(same, "replayed: {:#?}\ntable: {snapshot:#?}", self.records);
        let open: HashSet<_> = self.records.keys().copied().collect();
        assert!(self.joined.difference(&self.left).copied().collect::<HashSet<_>>() == open);
        count
    }

    /// How many sessions there were.
    pub(crate) fn sessions(&self) -> usize {
        self.joined.len()
    }

    /// How sessions have ended.
    pub(crate) fn departures(&self) -> &HashSet<Departure> {
        &self.departures
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Joined(record) => {
                assert!(self.joined.insert(record.id), "joined twice");
                self.records.insert(record.id, (*record).clone());
            }
            Change::Changed(record) => {
                let before = self.records.insert(record.id, (*record).clone()).expect("unknown");
                assert!(before != *record, "nothing has changed");
                assert!(before.bytes_received <= record.bytes_received);
            }
            Change::Bytes { id, received, sent, .. } => {
                let record = self.records.get_mut(&id).expect("unknown");
                assert!(record.bytes_received <= received && record.bytes_sent <= sent);
                (record.bytes_received, record.bytes_sent) = (received, sent);
            }
            Change::Left { record, how, .. } => {
                self.departures.insert(how);
                assert!(self.left.insert(record.id), "left twice");
                assert_eq!(self.records.remove(&record.id).as_ref(), Some(&*record));
            }
            other => panic!("not known: {other:?}"),
        }
    }
}
