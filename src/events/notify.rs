//! `>NOTIFY:`

use std::fmt;

use bytes::Bytes;
use nom::sequence::terminated;

use crate::types::grammar::{Problem, comma, field, start};
use crate::types::{Line, Text, WriteError};

/// `>NOTIFY:level,kind,text`: the other side ends or restarts the session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Notify {
    /// How serious it is: `info` from all known daemons.
    pub level: Text,
    /// What happened, such as `server-pushed-halt`, `remote-exit`.
    pub kind: Text,
    /// What the other side says of it; it may hold commas.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    pub text: Text,
}

impl Notify {
    /// An `info` of this kind.
    #[must_use]
    pub fn info(kind: impl Into<Text>, text: impl Into<Text>) -> Self {
        Self { level: "info".into(), kind: kind.into(), text: text.into() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "NOTIFY").field("level", &self.level, b',');
        let line = line.raw(",").field("kind", &self.kind, b',');
        line.raw(",").text("text", &self.text).end()
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let (text, (level, kind)) =
            start((terminated(field, comma), terminated(field, comma)), body)?;
        Ok(Self {
            level: Text::slice_of(line, level),
            kind: Text::slice_of(line, kind),
            text: Text::slice_of(line, text),
        })
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.level, self.kind, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{malformed, parse};

    #[test]
    fn known_answers() {
        let notify = parse("NOTIFY:info,server-pushed-halt,bye, all");
        assert_eq!(notify.to_string(), "info: server-pushed-halt bye, all");
        malformed("NOTIFY:info,server-pushed-halt");
        malformed("NOTIFY:");
    }
}
