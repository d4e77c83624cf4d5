//! [`Mark`]: a text of its own in each answer, by which it is known wherever it turns up.

use crate::heads::Slot;

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Client { cid: u64, kid: u64, name: String },
    Slot(Slot),
}

impl Asked {
    /// The CID and the KID, where it is a client that asks.
    pub(super) fn ids(&self) -> Option<(u64, u64)> {
        match self {
            Self::Client { cid, kid, .. } => Some((*cid, *kid)),
            Self::Slot(_) => None,
        }
    }
}

impl Default for Asked {
    fn default() -> Self {
        Self::Slot(Slot::Hold)
    }
}

/// What a program was told of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The daemon has taken it.
    Taken,
    /// It was not sent.
    Unsent(String),
    /// The daemon has refused it.
    Refused(String),
    /// Whether it was taken is not known.
    Unknown(String),
}

impl Told {
    /// Whether it was not sent in time, so that its request comes again.
    pub(crate) fn is_due_again(&self) -> bool {
        matches!(self, Self::Unsent(error) if error.contains("could not be sent"))
    }

    /// Whether it was not sent as what it answers is gone.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Self::Unsent(text) if text.contains("is gone"))
    }
}

/// An answer.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "what was seen of it")]
pub(crate) struct Mark {
    pub(crate) asked: Asked,
    /// The daemon and connection that asked, where they are known, and which head it was.
    pub(crate) place: Option<(usize, usize)>,
    pub(crate) head: Option<usize>,
    /// Whether it lets a client in.
    pub(crate) admits: bool,
    /// How often it was written.
    pub(crate) written: u32,
    /// What the daemon said to it.
    pub(crate) taken: Option<bool>,
    /// Whether it came to nothing before it was sent, so that the request is asked again.
    pub(crate) is_due_again: bool,
    /// Whether it asks a client's user, and decides nothing.
    pub(crate) asks: bool,
    /// Where it is about a client that was there when the connection began: its ID, and how much was read when it was seen.
    pub(crate) seen: Option<(u64, u64)>,
    /// Whether the request was dropped.
    pub(crate) is_dropped: bool,
    /// What the program was told.
    pub(crate) told: Option<Told>,
}

/// The text of a mark.
pub(crate) fn text(id: usize) -> String {
    format!("mk{id}x")
}

/// The marks in a text.
pub(crate) fn marks_in(text: &str) -> Vec<usize> {
    let ids = text.split("mk").skip(1).filter_map(|rest| rest.split_once('x')?.0.parse().ok());
    let mut ids: Vec<usize> = ids.collect();
    ids.dedup();
    ids
}

impl Mark {
    /// What is wrong with what the program was told, at the end.
    pub(crate) fn lie(&self) -> Option<String> {
        let is_client = matches!(self.asked, Asked::Client { .. });
        let is_lie = match self.told.as_ref()? {
            Told::Taken => self.taken != Some(true),
            Told::Unsent(_) => self.written > 0,
            Told::Refused(_) => is_client && self.taken != Some(false),
            Told::Unknown(_) => false,
        };
        let Self { asked, told, written, taken, .. } = self;
        is_lie.then(|| {
            format!("{asked:?}: told {told:?}, but written {written} times, taken {taken:?}")
        })
    }
}
