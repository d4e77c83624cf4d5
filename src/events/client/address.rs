//! The `ADDRESS` of `>CLIENT:`: how it is read and written.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;

use super::{ClientEvent, cid, first, text};
use crate::types::grammar::{Problem, split_once};
use crate::types::{Line, Text, VirtualAddress};

pub(super) fn address_event(line: &Bytes, rest: &[u8]) -> Result<ClientEvent, Problem> {
    let missing = Problem("the address or its rank is missing");
    let (cid_field, rest) = split_once(rest, b",").ok_or(missing)?;
    let (address, rank_on) = split_once(rest, b",").ok_or(missing)?;
    if address.is_empty() {
        return Err(missing);
    }
    let (primary, extra) = first(rank_on, rank)?;
    let (cid, extra) = (cid(cid_field)?, text(line, extra));
    let (address, text) = read_address(Text::slice_of(line, address));
    Ok(ClientEvent::Address { cid, address, text, primary, extra })
}

fn rank(field: &[u8]) -> Result<bool, Problem> {
    match field {
        b"1" => Ok(true),
        b"0" => Ok(false),
        _ => Err(Problem("the rank of the address is neither 1 nor 0")),
    }
}

/// The address, and its text where the address is shown by another.
pub(super) fn read_address(text: Text) -> (VirtualAddress, Option<Arc<Text>>) {
    let address = VirtualAddress::parse(text.clone());
    let is_shown =
        matches!(address, VirtualAddress::Other(_)) || Shown(text.as_bytes()).is(&address);
    (address, (!is_shown).then(|| Arc::new(text)))
}

pub(super) fn write_address<'a>(
    line: Line<'a>,
    address: &VirtualAddress,
    text: Option<&Text>,
) -> Line<'a> {
    let shown = match (text, address) {
        (Some(text), _) | (None, VirtualAddress::Other(text)) => text.clone(),
        (None, address) => Text::from(address.to_string()),
    };
    let (read, other) = read_address(shown.clone());
    let agrees = read == *address && other.as_deref() == text && !shown.is_empty();
    let line = line.field("address", &shown, b',');
    line.check(agrees, "address", "is not that of its text")
}

/// What is left of a text that should be what a value shows, without a text of its own.
struct Shown<'a>(&'a [u8]);

impl Shown<'_> {
    fn is(mut self, value: impl fmt::Display) -> bool {
        write!(self, "{value}").is_ok() && self.0.is_empty()
    }
}

impl fmt::Write for Shown<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part.as_bytes()).ok_or(fmt::Error)?;
        Ok(())
    }
}
