//! The daemon's own reading of a line: what it makes of ours, and what a server makes of a manager's.

use zeroize::Zeroizing;

use super::quote::TOO_LONG;
use crate::types::ArgumentProblem;
use crate::types::{Secret, limits};

/// One parameter, which may be a password.
pub(crate) type Parameter = Zeroizing<Vec<u8>>;

/// The parameters of a line, where the daemon would take all of it as it stands.
///
/// # Errors
/// Says what the daemon would drop, cut or refuse: an open quote, a bad
/// backslash, a comment, a parameter over its limit, or too many of them.
pub(crate) fn parameters(line: &[u8]) -> Result<Vec<Parameter>, ArgumentProblem> {
    let Lexed { parameters, problem, passed_over } = lex(line);
    match (problem, passed_over) {
        (Some(problem), _) => Err(problem.of_argument()),
        (None, Some(passed_over)) => Err(ArgumentProblem::Other(passed_over)),
        (None, None) => Ok(parameters),
    }
}

/// What a daemon makes of any line.
#[derive(Default)]
pub(crate) struct Lexed {
    /// The parameters; where there is a problem, those before it.
    pub(crate) parameters: Vec<Parameter>,
    /// Why the daemon runs no command.
    pub(crate) problem: Option<LexerProblem>,
    /// What it says nothing about, and takes otherwise than it stands.
    passed_over: Option<&'static str>,
}

/// Why a daemon reads no command in a line; it answers `ERROR: ` and [a text](Self::answer).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LexerProblem {
    /// A parameter that begins with `"` does not end.
    #[error("has an open quote")]
    OpenQuote,
    /// A parameter that begins with `'` does not end.
    #[error("has an open single quote")]
    OpenSingleQuote,
    /// A backslash stands before something else than a backslash, a double quote or a blank.
    #[error("holds a backslash before something else than a backslash, a double quote or a blank")]
    BadBackslash,
    /// A parameter without quotes ends in a backslash.
    #[error("ends in a backslash")]
    EndsInBackslash,
    /// A parameter has over 256 bytes.
    #[error("has a parameter of over 256 bytes")]
    TooLong {
        /// Its first 255 bytes, which the daemon repeats.
        start: Secret,
    },
}

impl LexerProblem {
    /// What OpenVPN 2.5, 2.6 and 2.7 say of it behind `ERROR: `.
    #[must_use]
    pub fn answer(&self) -> Zeroizing<Vec<u8>> {
        let text: &[u8] = match self {
            Self::OpenQuote => b"Options error: No closing quotation (\") in TCP:0",
            Self::OpenSingleQuote => b"Options error: No closing single quotation (') in TCP:0",
            Self::BadBackslash => BAD_BACKSLASH.as_bytes(),
            Self::EndsInBackslash => b"Options error: Residual parse state (2) in TCP:0",
            Self::TooLong { start } => {
                let text = b"Options error: Parameter at TCP:0 is too long (256 chars max): ";
                return Zeroizing::new([text.as_slice(), start.expose()].concat());
            }
        };
        Zeroizing::new(text.to_vec())
    }

    /// The same, said of a line of ours.
    fn of_argument(&self) -> ArgumentProblem {
        match self {
            Self::OpenQuote | Self::OpenSingleQuote => ArgumentProblem::Other("has an open quote"),
            Self::BadBackslash => ArgumentProblem::Other(
                "holds a backslash before something else than a backslash, a double quote or a blank",
            ),
            Self::EndsInBackslash => ArgumentProblem::Other(ENDS_IN_BACKSLASH),
            Self::TooLong { .. } => {
                let (limit, why) = (limits::PARAMETER, TOO_LONG);
                ArgumentProblem::TooLong { len: limit + 1, limit, why }
            }
        }
    }
}

const BAD_BACKSLASH: &str = "Options warning: Bad backslash ('\\') usage in TCP:0: remember that \
     backslashes are treated as shell-escapes and if you need to pass backslash characters as part of a \
     Windows filename, you should use double backslashes such as \"c:\\\\openvpn\\\\static.key\"";

const ENDS_IN_BACKSLASH: &str = "ends in a backslash";

/// Reads a line as a daemon does.
pub(crate) fn lex(line: &[u8]) -> Lexed {
    let mut lexer = Lexer::default();
    for (at, byte) in line.iter().enumerate() {
        if let Err(stop) = lexer.byte(*byte) {
            return lexer.stopped(stop, line.get(at + 1..).unwrap_or_default());
        }
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

/// Why the rest of a line is not read.
enum Stop {
    /// A comment begins.
    Comment,
    /// There are as many parameters as a line may have.
    Full,
    Problem(LexerProblem),
}

#[derive(Default)]
struct Lexer {
    within: Within,
    backslash: bool,
    current: Parameter,
    lexed: Lexed,
}

impl Lexer {
    fn byte(&mut self, byte: u8) -> Result<(), Stop> {
        let escaped = std::mem::take(&mut self.backslash);
        if byte == b'\\' && !escaped && self.within != Within::Single {
            self.backslash = true;
            return Ok(());
        }
        match (self.within, byte) {
            (Within::Blank, byte) if is_blank(byte) => {
                // Between parameters an escape is nothing.
                if escaped {
                    self.lexed.passed_over =
                        Some("has a backslash between parameters, which the daemon passes over");
                }
                Ok(())
            }
            (Within::Blank, b'#' | b';') => Err(Stop::Comment),
            (Within::Blank, b'"') if !escaped => {
                self.within = Within::Double;
                Ok(())
            }
            (Within::Blank, b'\'') if !escaped => {
                self.within = Within::Single;
                Ok(())
            }
            (Within::Bare, byte) if is_blank(byte) && !escaped => self.end(),
            (Within::Double, b'"') if !escaped => self.end(),
            (Within::Single, b'\'') => self.end(),
            _ => self.push(byte, escaped),
        }
    }

    fn push(&mut self, byte: u8, escaped: bool) -> Result<(), Stop> {
        if self.within == Within::Blank {
            self.within = Within::Bare;
        }
        if escaped && !matches!(byte, b'\\' | b'"') && !is_blank(byte) {
            return Err(Stop::Problem(LexerProblem::BadBackslash));
        }
        if self.current.len() == limits::PARAMETER {
            let start = self.current.get(..limits::PARAMETER - 1).unwrap_or_default().into();
            return Err(Stop::Problem(LexerProblem::TooLong { start }));
        }
        if self.current.is_empty() {
            // Room for all of it, so that growth never leaves a secret behind.
            self.current.reserve_exact(limits::PARAMETER);
        }
        self.current.push(byte);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        self.within = Within::Blank;
        self.lexed.parameters.push(std::mem::take(&mut self.current));
        if self.lexed.parameters.len() == limits::PARAMETERS { Err(Stop::Full) } else { Ok(()) }
    }

    fn stopped(mut self, stop: Stop, rest: &[u8]) -> Lexed {
        match stop {
            Stop::Problem(problem) => self.lexed.problem = Some(problem),
            Stop::Comment => {
                self.lexed.passed_over = Some(
                    "holds an unquoted parameter that starts with `#` or `;`, which the daemon takes for a comment",
                );
            }
            Stop::Full if rest.iter().all(|byte| is_blank(*byte)) => {}
            Stop::Full => {
                self.lexed.passed_over = Some("has more than the 16 parameters the daemon reads");
            }
        }
        self.lexed
    }

    fn finish(mut self) -> Lexed {
        match self.within {
            Within::Double => self.lexed.problem = Some(LexerProblem::OpenQuote),
            Within::Single => self.lexed.problem = Some(LexerProblem::OpenSingleQuote),
            Within::Bare if self.backslash => {
                self.lexed.problem = Some(LexerProblem::EndsInBackslash);
            }
            Within::Bare => drop(self.end()),
            Within::Blank if self.backslash => self.lexed.passed_over = Some(ENDS_IN_BACKSLASH),
            Within::Blank => {}
        }
        self.lexed
    }
}

/// What C's `isspace` takes for a blank.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(parameters: &[Parameter]) -> Vec<String> {
        parameters.iter().map(|p| String::from_utf8(p.to_vec()).unwrap()).collect()
    }

    fn read(line: &str) -> Vec<String> {
        strings(&parameters(line.as_bytes()).unwrap())
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
        for line in [r#"x "a"#, "x 'a", r"x a\", r"x \n", "x #1", "x ;1", r"x \ y", r"x \"] {
            assert!(parameters(line.as_bytes()).is_err(), "{line}");
        }
        assert!(parameters(&[b'x'; 256]).is_ok());
        assert!(parameters(&[b'x'; 257]).is_err());
        assert!(parameters("x ".repeat(16).as_bytes()).is_ok());
        assert!(parameters("x ".repeat(17).as_bytes()).is_err());
    }

    /// As OpenVPN 2.5.1, 2.6.14 and 2.7.8 have taken them.
    #[test]
    fn takes_what_the_daemon_takes() {
        for (line, taken) in [
            (r"pid \ ", &["pid"][..]),
            (r"pid \", &["pid"]),
            (r"signal \ x", &["signal", "x"]),
            (r"signal \#x", &["signal"]),
            (r#"signal \"x"#, &["signal", "\"x"]),
            (r#"signal a"b c""#, &["signal", "a\"b", "c\""]),
            (r#"signal "a"b"#, &["signal", "a", "b"]),
            ("#pid", &[]),
            ("pid #x", &["pid"]),
            ("  pid", &["pid"]),
            (r#""""#, &[""]),
        ] {
            let lexed = lex(line.as_bytes());
            assert_eq!(
                (strings(&lexed.parameters), lexed.problem),
                (taken.iter().map(|p| (*p).to_owned()).collect(), None),
                "{line}"
            );
        }
        let full = lex(format!("pid {}\\n \"", "a ".repeat(15)).as_bytes());
        assert_eq!((full.parameters.len(), full.problem), (16, None));
    }

    #[test]
    fn refuses_what_the_daemon_refuses() {
        let long = "x".repeat(257);
        let start = Secret::from("x".repeat(255));
        for (line, problem, before) in [
            (r#"password "abc"#, LexerProblem::OpenQuote, 1),
            ("signal 'abc", LexerProblem::OpenSingleQuote, 1),
            (r#"signal "abc\"#, LexerProblem::OpenQuote, 1),
            (r"signal x\", LexerProblem::EndsInBackslash, 1),
            (r"signal a a\b", LexerProblem::BadBackslash, 2),
            (r"\'x", LexerProblem::BadBackslash, 0),
            (&long, LexerProblem::TooLong { start: start.clone() }, 0),
            (&format!("\"{long}"), LexerProblem::TooLong { start }, 0),
        ] {
            let lexed = lex(line.as_bytes());
            assert_eq!((lexed.problem, lexed.parameters.len()), (Some(problem), before), "{line}");
        }
    }

    #[test]
    fn answers_in_the_words_of_daemons() {
        let start = Secret::from("abc");
        assert_eq!(
            LexerProblem::TooLong { start }.answer().as_slice(),
            b"Options error: Parameter at TCP:0 is too long (256 chars max): abc"
        );
        assert!(
            LexerProblem::BadBackslash.answer().ends_with(br#"such as "c:\\openvpn\\static.key""#)
        );
        let shown = format!("{:?}", LexerProblem::TooLong { start: Secret::from("hunter2") });
        assert!(!shown.contains("hunter2"));
    }
}
