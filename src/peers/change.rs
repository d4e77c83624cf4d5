//! [`Change`]: what happens in the table.

#[cfg(feature = "serde")]
mod json;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{PeerRecord, RecordId};

/// What happens in the table.
///
/// Whoever begins with a snapshot and does all changes behind it has the table: puts in what
/// [joined](Self::Joined), replaces what has [changed](Self::Changed), sets [bytes](Self::Bytes), takes out what has
/// [left](Self::Left). Each that joined leaves once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A session that was not known.
    Joined(Arc<PeerRecord>),
    /// Something of it but its bytes alone has changed; the record as it is now.
    Changed(Arc<PeerRecord>),
    /// Its bytes have changed, and nothing else.
    #[non_exhaustive]
    Bytes {
        /// Which session's.
        id: RecordId,
        /// Received from the client, in its session.
        received: u64,
        /// Sent to the client, in its session.
        sent: u64,
    },
    /// A session is over.
    #[non_exhaustive]
    Left {
        /// The record as it was at the end, with the bytes that the session carried, as far as they were told.
        record: Arc<PeerRecord>,
        /// How long it lasted: by the daemon's word at its `DISCONNECT`, or else up to the time of the daemon's clock at
        /// which it was found to be over. `None` where neither was told.
        duration: Option<Duration>,
        /// How it came to its end.
        how: Departure,
    },
}

/// How a session of a client came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Departure {
    /// `>CLIENT:DISCONNECT` came: it left, was killed or denied, or the server gave it up.
    Disconnected,
    /// Its ID is another session's now: it began anew from its own port.
    Replaced,
    /// Its daemon has restarted or ended.
    Restarted,
    /// It is not in `status` any more: it left while nobody listened, or at a daemon that announces nothing.
    Unseen,
    /// The program has taken its daemon out of the table.
    Removed,
}

impl Change {
    /// Which session it is about.
    #[must_use]
    pub fn id(&self) -> RecordId {
        match self {
            Self::Joined(record) | Self::Changed(record) | Self::Left { record, .. } => record.id,
            Self::Bytes { id, .. } => *id,
        }
    }
}

/// What has happened, and the record; of bytes alone the number of the session.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined(record) => write!(f, "joined: {record}"),
            Self::Changed(record) => write!(f, "changed: {record}"),
            Self::Bytes { id, received, sent } => {
                write!(f, "session {id}: {received} bytes in, {sent} out")
            }
            Self::Left { record, duration: Some(duration), how } => {
                write!(f, "left: {record}; {how} after {} s", duration.as_secs())
            }
            Self::Left { record, duration: None, how } => write!(f, "left: {record}; {how}"),
        }
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Disconnected => "disconnected",
            Self::Replaced => "began anew",
            Self::Restarted => "its daemon restarted or ended",
            Self::Unseen => "not there any more",
            Self::Removed => "its daemon was removed",
        })
    }
}
