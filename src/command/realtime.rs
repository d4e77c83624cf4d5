//! What the daemon tells in real time and keeps a history of: `hold`, `state`, `log`, `echo`, `bytecount`.

use std::time::Duration;

use super::{Effect, ReplyShape, Wire, Writer, in_range};
use crate::error::Result;
use crate::error::invalid;
use crate::types::ArgumentProblem;

/// The three notifications that can be turned on and have a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    State,
    Log,
    Echo,
}

/// How much of a history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum History {
    /// All that the daemon still has.
    All,
    /// The last so many entries, from 1.
    Last(u32),
}

impl From<u32> for History {
    fn from(entries: u32) -> Self {
        Self::Last(entries)
    }
}

impl Channel {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Log => "log",
            Self::Echo => "echo",
        }
    }

    fn notification(self) -> &'static str {
        match self {
            Self::State => "real-time state notification",
            Self::Log => "real-time log notification",
            Self::Echo => "real-time echo notification",
        }
    }

    /// What turning it on changes.
    fn effect(self) -> Effect {
        match self {
            Self::State => Effect::TellsStates,
            Self::Log | Self::Echo => Effect::None,
        }
    }
}

pub(crate) fn set(channel: Channel, on: bool) -> Wire {
    let word = if on { "on" } else { "off" };
    let wire = Writer::new(channel.name()).word(word).line(ReplyShape::Line);
    wire.expect(channel.notification()).effect(if on { channel.effect() } else { Effect::None })
}

pub(crate) fn history(channel: Channel, history: History) -> Result<Wire> {
    Ok(entries(Writer::new(channel.name()), channel, history)?.line(ReplyShape::Block))
}

pub(crate) fn on_with_history(channel: Channel, history: History) -> Result<Wire> {
    let writer = entries(Writer::new(channel.name()).word("on"), channel, history)?;
    let wire = writer.line(ReplyShape::LineThenBlock).expect(channel.notification());
    Ok(wire.effect(channel.effect()))
}

/// Plain `state`: the current one.
pub(crate) fn state() -> Wire {
    Writer::new("state").line(ReplyShape::Block)
}

pub(crate) fn hold() -> Wire {
    Writer::new("hold").line(ReplyShape::Line).expect("hold=")
}

pub(crate) fn set_hold(on: bool) -> Wire {
    let word = if on { "on" } else { "off" };
    Writer::new("hold").word(word).line(ReplyShape::Line).expect("hold flag")
}

pub(crate) fn hold_release() -> Wire {
    Writer::new("hold").word("release").line(ReplyShape::Line).expect("hold release")
}

/// Whole seconds only: the daemon knows no others, and a cut fraction would not be what was asked.
pub(crate) fn bytecount(interval: Duration) -> Result<Wire> {
    const NAME: &str = "bytecount";
    const ARGUMENT: &str = "interval";
    if interval.subsec_nanos() != 0 {
        let problem = ArgumentProblem::Other("is not a whole number of seconds");
        return Err(invalid(NAME, ARGUMENT, problem));
    }
    let seconds = in_range(NAME, ARGUMENT, interval.as_secs(), 0, i32::MAX.unsigned_abs().into())?;
    Ok(Writer::new(NAME).number(seconds).line(ReplyShape::Line).expect("bytecount interval"))
}

fn entries(writer: Writer, channel: Channel, history: History) -> Result<Writer> {
    match history {
        History::All => Ok(writer.word("all")),
        History::Last(count) => {
            let max = i32::MAX.unsigned_abs();
            in_range(channel.name(), "entries", count.into(), 1, max.into())?;
            Ok(writer.number(count))
        }
    }
}
