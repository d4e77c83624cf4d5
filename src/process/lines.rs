//! [`Lines`]: a configuration in the pieces in which a daemon reads it.

/// How many bytes of a directive's line a daemon reads at a time; one that has as many ends it.
const LINE: usize = 256;
/// The same within an inline file: a longer line is read as several, each of which may be the end.
const INLINE_LINE: usize = 255;

/// The lines of directives, each with its end. Those of inline files are passed over.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    /// Of the next piece, from 1.
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { rest: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text), number: 1 }
    }

    /// The next line, with its number; `None` behind the last.
    pub(super) fn next(&mut self) -> Option<(usize, &'a [u8])> {
        self.piece(LINE)
    }

    /// Passes over an inline file, up to the line that begins with this; the rest of a long one is read as a directive.
    pub(super) fn pass_over(&mut self, end: &[u8]) {
        while let Some((_, line)) = self.piece(INLINE_LINE) {
            let blanks = line.iter().take_while(|byte| is_blank(**byte)).count();
            if line.get(blanks..).is_some_and(|line| line.starts_with(end)) {
                return;
            }
        }
    }

    fn piece(&mut self, most: usize) -> Option<(usize, &'a [u8])> {
        if self.rest.is_empty() {
            return None;
        }
        let window = self.rest.get(..most).unwrap_or(self.rest);
        let len = memchr::memchr(b'\n', window).map_or(window.len(), |at| at + 1);
        let (piece, rest) = self.rest.split_at(len);
        let number = self.number;
        self.number += usize::from(piece.ends_with(b"\n"));
        self.rest = rest;
        Some((number, piece))
    }
}

/// What C's `isspace` takes for a blank.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_with_their_numbers() {
        let mut lines = Lines::new(b"\xef\xbb\xbfone\n\nthree\r\nfour");
        for line in [(1, &b"one\n"[..]), (2, b"\n"), (3, b"three\r\n"), (4, b"four")] {
            assert_eq!(lines.next(), Some(line));
        }
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn an_inline_file_ends_where_it_does_for_a_daemon() {
        let x = |count| "x".repeat(count);
        for (text, behind) in [
            ("</ca>\nverb 3".to_owned(), Some((2, "verb 3"))),
            ("x\n \t\x0b</ca> x\nverb 3".to_owned(), Some((3, "verb 3"))),
            (format!("{}</ca>\nverb 3", x(255)), Some((2, "verb 3"))),
            (format!("{}</ca>\nverb 3", x(254)), None),
            (format!("</ca>{}verb 3", x(250)), Some((1, "verb 3"))),
            ("x</ca>\nverb 3".to_owned(), None),
        ] {
            let mut lines = Lines::new(text.as_bytes());
            lines.pass_over(b"</ca>");
            let behind = behind.map(|(number, line)| (number, line.as_bytes()));
            assert_eq!(lines.next(), behind, "{text}");
        }
    }
}
