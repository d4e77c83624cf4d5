//! Tables whose columns are named by a header row.

#[cfg(feature = "serde")]
mod json;

use std::sync::Arc;

use bytes::Bytes;

use super::span::Span;
use crate::types::{Line, Text};

/// A column of a table.
#[derive(Debug, Clone)]
pub(super) enum Column {
    /// By its place among the known names.
    Known(usize),
    /// By its own name.
    Other(Text),
}

impl Column {
    /// The columns that `header`, a part of `line`, names.
    fn read(line: &Bytes, header: &[u8], separator: u8, known: &[&str]) -> Vec<Self> {
        let mut free = vec![true; known.len()];
        let mut column = |name: &[u8]| {
            let at = known.iter().position(|known| known.as_bytes() == name);
            match at.and_then(|at| Some((at, free.get_mut(at)?))) {
                Some((at, free @ true)) => {
                    *free = false;
                    Self::Known(at)
                }
                // A name that comes twice must not overwrite the first.
                _ => Self::Other(Text::slice_of(line, name)),
            }
        };
        header.split(|&byte| byte == separator).map(&mut column).collect()
    }

    /// The names of columns.
    pub(super) fn names<'a>(columns: &'a [Self], known: &[&'static str]) -> Vec<&'a [u8]> {
        let name = |column: &'a Self| match column {
            Self::Known(at) => known.get(*at).map_or(&[][..], |name| name.as_bytes()),
            Self::Other(name) => name.as_bytes(),
        };
        columns.iter().map(name).collect()
    }
}

/// Writes names with the separator between them.
pub(super) fn write_names<'a>(line: Line<'a>, names: &[&[u8]], separator: u8) -> Line<'a> {
    let mut names = names.iter();
    let line =
        names.next().into_iter().fold(line, |line, name| line.field(COLUMN, name, separator));
    names.fold(line, |line, name| line.byte(separator).field(COLUMN, name, separator))
}

/// Writes the fields of a row: known ones with `write`, others in their order.
pub(super) fn write_fields<'a>(
    mut line: Line<'a>,
    columns: &[Column],
    separator: u8,
    other: &[(Text, Text)],
    write: impl Fn(Line<'a>, usize) -> Line<'a>,
) -> Line<'a> {
    let mut other = other.iter();
    for (at, column) in columns.iter().enumerate() {
        line = if at == 0 { line } else { line.byte(separator) };
        line = match column {
            Column::Known(known) => write(line, *known),
            Column::Other(name) => match other.next() {
                Some((known, value)) if known == name => line.field(COLUMN, value, separator),
                _ => line.check(false, COLUMN, "has no value in a row"),
            },
        };
    }
    line.check(other.next().is_none(), COLUMN, "of a row is none of the table")
}

const COLUMN: &str = "column";

/// How a table names its columns: the fields of a row, found by their names.
pub(super) struct Table<const N: usize> {
    separator: u8,
    /// Where in its line a row starts.
    start: usize,
    /// How many columns there are.
    len: usize,
    /// Where the known columns are, in the order of their names.
    known: [Option<usize>; N],
    other: Option<Arc<OtherColumns>>,
    /// All of them, in their order.
    columns: Vec<Column>,
    /// The fields of the last row, kept for its memory.
    fields: Vec<Span>,
}

/// A row split into its known fields and the rest.
pub(super) struct Row<const N: usize> {
    /// The known fields, in the order of their names.
    pub(super) known: [Option<Span>; N],
    /// The others, if there are any.
    pub(super) other: Option<Arc<OtherColumns>>,
}

/// The columns of a table that are not known: where they are, and their names.
pub(super) struct OtherColumns {
    separator: u8,
    start: usize,
    columns: Vec<(usize, Text)>,
}

impl<const N: usize> Table<N> {
    /// Reads the column names of `header`, a part of `line`, for rows that start at `start` of
    /// theirs; `None` where none is known, for then it is no header.
    pub(super) fn new(
        line: &Bytes,
        header: &[u8],
        (separator, start): (u8, usize),
        names: [&str; N],
    ) -> Option<Self> {
        let columns = Column::read(line, header, separator, &names);
        let (mut known, mut others) = ([None; N], Vec::new());
        for (at, column) in columns.iter().enumerate() {
            match column {
                Column::Known(column) => {
                    known.get_mut(*column).into_iter().for_each(|place| *place = Some(at));
                }
                Column::Other(name) => others.push((at, name.clone())),
            }
        }
        known.iter().any(Option::is_some).then(|| {
            let other = OtherColumns { separator, start, columns: others };
            let other = (!other.columns.is_empty()).then(|| Arc::new(other));
            let (len, fields) = (columns.len(), Vec::new());
            Self { separator, start, len, known, other, columns, fields }
        })
    }

    /// The columns in their order.
    pub(super) fn columns(&self) -> Vec<Column> {
        self.columns.clone()
    }

    /// Splits the row of `line`; `None` where its fields are not as many as the columns.
    pub(super) fn split(&mut self, line: &[u8]) -> Option<Row<N>> {
        self.fields.clear();
        let row = line.get(self.start..)?;
        let mut start = self.start;
        for_each_position(self.separator, row, |at| {
            if self.fields.len() == self.len {
                return None;
            }
            let end = self.start + at;
            self.fields.push(Span::new(start, end)?);
            start = end + 1;
            Some(())
        })?;
        self.fields.push(Span::new(start, line.len())?);
        let is_whole = self.fields.len() == self.len;
        is_whole.then(|| Row {
            known: self.known.map(|at| self.fields.get(at?).copied()),
            other: self.other.clone(),
        })
    }
}

impl OtherColumns {
    /// Their names and fields in a row that was split before.
    pub(super) fn of(&self, line: &Bytes) -> Vec<(Text, Text)> {
        let row = line.get(self.start..).unwrap_or_default();
        let mut fields = row.split(|&byte| byte == self.separator).enumerate();
        let field = |(column, name): &(usize, Text)| {
            let (_, field) = fields.find(|(at, _)| at == column)?;
            Some((name.clone(), Text::slice_of(line, field)))
        };
        self.columns.iter().filter_map(field).collect()
    }
}

/// Calls `found` with each place of `byte` in `text`, until that gives `None`.
///
/// Eight bytes at a time: fields are short, and searching anew for the end of each, as `memchr`
/// does, takes twice as long.
fn for_each_position(
    byte: u8,
    text: &[u8],
    mut found: impl FnMut(usize) -> Option<()>,
) -> Option<()> {
    let words = text.chunks_exact(8);
    let rest = words.remainder();
    let mut at = 0;
    for word in words {
        let word = u64::from_le_bytes(word.try_into().ok()?);
        let mut marks = mark_zeros(word ^ u64::from_le_bytes([byte; 8]));
        while marks != 0 {
            found(at + marks.trailing_zeros() as usize / 8)?;
            marks &= marks - 1;
        }
        at += 8;
    }
    for (at, _) in (at..).zip(rest).filter(|(_, it)| **it == byte) {
        found(at)?;
    }
    Some(())
}

/// The highest bit of each byte that is zero, and no other.
fn mark_zeros(word: u64) -> u64 {
    const LOW_BITS: u64 = u64::from_le_bytes([0x7f; 8]);
    !(((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_place_of_a_byte_is_found(
            text in proptest::collection::vec(prop_oneof![Just(b'\t'), 8..11_u8, 0x88..0x8b_u8, any::<u8>()], 0..70)
        ) {
            let (mut found, byte) = (Vec::new(), b'\t');
            let all = for_each_position(byte, &text, |at| {
                found.push(at);
                Some(())
            });
            let expected: Vec<_> = memchr::memchr_iter(byte, &text).collect();
            prop_assert_eq!((all, found), (Some(()), expected));
        }
    }
}
