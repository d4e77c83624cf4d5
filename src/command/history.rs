//! [`HistoryOf`]: what a daemon told before, of `state`, `log` and `echo`.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;

use super::notifications::Channel;
use super::received::{Line, Parse, TOO_FEW, numeric};
use super::writer::INT;
use super::{Command, Dialect, Encoded, ReplyShape, Sealed, Writer, in_range};
use crate::error::Result;
use crate::events::{self, Problem};
use crate::reply::{RawReply, UnreadRow, read_rows};

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
pub trait Recorded: Send + recorded::Row {}

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
                Self::read_row(row).map_err(|Problem(problem)| problem)
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
#[non_exhaustive]
pub struct HistoryOf<T> {
    /// How much of it.
    pub history: History,
    /// Whether the notification is turned on, too.
    pub turns_on: bool,
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

impl<T: Recorded> Parse for HistoryOf<T> {
    const NAMES: &[&str] = &[T::CHANNEL.name()];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let (turns_on, entries) = match line.arguments {
            [b"on", entries, ..] => (true, *entries),
            [entries, ..] => (false, *entries),
            [] => return Err(TOO_FEW),
        };
        let history = match entries {
            b"all" => History::All,
            entries => History::Last(numeric(
                entries,
                "is neither `on`, `off`, `all` nor a number of entries",
            )?),
        };
        Ok(Self { turns_on, ..Self::new(history) })
    }
}

impl<T> PartialEq for HistoryOf<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.history, self.turns_on) == (other.history, other.turns_on)
    }
}

impl<T> Eq for HistoryOf<T> {}

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

/// Reads the rows of a history.
pub(super) fn rows<T: Row>(reply: &RawReply) -> Vec<Result<T, UnreadRow>> {
    read_rows(reply, T::read_row)
}
