//! One route in a server's status.

use bytes::Bytes;

use super::StatusTime;
use super::client::defined;
use super::table::{Row, Table};
use crate::types::{RealAddress, Text, VirtualAddress};

/// An address or network behind a client: a `ROUTING_TABLE` row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The address, network or MAC address in the tunnel.
    pub virtual_address: VirtualAddress,
    /// Whether this is one host of a network behind the client, learned from traffic
    /// and forgotten again: `10.79.0.5C` on the wire.
    pub cached: bool,
    /// The common name of the client it leads to, as in
    /// [`StatusClient::common_name`](super::StatusClient::common_name).
    pub common_name: Option<Text>,
    /// Where that client connects from.
    pub real_address: RealAddress,
    /// When the route was last used.
    pub last_ref: StatusTime,
    /// Columns this crate does not know, as name and value.
    pub other: Vec<(Text, Text)>,
}

impl Route {
    /// The names of the columns known here; `parse` takes them in this order.
    pub(super) const COLUMNS: [&'static str; 5] =
        ["Virtual Address", "Common Name", "Real Address", "Last Ref", "Last Ref (time_t)"];

    /// Reads `row`, a part of `line`; `None` where a field is missing or in another form.
    pub(super) fn parse(table: &Table<5>, line: &Bytes, row: &[u8]) -> Option<Self> {
        let Row { known, other } = table.split(line, row)?;
        let [address, name, real, last_ref, unix] = known;
        let (virtual_address, cached) = parse_address(line, address?);
        Some(Self {
            virtual_address,
            cached,
            common_name: defined(name?).map(|name| Text::slice_of(line, name)),
            real_address: RealAddress::parse(Text::slice_of(line, real?)),
            last_ref: StatusTime::new(line, last_ref?, unix)?,
            other,
        })
    }
}

// The daemon writes hex digits small, so a `C` at the end is never part of an address.
fn parse_address(line: &Bytes, field: &[u8]) -> (VirtualAddress, bool) {
    let whole = || VirtualAddress::parse(Text::slice_of(line, field));
    let Some(address) = field.strip_suffix(b"C") else {
        return (whole(), false);
    };
    match VirtualAddress::parse(Text::slice_of(line, address)) {
        VirtualAddress::Other(_) => (whole(), false),
        known => (known, true),
    }
}
