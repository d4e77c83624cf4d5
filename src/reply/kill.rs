//! The reply of `kill`.

use super::RawReply;
use super::fields::{number, rsplit_once, split_once};
use crate::error::Result;
use crate::types::Text;

/// What `kill` did: `common name 'x' found, 1 client(s) killed`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KillReport {
    /// How many client sessions were ended.
    pub killed: u32,
    /// The whole text of the reply.
    pub text: Text,
}

impl KillReport {
    /// Reads the reply of `kill`, by common name or by address.
    ///
    /// # Errors
    /// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        reply.read_success("kill", "`N client(s) killed`", |text| {
            Some(Self {
                killed: by_common_name(text).or_else(|| by_address(text))?,
                text: Text::from(text.clone()),
            })
        })
    }
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
