//! The replies of `remote-entry-get` and `remote-entry-count`.

use bytes::Bytes;

use super::fields::{number, rsplit_once, split_once};
use super::{RawReply, UnreadRow, read_rows, unexpected};
use crate::error::Result;
use crate::types::{Protocol, Text};

/// A `remote` of a client's configuration: `0,127.0.0.1,16064,udp,enabled`.
///
/// Needs OpenVPN 2.6.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
