//! The replies of `remote-entry-get` and `remote-entry-count`.

use bytes::Bytes;

use super::fields::{number, rsplit_once, split_once};
use super::{RawReply, UnreadRow, WriteError, WriteReply, WriteRow, read_rows, unexpected};
use crate::error::Result;
use crate::types::{Line, Protocol, Text, block};

/// A `remote` of a client's configuration: `0,127.0.0.1,16064,udp,enabled`.
///
/// Needs OpenVPN 2.6.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RemoteEntry {
    /// Its place in the list, from 0.
    pub index: u32,
    /// Host name or address, as the configuration has it.
    pub host: Text,
    /// Port number or service name (`https`), as the configuration has it.
    pub port: Text,
    /// The transport protocol.
    pub protocol: Protocol,
    /// Whether the client tries it: `enabled` or `disabled`.
    pub enabled: bool,
}

impl RemoteEntry {
    /// An entry that the client tries; `enabled` is a field to change.
    #[must_use]
    pub fn new(
        index: u32,
        host: impl Into<Text>,
        port: impl Into<Text>,
        protocol: Protocol,
    ) -> Self {
        Self { index, host: host.into(), port: port.into(), protocol, enabled: true }
    }

    /// Reads the reply of `remote-entry-get`, each row by itself; an index out of range gives no entries.
    #[must_use]
    pub fn parse(reply: &RawReply) -> Vec<Result<Self, UnreadRow>> {
        read_rows(reply, |row| Self::parse_row(row).ok_or("not `index,host,port,protocol,enabled`"))
    }

    /// The port as a number; `None` where it is a service name.
    #[must_use]
    pub fn port_number(&self) -> Option<u16> {
        number(self.port.as_bytes())
    }

    // The host may hold colons and even commas, so the row is read from both ends.
    fn parse_row(row: &Bytes) -> Option<Self> {
        let (index, rest) = split_once(row, b',')?;
        let (rest, enabled) = rsplit_once(rest, b',')?;
        let (rest, protocol) = rsplit_once(rest, b',')?;
        let (host, port) = rsplit_once(rest, b',')?;
        Some(Self {
            index: number(index)?,
            host: Text::slice_of(row, host),
            port: Text::slice_of(row, port),
            protocol: Protocol::parse(Text::slice_of(row, protocol)),
            enabled: match enabled {
                b"enabled" => true,
                b"disabled" => false,
                _ => return None,
            },
        })
    }
}

impl WriteRow for RemoteEntry {
    fn write_row(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let known = Protocol::parse(self.protocol.to_text()) == self.protocol;
        let line = Line::row(out).number(self.index).raw(",").text("host", &self.host);
        let line = line.raw(",").field("port", &self.port, b',');
        let line = line.raw(",").field("protocol", self.protocol.to_text(), b',');
        let line = line.check(known, "protocol", "is the name of another");
        line.raw(if self.enabled { ",enabled" } else { ",disabled" }).end()
    }
}

/// The reply of `remote-entry-count`, to be written: a bare number, and `END`. Read by [`remote_entry_count`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RemoteEntryCount(pub u32);

impl WriteReply for RemoteEntryCount {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        block(out, |out| Line::row(out).number(self.0).end())
    }
}

/// Reads the reply of `remote-entry-count`: a bare number.
///
/// # Errors
/// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
pub fn remote_entry_count(reply: &RawReply) -> Result<u32> {
    let count = match reply.lines.as_slice() {
        [line] => number(line),
        _ => None,
    };
    count.ok_or_else(|| unexpected("remote-entry-count", "one number", reply.lines.last()))
}

#[cfg(test)]
mod tests;
