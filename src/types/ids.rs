//! The numbers by which a server names its clients and their keys.

use std::fmt;

/// A client ID: names one client instance of a server.
///
/// CIDs count up from 0 and **restart at 0** after SIGUSR1 and SIGHUP, on the same
/// connection: a CID kept over a restart names somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cid(pub u64);

/// A key ID: names one TLS session (one authentication) of a client.
///
/// Never guess it: the first is 0 on OpenVPN 2.5 and 1 on 2.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
