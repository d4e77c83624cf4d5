//! `>HOLD:`

use std::fmt;

use bytes::Bytes;

use crate::types::grammar::number;
use crate::types::{Line, Text, WriteError};

/// `>HOLD:Waiting for hold release:N`: the daemon waits for `hold release`.
///
/// It is a hold in any words, or none. `Debug` shows no words but these, since others may hold a secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Hold {
    /// Seconds the daemon would have waited before it tries to connect again;
    /// `None` where it does not say, as older daemons, or says it in other words.
    pub seconds: Option<u32>,
    /// The daemon's words.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    pub text: Text,
}

impl Hold {
    /// A hold in OpenVPN's words: `Waiting for hold release:N`.
    #[must_use]
    pub fn new(seconds: u32) -> Self {
        Self { seconds: Some(seconds), text: format!("Waiting for hold release:{seconds}").into() }
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Self {
        let behind = body.strip_prefix(WORDS).and_then(|rest| rest.strip_prefix(b":"));
        Self { seconds: behind.and_then(number), text: Text::slice_of(line, body) }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "HOLD").text("text", &self.text);
        line.reads_as("text", self, |line, body| Ok(Self::parse(line, body))).end()
    }
}

const WORDS: &[u8] = b"Waiting for hold release";

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hold = f.debug_struct("Hold");
        hold.field("seconds", &self.seconds);
        if self.seconds.is_some() || self.text == *WORDS {
            hold.field("text", &self.text);
        } else {
            hold.field("text", &format_args!("{} bytes", self.text.len()));
        }
        hold.finish()
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("waiting for hold release")?;
        match self.seconds {
            Some(seconds) if seconds > 0 => write!(f, " ({seconds} s)"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use crate::events::Event;

    /// The seconds of a hold in these words, which are kept.
    fn hold(words: &str) -> Option<u32> {
        match parse(&format!("HOLD:{words}")) {
            Event::Hold(hold) => {
                assert_eq!(hold.text, words);
                hold.seconds
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn known_answers() {
        assert_eq!(hold("Waiting for hold release:0"), Some(0));
        assert_eq!(hold("Waiting for hold release:10"), Some(10));
        assert_eq!(hold("Waiting for hold release"), None);
        assert_eq!(
            parse("HOLD:Waiting for hold release:10").to_string(),
            "waiting for hold release (10 s)"
        );
    }

    #[test]
    fn words_of_others_are_not_shown() {
        let shown = |words: &str| match parse(&format!("HOLD:{words}")) {
            Event::Hold(hold) => format!("{hold:?} {hold}"),
            other => panic!("{other:?}"),
        };
        let known = "Waiting for hold release";
        assert_eq!(
            shown(known),
            format!("Hold {{ seconds: None, text: \"{known}\" }} waiting for hold release")
        );
        assert_eq!(
            shown(&format!("{known}:0")),
            format!("Hold {{ seconds: Some(0), text: \"{known}:0\" }} waiting for hold release")
        );
        assert_eq!(
            shown("hunter2"),
            "Hold { seconds: None, text: 7 bytes } waiting for hold release"
        );
    }

    #[test]
    fn any_words_are_a_hold_and_only_a_number_is_seconds() {
        for words in [
            "",
            "on hold",
            "at 12:30",
            "Waiting for hold release:",
            "Waiting for hold release:x",
            "Waiting for hold release:4294967296",
            "Waiting for hold release:1 ",
            "Waiting for hold release:+1",
        ] {
            assert_eq!(hold(words), None, "{words}");
        }
    }
}
