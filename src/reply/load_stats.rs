//! The reply of `load-stats`.

use super::fields::named_number;
use super::{RawReply, WriteError, WriteReply};
use crate::error::Result;
use crate::types::{Line, Text};

/// The totals of a daemon: `nclients=1,bytesin=2990,bytesout=3182`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LoadStats {
    /// Clients connected; 0 where the daemon is a client itself.
    pub clients: u64,
    /// Bytes received from peers.
    pub bytes_in: u64,
    /// Bytes sent to peers.
    pub bytes_out: u64,
    /// Any other field, as newer daemons may send; no known daemon does.
    pub other: Vec<Text>,
}

impl LoadStats {
    /// Totals without other fields.
    #[must_use]
    pub fn new(clients: u64, bytes_in: u64, bytes_out: u64) -> Self {
        Self { clients, bytes_in, bytes_out, other: Vec::new() }
    }

    /// Reads the reply of `load-stats`.
    ///
    /// # Errors
    /// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        let expected = "`nclients=N,bytesin=N,bytesout=N`";
        reply.read_success("load-stats", expected, |text| {
            let mut fields = text.split(|byte| *byte == b',');
            let mut known = |name| named_number(fields.next()?, name);
            Some(Self {
                clients: known("nclients=")?,
                bytes_in: known("bytesin=")?,
                bytes_out: known("bytesout=")?,
                other: fields.map(|field| Text::slice_of(text, field)).collect(),
            })
        })
    }
}

impl WriteReply for LoadStats {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::reply(out, "SUCCESS: nclients=").number(self.clients);
        let line = line.raw(",bytesin=").number(self.bytes_in);
        let line = line.raw(",bytesout=").number(self.bytes_out);
        let others = self.other.iter();
        others.fold(line, |line, field| line.raw(",").field("other field", field, b',')).end()
    }
}

#[cfg(test)]
mod tests;
