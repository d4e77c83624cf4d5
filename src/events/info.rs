//! `>INFO:`

#[cfg(feature = "serde")]
mod json;

use std::fmt;

use crate::types::grammar::number;
use crate::types::{Line, Text, WriteError};
use bytes::Bytes;

/// `>INFO:text`: the greeting, or other information.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Info {
    /// `>INFO:OpenVPN Management Interface Version N -- type 'help' for more info`:
    /// the first line of a connection. What stands behind the number does not matter.
    #[non_exhaustive]
    Greeting {
        /// The version of the management interface: 3 in OpenVPN 2.5, 5 in 2.6, 6 in 2.7.8.
        management_version: u32,
    },
    /// Any other text.
    Other(Text),
}

impl Info {
    /// The greeting of a daemon with this version of the management interface.
    #[must_use]
    pub fn greeting(management_version: u32) -> Self {
        Self::Greeting { management_version }
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Self {
        let other = || Self::Other(Text::slice_of(line, body));
        let greeting = body.strip_prefix(GREETING).and_then(first_number);
        greeting.map_or_else(other, |management_version| Self::Greeting { management_version })
    }

    /// A greeting ends in OpenVPN's own words, whatever stood behind its number.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "INFO");
        let line = match self {
            Self::Greeting { management_version } => {
                let line = line.text("greeting", GREETING).number(management_version);
                line.raw(" -- type 'help' for more info")
            }
            Self::Other(text) => line.text("text", text),
        };
        line.reads_as("text", self, |line, body| Ok(Self::parse(line, body))).end()
    }

    /// Whether this is a greeting whose number cannot be read.
    pub(crate) fn is_greeting_without_number(&self) -> bool {
        matches!(self, Self::Other(text) if text.as_bytes().starts_with(GREETING.trim_ascii_end()))
    }
}

const GREETING: &[u8] = b"OpenVPN Management Interface Version ";

/// The number that a text starts with, where it ends there as a word; `5.1` and `5x` are none.
fn first_number(text: &[u8]) -> Option<u32> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.';
    let end = text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len());
    number(text.get(..end)?)
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting { management_version } => {
                write!(f, "OpenVPN management interface version {management_version}")
            }
            Self::Other(text) => write!(f, "{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;
    use crate::events::Event;

    const GREETING: &str =
        "INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info";

    #[test]
    fn the_greeting_gives_its_version() {
        assert_eq!(parse(GREETING), Event::Info(Info::Greeting { management_version: 5 }));
    }

    #[test]
    fn other_text_is_kept() {
        let other = |text: &'static str| Event::Info(Info::Other(text.into()));
        assert_eq!(parse("INFO:hello"), other("hello"));
        assert_eq!(parse("INFO:"), other(""));
    }

    #[test]
    fn all_that_counts_of_the_greeting_is_its_number() {
        for end in ["", " ", " -- type 'help'", "-- type 'help'", ", type 'help'"] {
            let line = format!("INFO:OpenVPN Management Interface Version 5{end}");
            assert_eq!(parse(&line), Event::Info(Info::Greeting { management_version: 5 }));
        }
        for number in ["", "-- type 'help'", "x", "5x", "1.5", "+5", "4294967296 --"] {
            let line = format!("INFO:OpenVPN Management Interface Version {number}");
            let Event::Info(info) = parse(&line) else { panic!("{line}") };
            assert!(info.is_greeting_without_number(), "{info:?}");
        }
        assert!(!Info::Other("OpenVPN".into()).is_greeting_without_number());
    }
}
