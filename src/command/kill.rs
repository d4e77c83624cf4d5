//! `kill`, by common name or by address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::received::{Line, Parse, TOO_FEW, utf8};
use super::{Command, Dialect, Encoded, ReplyShape, Sealed, Writer, in_range, version_unknown};
use crate::error::{Error, Result, invalid};
use crate::reply::{KillReport, RawReply};
use crate::types::grammar::{Problem, ipv4};
use crate::types::split::{rsplit_once, split_once};
use crate::types::{ArgumentProblem, ParseError, Protocol, RealAddress, by_word, limits, number};

const KILL: &str = "kill";

/// `kill CN`, `kill IP:port`, `kill proto:IP:port`: ends the clients of a name or at an address.
///
/// No version knows IPv6 addresses: [`Client::kill`](crate::Client::kill) looks such a client up and ends it by
/// `client-kill`; sent as a value they are refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KillTarget {
    /// Every client of this common name.
    CommonName(String),
    /// The client at this address.
    Address {
        /// The transport it came by; OpenVPN 2.7 needs it, older versions ignore it.
        transport: Transport,
        /// Its IP address. `kill` itself knows IPv4 only; an IPv6 client is looked
        /// up in `status` and ended by `client-kill`.
        ip: IpAddr,
        /// Its port.
        port: u16,
    },
    /// The client at this address, by whichever transport. OpenVPN 2.6 and earlier, whose lines name none; later
    /// ones need it.
    AnyTransport {
        /// Its IP address.
        ip: Ipv4Addr,
        /// Its port.
        port: u16,
    },
    /// The one client at this IPv6 address, whatever its port and transport. Refused where there are several.
    AnyPort(Ipv6Addr),
}

impl Command for KillTarget {
    type Reply = KillReport;

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        match self {
            Self::CommonName(name) => kill_common_name(name),
            Self::Address { transport, ip: IpAddr::V4(ip), port } => {
                kill_address(Some(*transport), *ip, *port, dialect)
            }
            Self::AnyTransport { ip, port } => kill_address(None, *ip, *port, dialect),
            Self::Address { .. } | Self::AnyPort(_) => {
                let problem =
                    "is an IPv6 address, which no daemon reads; `Client::kill` looks it up";
                Err(invalid(KILL, "address", ArgumentProblem::Other(problem)))
            }
        }
    }

    fn read(&self, reply: &RawReply) -> Result<KillReport> {
        KillReport::parse(reply)
    }
}

impl Sealed for KillTarget {
    fn needs_version(&self, dialect: Dialect) -> bool {
        matches!(self, Self::Address { .. } | Self::AnyTransport { .. })
            && dialect.kill_names_transport().is_none()
    }
}

impl Parse for KillTarget {
    const NAMES: &[&str] = &[KILL];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        const ADDRESS: Problem = Problem("has an address that this daemon does not read");
        let [target, ..] = line.arguments else { return Err(TOO_FEW) };
        let Some((ip, port)) = rsplit_once(target, b':') else {
            return utf8(target).map(Self::CommonName);
        };
        let port = number(port).ok_or(ADDRESS)?;
        match split_once(ip, b':') {
            Some((transport, ip)) if line.dialect.kill_names_transport() != Some(false) => {
                let transport = Transport::parse(transport).ok_or(ADDRESS)?;
                Ok(Self::Address { transport, ip: ipv4(ip).ok_or(ADDRESS)?.into(), port })
            }
            None if line.dialect.kill_names_transport() != Some(true) => {
                Ok(Self::AnyTransport { ip: ipv4(ip).ok_or(ADDRESS)?, port })
            }
            _ => Err(ADDRESS),
        }
    }
}

/// The client at this address over this transport.
impl From<(Transport, SocketAddr)> for KillTarget {
    fn from((transport, address): (Transport, SocketAddr)) -> Self {
        Self::Address { transport, ip: address.ip(), port: address.port() }
    }
}

/// The client at an address that `status` or an event tells.
impl TryFrom<&RealAddress> for KillTarget {
    type Error = ParseError;

    fn try_from(address: &RealAddress) -> Result<Self, ParseError> {
        let transport = address.protocol.as_ref().map(Transport::try_from).transpose()?;
        match (transport, address.ip, address.port) {
            (Some(transport), Some(ip), Some(port)) => Ok(Self::Address { transport, ip, port }),
            (None, Some(IpAddr::V4(ip)), Some(port)) => Ok(Self::AnyTransport { ip, port }),
            // Before OpenVPN 2.7 they are told so.
            (None, Some(IpAddr::V6(ip)), None) => Ok(Self::AnyPort(ip)),
            _ => {
                let problem =
                    "it has no IP address, or no port, or an IPv6 address and no protocol";
                Err(ParseError::new("an address to end a client by", problem))
            }
        }
    }
}

/// The transport of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

impl Transport {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }

    fn parse(word: &[u8]) -> Option<Self> {
        by_word(word, &[Self::Udp, Self::Tcp], Self::as_str)
    }
}

/// Of either address family, in either role.
impl TryFrom<&Protocol> for Transport {
    type Error = ParseError;

    fn try_from(protocol: &Protocol) -> Result<Self, ParseError> {
        match protocol {
            _ if protocol.is_udp() => Ok(Self::Udp),
            _ if protocol.is_tcp() => Ok(Self::Tcp),
            _ => Err(ParseError::new("a transport", "it is neither UDP nor TCP")),
        }
    }
}

impl FromStr for Transport {
    type Err = ParseError;

    fn from_str(word: &str) -> Result<Self, ParseError> {
        let error = ParseError::new("a transport", "it is neither `udp` nor `tcp`");
        Self::parse(word.as_bytes()).ok_or(error)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name with a colon would be read as an address, and a long one would be cut.
fn kill_common_name(name: &str) -> Result<Encoded> {
    const ARGUMENT: &str = "common name";
    if name.is_empty() {
        return Err(invalid(KILL, ARGUMENT, ArgumentProblem::Empty));
    }
    if name.contains(':') {
        let problem =
            ArgumentProblem::Other("holds a colon; the daemon would take it for an address");
        return Err(invalid(KILL, ARGUMENT, problem));
    }
    let why = "the daemon cuts longer names and would look for another one";
    let writer = Writer::new(KILL).quoted_within(ARGUMENT, name, limits::KILL_NAME, why)?;
    Ok(writer.line(ReplyShape::Line).expect("common name"))
}

fn kill_address(
    transport: Option<Transport>,
    ip: Ipv4Addr,
    port: u16,
    dialect: Dialect,
) -> Result<Encoded> {
    in_range(KILL, "port", port.into(), 1, u16::MAX.into())?;
    let names_transport = dialect.kill_names_transport().ok_or_else(|| version_unknown(KILL))?;
    let address = match transport {
        Some(transport) if names_transport => format!("{}:{ip}:{port}", transport.as_str()),
        None if names_transport => {
            let needs = "OpenVPN 2.6 or earlier for an address without its transport";
            return Err(Error::Unsupported { command: KILL, needs });
        }
        _ => format!("{ip}:{port}"),
    };
    Ok(Writer::new(KILL).word(&address).line(ReplyShape::Line))
}
