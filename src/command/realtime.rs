//! What the daemon is doing: `state`, `hold`, `bytecount`.

use std::time::Duration;

use super::history::rows;
use super::received::{Line, Parse, TOO_FEW, numeric, parse_bare_name};
use super::writer::{INT, whole_seconds};
use super::{Command, Dialect, Effect, Encoded, ReplyShape, Sealed, Writer};
use crate::error::{Error, Result};
use crate::events;
use crate::reply::{self, RawReply};
use crate::types::grammar::Problem;
use crate::types::{Text, shown};

/// Plain `state`: the state the daemon is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State;

impl Command for State {
    type Reply = events::State;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("state").line(ReplyShape::Block))
    }

    fn read(&self, reply: &RawReply) -> Result<events::State> {
        let line = match rows(reply).pop() {
            Some(Ok(state)) => return Ok(state),
            Some(Err(unread)) => shown(unread.row()),
            None => Text::default(),
        };
        Err(Error::UnexpectedReply { command: "state", expected: "the current state", line })
    }
}

impl Sealed for State {}

parse_bare_name! { State by "state" }

/// `hold`: whether the daemon will hold at its next start or restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold;

impl Command for Hold {
    type Reply = bool;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("hold").line(ReplyShape::Line).expect("hold="))
    }

    fn read(&self, reply: &RawReply) -> Result<bool> {
        reply::hold(reply)
    }
}

impl Sealed for Hold {}

parse_bare_name! { Hold by "hold" }

/// `hold on`, `hold off`: whether the daemon holds at its next restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetHold(pub bool);

impl Command for SetHold {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let word = if self.0 { "on" } else { "off" };
        Ok(Writer::new("hold").word(word).line(ReplyShape::Line).expect("hold flag"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for SetHold {}

impl Parse for SetHold {
    const NAMES: &[&str] = &["hold"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [b"on", ..] => Ok(Self(true)),
            [b"off", ..] => Ok(Self(false)),
            _ => Err(Problem("is neither `on` nor `off`")),
        }
    }
}

/// `hold release`: lets a daemon that holds go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldRelease;

impl Command for HoldRelease {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let encoded = Writer::new("hold").word("release").line(ReplyShape::Line);
        Ok(encoded.expect("hold release").effect(Effect::ReleasesHold))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for HoldRelease {}

impl Parse for HoldRelease {
    const NAMES: &[&str] = &["hold"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [b"release", ..] => Ok(Self),
            _ => Err(Problem("is none of `on`, `off` and `release`")),
        }
    }
}

/// `bytecount N`: byte counts every so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bytecount {
    /// Whole seconds between two counts; zero is none.
    pub interval: Duration,
}

impl Bytecount {
    /// Every so often: whole seconds, from 1; zero turns them off.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self { interval }
    }

    /// `bytecount 0`: no more.
    #[must_use]
    pub fn off() -> Self {
        Self::every(Duration::ZERO)
    }
}

impl Command for Bytecount {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        const NAME: &str = "bytecount";
        let seconds = whole_seconds(NAME, "interval", self.interval, 0, INT)?;
        Ok(Writer::new(NAME).number(seconds).line(ReplyShape::Line).expect("bytecount interval"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for Bytecount {}

impl Parse for Bytecount {
    const NAMES: &[&str] = &["bytecount"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [interval, ..] = line.arguments else { return Err(TOO_FEW) };
        let seconds: u32 = numeric(interval, "has an interval that is no number")?;
        Ok(Self::every(Duration::from_secs(seconds.into())))
    }
}
