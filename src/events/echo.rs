//! `>ECHO:`

use std::fmt;

use bytes::Bytes;
use nom::sequence::terminated;

use crate::types::grammar::{Problem, comma, start, time};
use crate::types::{Line, ParseError, Text, WriteError, WriteRow};

/// `>ECHO:time,text`: an `echo` directive of the configuration, or one the server pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Echo {
    /// When, in Unix seconds.
    pub time: u64,
    /// The text of the directive; it may hold commas.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    pub text: Text,
}

impl Echo {
    /// A text that was told then, in Unix seconds.
    #[must_use]
    pub fn new(time: u64, text: impl Into<Text>) -> Self {
        Self { time, text: text.into() }
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let (text, time) = start(terminated(time, comma), body)?;
        Ok(Self { time, text: Text::slice_of(line, text) })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.write_body(Line::event(out, "ECHO"))
    }

    fn write_body(&self, line: Line<'_>) -> Result<(), WriteError> {
        line.number(self.time).raw(",").text("text", &self.text).end()
    }

    /// Reads a row of the echo history, as `echo all` gives it and programs keep it: `1795332238,forget`.
    ///
    /// [`WriteRow`] writes it again.
    ///
    /// # Errors
    /// [`ParseError`] where it is not in this form.
    pub fn parse_row(row: impl Into<Text>) -> Result<Self, ParseError> {
        let row = row.into().into_bytes();
        Self::read_row(&row).map_err(|Problem(problem)| ParseError::new("a row of `echo`", problem))
    }

    /// A row of the echo history: the body of the event, without its name.
    pub(crate) fn read_row(row: &Bytes) -> Result<Self, Problem> {
        Self::parse(row, row)
    }
}

/// A row of the echo history.
impl WriteRow for Echo {
    fn write_row(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.write_body(Line::row(out))
    }
}

impl fmt::Display for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "echo: {}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{malformed, parse};
    use super::*;
    use crate::events::Event;

    #[test]
    fn known_answers() {
        let echo = Echo { time: 1_795_332_308, text: "forget, or not".into() };
        assert_eq!(parse("ECHO:1795332308,forget, or not"), Event::Echo(echo.clone()));
        assert_eq!(Echo::read_row(&Bytes::from_static(b"1795332308,forget, or not")), Ok(echo));
        assert_eq!(parse("ECHO:1,"), Event::Echo(Echo { time: 1, text: Text::default() }));
    }

    #[test]
    fn what_does_not_parse_is_malformed() {
        for body in ["", "1", "x,text", ",text"] {
            malformed(&format!("ECHO:{body}"));
        }
    }
}
