//! The reply of `auth-retry`.

use std::fmt;
use std::str::FromStr;

use super::{RawReply, WriteError, WriteReply};
use crate::error::Result;
use crate::types::{Line, ParseError, by_word};

/// What a client does when its credentials are rejected: `auth-retry=interact`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum AuthRetry {
    /// `none`: the client exits. This is the default.
    None,
    /// `interact`: the client asks for credentials again and reconnects.
    Interact,
    /// `nointeract`: the client reconnects with the credentials it has.
    NoInteract,
}

impl AuthRetry {
    const ALL: [Self; 3] = [Self::None, Self::Interact, Self::NoInteract];

    /// The word of this mode: `none`, `interact`, `nointeract`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Interact => "interact",
            Self::NoInteract => "nointeract",
        }
    }

    /// Reads the reply of `auth-retry` without a parameter: `auth-retry=interact`.
    ///
    /// # Errors
    /// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        let expected = "`auth-retry=` and none, interact or nointeract";
        reply.read_success("auth-retry", expected, |text| {
            by_word(text.strip_prefix(b"auth-retry=")?, &Self::ALL, Self::as_str)
        })
    }
}

impl WriteReply for AuthRetry {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        Line::reply(out, "SUCCESS: auth-retry=").raw(self.as_str()).end()
    }
}

impl FromStr for AuthRetry {
    type Err = ParseError;

    fn from_str(mode: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is none of `none`, `interact` and `nointeract`";
        by_word(mode.as_bytes(), &Self::ALL, Self::as_str)
            .ok_or(ParseError::new("a mode of auth-retry", PROBLEM))
    }
}

impl fmt::Display for AuthRetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_read_and_shown() {
        for mode in [AuthRetry::None, AuthRetry::Interact, AuthRetry::NoInteract] {
            let reply = RawReply::success(format!("auth-retry={mode}"));
            assert_eq!(AuthRetry::parse(&reply).unwrap(), mode);
            let written = format!("SUCCESS: auth-retry={mode}\r\n");
            assert_eq!(mode.to_bytes().unwrap(), written.as_bytes());
        }
        let interact = AuthRetry::Interact.to_bytes().unwrap();
        assert_eq!(interact, b"SUCCESS: auth-retry=interact\r\n");
    }

    #[test]
    fn an_unknown_mode_is_an_error() {
        for text in ["auth-retry=", "auth-retry=x", "auth-retry parameter changed"] {
            assert!(AuthRetry::parse(&RawReply::success(text)).is_err());
        }
    }
}
