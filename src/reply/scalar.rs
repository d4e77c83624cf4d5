//! Replies that are one number: `SUCCESS: pid=3528`.

use super::fields::named_number;
use super::{RawReply, WriteError, WriteReply};
use crate::error::Result;
use crate::types::Line;

/// A reply that is one number, to be written: `SUCCESS: pid=3528`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", content = "value", rename_all = "snake_case")
)]
pub enum Scalar {
    /// The reply of `pid`, read by [`pid`].
    Pid(u32),
    /// The reply of `hold`, read by [`hold`].
    Hold(bool),
    /// The reply of `verb`, read by [`verb`].
    Verb(u32),
    /// The reply of `mute`, read by [`mute`].
    Mute(u32),
    /// The reply of `nclients`, read by [`nclients`].
    Nclients(u32),
}

impl WriteReply for Scalar {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let (name, value) = match *self {
            Self::Pid(pid) => ("pid=", pid),
            Self::Hold(hold) => ("hold=", hold.into()),
            Self::Verb(level) => ("verb=", level),
            Self::Mute(messages) => ("mute=", messages),
            Self::Nclients(clients) => ("nclients=", clients),
        };
        Line::reply(out, "SUCCESS: ").raw(name).number(value).end()
    }
}

/// Reads the reply of `pid`: `pid=3528`.
///
/// # Errors
/// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
pub fn pid(reply: &RawReply) -> Result<u32> {
    reply.read_success("pid", "`pid=N`", |text| named_number(text, "pid="))
}

/// Reads the reply of `hold` without a parameter: `hold=1`.
///
/// # Errors
/// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
pub fn hold(reply: &RawReply) -> Result<bool> {
    reply.read_success("hold", "`hold=0` or `hold=1`", |text| match &text[..] {
        b"hold=0" => Some(false),
        b"hold=1" => Some(true),
        _ => None,
    })
}

/// Reads the reply of `verb` without a parameter: `verb=3`, the log verbosity from 0 to 15.
///
/// # Errors
/// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
pub fn verb(reply: &RawReply) -> Result<u32> {
    reply.read_success("verb", "`verb=N`", |text| named_number(text, "verb="))
}

/// Reads the reply of `mute` without a parameter: `mute=0`, the number of like
/// messages logged in a row; 0 is no limit.
///
/// # Errors
/// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
pub fn mute(reply: &RawReply) -> Result<u32> {
    reply.read_success("mute", "`mute=N`", |text| named_number(text, "mute="))
}

/// Reads the reply of `nclients`: `nclients=1`, the clients of this server.
///
/// A daemon that is a client refuses the command.
///
/// # Errors
/// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
pub fn nclients(reply: &RawReply) -> Result<u32> {
    reply.read_success("nclients", "`nclients=N`", |text| named_number(text, "nclients="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(pid(&RawReply::success("pid=3528")).unwrap(), 3528);
        assert_eq!(verb(&RawReply::success("verb=4")).unwrap(), 4);
        assert_eq!(mute(&RawReply::success("mute=5")).unwrap(), 5);
        assert_eq!(nclients(&RawReply::success("nclients=1")).unwrap(), 1);
        assert!(hold(&RawReply::success("hold=1")).unwrap());
        assert!(!hold(&RawReply::success("hold=0")).unwrap());
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for (scalar, line) in [
            (Scalar::Pid(3528), "SUCCESS: pid=3528\r\n"),
            (Scalar::Hold(true), "SUCCESS: hold=1\r\n"),
            (Scalar::Hold(false), "SUCCESS: hold=0\r\n"),
            (Scalar::Verb(4), "SUCCESS: verb=4\r\n"),
            (Scalar::Mute(0), "SUCCESS: mute=0\r\n"),
            (Scalar::Nclients(u32::MAX), "SUCCESS: nclients=4294967295\r\n"),
        ] {
            assert_eq!(scalar.to_bytes().unwrap(), line.as_bytes());
        }
    }

    #[test]
    fn anything_else_is_an_error_with_the_line() {
        for text in ["", "pid=", "pid=x", "pid=-1", "pid=+1", "pid=4294967296", "pid=1 "] {
            let error = pid(&RawReply::success(text)).unwrap_err();
            let expected = format!("`pid`: expected `pid=N`, the daemon answered {text:?}");
            assert_eq!(error.to_string(), expected);
        }
        let block = RawReply::block(vec!["pid=1".into()]);
        assert!(pid(&block).is_err());
        assert!(hold(&RawReply::success("hold=2")).is_err());
    }
}
