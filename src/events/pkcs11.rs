//! `>PKCS11ID-COUNT:` and `>PKCS11ID-ENTRY:`, which are replies in the form of events.

use std::fmt;

use bytes::Bytes;

use super::BadField;
use crate::types::grammar::{Problem, number, split_once};
use crate::types::{Line, Text, WriteError, WriteReply, base64};

/// `>PKCS11ID-COUNT:n`: the reply to `pkcs11-id-count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pkcs11IdCount {
    /// How many certificates the daemon's PKCS#11 providers hold.
    pub count: u32,
}

/// `>PKCS11ID-ENTRY:'index', ID:'id', BLOB:'base64'`: the reply to `pkcs11-id-get`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pkcs11IdEntry {
    /// The index asked for, from 0.
    pub index: u32,
    /// The identity, as `needstr` and `pkcs11-id` take it; `None` where there is no such index.
    pub id: Option<Text>,
    /// The certificate, DER in base64; `None` where there is no such index.
    pub blob: Option<Text>,
}

impl Pkcs11IdCount {
    /// So many certificates.
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self { count }
    }

    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        number(body).map(|count| Self { count }).ok_or(Problem("the count is not a number"))
    }
}

impl Pkcs11IdEntry {
    /// A certificate, as DER.
    #[must_use]
    pub fn new(index: u32, id: impl Into<Text>, certificate: &[u8]) -> Self {
        let blob = base64::encode(certificate).as_str().to_owned();
        Self { index, id: Some(id.into()), blob: Some(blob.into()) }
    }

    /// The answer for an index that there is not.
    #[must_use]
    pub fn none(index: u32) -> Self {
        Self { index, id: None, blob: None }
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let quoted = body.strip_prefix(b"'").and_then(|body| body.strip_suffix(b"'"));
        let quoted = quoted.ok_or(Problem("it is not quoted"))?;
        let (index, entry) = match split_once(quoted, b"', ID:'") {
            None => (quoted, None),
            Some((index, entry)) => {
                let entry = split_once(entry, b"', BLOB:'").ok_or(Problem("it has no BLOB"))?;
                (index, Some(entry))
            }
        };
        let index = number(index).ok_or(Problem("the index is not a number"))?;
        let (id, blob) = entry.unzip();
        let text = |part| Text::slice_of(line, part);
        Ok(Self { index, id: id.map(text), blob: blob.map(text) })
    }

    /// The certificate, decoded to DER; `None` where there is no such index.
    ///
    /// # Errors
    /// Where the blob is not base64.
    pub fn certificate(&self) -> Result<Option<Vec<u8>>, BadField> {
        let Some(blob) = &self.blob else { return Ok(None) };
        let der = base64::decode(blob.as_bytes()).ok_or(BadField::new("BLOB", "base64"))?;
        Ok(Some(der.expose().to_vec()))
    }
}

impl WriteReply for Pkcs11IdCount {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        Line::event(out, "PKCS11ID-COUNT").number(self.count).end()
    }
}

impl WriteReply for Pkcs11IdEntry {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "PKCS11ID-ENTRY").raw("'").number(self.index);
        let line = match (&self.id, &self.blob) {
            (None, None) => line,
            (Some(id), Some(blob)) => {
                line.raw("', ID:'").until("ID", id, "', BLOB:'").text("BLOB", blob)
            }
            _ => line.check(false, "ID", "comes without a BLOB, or that without it"),
        };
        line.raw("'").end()
    }
}

impl fmt::Display for Pkcs11IdCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} PKCS#11 certificates", self.count)
    }
}

impl fmt::Display for Pkcs11IdEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "PKCS#11 certificate {}: {id}", self.index),
            None => write!(f, "no PKCS#11 certificate {}", self.index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{malformed, parse};
    use super::*;
    use crate::events::Event;

    fn entry(body: &str) -> Pkcs11IdEntry {
        match parse(&format!("PKCS11ID-ENTRY:{body}")) {
            Event::Pkcs11IdEntry(entry) => entry,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn known_answers() {
        assert_eq!(parse("PKCS11ID-COUNT:1"), Event::Pkcs11IdCount(Pkcs11IdCount { count: 1 }));
        let found = entry(r"'0', ID:'SoftHSM\x20project/a,b/0A', BLOB:'MIID'");
        assert_eq!((found.index, found.id.clone()), (0, Some(r"SoftHSM\x20project/a,b/0A".into())));
        assert_eq!(found.blob, Some("MIID".into()));
        assert_eq!(found.certificate(), Ok(Some(vec![0x30, 0x82, 0x03])));
    }

    #[test]
    fn an_index_out_of_range_has_no_entry() {
        let entry = entry("'7'");
        assert_eq!((entry.index, &entry.id, &entry.blob), (7, &None, &None));
        assert_eq!(entry.certificate(), Ok(None));
    }

    #[test]
    fn a_blob_that_is_not_base64_says_so() {
        let error = entry("'0', ID:'x', BLOB:'?'").certificate().unwrap_err();
        assert_eq!(error.to_string(), "`BLOB` is not base64");
    }

    #[test]
    fn entries_are_written_as_they_are_read() {
        assert_eq!(Pkcs11IdCount::new(1).to_bytes().unwrap(), b">PKCS11ID-COUNT:1\r\n");
        let line = b">PKCS11ID-ENTRY:'0', ID:'x', BLOB:'MIID'\r\n";
        let der = [0x30, 0x82, 0x03];
        assert_eq!(Pkcs11IdEntry::new(0, "x", &der).to_bytes().unwrap(), line);
        assert_eq!(Pkcs11IdEntry::none(7).to_bytes().unwrap(), b">PKCS11ID-ENTRY:'7'\r\n");
        let half = Pkcs11IdEntry { blob: None, ..Pkcs11IdEntry::new(0, "x", b"") };
        assert!(half.to_bytes().is_err());
    }

    #[test]
    fn what_does_not_parse_is_malformed() {
        for body in ["", "x", "1,", "-1"] {
            malformed(&format!("PKCS11ID-COUNT:{body}"));
        }
        for body in ["", "'", "''", "7", "'7", "'x'", "'7', ID:'x'", "'7', ID:'x', BLOB:'y"] {
            malformed(&format!("PKCS11ID-ENTRY:{body}"));
        }
    }
}
