//! One client in a server's status.

use bytes::Bytes;

use super::table::{Row, Table};
use super::{StatusTime, filled, optional_number};
use crate::reply::fields::number;
use crate::{Cid, RealAddress, Text, VirtualAddress};

/// A client of a server: a `CLIENT_LIST` row.
///
/// Format 1 has the name, the real address, the counters and the time; the rest is
/// in formats 2 and 3, in the columns this daemon has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusClient {
    /// The common name of its certificate, or its user name; `UNDEF` before it is authenticated.
    pub common_name: Text,
    /// Where it connects from.
    pub real_address: RealAddress,
    /// Its IPv4 address in the tunnel; `None` where it has none (yet).
    pub virtual_address: Option<VirtualAddress>,
    /// Its IPv6 address in the tunnel; `None` where it has none (yet).
    pub virtual_ipv6: Option<VirtualAddress>,
    /// Bytes received from it.
    pub bytes_received: u64,
    /// Bytes sent to it.
    pub bytes_sent: u64,
    /// Since when it is connected.
    pub connected_since: StatusTime,
    /// The user name it gave; `UNDEF` where it gave none.
    pub username: Option<Text>,
    /// The ID by which `client-kill` and others name it (OpenVPN 2.4).
    pub cid: Option<Cid>,
    /// The ID in its data packets (OpenVPN 2.4).
    pub peer_id: Option<u32>,
    /// The cipher of its data channel, `AES-256-GCM` (OpenVPN 2.5).
    pub cipher: Option<Text>,
    /// Columns this crate does not know, as name and value.
    pub other: Vec<(Text, Text)>,
}

impl StatusClient {
    /// The names of the columns known here; `parse` takes them in this order.
    pub(super) const COLUMNS: [&'static str; 12] = [
        "Common Name",
        "Real Address",
        "Virtual Address",
        "Virtual IPv6 Address",
        "Bytes Received",
        "Bytes Sent",
        "Connected Since",
        "Connected Since (time_t)",
        "Username",
        "Client ID",
        "Peer ID",
        "Data Channel Cipher",
    ];

    /// Whether it has no name yet: it is still in its handshake, or waits for authorization.
    #[must_use]
    pub fn is_undef(&self) -> bool {
        self.common_name == "UNDEF"
    }

    /// Reads `row`, a part of `line`; `None` where a field is missing or in another form.
    pub(super) fn parse(table: &Table<12>, line: &Bytes, row: &[u8]) -> Option<Self> {
        let Row { known, other } = table.split(line, row)?;
        let [name, real, virt, virt6, received, sent, since, unix, user, cid, peer, cipher] = known;
        let text = |field: &[u8]| Text::slice_of(line, field);
        let address = |field: &[u8]| VirtualAddress::parse(text(field));
        Some(Self {
            common_name: text(name?),
            real_address: RealAddress::parse(text(real?)),
            virtual_address: filled(virt).map(address),
            virtual_ipv6: filled(virt6).map(address),
            bytes_received: number(received?)?,
            bytes_sent: number(sent?)?,
            connected_since: StatusTime::new(line, since?, unix)?,
            username: filled(user).map(text),
            cid: optional_number(cid).ok()?.map(Cid),
            peer_id: optional_number(peer).ok()?,
            cipher: filled(cipher).map(text),
            other,
        })
    }
}
