//! What the daemon tells in real time and keeps a history of: `hold`, `state`, `log`, `echo`, `bytecount`.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;

use super::writer::{INT, whole_seconds};
use super::{Command, Dialect, Effect, Encoded, ReplyShape, Sealed, Writer, in_range};
use crate::error::{Error, Result};
use crate::events::{self, Problem};
use crate::reply::{self, RawReply, UnreadRow, read_rows};
use crate::types::{Text, shown};

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
    fn name(self) -> &'static str {
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

    /// What turning it on or off changes.
    fn effect(self, on: bool) -> Effect {
        match (self, on) {
            (Self::State, true) => Effect::TellsStates,
            (Self::State, false) => Effect::HidesStates,
            (Self::Log | Self::Echo, _) => Effect::None,
        }
    }
}

/// `state on`, `log off`, `echo on`…: turns notifications of one kind on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notifications {
    channel: Channel,
    on: bool,
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

/// An event that the daemon keeps a history of: [`State`](events::State), [`LogLine`](events::LogLine),
/// [`Echo`](events::Echo).
pub trait Recorded: recorded::Row {}

mod recorded {
    use bytes::Bytes;

    use super::Channel;

    pub trait Row: Sized {
        const CHANNEL: Channel;

        fn read_row(row: &Bytes) -> Result<Self, &'static str>;
    }
}

use recorded::Row;

macro_rules! recorded {
    ($($event:ident in $channel:ident),*) => {$(
        impl Recorded for events::$event {}

        impl Row for events::$event {
            const CHANNEL: Channel = Channel::$channel;

            fn read_row(row: &Bytes) -> Result<Self, &'static str> {
                Self::parse_row(row).map_err(|Problem(problem)| problem)
            }
        }
    )*};
}

recorded!(State in State, LogLine in Log, Echo in Echo);

/// `log N`, `state all`, `echo on all`…: what the daemon told before, the oldest first.
///
/// ```
/// use openvpn_mgmt::command::{Command, Dialect, History, HistoryOf};
/// use openvpn_mgmt::events::LogLine;
///
/// let last = HistoryOf::<LogLine>::new(History::Last(20)).turning_on();
/// assert_eq!(last.encode(Dialect::openvpn(2, 6, 14))?.as_bytes(), b"log on 20\n");
/// # Ok::<(), openvpn_mgmt::Error>(())
/// ```
pub struct HistoryOf<T> {
    history: History,
    turns_on: bool,
    event: PhantomData<fn() -> T>,
}

impl<T: Recorded> HistoryOf<T> {
    /// So much of it.
    #[must_use]
    pub fn new(history: impl Into<History>) -> Self {
        Self { history: history.into(), turns_on: false, event: PhantomData }
    }

    /// Turns the notification on, too, with no gap between.
    #[must_use]
    pub fn turning_on(self) -> Self {
        Self { turns_on: true, ..self }
    }
}

impl<T: Recorded> Command for HistoryOf<T> {
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    type Reply = Vec<Result<T, UnreadRow>>;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let channel = T::CHANNEL;
        let writer = Writer::new(channel.name());
        let writer = if self.turns_on { writer.word("on") } else { writer };
        let writer = match self.history {
            History::All => writer.word("all"),
            History::Last(count) => {
                writer.number(in_range(channel.name(), "entries", count.into(), 1, INT)?)
            }
        };
        if !self.turns_on {
            return Ok(writer.line(ReplyShape::Block));
        }
        let encoded = writer.line(ReplyShape::LineThenBlock).expect(channel.notification());
        Ok(encoded.effect(channel.effect(true)))
    }

    fn read(&self, reply: &RawReply) -> Result<Self::Reply> {
        Ok(rows(reply))
    }
}

impl<T> Sealed for HistoryOf<T> {}

impl<T> Clone for HistoryOf<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for HistoryOf<T> {}

impl<T: Recorded> fmt::Debug for HistoryOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryOf")
            .field("channel", &T::CHANNEL)
            .field("history", &self.history)
            .field("turns_on", &self.turns_on)
            .finish()
    }
}

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

/// `hold release`: lets a daemon that holds go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldRelease;

impl Command for HoldRelease {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("hold").word("release").line(ReplyShape::Line).expect("hold release"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for HoldRelease {}

/// `bytecount N`: byte counts every so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytecount {
    interval: Duration,
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

/// Reads the rows of a history.
fn rows<T: Row>(reply: &RawReply) -> Vec<Result<T, UnreadRow>> {
    read_rows(reply, T::read_row)
}
