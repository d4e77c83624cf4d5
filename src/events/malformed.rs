//! [`Unknown`], [`Malformed`] and [`Stray`]: lines that have no type.

#[cfg(feature = "serde")]
mod json;

use std::fmt;

use bytes::Bytes;

use super::Env;
use super::client::Unread;
use super::line::{Line, harmless_of_event, name};
use crate::types::grammar::Problem;
use crate::types::{Line as Written, WriteError};

/// An event whose name this crate does not know, or a `>CLIENT:` of a kind that it does not know.
///
/// `Debug` and `Display` show the name and the length only: the line may hold a secret. While
/// [requests](crate::Builder::requests) are on, what may hold one is not there: a line whose name is like that
/// of an event with secrets, a line without a name, and the block of a `>CLIENT:` line.
#[derive(Clone, PartialEq, Eq)]
pub struct Unknown {
    line: Line,
    env: Option<Env>,
}

impl Unknown {
    pub(super) fn new(line: Bytes) -> Self {
        Self { line: Line::whole(line), env: None }
    }

    pub(super) fn block(line: Bytes, env: Env) -> Self {
        Self { line: Line::whole(line), env: Some(env) }
    }

    /// The name, up to the first colon; `None` where the line does not start with one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        name(&self.line.start)
    }

    /// The line as received, without its `>` and line end; where some is [withheld](Self::withheld), what
    /// stands before that.
    #[must_use]
    pub fn line(&self) -> &Bytes {
        &self.line.start
    }

    /// How many bytes, of the line's end and of its block, are not here because requests are on.
    #[must_use]
    pub fn withheld(&self) -> usize {
        self.line.withheld
    }

    /// The ENV block, where one followed a `>CLIENT:` line and is not [withheld](Self::withheld).
    #[must_use]
    pub fn env(&self) -> Option<&Env> {
        self.env.as_ref()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.line.write(Written::bare(out).raw(">")).end()?;
        self.env.as_ref().map_or(Ok(()), |env| env.write(out, "CLIENT"))
    }

    pub(super) fn withhold_secrets(mut self) -> Self {
        self.line.withhold_from(harmless_of_event);
        self.line.withheld += self.env.take().map_or(0, |env| env.text_len());
        self
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unknown({} bytes, name {:?})", self.line.len(), self.name().unwrap_or("?"))
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown event {} ({} bytes)", self.name().unwrap_or("?"), self.line.len())
    }
}

/// An event whose name is known, but whose body is not in the form it should have.
///
/// `Debug` and `Display` show the name, the length and the problem only: the line
/// may hold a secret. While [requests](crate::Builder::requests) are on, the body of an event that may hold one is
/// not there.
#[derive(Clone, PartialEq, Eq)]
pub struct Malformed {
    line: Line,
    env: Option<Env>,
    problem: &'static str,
}

const CUT: Problem = Problem("the connection ended before the line did");

impl Malformed {
    pub(super) fn new(line: Bytes, Problem(problem): Problem) -> Self {
        Self { line: Line::whole(line), env: None, problem }
    }

    /// A line whose end did not come.
    pub(crate) fn cut(line: Bytes) -> Self {
        Self::new(line, CUT)
    }

    /// A block that was not finished: its first line, and what came of its ENV.
    pub(super) fn block(line: Bytes, env: Env, Problem(problem): Problem) -> Self {
        Self { line: Line::whole(line), env: Some(env), problem }
    }

    /// Whom a CONNECT or DISCONNECT is about: whatever cannot be read of the rest, its client is another or gone all the same.
    pub(crate) fn unread_client(&self) -> Option<Unread> {
        // Of a line whose end did not come the number may go on.
        if self.is_cut() { None } else { Unread::of(&self.line.start) }
    }

    /// Whether its end did not come.
    pub(super) fn is_cut(&self) -> bool {
        self.problem == CUT.0
    }

    /// The name, up to the first colon.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        name(&self.line.start)
    }

    /// What is wrong, in words that hold no part of the line.
    #[must_use]
    pub fn problem(&self) -> &'static str {
        self.problem
    }

    /// The line as received, without its `>` and line end; where some is [withheld](Self::withheld), what
    /// stands before that.
    #[must_use]
    pub fn line(&self) -> &Bytes {
        &self.line.start
    }

    /// How many bytes, of the line's end and of its ENV lines, are not here because requests are on.
    #[must_use]
    pub fn withheld(&self) -> usize {
        self.line.withheld
    }

    /// What came of its ENV, where a block was not finished and it is not [withheld](Self::withheld).
    #[must_use]
    pub fn env(&self) -> Option<&Env> {
        self.env.as_ref()
    }

    /// A line whose end did not come is written without one, and a block as far as it came.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = self.line.write(Written::bare(out).raw(">"));
        if self.is_cut() {
            return line.cut();
        }
        line.end()?;
        let event = self.name().unwrap_or_default();
        self.env.as_ref().map_or(Ok(()), |env| env.write_lines(out, event))
    }

    pub(super) fn withhold_secrets(mut self) -> Self {
        self.line.withhold_from(harmless_of_event);
        self.line.withheld += self.env.as_ref().map_or(0, Env::text_len);
        Self { env: None, ..self }
    }

    fn len(&self) -> usize {
        self.line.len() + self.env.as_ref().map_or(0, Env::text_len)
    }
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, name) = (self.len(), self.name().unwrap_or("?"));
        write!(f, "Malformed({len} bytes, name {name:?}, {})", self.problem)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, name) = (self.len(), self.name().unwrap_or("?"));
        write!(f, "malformed event {name} ({len} bytes): {}", self.problem)
    }
}

/// A line without a `>` that belongs to no reply.
///
/// `Debug` and `Display` show the length only: a daemon may repeat a line it did not understand. While
/// [requests](crate::Builder::requests) are on, nothing but a name before its colon is there (`ERROR:`, `PROTECTFD:`).
#[derive(Clone, PartialEq, Eq)]
pub struct Stray {
    line: Line,
}

impl Stray {
    /// A line, without its line end.
    #[must_use]
    pub fn new(line: Bytes) -> Self {
        Self { line: Line::whole(line) }
    }

    /// The line as received, without its line end; where some is [withheld](Self::withheld), what stands
    /// before that.
    #[must_use]
    pub fn line(&self) -> &Bytes {
        &self.line.start
    }

    /// How many bytes of the line's end are not here because requests are on.
    #[must_use]
    pub fn withheld(&self) -> usize {
        self.line.withheld
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.line.write(Written::bare(out)).end()
    }

    pub(super) fn withhold_secrets(mut self) -> Self {
        self.line.withhold_from(|line| name(line).map_or(0, |name| name.len() + 1));
        self
    }
}

impl fmt::Debug for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stray({} bytes)", self.line.len())
    }
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stray line ({} bytes)", self.line.len())
    }
}

#[cfg(test)]
#[path = "malformed/tests.rs"]
mod tests;
