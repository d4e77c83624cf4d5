//! One route in a server's status.

#[cfg(feature = "serde")]
mod json;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::client::Texts;
use super::format::StatusFormat;
use super::span::Span;
use super::table::{Column, OtherColumns, Row, Table, write_fields};
use super::{StatusTime, optional_number, write_optional};
use crate::types::{Line, RealAddress, Text, VirtualAddress, WriteError};

/// An address or network behind a client: a `ROUTING_TABLE` row.
///
/// Its texts and addresses are read at each call, as those of a
/// [`StatusClient`](super::StatusClient).
#[derive(Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "json::Fields", try_from = "json::Fields")
)]
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
    /// A route for a status that is to be written, by the texts of its columns: a learned host
    /// [is cached](Self::is_cached) by a `C` behind its address.
    ///
    /// # Errors
    /// [`WriteError::ReadsOtherwise`] where the texts are over 64 KiB, which no row of a daemon comes near.
    pub fn new(
        virtual_address: impl Into<Text>,
        common_name: impl Into<Text>,
        real_address: impl Into<Text>,
        last_ref: &StatusTime,
    ) -> Result<Self, WriteError> {
        let mut line = Texts::default();
        Ok(Self {
            virtual_address: line.add(&virtual_address.into())?,
            common_name: line.add(&common_name.into())?,
            real_address: line.add(&real_address.into())?,
            last_ref: line.add(&last_ref.text)?,
            other: None,
            last_ref_unix: last_ref.unix,
            line: line.freeze(),
        })
    }

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
            0 => field(line, "virtual address", self.virtual_address),
            1 => field(line, "common name", self.common_name),
            2 => field(line, "real address", self.real_address),
            3 => field(line, "time", self.last_ref),
            _ => write_optional(line, self.last_ref_unix),
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
