//! Bytes as text, and numbers as C reads them.

/// Bytes as a text whose characters are the bytes, so that nothing is lost that is no UTF-8.
pub(super) fn from_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// A text of the caller's as the bytes of its UTF-8, one a character.
pub(super) fn from_utf8(text: &str) -> String {
    from_bytes(text.as_bytes())
}

/// The bytes of a text.
pub(super) fn push_bytes(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() {
        return out.extend_from_slice(text.as_bytes());
    }
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(byte) => out.push(byte),
            Err(_) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// A sign and the digits at the start, as C's `atoi` and `scanf` find them.
fn digits(text: &str) -> (bool, &str) {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (negative, text.get(..end).unwrap_or_default())
}

/// What C's `atoi` makes of it: 0 where there are no digits.
pub(super) fn atoi(text: &str) -> i64 {
    let (negative, digits) = digits(text);
    let number = digits.parse().unwrap_or(if digits.is_empty() { 0 } else { i64::MAX });
    if negative { -number } else { number }
}

/// What C's `scanf` reads as an unsigned number: `None` where there are no digits.
pub(super) fn scan(text: &str) -> Option<u64> {
    let (negative, digits) = digits(text);
    let number: u64 = digits.parse().ok()?;
    Some(if negative { number.wrapping_neg() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_c_does() {
        assert_eq!([atoi("12x"), atoi(" -3"), atoi("x"), atoi("")], [12, -3, 0, 0]);
        assert_eq!([scan("1x"), scan("+1"), scan("x"), scan("")], [Some(1), Some(1), None, None]);
        assert_eq!(scan("-1"), Some(u64::MAX));
    }

    #[test]
    fn keeps_every_byte() {
        let every: Vec<u8> = (0..=255).collect();
        let mut back = Vec::new();
        push_bytes(&mut back, &from_bytes(&every));
        assert_eq!(back, every);
        let mut out = Vec::new();
        push_bytes(&mut out, &from_utf8("é"));
        assert_eq!(out, "é".as_bytes());
    }
}
