//! Addresses as OpenVPN writes them: where a client comes from, and what it has in the tunnel.

mod convert;
#[cfg(feature = "serde")]
mod json;
mod read;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::Text;

use read::Endpoint;

/// The address a client connects from: `127.0.0.1:5000`, `udp6:[::1]:5000`.
///
/// Before OpenVPN 2.7 there is no protocol, and an IPv6 address comes without its
/// port. A text in no known form is kept with everything else `None`.
///
/// `kill` does not take these texts back from 2.7 on; end a session by its CID.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "json::ByText")
)]
pub struct RealAddress {
    /// The transport protocol (OpenVPN 2.7 and later).
    ///
    /// Its family is that of the server's socket: an IPv4 client of a dual-stack
    /// server is `udp6:127.0.0.1:5000`.
    pub protocol: Option<Protocol>,
    /// The IP address, without a zone such as `%eth0`.
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: Option<u16>,
    /// The whole address as the daemon wrote it.
    pub text: Text,
}

impl RealAddress {
    /// Reads an address; what cannot be read stays `None`.
    ///
    /// ```
    /// use openvpn_mgmt::{Protocol, RealAddress};
    ///
    /// let address = RealAddress::parse("udp6:[::1]:5000".into());
    /// assert_eq!(address.protocol, Some(Protocol::Udp6));
    /// assert_eq!(address.ip, Some("::1".parse().unwrap()));
    /// assert_eq!(address.port, Some(5000));
    /// ```
    #[must_use]
    pub fn parse(text: Text) -> Self {
        let Endpoint { has_protocol, ip, port } = Endpoint::read(text.as_bytes());
        let word = if has_protocol { text.before(b':') } else { None };
        Self { protocol: word.map(Protocol::parse), ip, port, text }
    }

    /// IP address and port, where both are known.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.ip?, self.port?))
    }
}

impl fmt::Display for RealAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// A transport protocol by OpenVPN's own words: `udp`, `tcp4-server`, `tcp-client`.
///
/// A `4` or `6` is the address family, and its absence means either.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Protocol {
    /// `udp`
    Udp,
    /// `udp4`
    Udp4,
    /// `udp6`
    Udp6,
    /// `tcp`
    Tcp,
    /// `tcp4`
    Tcp4,
    /// `tcp6`
    Tcp6,
    /// `tcp-server`
    TcpServer,
    /// `tcp4-server`
    Tcp4Server,
    /// `tcp6-server`
    Tcp6Server,
    /// `tcp-client`
    TcpClient,
    /// `tcp4-client`
    Tcp4Client,
    /// `tcp6-client`
    Tcp6Client,
    /// Any other word, as it came.
    Other(Text),
}

impl Protocol {
    /// Reads a protocol word; a word not known is [`Other`](Self::Other).
    #[must_use]
    pub fn parse(text: Text) -> Self {
        Self::known(text.as_bytes()).unwrap_or(Self::Other(text))
    }

    /// The word, as [`parse`](Self::parse) reads it.
    pub(crate) fn to_text(&self) -> Text {
        match self.word() {
            Ok(word) => Text::from(word),
            Err(text) => text.clone(),
        }
    }

    /// Whether this is UDP, over either address family.
    #[must_use]
    pub fn is_udp(&self) -> bool {
        matches!(self, Self::Udp | Self::Udp4 | Self::Udp6)
    }

    /// Whether this is TCP, over either address family and in either role.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        !self.is_udp() && !matches!(self, Self::Other(_))
    }

    /// The word of a known protocol, or the text of another.
    fn word(&self) -> Result<&'static str, &Text> {
        Ok(match self {
            Self::Udp => "udp",
            Self::Udp4 => "udp4",
            Self::Udp6 => "udp6",
            Self::Tcp => "tcp",
            Self::Tcp4 => "tcp4",
            Self::Tcp6 => "tcp6",
            Self::TcpServer => "tcp-server",
            Self::Tcp4Server => "tcp4-server",
            Self::Tcp6Server => "tcp6-server",
            Self::TcpClient => "tcp-client",
            Self::Tcp4Client => "tcp4-client",
            Self::Tcp6Client => "tcp6-client",
            Self::Other(text) => return Err(text),
        })
    }

    pub(super) fn known(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"udp" => Self::Udp,
            b"udp4" => Self::Udp4,
            b"udp6" => Self::Udp6,
            b"tcp" => Self::Tcp,
            b"tcp4" => Self::Tcp4,
            b"tcp6" => Self::Tcp6,
            b"tcp-server" => Self::TcpServer,
            b"tcp4-server" => Self::Tcp4Server,
            b"tcp6-server" => Self::Tcp6Server,
            b"tcp-client" => Self::TcpClient,
            b"tcp4-client" => Self::Tcp4Client,
            b"tcp6-client" => Self::Tcp6Client,
            _ => return None,
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            Ok(word) => f.pad(word),
            Err(text) => text.fmt(f),
        }
    }
}

/// An address inside the tunnel, hosts before networks before others in their order: `10.8.0.6`, `10.1.0.0/24`, `fd00::/64`, or a MAC address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum VirtualAddress {
    /// One host: `10.8.0.6`, `fd00::6`.
    Ip(IpAddr),
    /// A network: `10.1.0.0/24`, `10.1.0.0/255.255.255.0`, `fd00::/64`, and `/0` for 0.0.0.0/0.
    Network {
        /// The address before the slash.
        address: IpAddr,
        /// Length of the network prefix in bits: 0-32, or 0-128 for IPv6.
        prefix_len: u8,
    },
    /// An Ethernet address of a TAP server: `aa:bb:cc:dd:ee:ff`, `aa:bb:cc:dd:ee:ff@0`.
    Mac {
        /// The six bytes.
        address: MacAddress,
        /// The VLAN ID behind the `@`; 0 where the server does not tag.
        vlan: Option<u16>,
    },
    /// A text in none of these forms, as it came.
    Other(Text),
}

impl VirtualAddress {
    /// Reads an address; a text in no known form is [`Other`](Self::Other).
    #[must_use]
    pub fn parse(text: Text) -> Self {
        read::virtual_address(text.as_bytes()).unwrap_or(Self::Other(text))
    }

    /// Reads `part` of `whole`.
    pub(crate) fn slice_of(whole: &Bytes, part: &[u8]) -> Self {
        let other = || Self::Other(Text::slice_of(whole, part));
        read::virtual_address(part).unwrap_or_else(other)
    }

    /// The IP address of a host, or the base address of a network.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) | Self::Network { address, .. } => Some(*address),
            Self::Mac { .. } | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for VirtualAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Network { address, prefix_len } => write!(f, "{address}/{prefix_len}"),
            Self::Mac { address, vlan: Some(vlan) } => write!(f, "{address}@{vlan}"),
            Self::Mac { address, .. } => address.fmt(f),
            Self::Other(text) => text.fmt(f),
        }
    }
}

/// An Ethernet address: `aa:bb:cc:dd:ee:ff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MacAddress(pub [u8; 6]);

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for byte in self.0 {
            write!(f, "{separator}{byte:02x}")?;
            separator = ":";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
