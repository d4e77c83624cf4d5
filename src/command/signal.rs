//! `signal`: what a daemon can be made to do.

use std::fmt;
use std::str::FromStr;

use super::received::{Line, Parse, TOO_FEW};
use super::{Command, Dialect, Encoded, Fence, Kind, ReplyShape, Sealed, Writer};
use crate::error::{Error, Result};
use crate::reply::RawReply;
use crate::types::grammar::Problem;
use crate::types::{ParseError, Text, by_word};

/// `signal NAME`: a signal that the daemon can throw at itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// Restart, reading the configuration again. Client IDs restart at 0.
    Sighup,
    /// End, as by Ctrl-C.
    Sigint,
    /// End.
    Sigterm,
    /// Restart with the configuration as it is. Client IDs restart at 0.
    Sigusr1,
    /// Write the status to the log. In a hold, or at a prompt, it ends the daemon.
    Sigusr2,
}

impl Signal {
    const ALL: [Self; 5] =
        [Self::Sighup, Self::Sigint, Self::Sigterm, Self::Sigusr1, Self::Sigusr2];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sighup => "SIGHUP",
            Self::Sigint => "SIGINT",
            Self::Sigterm => "SIGTERM",
            Self::Sigusr1 => "SIGUSR1",
            Self::Sigusr2 => "SIGUSR2",
        }
    }
}

impl Command for Signal {
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        let shape = if dialect.ignores_signals_silently() {
            ReplyShape::Fenced(Fence::AtOnce)
        } else {
            ReplyShape::Line
        };
        let writer = Writer::new("signal").word(self.as_str());
        Ok(writer.line(shape).expect("signal ").kind(Kind::Signal))
    }

    /// Silence is how old daemons say that they ignore it.
    fn read(&self, reply: &RawReply) -> Result<()> {
        if reply.success.is_none() && reply.lines.is_empty() {
            let text = Text::from(format!("signal '{self}' is currently ignored"));
            return Err(Error::Refused { command: "signal", text });
        }
        Ok(())
    }
}

impl Sealed for Signal {}

impl Parse for Signal {
    const NAMES: &[&str] = &["signal"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [name, ..] = line.arguments else { return Err(TOO_FEW) };
        by_word(name, &Self::ALL, Self::as_str).ok_or(Problem(
            "has a signal that is none of SIGHUP, SIGINT, SIGTERM, SIGUSR1 and SIGUSR2",
        ))
    }
}

/// Reads the name on the wire, `SIGTERM`.
impl FromStr for Signal {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is none of SIGHUP, SIGINT, SIGTERM, SIGUSR1 and SIGUSR2";
        by_word(name.as_bytes(), &Self::ALL, Self::as_str)
            .ok_or(ParseError::new("a signal of a daemon's", PROBLEM))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
