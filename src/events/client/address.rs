//! The address of `>CLIENT:ADDRESS`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;

use crate::Text;
use crate::events::grammar::{ipv4, number, scoped_ip, split_once};

/// An address or network that leads to a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAddress {
    /// `10.8.0.2` or `fd00::2`: one address.
    Ip(IpAddr),
    /// `10.8.0.0/24` or `fd00::/64`: a network and the length of its prefix in bits.
    #[non_exhaustive]
    Network {
        /// The first address.
        addr: IpAddr,
        /// At most 32 for IPv4, 128 for IPv6.
        prefix: u8,
    },
    /// `10.1.0.0/255.255.0.0`: a network and its mask.
    #[non_exhaustive]
    MaskedNetwork {
        /// The first address.
        addr: Ipv4Addr,
        /// The mask.
        mask: Ipv4Addr,
    },
    /// `aa:bb:cc:dd:ee:ff@0`: a hardware address, in tap mode.
    Mac(MacAddress),
    /// Anything else.
    Other(Text),
}

/// A hardware address, and the VLAN it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MacAddress {
    /// The address.
    pub octets: [u8; 6],
    /// The number of its VLAN, 0 without VLANs; older daemons do not say (before OpenVPN 2.5).
    pub vlan: Option<u16>,
}

impl ClientAddress {
    pub(super) fn from_wire(line: &Bytes, address: &[u8]) -> Self {
        Self::network(address)
            .or_else(|| plain_ip(address).map(Self::Ip))
            .or_else(|| MacAddress::from_wire(address).map(Self::Mac))
            .unwrap_or_else(|| Self::Other(Text::slice_of(line, address)))
    }

    fn network(address: &[u8]) -> Option<Self> {
        let (addr, size) = split_once(address, b"/")?;
        let addr = plain_ip(addr)?;
        match (addr, number::<u8>(size), ipv4(size)) {
            (IpAddr::V4(_), Some(prefix @ 0..=32), _)
            | (IpAddr::V6(_), Some(prefix @ 0..=128), _) => Some(Self::Network { addr, prefix }),
            (IpAddr::V4(addr), None, Some(mask)) => Some(Self::MaskedNetwork { addr, mask }),
            _ => None,
        }
    }
}

fn plain_ip(address: &[u8]) -> Option<IpAddr> {
    scoped_ip(address).filter(|(_, scope)| scope.is_empty()).map(|(ip, _)| ip)
}

impl MacAddress {
    fn from_wire(address: &[u8]) -> Option<Self> {
        let (mac, vlan) = match split_once(address, b"@") {
            Some((mac, vlan)) => (mac, Some(number(vlan)?)),
            None => (address, None),
        };
        let mut octets = [0; 6];
        let mut parts = mac.split(|byte| *byte == b':');
        for octet in &mut octets {
            *octet = hex(parts.next()?)?;
        }
        parts.next().is_none().then_some(Self { octets, vlan })
    }
}

fn hex(digits: &[u8]) -> Option<u8> {
    let shaped = digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| shaped)?;
    u8::from_str_radix(digits, 16).ok()
}

/// The wire's own form.
impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.octets;
        write!(f, "{first:02x}")?;
        rest.iter().try_for_each(|octet| write!(f, ":{octet:02x}"))?;
        self.vlan.map_or(Ok(()), |vlan| write!(f, "@{vlan}"))
    }
}

/// The wire's own form.
impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::Network { addr, prefix } => write!(f, "{addr}/{prefix}"),
            Self::MaskedNetwork { addr, mask } => write!(f, "{addr}/{mask}"),
            Self::Mac(mac) => write!(f, "{mac}"),
            Self::Other(text) => write!(f, "{text}"),
        }
    }
}
