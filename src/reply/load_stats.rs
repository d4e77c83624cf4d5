//! The reply of `load-stats`.

use super::RawReply;
use super::fields::{named_number, split_once};
use crate::Result;

/// The totals of a daemon: `nclients=1,bytesin=2990,bytesout=3182`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LoadStats {
    /// Clients connected; 0 where the daemon is a client itself.
    pub clients: u64,
    /// Bytes received from peers since the daemon started.
    pub bytes_in: u64,
    /// Bytes sent to peers since the daemon started.
    pub bytes_out: u64,
}

impl LoadStats {
    /// Reads the reply of `load-stats`.
    ///
    /// # Errors
    /// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) on any other form.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        let expected = "`nclients=N,bytesin=N,bytesout=N`";
        reply.read_success("load-stats", expected, |text| {
            let (clients, rest) = split_once(text, b',')?;
            let (bytes_in, bytes_out) = split_once(rest, b',')?;
            Some(Self {
                clients: named_number(clients, "nclients=")?,
                bytes_in: named_number(bytes_in, "bytesin=")?,
                bytes_out: named_number(bytes_out, "bytesout=")?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_one_client() {
        let reply = RawReply::success("nclients=1,bytesin=2990,bytesout=3182");
        let expected = LoadStats { clients: 1, bytes_in: 2990, bytes_out: 3182 };
        assert_eq!(LoadStats::parse(&reply).unwrap(), expected);
    }

    #[test]
    fn counters_reach_u64_max_and_no_further() {
        let max = "nclients=0,bytesin=18446744073709551615,bytesout=0";
        let stats = LoadStats::parse(&RawReply::success(max)).unwrap();
        assert_eq!(stats.bytes_in, u64::MAX);
        let over = "nclients=0,bytesin=18446744073709551616,bytesout=0";
        assert!(LoadStats::parse(&RawReply::success(over)).is_err());
    }

    #[test]
    fn half_a_reply_is_an_error() {
        let whole = "nclients=1,bytesin=2990,bytesout=3182";
        for end in 0..whole.find("bytesout=").unwrap() + 9 {
            let prefix = RawReply::success(whole[..end].to_owned());
            assert!(LoadStats::parse(&prefix).is_err(), "{end}");
        }
    }
}
