//! [`Notifications`]: `state`, `log` and `echo`, turned on and off.

use std::fmt;
use std::str::FromStr;

use super::received::{Line, Parse};
use super::{Command, Dialect, Effect, Encoded, ReplyShape, Sealed, Writer};
use crate::error::Result;
use crate::reply::RawReply;
use crate::types::grammar::Problem;
use crate::types::{ParseError, by_word};

/// The three notifications that can be turned on and have a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The states of the connection.
    State,
    /// The log.
    Log,
    /// What `echo` in a configuration says.
    Echo,
}

impl Channel {
    const ALL: [Self; 3] = [Self::State, Self::Log, Self::Echo];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Log => "log",
            Self::Echo => "echo",
        }
    }

    pub(super) fn notification(self) -> &'static str {
        match self {
            Self::State => "real-time state notification",
            Self::Log => "real-time log notification",
            Self::Echo => "real-time echo notification",
        }
    }

    /// What turning it on or off changes.
    pub(super) fn effect(self, on: bool) -> Effect {
        match (self, on) {
            (Self::State, true) => Effect::TellsStates,
            (Self::State, false) => Effect::HidesStates,
            (Self::Log | Self::Echo, _) => Effect::None,
        }
    }
}

/// Reads its name on the wire: `state`, `log`, `echo`.
impl FromStr for Channel {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is none of `state`, `log` and `echo`";
        by_word(name.as_bytes(), &Self::ALL, Self::name)
            .ok_or(ParseError::new("a kind of notification", PROBLEM))
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// `state on`, `log off`, `echo on`…: turns notifications of one kind on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notifications {
    /// Which ones.
    pub channel: Channel,
    /// Whether they are turned on.
    pub on: bool,
}

impl Notifications {
    /// From now on the daemon sends them.
    #[must_use]
    pub fn on(channel: Channel) -> Self {
        Self { channel, on: true }
    }

    /// Stops them. States that [`Requests`](crate::Requests) need go on, and only the subscribers see none.
    #[must_use]
    pub fn off(channel: Channel) -> Self {
        Self { channel, on: false }
    }
}

impl Command for Notifications {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let word = if self.on { "on" } else { "off" };
        let encoded = Writer::new(self.channel.name()).word(word).line(ReplyShape::Line);
        Ok(encoded.expect(self.channel.notification()).effect(self.channel.effect(self.on)))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for Notifications {}

impl Parse for Notifications {
    const NAMES: &[&str] = &["state", "log", "echo"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let on = match line.arguments {
            [b"on"] => true,
            [b"off"] => false,
            _ => return Err(Problem("is neither `on` nor `off` alone")),
        };
        let channels = [Channel::State, Channel::Log, Channel::Echo];
        let channel = channels.into_iter().find(|channel| channel.name().as_bytes() == line.name);
        Ok(Self { channel: channel.ok_or(Problem("is of no channel"))?, on })
    }
}
