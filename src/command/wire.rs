//! [`Wire`]: a command ready to send, and the checked writing of one.

use zeroize::Zeroizing;

use super::quote::{TOO_LONG, push_quoted};
use super::shape::ReplyShape;
use crate::error::Result;
use crate::error::invalid;
use crate::types::ArgumentProblem;
use crate::types::{Cid, Kid, Text};
use crate::types::{check, check_block_line, limits};

/// A whole command as it goes out, line ends included. Wiped when dropped: it may hold a password.
pub(crate) struct Wire {
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
    /// It sets how much of what a client says of itself is filtered; level 0 is the only safe one.
    FiltersEnv {
        /// Whether it is level 0.
        zero: bool,
    },
}

impl Wire {
    fn new(name: &'static str, bytes: Zeroizing<Vec<u8>>, shape: ReplyShape) -> Self {
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

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire")
            .field("name", &self.name)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// Writes one command, argument by argument, each checked as it comes.
pub(crate) struct Writer {
    name: &'static str,
    bytes: Zeroizing<Vec<u8>>,
}

impl Writer {
    pub(crate) fn new(name: &'static str) -> Self {
        // The longest line fits, escapes and all, so growth never leaves a secret behind.
        Self::with_capacity(name, 2 * limits::LINE)
    }

    pub(crate) fn with_capacity(name: &'static str, capacity: usize) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
        bytes.extend_from_slice(name.as_bytes());
        Self { name, bytes }
    }

    /// A whole line of a caller's, already checked.
    pub(super) fn raw(name: &'static str, line: &[u8]) -> Self {
        Self { name, bytes: Zeroizing::new(line.to_vec()) }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// A word of ours, which needs no quoting.
    pub(crate) fn word(mut self, word: &str) -> Self {
        self.bytes.push(b' ');
        self.bytes.extend_from_slice(word.as_bytes());
        self
    }

    pub(crate) fn number(self, number: impl Into<u64>) -> Self {
        let number: u64 = number.into();
        self.word(&number.to_string())
    }

    /// A caller's text as one parameter: `"…"` with `\` and `"` escaped.
    pub(crate) fn quoted(self, argument: &'static str, value: impl AsRef<[u8]>) -> Result<Self> {
        self.quoted_within(argument, value, limits::PARAMETER, TOO_LONG)
    }

    /// As [`quoted`](Self::quoted), with a tighter limit and its reason.
    pub(crate) fn quoted_within(
        mut self,
        argument: &'static str,
        value: impl AsRef<[u8]>,
        limit: usize,
        why: &'static str,
    ) -> Result<Self> {
        let value = value.as_ref();
        self.check_text(argument, value, limit, why)?;
        self.bytes.push(b' ');
        push_quoted(&mut self.bytes, value);
        self.check_line(argument)?;
        Ok(self)
    }

    /// Ends the command line.
    pub(crate) fn line(mut self, shape: ReplyShape) -> Wire {
        self.bytes.push(b'\n');
        Wire::new(self.name, self.bytes, shape)
    }

    /// Ends the command line and begins its block.
    pub(crate) fn block(mut self) -> Block {
        self.bytes.push(b'\n');
        Block { name: self.name, bytes: self.bytes }
    }

    fn check_text(
        &self,
        argument: &'static str,
        value: &[u8],
        limit: usize,
        why: &'static str,
    ) -> Result<()> {
        check(value, limit, why).map_err(|problem| invalid(self.name, argument, problem))
    }

    fn check_line(&self, argument: &'static str) -> Result<()> {
        let len = self.bytes.len();
        if len <= limits::LINE {
            return Ok(());
        }
        let problem = ArgumentProblem::TooLong {
            len,
            limit: limits::LINE,
            why: "with it, quoted, the line is this long; the daemon would run its end as a command",
        };
        Err(invalid(self.name, argument, problem))
    }
}

/// A command's block of raw lines, up to its `END`.
pub(crate) struct Block {
    name: &'static str,
    bytes: Zeroizing<Vec<u8>>,
}

impl Block {
    /// One line, taken raw by the daemon.
    pub(crate) fn line(
        mut self,
        argument: &'static str,
        line: &[u8],
        limit: usize,
        why: &'static str,
    ) -> Result<Self> {
        check_block_line(line, limit, why)
            .map_err(|problem| invalid(self.name, argument, problem))?;
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        Ok(self)
    }

    pub(crate) fn end(mut self, shape: ReplyShape) -> Wire {
        self.bytes.extend_from_slice(b"END\n");
        Wire::new(self.name, self.bytes, shape)
    }
}

/// Refuses a number outside `min..=max`.
pub(crate) fn in_range(
    command: &'static str,
    argument: &'static str,
    value: u64,
    min: u64,
    max: u64,
) -> Result<u64> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(invalid(command, argument, ArgumentProblem::OutOfRange { value, min, max }))
}
