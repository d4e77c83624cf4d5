//! `>FATAL:`

use std::fmt;

use bytes::Bytes;

use crate::types::{Line, Text, WriteError};

/// `>FATAL:text`: the daemon ends; it closes the connection right after.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fatal {
    /// Why, as the daemon's log says it.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    pub text: Text,
}

impl Fatal {
    /// The end for this reason.
    #[must_use]
    pub fn new(text: impl Into<Text>) -> Self {
        Self { text: text.into() }
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Self {
        Self { text: Text::slice_of(line, body) }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        Line::event(out, "FATAL").text("text", &self.text).end()
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fatal: {}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;

    #[test]
    fn known_answer() {
        assert_eq!(
            parse("FATAL:ERROR: could not read").to_string(),
            "fatal: ERROR: could not read"
        );
    }
}
