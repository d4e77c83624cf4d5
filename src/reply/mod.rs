//! Typed replies: from the raw lines of a reply to the values they mean, and back.
//!
//! One reply a file. [`WriteReply`] writes what the parser reads, byte for byte as the daemon sent it: for programs
//! that stand in a daemon's place. Nothing here reads a socket; the parsers run in the task of
//! whoever asked, so that a large `status` does not hold up the connection.

mod auth_retry;
mod fields;
mod help;
#[cfg(feature = "serde")]
mod json;
mod kill;
mod lines;
mod load_stats;
mod network_change;
mod push_update;
mod remote_entry;
mod rows;
mod scalar;
mod status;
mod version;

use std::fmt;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::types::Text;
pub use crate::types::{WriteError, WriteReply, WriteRow};
use crate::types::{masked, shown};

pub use auth_retry::AuthRetry;
pub use help::{Help, net};
pub use kill::KillReport;
pub use lines::ReplyLine;
pub use load_stats::LoadStats;
pub use network_change::NetworkChange;
pub use push_update::{PushUpdate, parse_push_update};
pub use remote_entry::{RemoteEntry, RemoteEntryCount, remote_entry_count};
pub use rows::UnreadRow;
pub(crate) use rows::read_rows;
pub use scalar::{Scalar, hold, mute, nclients, pid, verb};
pub use status::{
    Admission, ClientStatistics, Route, ServerStatus, Status, StatusClient, StatusClientBuilder,
    StatusFile, StatusFormat, StatusTime,
};
pub use version::{DaemonVersion, Version};

/// A reply as it came: the text of its `SUCCESS:` line, the lines of its block, or both.
///
/// An `ERROR:` line is no reply in this sense; it becomes [`Error::Refused`]. `Debug` cuts the
/// lines where they would show a secret that the daemon logs as it is.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawReply {
    /// What follows `SUCCESS: `; `None` for a reply that is only a block.
    pub success: Option<Text>,
    /// The lines of the block without line ends and without `END`.
    pub lines: Vec<Bytes>,
}

impl RawReply {
    /// A reply of one `SUCCESS: text` line.
    #[must_use]
    pub fn success(text: impl Into<Text>) -> Self {
        Self { success: Some(text.into()), lines: Vec::new() }
    }

    /// A reply of a block, its lines without `END`.
    #[must_use]
    pub fn block(lines: Vec<Bytes>) -> Self {
        Self { success: None, lines }
    }

    /// Reads `SUCCESS: text` with `read`, or says what was expected instead.
    fn read_success<T>(
        &self,
        command: &'static str,
        expected: &'static str,
        read: impl FnOnce(&Bytes) -> Option<T>,
    ) -> Result<T> {
        let Some(text) = &self.success else {
            return Err(unexpected(command, expected, self.lines.first()));
        };
        let text = text.clone().into_bytes();
        read(&text).ok_or_else(|| unexpected(command, expected, Some(&text)))
    }
}

impl fmt::Debug for RawReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<Text> =
            self.lines.iter().map(|line| masked(&Text::from(line.clone()))).collect();
        f.debug_struct("RawReply").field("success", &self.success).field("lines", &lines).finish()
    }
}

fn unexpected(command: &'static str, expected: &'static str, line: Option<&Bytes>) -> Error {
    let line = line.cloned().map(|line| shown(&Text::from(line))).unwrap_or_default();
    Error::UnexpectedReply { command, expected, line }
}

#[cfg(test)]
mod tests;
