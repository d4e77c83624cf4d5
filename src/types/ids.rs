//! The numbers by which a server names its clients and their keys.

use std::fmt;
use std::str::FromStr;

use super::{ParseError, number};

/// A client ID: names one client instance of a server.
///
/// CIDs count up from 0 and **restart at 0** after SIGUSR1 and SIGHUP, on the same
/// connection: a CID kept over a restart names somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cid(pub u64);

/// A key ID: names one TLS session (one authentication) of a client.
///
/// Never guess it: the first is 0 on OpenVPN 2.5 and 1 on 2.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Kid(pub u32);

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<u64> for Cid {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl From<u32> for Kid {
    fn from(id: u32) -> Self {
        Self(id)
    }
}

impl From<Cid> for u64 {
    fn from(Cid(id): Cid) -> Self {
        id
    }
}

impl From<Kid> for u32 {
    fn from(Kid(id): Kid) -> Self {
        id
    }
}

/// Reads digits alone, as daemons write them.
impl FromStr for Cid {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is no number from 0 to 18446744073709551615";
        number(text.as_bytes()).map(Self).ok_or(ParseError::new("a client ID", PROBLEM))
    }
}

/// Reads digits alone, as daemons write them.
impl FromStr for Kid {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is no number from 0 to 4294967295";
        number(text.as_bytes()).map(Self).ok_or(ParseError::new("a key ID", PROBLEM))
    }
}
