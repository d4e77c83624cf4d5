//! [`ReplyLine`]: replies that are one line and say nothing but that.

use super::{WriteError, WriteReply};
use crate::types::{Line, Text, masked};

/// One line of a reply, of a command whose reply has no type of its own: `SUCCESS: text`, `ERROR: text`, or neither.
///
/// `Debug` cuts the text where it would show a secret that it repeats.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(tag = "type", content = "text", rename_all = "snake_case")
)]
pub enum ReplyLine {
    /// `SUCCESS: text`
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    Success(Text),
    /// `ERROR: text`
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    Error(Text),
    /// A line as it is: one of `test N`, or what comes before an `ERROR:` of `auth-retry`.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    Bare(Text),
}

impl WriteReply for ReplyLine {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        match self {
            Self::Success(text) => Line::reply(out, "SUCCESS: ").text("text", text).end(),
            Self::Error(text) => Line::reply(out, "ERROR: ").text("text", text).end(),
            Self::Bare(text) => Line::row(out).text("line", text).end(),
        }
    }
}

impl std::fmt::Debug for ReplyLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, text) = match self {
            Self::Success(text) => ("Success", text),
            Self::Error(text) => ("Error", text),
            Self::Bare(text) => ("Bare", text),
        };
        f.debug_tuple(name).field(&masked(text)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_as_daemons_write_them() {
        let refused = ReplyLine::Error("unknown command, enter 'help' for more options".into());
        let expected = b"ERROR: unknown command, enter 'help' for more options\r\n";
        assert_eq!(refused.to_bytes().unwrap(), expected);
        let done = ReplyLine::Success("hold release succeeded".into());
        assert_eq!(done.to_bytes().unwrap(), b"SUCCESS: hold release succeeded\r\n");
        let explained = (ReplyLine::Bare("--auth-retry method must be".into()), refused);
        let both = explained.to_bytes().unwrap();
        assert!(both.starts_with(b"--auth-retry method must be\r\nERROR: "));
    }

    #[test]
    fn a_second_line_is_refused() {
        for text in ["a\nb", "a\r\nERROR: b"] {
            assert!(ReplyLine::Success(text.into()).to_bytes().is_err(), "{text:?}");
        }
        assert!(ReplyLine::Bare(">LOG:".into()).to_bytes().is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let line = ReplyLine::Error("unknown command [password \"Auth\" \"hunter2\"]".into());
        assert!(!format!("{line:?}").contains("hunter2"));
    }
}
