//! [`quote`]: one parameter, as the daemon's lexer reads it back.

use crate::types::ArgumentProblem;
use crate::types::{check, limits};

/// Why a parameter has a limit.
pub(super) const TOO_LONG: &str = "the daemon refuses longer parameters";

/// `"…"`: a text as one parameter, which the daemon reads back byte for byte.
///
/// For a caller's text in a [`raw_command`](crate::Client::raw_command); the typed commands
/// quote by themselves. The result counts toward [`LINE`](crate::types::limits::LINE) with its quotes
/// and escapes, and it is not wiped when dropped: a password belongs in a typed command.
///
/// ```
/// use openvpn_mgmt::command::quote;
///
/// assert_eq!(quote(r#"a "b" \c"#)?, br#""a \"b\" \\c""#);
/// assert!(quote("two\nlines").is_err());
/// # Ok::<(), openvpn_mgmt::ArgumentProblem>(())
/// ```
///
/// # Errors
/// For a control byte, which the daemon would drop or take for a line end, and for more
/// than 256 bytes, which it refuses.
pub fn quote(text: impl AsRef<[u8]>) -> Result<Vec<u8>, ArgumentProblem> {
    let text = text.as_ref();
    check(text, limits::PARAMETER, TOO_LONG)?;
    let mut quoted = Vec::with_capacity(text.len() + 2);
    push_quoted(&mut quoted, text);
    Ok(quoted)
}

/// Appends `"…"`, with `\` before each `"` and `\`.
pub(super) fn push_quoted(line: &mut Vec<u8>, text: &[u8]) {
    line.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            line.push(b'\\');
        }
        line.push(*byte);
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::lexer;
    use super::*;

    #[test]
    fn is_read_back_as_it_was() {
        let every: Vec<u8> = (0x20..=0xff).filter(|byte| *byte != 0x7f).collect();
        for text in [b"".as_slice(), b" ", b"\\", b"\"", b"#", b";", b"'a' b", &every] {
            assert_eq!(lexer::parameters(&quote(text).unwrap()).unwrap(), [text.to_vec().into()]);
        }
    }

    #[test]
    fn refuses_what_would_arrive_otherwise() {
        for byte in (0..0x20).chain([0x7f]) {
            let problem = ArgumentProblem::ControlByte { byte, offset: 1 };
            assert_eq!(quote([b'a', byte]), Err(problem));
        }
        assert!(quote([b'"'; 256]).is_ok());
        assert!(matches!(quote([b'a'; 257]), Err(ArgumentProblem::TooLong { .. })));
    }
}
