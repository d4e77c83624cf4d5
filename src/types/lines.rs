//! [`Lines`]: the lines of what was read from a file.

use bytes::Bytes;

use super::Text;

/// The whole lines of a text, without their LF or CRLF.
pub(crate) fn lines(text: &Bytes) -> Lines {
    Lines { rest: text.clone() }
}

/// The lines that are left.
#[derive(Clone)]
pub(crate) struct Lines {
    rest: Bytes,
}

impl Lines {
    /// What was not given as a line: at the end of the text, a last line without its end.
    pub(crate) fn rest(&self) -> Text {
        Text::from(self.rest.clone())
    }
}

impl Iterator for Lines {
    type Item = Text;

    fn next(&mut self) -> Option<Text> {
        let end = memchr::memchr(b'\n', &self.rest)?;
        let mut line = self.rest.split_to(end + 1);
        line.truncate(end);
        if line.ends_with(b"\r") {
            line.truncate(end - 1);
        }
        Some(Text::from(line))
    }
}
