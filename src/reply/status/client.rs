//! One client in a server's status.

mod builder;
#[cfg(feature = "serde")]
mod json;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::format::StatusFormat;
use super::span::Span;
use super::table::{Column, OtherColumns, Row, Table, write_fields};
use super::{StatusTime, optional_number, write_optional};
use crate::reply::fields::number;
use crate::types::{Cid, Line, RealAddress, Text, VirtualAddress};

pub use builder::StatusClientBuilder;
pub(super) use builder::Texts;

/// A client of a server: a `CLIENT_LIST` row.
///
/// Format 1 has the name, the real address, the counters and the time; the rest is
/// in formats 2 and 3, in the columns this daemon has.
///
/// It keeps its row, and where in it the columns are. Numbers are read with the reply; texts,
/// which are slices of the row, and addresses are read at each call.
#[derive(Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "json::Fields", try_from = "json::Fields")
)]
pub struct StatusClient {
    line: Bytes,
    common_name: Span,
    real_address: Span,
    virtual_address: Span,
    virtual_ipv6: Span,
    since: Span,
    username: Span,
    cipher: Span,
    other: Option<Arc<OtherColumns>>,
    bytes_received: u64,
    bytes_sent: u64,
    since_unix: Option<u64>,
    cid: Option<Cid>,
    peer_id: Option<u32>,
    /// Whether the server knows an Ethernet address behind it.
    pub(super) sends_frames: bool,
}

impl StatusClient {
    /// The common name of its certificate, or with `username-as-common-name` its user name.
    ///
    /// `None` where the daemon writes `UNDEF`: in its handshake, and for good where it has
    /// neither. A name that really is `UNDEF` is `None` too; nothing tells them apart.
    #[must_use]
    pub fn common_name(&self) -> Option<Text> {
        self.common_name.defined(&self.line)
    }

    /// Where it connects from.
    #[must_use]
    pub fn real_address(&self) -> RealAddress {
        self.real_address.real_address(&self.line)
    }

    /// Its IPv4 address in the tunnel; `None` where it has none (yet).
    #[must_use]
    pub fn virtual_address(&self) -> Option<VirtualAddress> {
        self.virtual_address.virtual_address(&self.line)
    }

    /// Its IPv6 address in the tunnel; `None` where it has none (yet).
    #[must_use]
    pub fn virtual_ipv6(&self) -> Option<VirtualAddress> {
        self.virtual_ipv6.virtual_address(&self.line)
    }

    /// Bytes received from it.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.bytes_received
    }

    /// Bytes sent to it.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent
    }

    /// Since when it is connected.
    #[must_use]
    pub fn connected_since(&self) -> StatusTime {
        StatusTime { text: self.since.text(&self.line), unix: self.since_unix }
    }

    /// The user name it gave.
    ///
    /// `None` where the daemon writes `UNDEF`: it gave none, or not yet. A user who really is
    /// called `UNDEF` is `None` too; nothing tells them apart.
    #[must_use]
    pub fn username(&self) -> Option<Text> {
        self.username.defined(&self.line).filter(|name| !name.is_empty())
    }

    /// The ID by which `client-kill` and others name it (OpenVPN 2.4).
    #[must_use]
    pub fn cid(&self) -> Option<Cid> {
        self.cid
    }

    /// The ID in its data packets (OpenVPN 2.4).
    #[must_use]
    pub fn peer_id(&self) -> Option<u32> {
        self.peer_id
    }

    /// The cipher of its data channel, `AES-256-GCM` (OpenVPN 2.5); before one is negotiated the
    /// one of the server's configuration, `BF-CBC` where that names none.
    #[must_use]
    pub fn cipher(&self) -> Option<Text> {
        self.cipher.filled(&self.line)
    }

    /// Columns this crate does not know, as name and value.
    #[must_use]
    pub fn other(&self) -> Vec<(Text, Text)> {
        self.other.as_ref().map(|columns| columns.of(&self.line)).unwrap_or_default()
    }

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
        let is_filled = |field: Span| !field.of(&self.line).is_empty();
        let has_address = is_filled(self.virtual_address) || is_filled(self.virtual_ipv6);
        let is_negotiated = self.cipher().map(|cipher| cipher != PLACEHOLDER);
        match (has_address, is_negotiated) {
            // Only frames that came through the data channel are learned from.
            _ if self.sends_frames => Admission::Admitted,
            (true, Some(true)) => Admission::Admitted,
            (false, Some(false)) => Admission::Waiting,
            _ => Admission::Unknown,
        }
    }

    /// The text of [`real_address`](Self::real_address).
    pub(super) fn real_text(&self) -> &[u8] {
        self.real_address.of(&self.line)
    }

    /// Reads the row of `line`; `None` where a field is missing or in another form.
    pub(super) fn parse(table: &mut Table<12>, line: &Bytes) -> Option<Self> {
        let Row { known, other } = table.split(line)?;
        let [name, real, virt, virt6, received, sent, since, unix, user, cid, peer, cipher] = known;
        Some(Self {
            common_name: name?,
            real_address: real?,
            virtual_address: virt.unwrap_or_default(),
            virtual_ipv6: virt6.unwrap_or_default(),
            since: since?,
            username: user.unwrap_or_default(),
            cipher: cipher.unwrap_or_default(),
            bytes_received: number(received?.of(line))?,
            bytes_sent: number(sent?.of(line))?,
            since_unix: optional_number(unix.unwrap_or_default().of(line)).ok()?,
            cid: optional_number(cid.unwrap_or_default().of(line)).ok()?.map(Cid),
            peer_id: optional_number(peer.unwrap_or_default().of(line)).ok()?,
            other,
            sends_frames: false,
            line: line.clone(),
        })
    }

    /// Writes its fields; those of columns that are not known, where `all` are to be written.
    pub(super) fn write<'a>(
        &self,
        line: Line<'a>,
        format: StatusFormat,
        columns: &[Column],
        all: bool,
    ) -> Line<'a> {
        let separator = format.separator();
        let field =
            |line: Line<'a>, name, span: Span| line.field(name, span.of(&self.line), separator);
        let other = if all { self.other() } else { Vec::new() };
        write_fields(line, columns, separator, &other, |line, column| match column {
            0 => field(line, "common name", self.common_name),
            1 => field(line, "real address", self.real_address),
            2 => field(line, "virtual address", self.virtual_address),
            3 => field(line, "virtual IPv6 address", self.virtual_ipv6),
            4 => line.number(self.bytes_received),
            5 => line.number(self.bytes_sent),
            6 => field(line, "time", self.since),
            7 => write_optional(line, self.since_unix),
            8 => field(line, "user name", self.username),
            9 => write_optional(line, self.cid.map(|cid| cid.0)),
            10 => write_optional(line, self.peer_id.map(u64::from)),
            _ => field(line, "cipher", self.cipher),
        })
    }

    /// All it says, for comparing.
    fn values(&self) -> impl Eq {
        (
            (self.common_name(), self.username(), self.connected_since(), self.cipher()),
            (self.real_address(), self.virtual_address(), self.virtual_ipv6()),
            (self.bytes_received, self.bytes_sent, self.cid, self.peer_id, self.sends_frames),
            self.other(),
        )
    }
}

impl PartialEq for StatusClient {
    fn eq(&self, other: &Self) -> bool {
        self.values() == other.values()
    }
}

impl Eq for StatusClient {}

impl fmt::Debug for StatusClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusClient")
            .field("common_name", &self.common_name())
            .field("real_address", &self.real_address())
            .field("virtual_address", &self.virtual_address())
            .field("virtual_ipv6", &self.virtual_ipv6())
            .field("bytes_received", &self.bytes_received)
            .field("bytes_sent", &self.bytes_sent)
            .field("connected_since", &self.connected_since())
            .field("username", &self.username())
            .field("cid", &self.cid)
            .field("peer_id", &self.peer_id)
            .field("cipher", &self.cipher())
            .field("other", &self.other())
            .field("sends_frames", &self.sends_frames)
            .finish_non_exhaustive()
    }
}

/// Whether a client of [`ServerStatus`](super::ServerStatus) has been let in:
/// [`StatusClient::admission`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "lowercase"))]
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
