//! Numbers as the daemon prints them, in events, replies and addresses.

/// An unsigned number of digits alone: no sign (`FromStr` would take `+1`), no blanks, no overflow.
pub(crate) fn number<T: TryFrom<u64>>(field: &[u8]) -> Option<T> {
    let value = match field.len() {
        0 => return None,
        // 19 digits fit whatever they are, which spares a check for each.
        1..=19 => digits(field, |value, digit| Some(value * 10 + digit)),
        _ => digits(field, |value, digit| value.checked_mul(10)?.checked_add(digit)),
    };
    T::try_from(value?).ok()
}

fn digits(field: &[u8], append: impl Fn(u64, u64) -> Option<u64>) -> Option<u64> {
    field.iter().try_fold(0, |value, byte| append(value, digit(*byte)?.into()))
}

/// The value of a decimal digit.
pub(super) fn digit(byte: u8) -> Option<u8> {
    let digit = byte.wrapping_sub(b'0');
    (digit < 10).then_some(digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::number;

    #[test]
    fn the_greatest_is_read_and_no_greater() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number::<u64>(b"18446744073709551616"), None);
        assert_eq!(number(b"9999999999999999999"), Some(9_999_999_999_999_999_999_u64));
        assert_eq!(number(b"00000000000000000000000007"), Some(7_u64));
        assert_eq!((number(b"255"), number::<u8>(b"256")), (Some(255_u8), None));
    }

    fn by_std<T: std::str::FromStr>(field: &str) -> Option<T> {
        let digits = field.bytes().all(|byte| byte.is_ascii_digit());
        field.parse().ok().filter(|_| digits)
    }

    proptest! {
        #[test]
        fn digits_are_read_as_std_reads_them(field in "[0-9]{0,24}|[0-9]{0,3}[+-/: a]?[0-9]{0,3}|\\PC{0,4}") {
            prop_assert_eq!(number::<u8>(field.as_bytes()), by_std(&field));
            prop_assert_eq!(number::<u16>(field.as_bytes()), by_std(&field));
            prop_assert_eq!(number::<u32>(field.as_bytes()), by_std(&field));
            prop_assert_eq!(number::<u64>(field.as_bytes()), by_std(&field));
        }

        #[test]
        fn numbers_are_read_back(value in any::<u64>()) {
            prop_assert_eq!(number(value.to_string().as_bytes()), Some(value));
        }
    }
}
