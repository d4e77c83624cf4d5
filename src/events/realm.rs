//! [`Realm`]: what credentials are for.

#[cfg(feature = "serde")]
mod json;

use std::fmt;

use bytes::Bytes;

use crate::types::Text;

/// What credentials are for: the TYPE of `>PASSWORD:` and of the commands that answer it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Realm {
    /// `Auth`: the VPN server (`auth-user-pass`).
    Auth,
    /// `Private Key`: the pass phrase of the private key.
    PrivateKey,
    /// `HTTP Proxy`: the HTTP proxy on the way.
    HttpProxy,
    /// `SOCKS Proxy`: the SOCKS proxy on the way.
    SocksProxy,
    /// Anything else, such as the name of a PKCS#11 token whose PIN is needed.
    Other(Text),
}

impl Realm {
    pub(super) fn from_wire(line: &Bytes, name: &[u8]) -> Self {
        match name {
            b"Auth" => Self::Auth,
            b"Private Key" => Self::PrivateKey,
            b"HTTP Proxy" => Self::HttpProxy,
            b"SOCKS Proxy" => Self::SocksProxy,
            _ => Self::Other(Text::slice_of(line, name)),
        }
    }

    /// The realm of this name, as [`as_bytes`](Self::as_bytes) gives it.
    #[must_use]
    pub fn new(name: impl Into<Text>) -> Self {
        let name = name.into().into_bytes();
        Self::from_wire(&name, &name)
    }

    /// The same in memory of its own.
    pub(super) fn detach(self) -> Self {
        match self {
            Self::Other(name) => Self::Other(name.detach()),
            known => known,
        }
    }

    /// The name as the daemon writes it, and as it expects it in the answer.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Auth => b"Auth",
            Self::PrivateKey => b"Private Key",
            Self::HttpProxy => b"HTTP Proxy",
            Self::SocksProxy => b"SOCKS Proxy",
            Self::Other(name) => name.as_bytes(),
        }
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.as_bytes()))
    }
}
