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

/// What C's `atoi` makes of it: 0 where there are no digits, and the lower half of what is too large.
pub(super) fn atoi(text: &str) -> i64 {
    let (negative, digits) = digits(text);
    let long = match (digits.parse::<i64>(), negative) {
        (Ok(number), false) => number,
        (Ok(number), true) => -number,
        (Err(_), _) if digits.is_empty() => 0,
        (Err(_), false) => i64::MAX,
        (Err(_), true) => i64::MIN,
    };
    let [a, b, c, d, ..] = long.to_le_bytes();
    i32::from_le_bytes([a, b, c, d]).into()
}

/// What C's `scanf` reads as an unsigned number: `None` where there are no digits, the greatest for what is too large.
pub(super) fn scan(text: &str) -> Option<u64> {
    let (negative, digits) = digits(text);
    match digits.parse::<u64>() {
        Ok(number) => Some(if negative { number.wrapping_neg() } else { number }),
        Err(_) => (!digits.is_empty()).then_some(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_c_does() {
        assert_eq!([atoi("12x"), atoi(" -3"), atoi("x"), atoi("")], [12, -3, 0, 0]);
        assert_eq!([scan("1x"), scan("+1"), scan("x"), scan("")], [Some(1), Some(1), None, None]);
        assert_eq!(scan("-1"), Some(u64::MAX));
        let too_large =
            ["2147483648", "25699999999999", "9223372036854775808", "-9223372036854775809"];
        assert_eq!(too_large.map(atoi), [-2_147_483_648, -1_084_299_265, -1, 0]);
        assert_eq!(scan("18446744073709551616"), Some(u64::MAX));
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
