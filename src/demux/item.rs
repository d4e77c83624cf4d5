//! [`Item`] and [`ItemRef`]: what a demuxer splits the daemon's output into.

use bytes::Bytes;

use crate::types::LineRef;

/// What the daemon asks before its greeting where the management socket has a
/// password. It comes without a line end.
pub const PASSWORD_PROMPT: &[u8] = b"ENTER PASSWORD:";

/// One unit of daemon output. Each owns its bytes; cloning does not allocate.
#[derive(Clone, PartialEq, Eq)]
pub enum Item {
    /// A line that belongs to a command's reply, without its line end.
    Reply(Bytes),
    /// An event, without its `>` and line end.
    Event(Bytes),
    /// [`PASSWORD_PROMPT`], which no line end follows.
    PasswordPrompt,
}

/// Shows the kind and length only: a line may hold a password.
impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reply(line) => write!(f, "Reply({} bytes)", line.len()),
            Self::Event(line) => write!(f, "Event({} bytes)", line.len()),
            Self::PasswordPrompt => f.write_str("PasswordPrompt"),
        }
    }
}

/// An [`Item`] whose line stays where it was received.
#[derive(Debug, Clone, Copy)]
pub enum ItemRef<'a> {
    /// As [`Item::Reply`].
    Reply(LineRef<'a>),
    /// As [`Item::Event`].
    Event(LineRef<'a>),
    /// As [`Item::PasswordPrompt`].
    PasswordPrompt,
}

impl ItemRef<'_> {
    /// The item, which owns its line.
    #[must_use]
    pub fn to_item(self) -> Item {
        match self {
            Self::Reply(line) => Item::Reply(line.to_bytes()),
            Self::Event(line) => Item::Event(line.to_bytes()),
            Self::PasswordPrompt => Item::PasswordPrompt,
        }
    }
}
