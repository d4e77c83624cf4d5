//! `>HOLD:`

use std::fmt;

use nom::bytes::complete::tag;
use nom::combinator::opt;
use nom::error::context;
use nom::sequence::preceded;

use super::grammar::{Problem, complete};

/// `>HOLD:Waiting for hold release:N`: the daemon waits for `hold release`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hold {
    /// Seconds the daemon would have waited before it tries to connect again;
    /// `None` from daemons too old to say.
    pub seconds: Option<u32>,
}

impl Hold {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let number = context("the wait is not a number of seconds", nom::character::complete::u32);
        let seconds = opt(preceded(tag(":"), nom::combinator::cut(number)));
        complete(preceded(tag("Waiting for hold release"), seconds), body)
            .map(|seconds| Self { seconds })
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("waiting for hold release")?;
        match self.seconds {
            Some(seconds) if seconds > 0 => write!(f, " ({seconds} s)"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{malformed, parse};
    use super::*;
    use crate::events::Event;

    #[test]
    fn known_answers() {
        let hold = |seconds| Event::Hold(Hold { seconds });
        assert_eq!(parse("HOLD:Waiting for hold release:0"), hold(Some(0)));
        assert_eq!(parse("HOLD:Waiting for hold release:10"), hold(Some(10)));
        assert_eq!(parse("HOLD:Waiting for hold release"), hold(None));
        assert_eq!(
            parse("HOLD:Waiting for hold release:10").to_string(),
            "waiting for hold release (10 s)"
        );
    }

    #[test]
    fn what_does_not_parse_is_malformed() {
        malformed("HOLD:");
        malformed("HOLD:Waiting for hold release:");
        malformed("HOLD:Waiting for hold release:x");
        malformed("HOLD:Waiting for hold release:4294967296");
        malformed("HOLD:Waiting for hold release:1 ");
    }
}
