//! `>LOG:`

#[cfg(feature = "serde")]
mod json;

use std::fmt;

use bytes::Bytes;

use crate::types::grammar::{MISSING, Problem, number, split_comma};
use crate::types::split::split_once;
use crate::types::{
    Line, Masked, ParseError, Text, WriteError, WriteRow, leading_number, masked, may_hold_secret,
};

/// `>LOG:time,flags,text`: a line of the daemon's log.
///
/// While [requests](crate::Builder::requests) are on, the text is cut where it would hold such a secret, with
/// `[redacted]` in its place: a challenge's response or ID, a page to sign in on, the password of a proxy, which the
/// daemon logs as they are. `Debug` and `Display` cut it in any case.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogLine {
    /// When, in Unix seconds.
    pub time: u64,
    /// What kind of message it is.
    pub flags: LogFlags,
    /// The message; it may hold commas.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    pub text: Text,
}

impl LogLine {
    /// A line that was logged then, in Unix seconds.
    #[must_use]
    pub fn new(time: u64, flags: LogFlags, text: impl Into<Text>) -> Self {
        Self { time, flags, text: text.into() }
    }

    #[inline]
    pub(super) fn parse(memory: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let (time, rest) = leading_number(body).ok_or(Problem("the time is not a number"))?;
        let (flags, text) = rest.strip_prefix(b",").and_then(split_comma).ok_or(MISSING)?;
        Ok(Self { time, flags: LogFlags::read(flags)?, text: Text::slice_of(memory, text) })
    }

    /// What the daemon logs of a response, a challenge or a page to sign in on is not for those who read the log.
    pub(super) fn withhold_secrets(self) -> Self {
        if !may_hold_secret(self.text.as_bytes()) {
            return self;
        }
        Self { text: masked(&self.text), ..self }
    }

    /// The level of the message and its text, where [`text`](Self::text) begins with a number and a comma.
    ///
    /// OpenVPN for Android sends `>LOG:time,flags,level,text`, the verbosity of the message being the low four bits of
    /// the level. Nothing in the line tells it from another daemon's text that begins so, which is why `text` is
    /// whole in any case; ask for the level only where the daemon is that one.
    #[must_use]
    pub fn level_and_text(&self) -> Option<(u32, Text)> {
        let (level, text) = split_once(self.text.as_bytes(), b',')?;
        let whole = self.text.clone().into_bytes();
        number(level).map(|level| (level, Text::slice_of(&whole, text)))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.write_body(Line::event(out, "LOG"))
    }

    fn write_body(&self, line: Line<'_>) -> Result<(), WriteError> {
        let line = line.number(self.time).raw(",").field("flags", self.flags.as_bytes(), b',');
        line.raw(",").text("text", &self.text).end()
    }

    /// Reads a row of the log history, as `log all` gives it and programs keep it: `1795332238,W,NOTE: …`.
    ///
    /// [`WriteRow`] writes it again.
    ///
    /// # Errors
    /// [`ParseError`] where it is not in this form.
    pub fn parse_row(row: impl Into<Text>) -> Result<Self, ParseError> {
        let row = row.into().into_bytes();
        Self::read_row(&row).map_err(|Problem(problem)| ParseError::new("a row of `log`", problem))
    }

    /// A row of the log history: the body of the event, without its name.
    pub(crate) fn read_row(row: &Bytes) -> Result<Self, Problem> {
        Self::parse(row, row)
    }
}

/// A row of the log history.
impl WriteRow for LogLine {
    fn write_row(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.write_body(Line::row(out))
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.flags.is_fatal() {
            "fatal: "
        } else if self.flags.is_nonfatal() {
            "error: "
        } else if self.flags.is_warning() {
            "warning: "
        } else {
            ""
        };
        write!(f, "{kind}{}", Masked(&self.text))
    }
}

impl fmt::Debug for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLine")
            .field("time", &self.time)
            .field("flags", &self.flags)
            .field("text", &Masked(&self.text))
            .finish()
    }
}

/// The flag letters of a log line: none, one or more of `I F N W D`, or up to 7 that may be others.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct LogFlags {
    /// The letters, zeros, and how many letters there are.
    letters_and_len: [u8; Self::MOST + 1],
}

impl LogFlags {
    const KNOWN: &'static [u8] = b"IFNWD";

    /// No daemon sends more than four.
    const MOST: usize = 7;

    /// These letters, as `W` or `NW`; `None` for more than 7.
    #[must_use]
    pub fn new(letters: &str) -> Option<Self> {
        Self::read(letters.as_bytes()).ok()
    }

    fn read(flags: &[u8]) -> Result<Self, Problem> {
        if flags.len() > Self::MOST {
            return Err(Problem("it has more than 7 flags"));
        }
        // One word, made in one piece: bytes that are written one by one and read together are waited for.
        let len = flags.len() as u64;
        let letters = flags.iter().rev().fold(0, |word, flag| word << 8 | u64::from(*flag));
        Ok(Self { letters_and_len: (letters | len << 56).to_le_bytes() })
    }

    /// `I`: informational.
    #[must_use]
    pub fn is_info(&self) -> bool {
        self.has(b'I')
    }

    /// `F`: a fatal error, the daemon ends.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.has(b'F')
    }

    /// `N`: an error that is not fatal.
    #[must_use]
    pub fn is_nonfatal(&self) -> bool {
        self.has(b'N')
    }

    /// `W`: a warning.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.has(b'W')
    }

    /// `D`: a debug message.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.has(b'D')
    }

    /// The letters this crate does not know, in order.
    pub fn unknown(&self) -> impl Iterator<Item = u8> + '_ {
        self.as_bytes().iter().copied().filter(|letter| !Self::KNOWN.contains(letter))
    }

    /// The letters as the daemon sent them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let [letters @ .., len] = &self.letters_and_len;
        letters.get(..usize::from(*len)).unwrap_or_default()
    }

    fn has(self, letter: u8) -> bool {
        self.as_bytes().contains(&letter)
    }
}

impl fmt::Display for LogFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.as_bytes()))
    }
}

impl fmt::Debug for LogFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{malformed, parse};
    use super::*;
    use crate::events::Event;

    fn log(line: &str) -> LogLine {
        match parse(line) {
            Event::Log(log) => log,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn known_answers() {
        let line = log("LOG:1795332307,D,MANAGEMENT: CMD 'state on', or not");
        assert_eq!(line.time, 1_795_332_307);
        assert!(line.flags.is_debug() && !line.flags.is_info() && !line.flags.is_fatal());
        assert_eq!(line.text, "MANAGEMENT: CMD 'state on', or not");

        let line = log("LOG:1,,");
        assert_eq!((line.time, line.flags.as_bytes(), line.text.len()), (1, &b""[..], 0));
    }

    #[test]
    fn the_level_of_android_is_read_and_no_text_is_lost() {
        let line = log("LOG:1767336270,I,3,TCP connection established, at last");
        assert_eq!(line.text, "3,TCP connection established, at last");
        let text = Text::from("TCP connection established, at last");
        assert_eq!(line.level_and_text(), Some((3, text)));
        for (text, level) in [
            ("TCP connection, 3", None),
            ("3 clients, 4 servers", None),
            ("-3,x", None),
            (",x", None),
            ("4294967296,x", None),
            ("3", None),
            ("3,", Some((3, Text::default()))),
        ] {
            let line = log(&format!("LOG:1,I,{text}"));
            assert_eq!(line.text, text);
            assert_eq!(line.level_and_text(), level, "{text}");
        }
    }

    #[test]
    fn each_flag_is_told_by_its_own_letter() {
        for letter in ["I", "F", "N", "W", "D", ""] {
            let flags = LogFlags::new(letter).unwrap();
            let told = [
                (flags.is_info(), "I"),
                (flags.is_fatal(), "F"),
                (flags.is_nonfatal(), "N"),
                (flags.is_warning(), "W"),
                (flags.is_debug(), "D"),
            ];
            for (is_told, of) in told {
                assert_eq!(is_told, letter == of, "{letter} {of}");
            }
        }
    }

    #[test]
    fn seven_flags_are_kept_and_eight_are_too_many() {
        let flags = LogFlags::new("NW\"x\u{1}IF").unwrap();
        assert_eq!(
            (flags.as_bytes(), flags.to_string()),
            (&b"NW\"x\x01IF"[..], "NW\"x\u{1}IF".into())
        );
        assert_eq!(format!("{flags:?}"), r#""NW\"x\x01IF""#);
        assert_eq!(LogFlags::new("NWQxyIFD"), None);
    }

    #[test]
    fn unknown_flags_are_kept() {
        let line = log("LOG:1,NxWQ,text");
        assert!(line.flags.is_nonfatal() && line.flags.is_warning());
        assert_eq!(line.flags.unknown().collect::<Vec<_>>(), b"xQ");
        assert_eq!(line.to_string(), "error: text");
    }

    #[test]
    fn what_does_not_parse_is_malformed() {
        for body in [
            "",
            "1",
            "1,",
            "1,I",
            "x,I,text",
            ",I,text",
            "18446744073709551616,I,text",
            "1,IFNWDIFN,text",
        ] {
            malformed(&format!("LOG:{body}"));
        }
    }

    #[test]
    fn rows_are_bodies() {
        let row = LogLine::read_row(&Bytes::from_static(b"1,I,text")).unwrap();
        assert_eq!(row, log("LOG:1,I,text"));
        assert!(LogLine::read_row(&Bytes::from_static(b"END")).is_err());
    }
}
