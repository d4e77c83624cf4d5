//! [`Encoded`]: a command ready to send, and what has to be known of it meanwhile.

use std::fmt;

use zeroize::Zeroizing;

use super::shape::ReplyShape;
use crate::types::{Cid, Kid, Text, limits};

/// A command as one daemon reads it: its bytes, and what its reply looks like.
///
/// Wiped when dropped, for it may hold a password; `Debug` does not show the bytes.
pub struct Encoded {
    pub(crate) name: &'static str,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) shape: ReplyShape,
    /// How the text after this command's `SUCCESS: ` starts on every version; a
    /// `SUCCESS: ` of other text belongs to somebody else.
    pub(crate) expect: Expect,
    /// What the text after `SUCCESS: ` holds where the command failed all the same.
    pub(crate) failure: Option<&'static str>,
    pub(crate) effect: Effect,
    pub(crate) kind: Kind,
}

/// What is special about a command, where its reply is told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Plain,
    /// OpenVPN 3's reply to it and to a fence can be the same.
    Signal,
    /// Its reply may come after those of commands sent behind it.
    Late,
    /// A caller wrote it, and said what its reply looks like.
    Raw {
        /// Whether it may be a `signal`.
        is_signal: bool,
    },
}

impl Kind {
    pub(crate) fn is_raw(self) -> bool {
        matches!(self, Self::Raw { .. })
    }

    pub(crate) fn may_be_signal(self) -> bool {
        matches!(self, Self::Signal | Self::Raw { is_signal: true })
    }
}

/// How the text after a command's `SUCCESS: ` starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// In any way.
    Anything,
    /// In this way.
    One(&'static str),
    /// In one of these ways.
    Some(&'static [&'static str]),
}

impl Expect {
    /// Whether `text` starts as it should.
    pub(crate) fn begins(self, text: &Text) -> bool {
        match self {
            Self::Anything => true,
            Self::One(start) => text.as_bytes().starts_with(start.as_bytes()),
            Self::Some(starts) => {
                starts.iter().any(|start| text.as_bytes().starts_with(start.as_bytes()))
            }
        }
    }

    /// Whether some texts are none of the command's.
    pub(crate) fn is_known(self) -> bool {
        self != Self::Anything
    }
}

/// What a command changes for the connection, beside having a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// It decides whether a client is let in.
    Decides(Cid, Kid),
    /// It asks a client's user for a response.
    AsksResponse(Cid, Kid),
    /// It turns on the states that the user gets.
    TellsStates,
    /// It turns them off.
    HidesStates,
    /// It lets the daemon out of its hold.
    ReleasesHold,
    /// It tells the daemon which management version this program understands.
    Announces(u32),
    /// It sets how much of what a client says of itself is filtered; level 0 is the only safe one.
    FiltersEnv {
        /// Whether it is level 0.
        zero: bool,
    },
}

impl Encoded {
    /// The command's name, as `client-kill`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// All that goes to the daemon, line ends included. It may hold a password.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How the end of its reply is known.
    #[must_use]
    pub fn reply_shape(&self) -> ReplyShape {
        self.shape
    }

    pub(super) fn new(name: &'static str, bytes: Zeroizing<Vec<u8>>, shape: ReplyShape) -> Self {
        Self {
            name,
            bytes,
            shape,
            expect: Expect::Anything,
            failure: None,
            effect: Effect::None,
            kind: Kind::Plain,
        }
    }

    /// Marks what a caller wrote.
    pub(crate) fn raw(self) -> Self {
        let is_signal = memchr::memmem::find(&self.bytes, b"signal").is_some();
        Self { kind: Kind::Raw { is_signal }, ..self }
    }

    /// Marks what is special about its reply.
    pub(crate) fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// Sets what the command changes.
    pub(crate) fn effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// Sets what the text after `SUCCESS: ` holds where the command failed.
    pub(crate) fn failure(self, failure: &'static str) -> Self {
        Self { failure: Some(failure), ..self }
    }

    /// Says how the text after `SUCCESS: ` starts.
    pub(crate) fn expect(self, expect: &'static str) -> Self {
        Self { expect: Expect::One(expect), ..self }
    }

    /// Says in which ways the text after `SUCCESS: ` may start.
    pub(crate) fn expect_one_of(self, expect: &'static [&'static str]) -> Self {
        Self { expect: Expect::Some(expect), ..self }
    }

    /// Whether it may be sent while other commands are in flight.
    pub(crate) fn pipelines(&self) -> bool {
        self.shape.pipelines()
            && !self.kind.is_raw()
            && self.bytes.split(|byte| *byte == b'\n').all(|l| l.len() <= limits::PIPELINED_LINE)
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("name", &self.name)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}
