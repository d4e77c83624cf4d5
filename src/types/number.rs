//! Numbers as the daemon prints them, in events, replies and addresses.

/// An unsigned number of digits alone: no sign (`FromStr` would take `+1`), no blanks, no overflow.
pub(crate) fn number<T: TryFrom<u64>>(field: &[u8]) -> Option<T> {
    let value = if matches!(field.len(), 1..8) {
        field.iter().try_fold(0, |value, byte| Some(value * 10 + u64::from(digit(*byte)?)))
    } else {
        leading_number(field).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
    };
    T::try_from(value?).ok()
}

/// The number that `text` begins with, and what stands behind its last digit; `None` where it begins with none, or
/// with one that is too large.
pub(crate) fn leading_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let (mut value, mut rest) = (0_u64, text);
    while let Some((chunk, _)) = rest.split_first_chunk() {
        let (digits, count) = eight_digits(*chunk);
        value = value.checked_mul(POWERS_OF_TEN.get(count).copied()?)?.checked_add(digits)?;
        rest = rest.get(count..)?;
        if count < chunk.len() {
            return (rest.len() < text.len()).then_some((value, rest));
        }
    }
    // Fewer than eight bytes are left. 19 digits fit whatever they are, which spares a check for each.
    let fits = text.len() <= 19;
    let mut count = 0;
    for digit in rest.iter().map_while(|byte| digit(*byte)) {
        value = if fits {
            value.wrapping_mul(10).wrapping_add(digit.into())
        } else {
            value.checked_mul(10)?.checked_add(digit.into())?
        };
        count += 1;
    }
    let rest = rest.get(count..)?;
    (rest.len() < text.len()).then_some((value, rest))
}

const POWERS_OF_TEN: [u64; 9] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The value of the digits that eight bytes begin with, and how many these are; all eight at a time, in one word.
fn eight_digits(chunk: [u8; 8]) -> (u64, usize) {
    const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
    const SIXES: u64 = u64::from_le_bytes([6; 8]);
    const UPPER_HALVES: u64 = u64::from_le_bytes([0xf0; 8]);
    let word = u64::from_le_bytes(chunk) ^ ZEROS;
    // What is no digit is over 9 now, so that with 6 more it is over 15. What that carries meets later bytes only.
    let others = (word | word.wrapping_add(SIXES)) & UPPER_HALVES;
    let count = others.trailing_zeros() / 8;
    // The digits move up to the end, and zeros stand before them.
    let digits = word.checked_shl(64 - 8 * count).unwrap_or(0);
    // Neighbours become numbers of two digits, those of four, and those of eight.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let value = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    (value, count as usize)
}

/// The value of a decimal digit.
pub(super) fn digit(byte: u8) -> Option<u8> {
    let digit = byte.wrapping_sub(b'0');
    (digit < 10).then_some(digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{leading_number, number};

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

    /// The number that a field begins with, one digit after another.
    fn by_hand(field: &[u8]) -> Option<(u64, &[u8])> {
        let count = field.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = field.split_at(count);
        let value = digits.iter().try_fold(0_u64, |value, digit| {
            value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        });
        value.filter(|_| count > 0).map(|value| (value, rest))
    }

    /// At each place of fields of each length.
    #[test]
    fn every_byte_ends_a_number_where_it_stands() {
        for digits in
            [b"0".repeat(40), b"1234567890".repeat(4), [b"0".repeat(21), b"9".repeat(19)].concat()]
        {
            for (length, at) in (1..=40).flat_map(|length| (0..length).map(move |at| (length, at)))
            {
                let mut field = digits[..length].to_vec();
                for byte in 0..=u8::MAX {
                    field[at] = byte;
                    let expected = by_hand(&field);
                    assert_eq!(leading_number(&field), expected, "{}", field.escape_ascii());
                    let whole =
                        expected.filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value);
                    assert_eq!(number::<u64>(&field), whole, "{}", field.escape_ascii());
                }
            }
        }
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
        fn a_number_ends_at_the_first_other_byte(digits in "[0-9]{1,19}", rest in "([^0-9]\\PC{0,12})?") {
            let text = format!("{digits}{rest}");
            prop_assert_eq!(
                leading_number(text.as_bytes()),
                Some((digits.parse().unwrap(), rest.as_bytes()))
            );
        }

        #[test]
        fn numbers_are_read_back(value in any::<u64>()) {
            prop_assert_eq!(number(value.to_string().as_bytes()), Some(value));
        }
    }
}
