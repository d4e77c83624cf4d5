//! One client in a server's status.

use bytes::Bytes;

use super::table::{Row, Table};
use super::{StatusTime, filled, optional_number};
use crate::reply::fields::number;
use crate::types::{Cid, RealAddress, Text, VirtualAddress};

/// A client of a server: a `CLIENT_LIST` row.
///
/// Format 1 has the name, the real address, the counters and the time; the rest is
/// in formats 2 and 3, in the columns this daemon has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusClient {
    /// The common name of its certificate, or with `username-as-common-name` its user name.
    ///
    /// `None` where the daemon writes `UNDEF`: in its handshake, and for good where it has
    /// neither. A name that really is `UNDEF` is `None` too; nothing tells them apart.
    pub common_name: Option<Text>,
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
    /// The user name it gave.
    ///
    /// `None` where the daemon writes `UNDEF`: it gave none, or not yet. A user who really is
    /// called `UNDEF` is `None` too; nothing tells them apart.
    pub username: Option<Text>,
    /// The ID by which `client-kill` and others name it (OpenVPN 2.4).
    pub cid: Option<Cid>,
    /// The ID in its data packets (OpenVPN 2.4).
    pub peer_id: Option<u32>,
    /// The cipher of its data channel, `AES-256-GCM` (OpenVPN 2.5); before one is negotiated the
    /// one of the server's configuration, `BF-CBC` where that names none.
    pub cipher: Option<Text>,
    /// Columns this crate does not know, as name and value.
    pub other: Vec<(Text, Text)>,
    /// Whether the server knows an Ethernet address behind it.
    pub(super) sends_frames: bool,
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

    /// Whether this client has been let in, as far as its row tells.
    ///
    /// A daemon gives a client its address in the tunnel and its cipher when it lets it in; its
    /// names are there before. So, on OpenVPN 2.5 to 2.7, with TUN and TAP:
    ///
    /// | address in the tunnel | cipher | |
    /// | --- | --- | --- |
    /// | IPv4 or IPv6 | not `BF-CBC` | [`Admitted`](Admission::Admitted) |
    /// | none | `BF-CBC` | [`Waiting`](Admission::Waiting) |
    /// | IPv4 or IPv6 | `BF-CBC` | [`Unknown`](Admission::Unknown): or has no cipher in common |
    /// | none | not `BF-CBC` | [`Unknown`](Admission::Unknown): the server may give no addresses |
    /// | in format 1, or before 2.5 | | [`Unknown`](Admission::Unknown) |
    ///
    /// On a TAP server a client behind which it knows an Ethernet address is
    /// [`Admitted`](Admission::Admitted) in any case.
    #[must_use]
    pub fn admission(&self) -> Admission {
        let has_address = self.virtual_address.is_some() || self.virtual_ipv6.is_some();
        let is_negotiated = self.cipher.as_ref().map(|cipher| *cipher != PLACEHOLDER);
        match (has_address, is_negotiated) {
            // Only frames that came through the data channel are learned from.
            _ if self.sends_frames => Admission::Admitted,
            (true, Some(true)) => Admission::Admitted,
            (false, Some(false)) => Admission::Waiting,
            _ => Admission::Unknown,
        }
    }

    /// Reads `row`, a part of `line`; `None` where a field is missing or in another form.
    pub(super) fn parse(table: &Table<12>, line: &Bytes, row: &[u8]) -> Option<Self> {
        let Row { known, other } = table.split(line, row)?;
        let [name, real, virt, virt6, received, sent, since, unix, user, cid, peer, cipher] = known;
        let text = |field: &[u8]| Text::slice_of(line, field);
        let address = |field: &[u8]| VirtualAddress::parse(text(field));
        Some(Self {
            common_name: defined(name?).map(text),
            real_address: RealAddress::parse(text(real?)),
            virtual_address: filled(virt).map(address),
            virtual_ipv6: filled(virt6).map(address),
            bytes_received: number(received?)?,
            bytes_sent: number(sent?)?,
            connected_since: StatusTime::new(line, since?, unix)?,
            username: filled(user).and_then(defined).map(text),
            cid: optional_number(cid).ok()?.map(Cid),
            peer_id: optional_number(peer).ok()?,
            cipher: filled(cipher).map(text),
            other,
            sends_frames: false,
        })
    }
}

/// Whether a client of [`ServerStatus`](super::ServerStatus) has been let in:
/// [`StatusClient::admission`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Admission {
    /// It has been let in.
    ///
    /// It may be asked about again, at a renegotiation or when it restarts from its own port
    /// (`>CLIENT:REAUTH`), or be on its way out for some seconds: its row does not change.
    /// That is so too for a client with no cipher in common, where the server's configuration
    /// has a `cipher` other than `BF-CBC`.
    Admitted,
    /// It has not been let in: it is in its handshake, waits for a decision, or was turned away
    /// some seconds ago.
    ///
    /// A server that gives no addresses, and is configured to use `BF-CBC` for the data channel,
    /// writes the same row of a client that is in.
    Waiting,
    /// Its row does not tell.
    Unknown,
}

/// The cipher that a daemon shows before one is negotiated, unless it is configured with another.
const PLACEHOLDER: &str = "BF-CBC";

/// A name, unless it is the daemon's word for none.
pub(super) fn defined(name: &[u8]) -> Option<&[u8]> {
    Some(name).filter(|name| *name != b"UNDEF")
}
