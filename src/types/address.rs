//! Addresses as OpenVPN writes them: where a client comes from, and what it has in the tunnel.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::types::Text;
use crate::types::number;

/// The address a client connects from: `127.0.0.1:5000`, `udp6:[::1]:5000`.
///
/// Before OpenVPN 2.7 there is no protocol, and an IPv6 address comes without its
/// port. A text in no known form is kept with everything else `None`.
///
/// `kill` does not take these texts back from 2.7 on; end a session by its CID.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
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
        let (protocol, endpoint) = text.to_str().map_or((None, None), split_protocol);
        let (ip, port) = endpoint.map_or((None, None), |(ip, port)| (Some(ip), port));
        Self { protocol, ip, port, text }
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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

    fn known(word: &[u8]) -> Option<Self> {
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
        f.pad(match self {
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
            Self::Other(word) => return word.fmt(f),
        })
    }
}

/// An address inside the tunnel: `10.8.0.6`, `10.1.0.0/24`, `fd00::/64`, or a MAC address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
        let known = text.to_str().ok().and_then(parse_virtual);
        known.unwrap_or(Self::Other(text))
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

type Endpoint = (IpAddr, Option<u16>);

fn split_protocol(text: &str) -> (Option<Protocol>, Option<Endpoint>) {
    // A bare IPv6 address holds colons too, so the whole text goes first.
    if let Some(endpoint) = parse_endpoint(text) {
        return (None, Some(endpoint));
    }
    let Some((word, rest)) = text.split_once(':') else {
        return (None, None);
    };
    let endpoint = parse_endpoint(rest);
    let unknown = || Protocol::Other(Text::from(word.to_owned()));
    let protocol = match Protocol::known(word.as_bytes()) {
        // An unknown word is a protocol only where an address follows.
        None => endpoint.is_some().then(unknown),
        known => known,
    };
    (protocol, endpoint)
}

fn parse_endpoint(text: &str) -> Option<Endpoint> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let ip = parse_ipv6(host)?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((ip, Some(number(port.as_bytes())?))),
            None => rest.is_empty().then_some((ip, None)),
        };
    }
    if let Some(ip) = parse_ipv6(text) {
        return Some((ip, None));
    }
    let Some((host, port)) = text.split_once(':') else {
        return Some((text.parse::<Ipv4Addr>().ok()?.into(), None));
    };
    Some((host.parse::<Ipv4Addr>().ok()?.into(), Some(number(port.as_bytes())?)))
}

fn parse_ipv6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    Some(address.parse::<Ipv6Addr>().ok()?.into())
}

fn parse_virtual(text: &str) -> Option<VirtualAddress> {
    if let Ok(address) = text.parse() {
        return Some(VirtualAddress::Ip(address));
    }
    if let Some((address, prefix)) = text.split_once('/') {
        let address = match address {
            // So `status` writes a network of 0.0.0.0.
            "" => Ipv4Addr::UNSPECIFIED.into(),
            address => address.parse().ok()?,
        };
        let prefix_len = parse_prefix(address, prefix)?;
        return Some(VirtualAddress::Network { address, prefix_len });
    }
    let (address, vlan) = match text.split_once('@') {
        Some((address, vlan)) => (address, Some(number(vlan.as_bytes())?)),
        None => (text, None),
    };
    let address = parse_mac(address)?;
    Some(VirtualAddress::Mac { address, vlan })
}

fn parse_prefix(address: IpAddr, prefix: &str) -> Option<u8> {
    let limit = if address.is_ipv4() { 32 } else { 128 };
    if let Some(len) = number::<u8>(prefix.as_bytes()) {
        return (len <= limit).then_some(len);
    }
    let mask = u32::from(prefix.parse::<Ipv4Addr>().ok()?);
    let contiguous = mask.leading_ones() + mask.trailing_zeros() == 32 || mask == 0;
    if !address.is_ipv4() || !contiguous {
        return None;
    }
    u8::try_from(mask.leading_ones()).ok()
}

fn parse_mac(text: &str) -> Option<MacAddress> {
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        let part = parts.next().filter(|part| part.len() == 2)?;
        let hex = part.bytes().all(|digit| digit.is_ascii_hexdigit());
        *byte = u8::from_str_radix(part, 16).ok().filter(|_| hex)?;
    }
    parts.next().is_none().then_some(MacAddress(bytes))
}

#[cfg(test)]
mod tests;
