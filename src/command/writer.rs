//! [`Writer`]: the checked writing of a command.

use std::time::Duration;

use zeroize::Zeroizing;

use super::encoded::Encoded;
use super::quote::{TOO_LONG, push_quoted};
use super::shape::ReplyShape;
use crate::error::{Result, invalid};
use crate::types::{ArgumentProblem, append_wiped, check, check_block_line, limits};

/// Writes one command, argument by argument, each checked as it comes.
pub(crate) struct Writer {
    name: &'static str,
    bytes: Zeroizing<Vec<u8>>,
}

impl Writer {
    /// Most commands are a few words, for which what is wiped behind them is as short.
    const SHORT: usize = 64;

    pub(crate) fn new(name: &'static str) -> Self {
        Self::with_capacity(name, Self::SHORT)
    }

    pub(crate) fn with_capacity(name: &'static str, capacity: usize) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
        bytes.extend_from_slice(name.as_bytes());
        Self { name, bytes }
    }

    /// A whole line of a caller's, already checked.
    pub(super) fn raw(name: &'static str, line: &[u8]) -> Self {
        // The line end and a fence fit behind it, so growth never leaves a secret behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(line.len() + 64));
        bytes.extend_from_slice(line);
        Self { name, bytes }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// A word of ours, which needs no quoting.
    pub(crate) fn word(mut self, word: &str) -> Self {
        append_wiped(&mut self.bytes, word.len() + 1, |bytes| {
            bytes.push(b' ');
            bytes.extend_from_slice(word.as_bytes());
        });
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
        // Each byte may be escaped.
        append_wiped(&mut self.bytes, 2 * value.len() + 3, |bytes| {
            bytes.push(b' ');
            push_quoted(bytes, value);
        });
        self.check_line(argument)?;
        Ok(self)
    }

    /// Ends the command line.
    pub(crate) fn line(mut self, shape: ReplyShape) -> Encoded {
        append_wiped(&mut self.bytes, 1, |bytes| bytes.push(b'\n'));
        Encoded::new(self.name, self.bytes, shape)
    }

    /// Ends the command line and begins its block.
    pub(crate) fn block(mut self) -> Block {
        append_wiped(&mut self.bytes, 1, |bytes| bytes.push(b'\n'));
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

const END: &[u8] = b"END\n";

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
        append_wiped(&mut self.bytes, line.len() + 1, |bytes| {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        });
        Ok(self)
    }

    pub(crate) fn end(mut self, shape: ReplyShape) -> Encoded {
        append_wiped(&mut self.bytes, END.len(), |bytes| bytes.extend_from_slice(END));
        Encoded::new(self.name, self.bytes, shape)
    }
}

/// A C `int`, as the daemon reads numbers.
pub(super) const INT: u64 = i32::MAX as u64;

/// The seconds of a duration, which the daemon knows no fraction of: a cut one would not be what was asked.
pub(super) fn whole_seconds(
    command: &'static str,
    argument: &'static str,
    duration: Duration,
    min: u64,
    max: u64,
) -> Result<u64> {
    if duration.subsec_nanos() != 0 {
        let problem = ArgumentProblem::Other("is not a whole number of seconds");
        return Err(invalid(command, argument, problem));
    }
    in_range(command, argument, duration.as_secs(), min, max)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever room is left: `append_wiped` looks that no more is written than it was told.
    #[test]
    fn memory_that_a_command_has_outgrown_is_wiped() {
        let written = |encoded: Encoded| encoded.bytes.to_vec();
        for capacity in 0..12 {
            let writer = || Writer::with_capacity("n", capacity);
            let line = |writer: Writer| written(writer.line(ReplyShape::Line));
            for word in ["a", "ab", "abcdefgh"] {
                assert_eq!(line(writer().word(word)), format!("n {word}\n").as_bytes());
            }
            for (value, quoted) in [("", ""), ("a", "a"), ("\"\\\"\\\"\\", r#"\"\\\"\\\"\\"#)] {
                let writer = writer().quoted("argument", value).unwrap();
                assert_eq!(line(writer), format!("n \"{quoted}\"\n").as_bytes());
            }
            for value in ["a", "ab", "abcdefgh"] {
                let block = writer().block().line("line", value.as_bytes(), 8, "").unwrap();
                let expected = format!("n\n{value}\nEND\n");
                assert_eq!(written(block.end(ReplyShape::Line)), expected.as_bytes());
            }
        }
    }
}
