//! How a daemon takes a line apart.

/// The most parameters a line has; the rest is not read.
const PARAMETERS: usize = 16;
/// The longest parameter, in bytes.
const PARAMETER: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Blank,
    Bare,
    Double,
    Single,
}

struct Lexer {
    within: Within,
    current: Vec<u8>,
    done: Vec<Vec<u8>>,
}

/// The parameters of a line, or what the daemon answers in place of running it.
pub(crate) fn parameters(line: &[u8]) -> Result<Vec<Vec<u8>>, Vec<u8>> {
    let mut lexer = Lexer { within: Within::Blank, current: Vec::new(), done: Vec::new() };
    let mut escaped = false;
    for byte in line.iter().copied().chain([0]) {
        if byte == b'\\' && !escaped && lexer.within != Within::Single {
            escaped = true;
            continue;
        }
        if lexer.within == Within::Blank && matches!(byte, b'#' | b';') {
            break;
        }
        lexer.take(byte, escaped)?;
        escaped = false;
        if lexer.done.len() == PARAMETERS {
            break;
        }
    }
    lexer.finish()
}

impl Lexer {
    fn take(&mut self, byte: u8, escaped: bool) -> Result<(), Vec<u8>> {
        match (self.within, byte) {
            (Within::Blank, b) if is_blank(b) => {}
            (Within::Blank, b'"') if !escaped => self.within = Within::Double,
            (Within::Blank, b'\'') if !escaped => self.within = Within::Single,
            (Within::Bare, b) if is_blank(b) && !escaped => self.end(),
            (Within::Double, b'"') if !escaped => self.end(),
            (Within::Single, b'\'') => self.end(),
            // The end of the line, inside of quotes or behind a backslash.
            (_, 0) => {}
            _ => self.push(byte, escaped)?,
        }
        Ok(())
    }

    fn push(&mut self, byte: u8, escaped: bool) -> Result<(), Vec<u8>> {
        if self.within == Within::Blank {
            self.within = Within::Bare;
        }
        if escaped && byte != b'\\' && byte != b'"' && !is_blank(byte) {
            return Err(BAD_BACKSLASH.to_vec());
        }
        if self.current.len() == PARAMETER {
            self.current.truncate(PARAMETER - 1);
            return Err([TOO_LONG, &self.current].concat());
        }
        self.current.push(byte);
        Ok(())
    }

    fn end(&mut self) {
        self.within = Within::Blank;
        self.done.push(std::mem::take(&mut self.current));
    }

    fn finish(self) -> Result<Vec<Vec<u8>>, Vec<u8>> {
        match self.within {
            Within::Blank => Ok(self.done),
            Within::Double => Err(OPEN_QUOTE.to_vec()),
            Within::Single => Err(OPEN_SINGLE_QUOTE.to_vec()),
            Within::Bare => Err(RESIDUE.to_vec()),
        }
    }
}

/// What C takes for a blank, and the end of the line.
fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b' ' | b'\t'..=b'\r')
}

const OPEN_QUOTE: &[u8] = b"ERROR: Options error: No closing quotation (\") in TCP:0";
const OPEN_SINGLE_QUOTE: &[u8] = b"ERROR: Options error: No closing single quotation (') in TCP:0";
const RESIDUE: &[u8] = b"ERROR: Options error: Residual parse state (2) in TCP:0";
const TOO_LONG: &[u8] = b"ERROR: Options error: Parameter at TCP:0 is too long (256 chars max): ";
const BAD_BACKSLASH: &[u8] = b"ERROR: Options warning: Bad backslash ('\\') usage in TCP:0: remember that \
    backslashes are treated as shell-escapes and if you need to pass backslash characters as part of a \
    Windows filename, you should use double backslashes such as \"c:\\\\openvpn\\\\static.key\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<String> {
        let parameters = parameters(line.as_bytes()).unwrap();
        parameters.into_iter().map(|p| String::from_utf8(p).unwrap()).collect()
    }

    fn refused(line: &str) -> String {
        String::from_utf8(parameters(line.as_bytes()).unwrap_err()).unwrap()
    }

    /// As OpenVPN 2.5.1, 2.6.14 and 2.7.8 have taken them.
    #[test]
    fn takes_what_daemons_take() {
        assert_eq!(read(r#"password "Auth" "b\"a\\r""#), ["password", "Auth", "b\"a\\r"]);
        assert_eq!(read("  pid  "), ["pid"]);
        assert_eq!(read("pid # x"), ["pid"]);
        assert_eq!(read("'pi''d'"), ["pi", "d"]);
        assert_eq!(read(r#""a"b"#), ["a", "b"]);
        assert_eq!(read(r#"fo"o"#), ["fo\"o"]);
        assert_eq!(read(r#"kill """#), ["kill", ""]);
        assert_eq!(read(r"\"), [""; 0]);
        assert_eq!(read(&"x ".repeat(20)).len(), 16);
    }

    #[test]
    fn refuses_what_daemons_refuse() {
        assert_eq!(refused("\"foo"), "ERROR: Options error: No closing quotation (\") in TCP:0");
        assert_eq!(
            refused("'foo"),
            "ERROR: Options error: No closing single quotation (') in TCP:0"
        );
        assert_eq!(refused(r"x\"), "ERROR: Options error: Residual parse state (2) in TCP:0");
        assert!(refused(r"fo\o").ends_with(r#"such as "c:\\openvpn\\static.key""#));
        let long = refused(&"x".repeat(257));
        assert!(long.ends_with(&format!("(256 chars max): {}", "x".repeat(255))), "{long}");
    }
}
