//! Addresses from and to the types of `std`.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::read::{read_mac, virtual_address};
use super::{MacAddress, Protocol, RealAddress, VirtualAddress};
use crate::types::{ParseError, Text};

/// Refuses what [`parse`](RealAddress::parse) keeps without an IP address.
impl FromStr for RealAddress {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str =
            "it has no IP address, as `192.0.2.1:5000` and `udp6:[::1]:5000` have";
        let address = Self::parse(Text::from(text.to_owned()));
        let error = ParseError::new("a client's address", PROBLEM);
        if address.ip.is_some() { Ok(address) } else { Err(error) }
    }
}

/// By IP address, then by port; addresses in no known form first.
impl Ord for RealAddress {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |it: &Self| (it.ip, it.port);
        let rest = || (&self.protocol, &self.text).cmp(&(&other.protocol, &other.text));
        key(self).cmp(&key(other)).then_with(rest)
    }
}

impl PartialOrd for RealAddress {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `192.0.2.1:5000`, `[2001:db8::1]:5000`
impl From<SocketAddr> for RealAddress {
    fn from(address: SocketAddr) -> Self {
        let text = Text::from(address.to_string());
        Self { protocol: None, ip: Some(address.ip()), port: Some(address.port()), text }
    }
}

/// Refuses a word that [`parse`](Protocol::parse) takes for [`Other`](Protocol::Other).
impl FromStr for Protocol {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is none of `udp`, `tcp`, `tcp-server` and `tcp-client`, with or \
                               without 4 or 6 behind the first three letters";
        Self::known(text.as_bytes()).ok_or(ParseError::new("a transport protocol", PROBLEM))
    }
}

/// Refuses what [`parse`](VirtualAddress::parse) takes for [`Other`](VirtualAddress::Other).
impl FromStr for VirtualAddress {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is no IP address, network or MAC address, as `10.8.0.6`, `10.1.0.0/24` and \
                               `aa:bb:cc:dd:ee:ff` are";
        let error = ParseError::new("an address in the tunnel", PROBLEM);
        virtual_address(text.as_bytes()).ok_or(error)
    }
}

impl From<IpAddr> for VirtualAddress {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<Ipv4Addr> for VirtualAddress {
    fn from(address: Ipv4Addr) -> Self {
        Self::Ip(address.into())
    }
}

impl From<Ipv6Addr> for VirtualAddress {
    fn from(address: Ipv6Addr) -> Self {
        Self::Ip(address.into())
    }
}

/// Without a VLAN ID.
impl From<MacAddress> for VirtualAddress {
    fn from(address: MacAddress) -> Self {
        Self::Mac { address, vlan: None }
    }
}

impl FromStr for MacAddress {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is not six bytes of two hexadecimal digits, with colons between";
        read_mac(text.as_bytes()).ok_or(ParseError::new("a MAC address", PROBLEM))
    }
}

impl From<[u8; 6]> for MacAddress {
    fn from(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }
}

impl From<MacAddress> for [u8; 6] {
    fn from(MacAddress(bytes): MacAddress) -> Self {
        bytes
    }
}
