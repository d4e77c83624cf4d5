//! One route in a server's status.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::span::Span;
use super::table::{OtherColumns, Row, Table};
use super::{StatusTime, optional_number};
use crate::types::{RealAddress, Text, VirtualAddress};

/// An address or network behind a client: a `ROUTING_TABLE` row.
///
/// Its texts and addresses are read at each call, as those of a
/// [`StatusClient`](super::StatusClient).
#[derive(Clone)]
pub struct Route {
    line: Bytes,
    virtual_address: Span,
    common_name: Span,
    real_address: Span,
    last_ref: Span,
    other: Option<Arc<OtherColumns>>,
    last_ref_unix: Option<u64>,
}

impl Route {
    /// The address, network or MAC address in the tunnel.
    #[must_use]
    pub fn virtual_address(&self) -> VirtualAddress {
        self.virtual_and_cached().0
    }

    /// Whether this is one host of a network behind the client, learned from traffic
    /// and forgotten again: `10.79.0.5C` on the wire.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        self.virtual_and_cached().1
    }

    /// The common name of the client it leads to, as in
    /// [`StatusClient::common_name`](super::StatusClient::common_name).
    #[must_use]
    pub fn common_name(&self) -> Option<Text> {
        self.common_name.defined(&self.line)
    }

    /// Where that client connects from.
    #[must_use]
    pub fn real_address(&self) -> RealAddress {
        self.real_address.real_address(&self.line)
    }

    /// When the route was last used.
    #[must_use]
    pub fn last_ref(&self) -> StatusTime {
        StatusTime { text: self.last_ref.text(&self.line), unix: self.last_ref_unix }
    }

    /// Columns this crate does not know, as name and value.
    #[must_use]
    pub fn other(&self) -> Vec<(Text, Text)> {
        self.other.as_ref().map(|columns| columns.of(&self.line)).unwrap_or_default()
    }

    /// The names of the columns known here; `parse` takes them in this order.
    pub(super) const COLUMNS: [&'static str; 5] =
        ["Virtual Address", "Common Name", "Real Address", "Last Ref", "Last Ref (time_t)"];

    /// The text of [`real_address`](Self::real_address).
    pub(super) fn real_text(&self) -> &[u8] {
        self.real_address.of(&self.line)
    }

    /// Whether it is an Ethernet address.
    pub(super) fn is_mac(&self) -> bool {
        // Most texts that are none are known by this.
        let may_be = self.virtual_address.of(&self.line).get(2) == Some(&b':');
        may_be && matches!(self.virtual_address(), VirtualAddress::Mac { .. })
    }

    /// Reads the row of `line`; `None` where a field is missing or in another form.
    pub(super) fn parse(table: &mut Table<5>, line: &Bytes) -> Option<Self> {
        let Row { known, other } = table.split(line)?;
        let [address, name, real, last_ref, unix] = known;
        Some(Self {
            virtual_address: address?,
            common_name: name?,
            real_address: real?,
            last_ref: last_ref?,
            last_ref_unix: optional_number(unix.unwrap_or_default().of(line)).ok()?,
            other,
            line: line.clone(),
        })
    }

    // The daemon writes hex digits small, so a `C` at the end is never part of an address.
    fn virtual_and_cached(&self) -> (VirtualAddress, bool) {
        let read = |field| VirtualAddress::slice_of(&self.line, field);
        let whole = self.virtual_address.of(&self.line);
        match whole.strip_suffix(b"C").map(read) {
            Some(VirtualAddress::Other(_)) | None => (read(whole), false),
            Some(address) => (address, true),
        }
    }

    /// All it says, for comparing.
    fn values(&self) -> impl Eq {
        (
            (self.virtual_and_cached(), self.real_address()),
            (self.common_name(), self.last_ref(), self.other()),
        )
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.values() == other.values()
    }
}

impl Eq for Route {}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (virtual_address, cached) = self.virtual_and_cached();
        f.debug_struct("Route")
            .field("virtual_address", &virtual_address)
            .field("cached", &cached)
            .field("common_name", &self.common_name())
            .field("real_address", &self.real_address())
            .field("last_ref", &self.last_ref())
            .field("other", &self.other())
            .finish()
    }
}
