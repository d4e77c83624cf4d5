//! What the parsers of replies share: fields and numbers in bytes.

pub(super) use crate::types::number;
pub(super) use crate::types::split::{rsplit_once, split_once};

/// The number behind `name`: `pid=12` with `pid=` gives 12.
pub(super) fn named_number<T: TryFrom<u64>>(text: &[u8], name: &str) -> Option<T> {
    number(text.strip_prefix(name.as_bytes())?)
}
