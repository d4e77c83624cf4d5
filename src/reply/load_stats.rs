//! The reply of `load-stats`.

use super::RawReply;
use super::fields::{named_number, split_once};
use crate::Result;

/// The totals of a daemon: `nclients=1,bytesin=2990,bytesout=3182`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LoadStats {
    /// Clients connected; 0 where the daemon is a client itself.
    pub clients: u64,
    /// Bytes received from peers.
    pub bytes_in: u64,
    /// Bytes sent to peers.
    pub bytes_out: u64,
}

impl LoadStats {
    /// Reads the reply of `load-stats`.
    ///
    /// # Errors
    /// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        let expected = "`nclients=N,bytesin=N,bytesout=N`";
        reply.read_success("load-stats", expected, |text| {
            let (clients, rest) = split_once(text, b',')?;
            let (bytes_in, bytes_out) = split_once(rest, b',')?;
            Some(Self {
                clients: named_number(clients, "nclients=")?,
                bytes_in: named_number(bytes_in, "bytesin=")?,
                bytes_out: named_number(bytes_out, "bytesout=")?,
            })
        })
    }
}

#[cfg(test)]
mod tests;
