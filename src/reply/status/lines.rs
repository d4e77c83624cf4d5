//! [`Lines`]: the lines of a status while they are written.

use std::iter::Peekable;

use bytes::Bytes;

use crate::reply::{WriteError, WriteRow as _};
use crate::types::{Line, Text};

/// Writes lines in their order, and between them those that were not read, each in its place.
pub(super) struct Lines<'a> {
    out: &'a mut Vec<u8>,
    written: usize,
    unparsed: Peekable<std::vec::IntoIter<(usize, &'a Text)>>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, unparsed: Vec<(usize, &'a Text)>) -> Self {
        Self { out, written: 0, unparsed: unparsed.into_iter().peekable() }
    }

    /// The next line.
    pub(super) fn line(
        &mut self,
        write: impl FnOnce(Line<'_>) -> Line<'_>,
    ) -> Result<(), WriteError> {
        while let Some((_, line)) = self.unparsed.next_if(|(place, _)| *place <= self.written) {
            self.unparsed(line)?;
        }
        write(Line::row(self.out)).end()?;
        self.written += 1;
        Ok(())
    }

    /// All that stands behind the last line.
    pub(super) fn finish(&mut self) -> Result<(), WriteError> {
        while let Some((_, line)) = self.unparsed.next() {
            self.unparsed(line)?;
        }
        Ok(())
    }

    fn unparsed(&mut self, line: &Text) -> Result<(), WriteError> {
        line.write_row(self.out)?;
        self.written += 1;
        Ok(())
    }
}

/// What was written, as lines without their ends.
pub(super) fn lines_of(written: &[u8]) -> Vec<Bytes> {
    let lines = written.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.map(Bytes::copy_from_slice).collect()
}
