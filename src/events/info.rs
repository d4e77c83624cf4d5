//! `>INFO:`

use std::fmt;

use bytes::Bytes;
use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::rest;
use nom::sequence::{delimited, preceded};

use super::grammar::{Parsed, Problem, complete};
use crate::Text;

/// `>INFO:text`: the greeting, or other information.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Info {
    /// `>INFO:OpenVPN Management Interface Version N -- type 'help' for more info`:
    /// the first line of a connection.
    #[non_exhaustive]
    Greeting {
        /// The version of the management interface: 3 in OpenVPN 2.5, 5 in 2.6, 6 in 2.7.8.
        management_version: u32,
    },
    /// Any other text.
    Other(Text),
}

impl Info {
    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Self {
        let other = || Self::Other(Text::slice_of(line, body));
        complete(greeting, body).unwrap_or_else(|Problem(_)| other())
    }
}

fn greeting(input: &[u8]) -> Parsed<'_, Info> {
    let version = delimited(
        tag("OpenVPN Management Interface Version "),
        nom::character::complete::u32,
        preceded(tag(" "), rest),
    );
    version.map(|management_version| Info::Greeting { management_version }).parse(input)
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
        let cut = "OpenVPN Management Interface Version 1";
        assert_eq!(parse(&format!("INFO:{cut}")), other(cut));
    }
}
