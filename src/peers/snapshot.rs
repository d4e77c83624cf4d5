//! [`PeersSnapshot`]: the table as it was at one moment.

use std::fmt;
use std::sync::Arc;

use super::{PeerRecord, RecordId};
use crate::client::Peer;

/// One session of a client, and who it is for commands.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PeerRow {
    /// What is known of it.
    pub record: Arc<PeerRecord>,
    /// Its identity for commands, as [`Client::client_kill`](crate::Client::client_kill); `None` while there is no
    /// connection that has seen it, and on one without [requests](crate::Builder::requests).
    pub peer: Option<Peer>,
}

/// The table as it was at one moment. Cloning does not allocate.
#[derive(Clone, Default)]
pub struct PeersSnapshot(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// By ID.
    rows: Vec<PeerRow>,
    /// Each daemon, whether it was attached, and whether the table was blind there.
    daemons: Vec<(Arc<str>, bool, bool)>,
}

impl PeersSnapshot {
    pub(super) fn new(mut rows: Vec<PeerRow>, mut daemons: Vec<(Arc<str>, bool, bool)>) -> Self {
        rows.sort_unstable_by_key(|row| row.record.id);
        daemons.sort_unstable();
        Self(Arc::new(Inner { rows, daemons }))
    }

    /// Every session, in the order in which they were first seen.
    #[must_use]
    pub fn rows(&self) -> &[PeerRow] {
        &self.0.rows
    }

    /// Every record, in the order in which they were first seen.
    pub fn records(&self) -> impl Iterator<Item = &Arc<PeerRecord>> {
        self.0.rows.iter().map(|row| &row.record)
    }

    /// The session of this ID.
    #[must_use]
    pub fn get(&self, id: RecordId) -> Option<&PeerRow> {
        let at = self.0.rows.binary_search_by_key(&id, |row| row.record.id).ok()?;
        self.0.rows.get(at)
    }

    /// The sessions of this common name or user name; looks at each.
    pub fn by_name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a PeerRow> {
        let is_name = move |row: &&PeerRow| {
            let record = &row.record;
            let mut names = record.common_name.iter().chain(&record.username);
            names.any(|known| *known == *name)
        };
        self.0.rows.iter().filter(is_name)
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.rows.is_empty()
    }

    /// Each daemon by its name, and whether there was a connection to it. Without one its sessions are as they were last
    /// known.
    pub fn daemons(&self) -> impl Iterator<Item = (&str, bool)> {
        self.0.daemons.iter().map(|(name, is_attached, _)| (&**name, *is_attached))
    }

    /// The daemons whose `status` could not be had: see [`Peers::is_blind`](super::Peers::is_blind).
    pub fn blind(&self) -> impl Iterator<Item = &str> {
        self.0.daemons.iter().filter(|(_, _, is_blind)| *is_blind).map(|(name, ..)| &**name)
    }
}

impl fmt::Debug for PeersSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeersSnapshot")
            .field("rows", &self.0.rows)
            .field("daemons", &self.0.daemons)
            .finish()
    }
}
