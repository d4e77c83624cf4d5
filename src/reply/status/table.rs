//! Tables whose columns are named by a header row.

use bytes::Bytes;

use crate::types::Text;

/// How a table names its columns: the fields of a row, found by their names.
pub(super) struct Table<const N: usize> {
    separator: u8,
    columns: Vec<Column>,
}

/// A row split into its known fields and the rest.
pub(super) struct Row<'a, const N: usize> {
    /// The known fields, in the order of their names.
    pub(super) known: [Option<&'a [u8]>; N],
    /// The others, with the names of their columns.
    pub(super) other: Vec<(Text, Text)>,
}

enum Column {
    Known(usize),
    Other(Text),
}

impl<const N: usize> Table<N> {
    /// Reads the column names of `header`, a part of `line`; `None` where none is known,
    /// for then it is no header.
    pub(super) fn new(
        line: &Bytes,
        header: &[u8],
        separator: u8,
        names: [&str; N],
    ) -> Option<Self> {
        let mut taken = [false; N];
        let mut column = |name: &[u8]| {
            let known = names.iter().position(|known| known.as_bytes() == name);
            let free = known.and_then(|at| taken.get_mut(at).filter(|taken| !**taken));
            match (known, free) {
                (Some(at), Some(free)) => {
                    *free = true;
                    Column::Known(at)
                }
                // A name that comes twice must not overwrite the first.
                _ => Column::Other(Text::slice_of(line, name)),
            }
        };
        let header = header.split(|&byte| byte == separator);
        let columns = header.map(&mut column).collect();
        taken.contains(&true).then_some(Self { separator, columns })
    }

    /// Splits `row`, a part of `line`; `None` where its fields are not as many as the columns.
    pub(super) fn split<'a>(&self, line: &Bytes, row: &'a [u8]) -> Option<Row<'a, N>> {
        let mut known = [None; N];
        let mut other = Vec::new();
        let mut fields = row.split(|&byte| byte == self.separator);
        for column in &self.columns {
            let field = fields.next()?;
            match column {
                Column::Known(at) => *known.get_mut(*at)? = Some(field),
                Column::Other(name) => other.push((name.clone(), Text::slice_of(line, field))),
            }
        }
        fields.next().is_none().then_some(Row { known, other })
    }
}
