//! The reply of `kill`.

#[cfg(feature = "serde")]
mod json;

use bytes::Bytes;

use super::fields::{number, rsplit_once, split_once};
use super::{RawReply, WriteError, WriteReply};
use crate::error::Result;
use crate::types::{Line, Text};

/// What `kill` did: `common name 'x' found, 1 client(s) killed`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "json::Said")
)]
pub struct KillReport {
    /// How many client sessions were ended.
    pub killed: u32,
    /// The whole text of the reply.
    pub text: Text,
}

impl KillReport {
    /// By common name: `common name 'x' found, 1 client(s) killed`.
    #[must_use]
    pub fn by_common_name(name: &Text, killed: u32) -> Self {
        let start = [b"common name '", name.as_bytes(), b"' found, "].concat();
        Self::of(killed, &start, b"")
    }

    /// By address, in the words of the daemon's version: `1 client(s) at address tcp-server:127.0.0.1:1 killed`.
    #[must_use]
    pub fn by_address(address: &Text, killed: u32) -> Self {
        Self::of(killed, b"", &[b" at address ", address.as_bytes()].concat())
    }

    fn of(killed: u32, start: &[u8], address: &[u8]) -> Self {
        let count = format!("{killed} client(s)");
        let text = [start, count.as_bytes(), address, b" killed"].concat();
        Self { killed, text: Text::from(Bytes::from(text)) }
    }

    /// Reads the reply of `kill`, by common name or by address.
    ///
    /// # Errors
    /// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        reply.read_success("kill", "`N client(s) killed`", |text| {
            Some(Self { killed: count(text)?, text: Text::from(text.clone()) })
        })
    }
}

impl WriteReply for KillReport {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let agrees = count(self.text.as_bytes()) == Some(self.killed);
        let line = Line::reply(out, "SUCCESS: ").text("text", &self.text);
        line.check(agrees, "text", "does not say how many were killed").end()
    }
}

fn count(text: &[u8]) -> Option<u32> {
    by_common_name(text).or_else(|| by_address(text))
}

// `common name 'x' found, 1 client(s) killed`: x may hold quotes and commas, the end may not.
fn by_common_name(text: &[u8]) -> Option<u32> {
    let rest = text.strip_prefix(b"common name '")?;
    let (found, count) = rsplit_once(rest.strip_suffix(b" client(s) killed")?, b',')?;
    found.strip_suffix(b"' found")?;
    number(count.strip_prefix(b" ")?)
}

// `1 client(s) at address tcp-server:127.0.0.1:1 killed`
fn by_address(text: &[u8]) -> Option<u32> {
    let (count, rest) = split_once(text, b' ')?;
    rest.strip_prefix(b"client(s) at address ")?.strip_suffix(b" killed")?;
    number(count)
}

#[cfg(test)]
mod tests;
