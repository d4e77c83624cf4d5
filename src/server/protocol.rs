//! [`Server`]: the daemon's side of a management connection, sans-I/O.

use std::fmt;

use bytes::Bytes;

use super::blocks::Blocks;
use super::input::Input;
use super::lines::{LineError, Lines, ToLines};
use super::password::{Gate, PasswordTry};
use super::received::{Head, Received};
use crate::command::{BlockLines, Dialect};
use crate::types::{Secret, WipedBytes};

/// What a block may hold by default, in bytes of memory.
pub const DEFAULT_BLOCK_LIMIT: usize = 64 * 1024;

const PROMPT: &[u8] = b"ENTER PASSWORD:";

/// The daemon's side of one management connection: a manager's bytes in, typed commands out; replies and events in,
/// bytes out.
///
/// It reads as daemons read: 256 bytes at once into 1,024 bytes of room, with their lexer, their blocks and
/// their password. It knows no more of a daemon than that: what a command does and how it is answered is its
/// owner's to say, a refusal of the [lexer](super::ReceivedCommand::Unreadable) included.
///
/// Memory is bounded by what was [received](Self::receive) and not [taken](Self::next), a line, and one block;
/// all that was received is wiped when dropped.
pub struct Server {
    dialect: Dialect,
    input: Input,
    blocks: Blocks,
    block_limit: usize,
    open: Option<(Head, BlockLines)>,
    gate: Option<Gate>,
    /// Whether a wrong password is to be followed by a prompt.
    asks_again: bool,
    output: WipedBytes,
    ended: bool,
}

impl Server {
    /// The side of a daemon that is this; the [`Dialect`] decides which form the lines of some commands have.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            input: Input::default(),
            blocks: Blocks::default(),
            block_limit: DEFAULT_BLOCK_LIMIT,
            open: None,
            gate: None,
            asks_again: false,
            output: WipedBytes::default(),
            ended: false,
        }
    }

    /// Asks for a password before all else. A right one is answered here, and [told](PasswordTry::Right), so that
    /// the greeting can be said.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<Secret>) -> Self {
        self.gate = Some(Gate::new(password.into()));
        self.write_bytes(PROMPT);
        self
    }

    /// Sets how many bytes of memory a block may hold; [`DEFAULT_BLOCK_LIMIT`] by default. A manager that sends more
    /// ends the connection, with [`BlockTooLong`](super::ReceivedCommand::BlockTooLong).
    #[must_use]
    pub fn with_block_limit(self, bytes: usize) -> Self {
        Self { block_limit: bytes, ..self }
    }

    /// Which commands begin a block from now on.
    pub fn blocks(&mut self) -> &mut Blocks {
        &mut self.blocks
    }

    /// Takes bytes as they came from the manager; read they are by [`next`](Self::next).
    ///
    /// In which pieces they come makes no difference to lines of up to 767 bytes. Longer ones are read whole only where
    /// daemons read them whole: alone.
    pub fn receive(&mut self, bytes: &[u8]) {
        if !self.ended {
            self.input.receive(bytes);
        }
    }

    /// The next command, or `None` until more was received.
    ///
    /// Each line is read when it is asked for: what [`blocks`](Self::blocks) are wanted can be set between a command
    /// and what was sent behind it.
    #[allow(
        clippy::should_implement_trait,
        reason = "it goes on after `None`, as no iterator should"
    )]
    pub fn next(&mut self) -> Option<Received> {
        loop {
            if self.ended {
                return None;
            }
            let received = match self.input.line() {
                Some(line) => self.line(Head::new(line)),
                None if self.read() => None,
                None => return None,
            };
            if received.is_some() {
                return received;
            }
        }
    }

    /// Says a reply, or bare lines of one.
    ///
    /// # Errors
    /// [`LineError`] for a line that would not arrive as one; nothing is said.
    pub fn reply(&mut self, reply: impl ToLines) -> Result<(), LineError> {
        let mut lines = WipedBytes::default();
        reply.to_lines(&mut Lines::of_reply(&mut lines))?;
        self.write_bytes(lines.as_slice());
        Ok(())
    }

    /// Says an event; of what is given each line gets its `>`.
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub fn event(&mut self, event: impl ToLines) -> Result<(), LineError> {
        let mut lines = WipedBytes::default();
        event.to_lines(&mut Lines::of_event(&mut lines))?;
        self.write_bytes(lines.as_slice());
        Ok(())
    }

    /// Says bytes as they are: lines that were written elsewhere, with their ends, or what no daemon says, to see what
    /// a manager makes of it.
    pub fn write_bytes(&mut self, bytes: &[u8]) {
        self.output.extend(bytes, usize::MAX);
    }

    /// What is to be sent to the manager, since it was last taken. Wiped when dropped.
    pub fn output(&mut self) -> Bytes {
        std::mem::take(&mut self.output).freeze()
    }

    /// Whether nothing more is read: after `quit` or `exit`, the third wrong password or a block over its limit. The
    /// connection is to be closed.
    ///
    /// What is still to be sent stays in [`output`](Self::output). A daemon in its event loop throws away what it has
    /// to say to commands that it read together with `quit`; in a hold or at a prompt it has said it by then.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether the manager has given no password yet, or no right one. A daemon says nothing else meanwhile.
    #[must_use]
    pub fn asks_password(&self) -> bool {
        self.gate.is_some()
    }

    /// The line whose block has begun and has not ended.
    #[must_use]
    pub fn open_block(&self) -> Option<&[u8]> {
        self.open.as_ref().map(|(head, _)| head.line())
    }

    /// How many bytes of lines were lost, because they passed the room that daemons have for them.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.input.lost()
    }

    fn read(&mut self) -> bool {
        // A daemon asks again when all it has read is done, once for all that was wrong in it.
        if std::mem::take(&mut self.asks_again) && self.gate.is_some() {
            self.write_bytes(PROMPT);
        }
        self.input.read()
    }

    fn line(&mut self, line: Head) -> Option<Received> {
        if self.gate.is_some() {
            return self.password(line);
        }
        if self.open.is_some() {
            return self.block_line(line.line());
        }
        let begins = line.problem().is_none() && self.blocks.begin(&line.parameters());
        if begins {
            self.open = Some((line, BlockLines::default()));
            return None;
        }
        if line.is_quit() {
            self.end();
        }
        Some(Received::new(line, None, self.dialect))
    }

    fn password(&mut self, line: Head) -> Option<Received> {
        let outcome = self.gate.as_mut()?.attempt(line.line());
        match outcome {
            PasswordTry::Right => {
                self.gate = None;
                self.write_bytes(b"SUCCESS: password is correct\r\n");
            }
            PasswordTry::Wrong => self.asks_again = true,
            PasswordTry::Last => self.end(),
        }
        Some(Received::password(line, outcome))
    }

    fn block_line(&mut self, line: &[u8]) -> Option<Received> {
        let (head, mut block) = self.open.take()?;
        if line == b"END" {
            return Some(Received::new(head, Some(block), self.dialect));
        }
        block.push(line, self.block_limit);
        if block.held() > self.block_limit {
            self.end();
            return Some(Received::too_long(head, self.block_limit));
        }
        self.open = Some((head, block));
        None
    }

    fn end(&mut self) {
        self.ended = true;
        self.input.clear();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("dialect", &self.dialect)
            .field("blocks", &self.blocks)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
