//! A field by its place in a line.

use bytes::Bytes;

use crate::types::{RealAddress, Text, VirtualAddress};

/// Where in its line a field is: an eighth of what a [`Text`] takes, and free to copy and drop.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: u16,
    end: u16,
}

impl Span {
    /// `None` beyond 64 KiB, which no row of a daemon comes near.
    pub(super) fn new(start: usize, end: usize) -> Option<Self> {
        Some(Self { start: u16::try_from(start).ok()?, end: u16::try_from(end).ok()? })
    }

    /// The field, in the line it was found in.
    pub(super) fn of(self, line: &[u8]) -> &[u8] {
        line.get(usize::from(self.start)..usize::from(self.end)).unwrap_or_default()
    }

    pub(super) fn text(self, line: &Bytes) -> Text {
        Text::slice_of(line, self.of(line))
    }

    /// The field, unless it is empty.
    pub(super) fn filled(self, line: &Bytes) -> Option<Text> {
        (self.start != self.end).then(|| self.text(line))
    }

    /// A name, unless it is the daemon's word for none.
    pub(super) fn defined(self, line: &Bytes) -> Option<Text> {
        (self.of(line) != b"UNDEF").then(|| self.text(line))
    }

    pub(super) fn real_address(self, line: &Bytes) -> RealAddress {
        RealAddress::parse(self.text(line))
    }

    /// The address, unless the field is empty.
    pub(super) fn virtual_address(self, line: &Bytes) -> Option<VirtualAddress> {
        let field = self.of(line);
        (!field.is_empty()).then(|| VirtualAddress::slice_of(line, field))
    }
}
