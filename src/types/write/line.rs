//! [`Line`]: a line while it is written.

use std::fmt::Display;
use std::io::Write as _;

use bytes::Bytes;
use zeroize::Zeroize as _;

use super::{WriteError, Written};
use crate::types::grammar::Problem;
use crate::types::split::split_once;
use crate::types::{SecretText, WipedBytes};

/// A line that is being written; [`end`](Self::end) tells the first thing that was wrong with it.
#[must_use]
pub(crate) struct Line<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    is_row: bool,
    problem: Option<WriteError>,
}

impl<'a> Line<'a> {
    /// An event: `>NAME:`, whose text behind that is its body.
    pub(crate) fn event(out: &'a mut Vec<u8>, name: &str) -> Self {
        Self::new(out, false).raw(">").raw(name).raw(":")
    }

    /// A line as it is, whatever a reader takes it for.
    pub(crate) fn bare(out: &'a mut Vec<u8>) -> Self {
        Self::new(out, false)
    }

    /// A line of a reply that begins with words of its own.
    pub(crate) fn reply(out: &'a mut Vec<u8>, start: &str) -> Self {
        Self::new(out, false).raw(start)
    }

    /// A line of a reply that is any text.
    pub(crate) fn row(out: &'a mut Vec<u8>) -> Self {
        Self::new(out, true)
    }

    fn new(out: &'a mut Vec<u8>, is_row: bool) -> Self {
        let start = out.len();
        Self { out, start, is_row, problem: None }
    }

    /// Adds words of the protocol.
    pub(crate) fn raw(self, words: &str) -> Self {
        add(self.out, words.as_bytes());
        self
    }

    /// Adds a byte of the protocol.
    pub(crate) fn byte(self, byte: u8) -> Self {
        add(self.out, &[byte]);
        self
    }

    /// Adds a number, or what else is written as it is shown and holds no line end.
    pub(crate) fn number(self, value: impl Display) -> Self {
        /// No number and no address is longer.
        const ENOUGH: usize = 64;
        reserve(self.out, ENOUGH);
        // A vector takes all that is written to it.
        let _ = write!(self.out, "{value}");
        self
    }

    /// Adds a text, which may hold anything but a line end.
    pub(crate) fn text(self, field: &'static str, text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        if memchr::memchr(b'\n', text).is_some() {
            return self.wrong(WriteError::LineEnd { field });
        }
        add(self.out, text);
        self
    }

    /// Adds a text that a `separator` would end.
    pub(crate) fn field(self, field: &'static str, text: impl AsRef<[u8]>, separator: u8) -> Self {
        let text = text.as_ref();
        let ends_early = memchr::memchr(separator, text).is_some();
        let problem = WriteError::reads_otherwise(field, "holds what ends it");
        let line = self.text(field, text);
        if ends_early { line.wrong(problem) } else { line }
    }

    /// Adds a text and the words that end it, which are found behind it first.
    pub(crate) fn until(self, field: &'static str, text: impl AsRef<[u8]>, words: &str) -> Self {
        let (text, start) = (text.as_ref(), self.out.len());
        let line = self.text(field, text).raw(words);
        let written = line.out.get(start..).unwrap_or_default();
        let ends_early = memchr::memmem::find(written, words.as_bytes()) < Some(text.len());
        line.check(!ends_early, field, "holds what ends it")
    }

    /// Adds a secret, which may hold anything but a line end, and may be withheld.
    pub(crate) fn secret(self, field: &'static str, secret: &SecretText) -> Self {
        match secret.expose() {
            Some(text) => self.text(field, text),
            None => self.wrong(WriteError::Withheld { field }),
        }
    }

    /// Refuses an event whose body would not be read as the same value.
    pub(crate) fn reads_as<T: PartialEq>(
        self,
        field: &'static str,
        value: &T,
        read: impl FnOnce(&Bytes, &[u8]) -> Result<T, Problem>,
    ) -> Self {
        // It may hold a secret.
        let line = WipedBytes::copy(self.out.get(self.start..).unwrap_or_default());
        let is_same = split_once(&line, b':')
            .is_some_and(|(_, body)| read(&line, body).is_ok_and(|read| read == *value));
        self.check(is_same, field, "would be read as something else")
    }

    /// Refuses the line where a condition does not hold.
    pub(crate) fn check(self, holds: bool, field: &'static str, problem: &'static str) -> Self {
        if holds { self } else { self.wrong(WriteError::reads_otherwise(field, problem)) }
    }

    pub(crate) fn wrong(mut self, problem: WriteError) -> Self {
        self.problem.get_or_insert(problem);
        self
    }

    /// Ends the line, or takes it back.
    pub(crate) fn end(self) -> Written {
        self.end_with(b"\r\n")
    }

    /// Leaves the line without an end, as one that was cut.
    pub(crate) fn cut(self) -> Written {
        self.end_with(b"")
    }

    fn end_with(mut self, end: &[u8]) -> Written {
        if let Some(problem) = self.problem.take().or_else(|| self.misread()) {
            take_back(self.out, self.start);
            return Err(problem);
        }
        add(self.out, end);
        Ok(())
    }

    /// What a reader would take the line for, by how it begins and ends.
    fn misread(&self) -> Option<WriteError> {
        let otherwise = |problem| Some(WriteError::reads_otherwise("row", problem));
        let line = self.out.get(self.start..).unwrap_or_default();
        match line {
            [] if self.is_row => otherwise("is empty, and readers pass over it"),
            [b'>', ..] if self.is_row => otherwise("begins as an event does"),
            b"END" if self.is_row => otherwise("is the end of the block"),
            _ => None,
        }
    }
}

pub(super) fn add(out: &mut Vec<u8>, bytes: &[u8]) {
    reserve(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Makes room for so many more bytes. Where `out` grows for it, the old memory is wiped, as `Vec` would not: it may
/// hold a secret.
fn reserve(out: &mut Vec<u8>, additional: usize) {
    const FIRST: usize = 128;
    let needed = out.len().saturating_add(additional);
    if needed > out.capacity() {
        let mut larger = Vec::with_capacity(needed.max(2 * out.capacity()).max(FIRST));
        larger.extend_from_slice(out);
        out.zeroize();
        *out = larger;
    }
}

pub(super) fn take_back(out: &mut Vec<u8>, start: usize) {
    if let Some(written) = out.get_mut(start..) {
        written.zeroize();
    }
    out.truncate(start);
}
