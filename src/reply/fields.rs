//! What the parsers of replies share: fields and numbers in bytes.

use std::str::FromStr;

pub(super) use crate::types::number;

/// The number behind `name`: `pid=12` with `pid=` gives 12.
pub(super) fn named_number<T: FromStr>(text: &[u8], name: &str) -> Option<T> {
    number(text.strip_prefix(name.as_bytes())?)
}

/// What stands before and after the first `separator`.
pub(super) fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What stands before and after the last `separator`.
pub(super) fn rsplit_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memrchr(separator, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
