//! How the columns of a row that are not known are put together again.

use std::sync::Arc;

use bytes::Bytes;

use super::OtherColumns;
use crate::types::Text;

/// No line of a daemon holds one.
const SEPARATOR: u8 = b'\n';

impl OtherColumns {
    /// The columns as names and values, which are written behind what `line` holds; `None` where a value cannot be.
    pub(in crate::reply::status) fn behind(
        line: &Bytes,
        other: &[(Text, Text)],
    ) -> Option<(Bytes, Option<Arc<Self>>)> {
        if other.is_empty() {
            return Some((line.clone(), None));
        }
        let values: Vec<_> = other.iter().map(|(_, value)| value.as_bytes()).collect();
        if values.iter().any(|value| value.contains(&SEPARATOR)) {
            return None;
        }
        let columns = other.iter().map(|(name, _)| name.clone()).enumerate().collect();
        let columns = Self { separator: SEPARATOR, start: line.len(), columns };
        let line = [&line[..], &values.join(&SEPARATOR)].concat();
        Some((Bytes::from(line), Some(Arc::new(columns))))
    }
}
