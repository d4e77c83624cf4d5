//! [`UnreadRow`]: a row of a reply that is kept as it came.

#[cfg(feature = "serde")]
mod json;

use std::fmt;

use bytes::Bytes;

use super::{RawReply, WriteError, WriteRow};
use crate::types::{Line, Text};

/// A row that is not in the form that the rows of its reply have; it stands in its place among them.
///
/// Neither `Debug` nor `Display` shows the row, which may quote a secret.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("a row of {} bytes cannot be read: {problem}", .row.len())]
pub struct UnreadRow {
    row: Text,
    problem: &'static str,
}

impl UnreadRow {
    /// The row as received, without its line end.
    #[must_use]
    pub fn row(&self) -> &Text {
        &self.row
    }

    /// What is wrong, in words that hold no part of the row.
    #[must_use]
    pub fn problem(&self) -> &'static str {
        self.problem
    }
}

/// Writes the row as it came.
impl WriteRow for UnreadRow {
    fn write_row(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        Line::row(out).text("row", &self.row).end()
    }
}

impl fmt::Debug for UnreadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnreadRow({} bytes, {})", self.row.len(), self.problem)
    }
}

/// Reads each row of a block by itself, so that one that cannot be read hides no other.
pub(crate) fn read_rows<T>(
    reply: &RawReply,
    read: impl Fn(&Bytes) -> Result<T, &'static str>,
) -> Vec<Result<T, UnreadRow>> {
    let unread = |row: &Bytes, problem| UnreadRow { row: Text::from(row.clone()), problem };
    reply.lines.iter().map(|row| read(row).map_err(|problem| unread(row, problem))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_cannot_be_read_hides_no_other_and_shows_nothing() {
        let rows = ["1", "hunter2", "3"].map(Bytes::from).to_vec();
        let number = |row: &Bytes| crate::types::number::<u8>(row).ok_or("it is no number");
        let read = read_rows(&RawReply::block(rows), number);
        let [Ok(1), Err(unread), Ok(3)] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!(*unread.row(), "hunter2");
        assert_eq!(unread.to_string(), "a row of 7 bytes cannot be read: it is no number");
        assert!(!format!("{unread:?}").contains("hunter2"));
    }
}
