//! The replies of `pkcs11-id-*`, which come in the form of events.

use crate::error::{Error, Result};
use crate::events::{Event, Pkcs11IdCount, Pkcs11IdEntry};
use crate::reply::RawReply;
use crate::types::shown;

pub(super) fn count(reply: &RawReply) -> Result<Pkcs11IdCount> {
    match event(reply) {
        Some(Event::Pkcs11IdCount(count)) => Ok(count),
        _ => Err(unexpected("pkcs11-id-count", "`PKCS11ID-COUNT:N`", reply)),
    }
}

pub(super) fn entry(reply: &RawReply) -> Result<Pkcs11IdEntry> {
    match event(reply) {
        Some(Event::Pkcs11IdEntry(entry)) => Ok(entry),
        _ => Err(unexpected("pkcs11-id-get", "`PKCS11ID-ENTRY:'N', ID:'…', BLOB:'…'`", reply)),
    }
}

fn event(reply: &RawReply) -> Option<Event> {
    reply.lines.first().cloned().map(Event::parse)
}

fn unexpected(command: &'static str, expected: &'static str, reply: &RawReply) -> Error {
    let line = shown(&reply.lines.first().cloned().unwrap_or_default().into());
    Error::UnexpectedReply { command, expected, line }
}
