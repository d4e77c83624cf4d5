//! `>PROXY:`

#[cfg(feature = "serde")]
mod json;

use std::fmt;

use bytes::Bytes;
use nom::character::complete::u32;
use nom::error::context;
use nom::sequence::terminated;

use crate::types::grammar::{Problem, comma, field, start};
use crate::types::{Line, Text, WriteError};

/// `>PROXY:index,protocol,host`: the daemon asks for a proxy; answered with
/// `proxy NONE`, `proxy HTTP host port` or `proxy SOCKS host port`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ProxyQuery {
    /// Which `remote` of the configuration it is for, counted from 1.
    pub index: u32,
    /// The transport to the server.
    pub protocol: ProxyProtocol,
    /// The name or address of the server.
    pub host: Text,
}

/// The transport a proxy is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyProtocol {
    /// `TCP`
    Tcp,
    /// `UDP`
    Udp,
    /// A name this crate does not know.
    Unknown(Text),
}

impl ProxyQuery {
    /// Asks for the proxy on the way to this server.
    #[must_use]
    pub fn new(index: u32, protocol: ProxyProtocol, host: impl Into<Text>) -> Self {
        Self { index, protocol, host: host.into() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "PROXY").number(self.index);
        let line = line.raw(",").text("protocol", self.protocol.as_bytes());
        let line = line.raw(",").text("host", &self.host);
        line.reads_as("protocol or host", self, Self::parse).end()
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let index = context("the index is not a number", u32);
        let (host, (index, protocol)) =
            start((terminated(index, comma), terminated(field, comma)), body)?;
        if host.is_empty() || protocol.is_empty() {
            return Err(Problem("the protocol or host is missing"));
        }
        let protocol = ProxyProtocol::from_wire(line, protocol);
        Ok(Self { index, protocol, host: Text::slice_of(line, host) })
    }
}

impl ProxyProtocol {
    pub(super) fn from_wire(line: &Bytes, name: &[u8]) -> Self {
        match name {
            b"TCP" => Self::Tcp,
            b"UDP" => Self::Udp,
            _ => Self::Unknown(Text::slice_of(line, name)),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Tcp => b"TCP",
            Self::Udp => b"UDP",
            Self::Unknown(name) => name.as_bytes(),
        }
    }
}

impl fmt::Display for ProxyProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.pad("TCP"),
            Self::Udp => f.pad("UDP"),
            Self::Unknown(name) => fmt::Display::fmt(name, f),
        }
    }
}

impl fmt::Display for ProxyQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asks for a proxy to {} ({})", self.host, self.protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{malformed, parse};
    use super::*;
    use crate::events::Event;

    #[test]
    fn known_answers() {
        let proxy = |index, protocol, host: &'static str| {
            Event::Proxy(ProxyQuery { index, protocol, host: host.into() })
        };
        assert_eq!(parse("PROXY:1,TCP,127.0.0.1"), proxy(1, ProxyProtocol::Tcp, "127.0.0.1"));
        assert_eq!(parse("PROXY:2,UDP,::1"), proxy(2, ProxyProtocol::Udp, "::1"));
        let unknown = ProxyProtocol::Unknown("QUIC".into());
        assert_eq!(parse("PROXY:3,QUIC,h"), proxy(3, unknown, "h"));
    }

    #[test]
    fn what_does_not_parse_is_malformed() {
        for body in ["", "1", "1,TCP", "1,TCP,", "1,,host", "x,TCP,host"] {
            malformed(&format!("PROXY:{body}"));
        }
    }
}
