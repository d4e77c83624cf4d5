//! [`Received`]: one line of a manager's, and what it means.

use std::fmt;

use zeroize::Zeroizing;

use super::password::PasswordTry;
use super::received_command::ReceivedCommand;
use crate::command::{BlockLines, Dialect, Lexed, LexerProblem, lex};

/// What a manager has sent: a line and, where it began one, its block.
///
/// Wiped when dropped, for it may hold a password; `Debug` shows no more of it than its [command](Self::command)
/// does.
pub struct Received {
    head: Head,
    block: Option<BlockLines>,
    command: ReceivedCommand,
}

impl Received {
    /// The command as a value, or why the line is none.
    #[must_use]
    pub fn command(&self) -> &ReceivedCommand {
        &self.command
    }

    /// As [`command`](Self::command), by value.
    #[must_use]
    pub fn into_command(self) -> ReceivedCommand {
        self.command
    }

    /// The parameters as the daemon has them, the command's name first: at most 16, unquoted.
    ///
    /// There are none of a blank line, of one that the lexer refuses, and of a try at the management password.
    #[must_use]
    pub fn parameters(&self) -> Vec<&[u8]> {
        match self.command {
            ReceivedCommand::ManagementPassword(_) | ReceivedCommand::Unreadable(_) => Vec::new(),
            _ => self.head.parameters(),
        }
    }

    /// The lines of the block, without its `END`.
    pub fn block(&self) -> Option<impl Iterator<Item = &[u8]>> {
        self.block.as_ref().map(BlockLines::iter)
    }

    /// The line as the daemon keeps it: without its end and without control bytes, quotes as they came.
    #[must_use]
    pub fn line(&self) -> &[u8] {
        self.head.line()
    }

    /// Whether the daemon logs it without what follows its name: a `password`, also one that the lexer refuses.
    #[must_use]
    pub fn is_logged_without_parameters(&self) -> bool {
        self.head.lexed.parameters.first().is_some_and(|name| name.as_slice() == b"password")
    }

    pub(super) fn new(head: Head, block: Option<BlockLines>, dialect: Dialect) -> Self {
        let command = match head.problem() {
            Some(problem) => ReceivedCommand::Unreadable(problem.clone()),
            None => ReceivedCommand::read(&head.parameters(), block.as_ref(), dialect),
        };
        Self { head, block, command }
    }

    pub(super) fn password(head: Head, outcome: PasswordTry) -> Self {
        Self { head, block: None, command: ReceivedCommand::ManagementPassword(outcome) }
    }

    pub(super) fn too_long(head: Head, limit: usize) -> Self {
        Self { head, block: None, command: ReceivedCommand::BlockTooLong { limit } }
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("command", &self.command).finish_non_exhaustive()
    }
}

/// A line and what the lexer makes of it.
pub(super) struct Head {
    line: Zeroizing<Vec<u8>>,
    lexed: Lexed,
}

impl Head {
    pub(super) fn new(line: Zeroizing<Vec<u8>>) -> Self {
        let lexed = lex(&line);
        Self { line, lexed }
    }

    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    pub(super) fn parameters(&self) -> Vec<&[u8]> {
        self.lexed.parameters.iter().map(|parameter| parameter.as_slice()).collect()
    }

    pub(super) fn problem(&self) -> Option<&LexerProblem> {
        self.lexed.problem.as_ref()
    }

    pub(super) fn is_quit(&self) -> bool {
        let name = self.lexed.parameters.first().map(|name| name.as_slice());
        self.problem().is_none() && matches!(name, Some(b"quit" | b"exit"))
    }
}
