//! `>REMOTE:`

use std::fmt;

use bytes::Bytes;

use crate::types::grammar::{Problem, number, rsplit_once};
use crate::types::{Line, Text, WriteError};

/// `>REMOTE:host,port,proto`: the daemon asks whether to connect there; answered with
/// `remote ACCEPT`, `remote SKIP` or `remote MOD host port`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RemoteQuery {
    /// The name or address of the server, as the configuration has it.
    pub host: Text,
    /// Its port.
    pub port: RemotePort,
    /// The transport, as OpenVPN names it: `udp`, `udp6`, `tcp-client`, `tcp4-client`, ….
    pub protocol: Text,
}

/// The port of a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
pub enum RemotePort {
    /// A number.
    Number(u16),
    /// The name of a service, such as `openvpn`, which the daemon looks up itself.
    Service(Text),
}

impl RemoteQuery {
    /// Asks whether to connect there, over `udp`, `tcp-client`, ….
    #[must_use]
    pub fn new(host: impl Into<Text>, port: RemotePort, protocol: impl Into<Text>) -> Self {
        Self { host: host.into(), port, protocol: protocol.into() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "REMOTE").text("host", &self.host).raw(",");
        let line = match &self.port {
            RemotePort::Number(port) => line.number(port),
            RemotePort::Service(name) => line.text("port", name),
        };
        let line = line.raw(",").text("protocol", &self.protocol);
        line.reads_as("host, port or protocol", self, Self::parse).end()
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let missing = Problem("the host, port or protocol is missing");
        let (rest, protocol) = rsplit_once(body, b",").ok_or(missing)?;
        let (host, port) = rsplit_once(rest, b",").ok_or(missing)?;
        if host.is_empty() || port.is_empty() || protocol.is_empty() {
            return Err(missing);
        }
        Ok(Self {
            host: Text::slice_of(line, host),
            port: RemotePort::from_wire(line, port)?,
            protocol: Text::slice_of(line, protocol),
        })
    }

    /// Whether the transport is TCP.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        self.protocol.as_bytes().starts_with(b"tcp")
    }

    /// Whether the transport is UDP.
    #[must_use]
    pub fn is_udp(&self) -> bool {
        self.protocol.as_bytes().starts_with(b"udp")
    }
}

impl RemotePort {
    pub(super) fn from_wire(line: &Bytes, port: &[u8]) -> Result<Self, Problem> {
        match number(port) {
            Some(port) => Ok(Self::Number(port)),
            None if port.iter().all(u8::is_ascii_digit) => Err(Problem("the port is over 65535")),
            None => Ok(Self::Service(Text::slice_of(line, port))),
        }
    }

    /// The port, where it is a number.
    #[must_use]
    pub fn number(&self) -> Option<u16> {
        match self {
            Self::Number(port) => Some(*port),
            Self::Service(_) => None,
        }
    }
}

impl fmt::Display for RemotePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(port) => fmt::Display::fmt(port, f),
            Self::Service(name) => fmt::Display::fmt(name, f),
        }
    }
}

impl fmt::Display for RemoteQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asks for the remote: {} port {} ({})", self.host, self.port, self.protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{malformed, parse};
    use super::*;
    use crate::events::Event;

    fn remote(body: &str) -> RemoteQuery {
        match parse(&format!("REMOTE:{body}")) {
            Event::Remote(remote) => remote,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn known_answers() {
        let named = remote("vpn.example.com,443,tcp-client");
        assert_eq!(
            (named.host.clone(), named.port.number()),
            ("vpn.example.com".into(), Some(443))
        );
        assert!(named.is_tcp() && !named.is_udp());
        let ipv6 = remote("::1,1194,udp");
        assert_eq!((ipv6.host.clone(), ipv6.port.number()), ("::1".into(), Some(1194)));
        assert!(ipv6.is_udp() && !ipv6.is_tcp());
        assert_eq!(ipv6.to_string(), "asks for the remote: ::1 port 1194 (udp)");
    }

    #[test]
    fn an_empty_port_is_told() {
        let error = "".parse::<RemotePort>().unwrap_err().to_string();
        assert!(error.contains("it is empty"), "{error}");
    }

    #[test]
    fn the_port_may_be_a_service() {
        let port = RemotePort::Service("openvpn".into());
        assert_eq!(remote("127.0.0.1,openvpn,udp").port, port);
    }

    #[test]
    fn what_does_not_parse_is_malformed() {
        for body in ["", "host", "host,1", "host,1,", "host,,udp", ",1,udp", "host,65536,udp"] {
            malformed(&format!("REMOTE:{body}"));
        }
    }
}
