//! Numbers as the daemon prints them, in events, replies and addresses.

use std::str::FromStr;

/// An unsigned number of digits alone: no sign (`FromStr` would take `+1`), no blanks, no overflow.
pub(crate) fn number<T: FromStr>(field: &[u8]) -> Option<T> {
    let digits = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    let digits = std::str::from_utf8(field).ok().filter(|_| digits)?;
    digits.parse().ok()
}
