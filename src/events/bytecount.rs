//! `>BYTECOUNT:` and `>BYTECOUNT_CLI:`

use std::fmt;

use crate::types::grammar::{MISSING, Problem, number};
use crate::types::{Cid, Line, WriteError, leading_number};

/// `>BYTECOUNT:in,out`: what a client's tunnel carried since it connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ByteCount {
    /// Bytes received from the peer.
    pub bytes_in: u64,
    /// Bytes sent to the peer.
    pub bytes_out: u64,
}

/// `>BYTECOUNT_CLI:cid,in,out`: what a server exchanged with one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ByteCountClient {
    /// The client.
    pub cid: Cid,
    /// Bytes received from the client.
    pub bytes_in: u64,
    /// Bytes sent to the client.
    pub bytes_out: u64,
}

impl ByteCount {
    /// So many bytes from the peer and to it.
    #[must_use]
    pub fn new(bytes_in: u64, bytes_out: u64) -> Self {
        Self { bytes_in, bytes_out }
    }

    #[inline]
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        counts(body).map(|(bytes_in, bytes_out)| Self { bytes_in, bytes_out })
    }

    pub(super) fn write(self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "BYTECOUNT").number(self.bytes_in);
        line.raw(",").number(self.bytes_out).end()
    }
}

impl ByteCountClient {
    /// So many bytes from this client and to it.
    #[must_use]
    pub fn new(cid: Cid, bytes_in: u64, bytes_out: u64) -> Self {
        Self { cid, bytes_in, bytes_out }
    }

    #[inline]
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let (cid, rest) = leading_number(body).ok_or(Problem("the CID is not a number"))?;
        let (bytes_in, bytes_out) = counts(rest.strip_prefix(b",").ok_or(MISSING)?)?;
        Ok(Self { cid: Cid(cid), bytes_in, bytes_out })
    }

    pub(super) fn write(self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "BYTECOUNT_CLI").number(self.cid);
        let line = line.raw(",").number(self.bytes_in);
        line.raw(",").number(self.bytes_out).end()
    }
}

fn counts(body: &[u8]) -> Result<(u64, u64), Problem> {
    let (bytes_in, rest) = leading_number(body).ok_or(NO_COUNT)?;
    let bytes_out = number(rest.strip_prefix(b",").ok_or(MISSING)?).ok_or(NO_COUNT)?;
    Ok((bytes_in, bytes_out))
}

const NO_COUNT: Problem = Problem("a count is not a number of bytes");

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes in, {} out", self.bytes_in, self.bytes_out)
    }
}

impl fmt::Display for ByteCountClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}: {} bytes in, {} out", self.cid, self.bytes_in, self.bytes_out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{malformed, parse};
    use super::*;
    use crate::events::Event;

    #[test]
    fn known_answers() {
        let count = ByteCount { bytes_in: 3050, bytes_out: u64::MAX };
        assert_eq!(parse("BYTECOUNT:3050,18446744073709551615"), Event::ByteCount(count));
        let count = ByteCountClient { cid: Cid(7), bytes_in: 2847, bytes_out: 0 };
        assert_eq!(parse("BYTECOUNT_CLI:7,2847,0"), Event::ByteCountClient(count));
        assert_eq!(count.to_string(), "client 7: 2847 bytes in, 0 out");
    }

    #[test]
    fn what_does_not_parse_is_malformed() {
        for body in
            ["", "1", "1,", "1,x", ",1", "1,2,", "1,2,3", "-1,2", "+1,2", "1,18446744073709551616"]
        {
            malformed(&format!("BYTECOUNT:{body}"));
        }
        for body in ["", "1", "1,2", "1,2,", "1,2,3,4", "x,2,3"] {
            malformed(&format!("BYTECOUNT_CLI:{body}"));
        }
    }
}
