//! Base64 of what may be a secret: only the result holds more than a few bytes of it, and is wiped.

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use crate::types::Secret;

/// Reads standard base64 with padding, as OpenVPN writes it.
pub(crate) fn decode(text: &[u8]) -> Option<Secret> {
    let mut decoded = Zeroizing::new(vec![0; text.len().div_ceil(4) * 3]);
    let length = Base64::decode(text, &mut decoded).ok()?.len();
    decoded.truncate(length);
    Some(Secret::from(std::mem::take(&mut *decoded)))
}

/// Writes standard base64 with padding.
pub(crate) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(Base64::encode_string(bytes))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_canonical_is_refused() {
        for bad in
            ["a", "ab", "abc", "=", "====", "a===", "ab==ab==", "abc=abc=", "ab=c", "====abcd"]
        {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
        for bad in ["ab==", "abd=", "ab-_", "ab c", "abcd\n", "abc=\n"] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(decode(b""), Some(Secret::default()));
    }

    proptest! {
        #[test]
        fn bytes_are_written_as_anywhere_and_read_again(bytes in vec(any::<u8>(), 0..200)) {
            let text = encode(&bytes);
            prop_assert_eq!(&*text, &STANDARD.encode(&bytes));
            prop_assert_eq!(decode(text.as_bytes()), Some(Secret::from(bytes)));
        }

        #[test]
        fn texts_are_read_as_anywhere(text in "[A-Da-d09+/=\\n-]{0,12}") {
            let decoded = STANDARD.decode(&text).ok().map(Secret::from);
            prop_assert_eq!(decode(text.as_bytes()), decoded);
        }
    }
}
