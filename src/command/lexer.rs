//! The daemon's own reading of a line, to know beforehand what it would make of ours.

use super::quote::TOO_LONG;
use crate::types::ArgumentProblem;
use crate::types::limits;

/// How many parameters a line has, where the daemon would take all of it as it stands.
///
/// # Errors
/// Says what the daemon would drop, cut or refuse: an open quote, a bad
/// backslash, a comment, a parameter over its limit, or too many of them.
pub(crate) fn parameters(line: &[u8]) -> Result<Vec<Vec<u8>>, ArgumentProblem> {
    let mut lexer = Lexer::default();
    for byte in line {
        lexer.byte(*byte)?;
    }
    lexer.finish()
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Within {
    #[default]
    Blank,
    Bare,
    Double,
    Single,
}

#[derive(Default)]
struct Lexer {
    within: Within,
    backslash: bool,
    current: Vec<u8>,
    done: Vec<Vec<u8>>,
}

impl Lexer {
    fn byte(&mut self, byte: u8) -> Result<(), ArgumentProblem> {
        if self.backslash {
            return self.escaped(byte);
        }
        if byte == b'\\' && self.within != Within::Single {
            self.backslash = true;
            return Ok(());
        }
        match (self.within, byte) {
            (Within::Blank, b' ') => Ok(()),
            (Within::Blank, b'#' | b';') => Err(ArgumentProblem::Other(
                "holds an unquoted parameter that starts with `#` or `;`, which the daemon takes for a comment",
            )),
            (Within::Blank, b'"') => {
                self.within = Within::Double;
                Ok(())
            }
            (Within::Blank, b'\'') => {
                self.within = Within::Single;
                Ok(())
            }
            (Within::Bare, b' ') | (Within::Double, b'"') | (Within::Single, b'\'') => self.end(),
            _ => self.push(byte),
        }
    }

    fn escaped(&mut self, byte: u8) -> Result<(), ArgumentProblem> {
        self.backslash = false;
        match byte {
            b'\\' | b'"' | b' ' => self.push(byte),
            _ => Err(ArgumentProblem::Other(
                "holds a backslash before something else than a backslash, a double quote or a blank",
            )),
        }
    }

    fn push(&mut self, byte: u8) -> Result<(), ArgumentProblem> {
        if self.within == Within::Blank {
            self.within = Within::Bare;
        }
        self.current.push(byte);
        let len = self.current.len();
        if len > limits::PARAMETER {
            let (limit, why) = (limits::PARAMETER, TOO_LONG);
            return Err(ArgumentProblem::TooLong { len, limit, why });
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), ArgumentProblem> {
        self.within = Within::Blank;
        self.done.push(std::mem::take(&mut self.current));
        if self.done.len() > limits::PARAMETERS {
            return Err(ArgumentProblem::Other("has more than the 16 parameters the daemon reads"));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Vec<u8>>, ArgumentProblem> {
        match self.within {
            _ if self.backslash => Err(ArgumentProblem::Other("ends in a backslash")),
            Within::Double | Within::Single => Err(ArgumentProblem::Other("has an open quote")),
            Within::Bare => {
                self.end()?;
                Ok(self.done)
            }
            Within::Blank => Ok(self.done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<String> {
        let parameters = parameters(line.as_bytes()).unwrap();
        parameters.into_iter().map(|p| String::from_utf8(p).unwrap()).collect()
    }

    #[test]
    fn reads_as_the_daemon_does() {
        assert_eq!(read(r#"kill  "a b"  c"#), ["kill", "a b", "c"]);
        assert_eq!(read(r#"x "a\"b\\c" 'd\e"' f\ g"#), ["x", "a\"b\\c", "d\\e\"", "f g"]);
        assert_eq!(read(r"x a#b ;"[..5].trim()), ["x", "a#b"]);
        assert_eq!(read(""), [""; 0]);
    }

    #[test]
    fn refuses_what_would_be_lost() {
        for line in [r#"x "a"#, "x 'a", r"x a\", r"x \n", "x #1", "x ;1"] {
            assert!(parameters(line.as_bytes()).is_err(), "{line}");
        }
        assert!(parameters(&[b'x'; 256]).is_ok());
        assert!(parameters(&[b'x'; 257]).is_err());
        assert!(parameters("x ".repeat(16).as_bytes()).is_ok());
        assert!(parameters("x ".repeat(17).as_bytes()).is_err());
    }
}
