//! How addresses are read, from bytes and in one pass.

use std::net::{IpAddr, Ipv4Addr};

use super::{MacAddress, Protocol, VirtualAddress};
use crate::types::ip::{ipv4, ipv4_start, ipv6};
use crate::types::number;
use crate::types::split::split_once;

/// What a real address says, but for the word of its protocol, which stays in its text.
#[derive(Default)]
pub(super) struct Endpoint {
    /// Whether a protocol and a colon come first.
    pub(super) has_protocol: bool,
    pub(super) ip: Option<IpAddr>,
    pub(super) port: Option<u16>,
}

impl Endpoint {
    pub(super) fn read(text: &[u8]) -> Self {
        // A bare IPv6 address holds colons too, so the whole text goes first.
        if let Some((ip, port)) = read_endpoint(text) {
            return Self { has_protocol: false, ip: Some(ip), port };
        }
        let Some((word, rest)) = split_once(text, b':') else {
            return Self::default();
        };
        let is_known = Protocol::known(word).is_some();
        match read_endpoint(rest) {
            Some((ip, port)) if is_known || is_utf8(word) => {
                Self { has_protocol: true, ip: Some(ip), port }
            }
            // An unknown word is a protocol only where an address follows.
            None if is_known && is_utf8(rest) => Self { has_protocol: true, ..Self::default() },
            _ => Self::default(),
        }
    }
}

fn read_endpoint(text: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    if let Some((ip, rest)) = ipv4_start(text) {
        return with_port(ip.into(), rest);
    }
    let Some(rest) = text.strip_prefix(b"[") else {
        return Some((zoned_ipv6(text)?, None));
    };
    let (host, rest) = split_once(rest, b']')?;
    with_port(zoned_ipv6(host)?, rest)
}

/// `rest` is a port behind a colon, or nothing at all.
fn with_port(ip: IpAddr, rest: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    match rest {
        [] => Some((ip, None)),
        [b':', port @ ..] => Some((ip, Some(number(port)?))),
        _ => None,
    }
}

fn zoned_ipv6(text: &[u8]) -> Option<IpAddr> {
    let (address, zone) = split_once(text, b'%').unwrap_or((text, b""));
    ipv6(address).filter(|_| is_utf8(zone)).map(IpAddr::V6)
}

/// Reads an address in the tunnel, which is in one of the known forms or `None`.
pub(super) fn virtual_address(text: &[u8]) -> Option<VirtualAddress> {
    if let Some((address, rest)) = ipv4_start(text) {
        return match rest {
            [] => Some(VirtualAddress::Ip(address.into())),
            [b'/', prefix @ ..] => read_network(address.into(), prefix),
            _ => None,
        };
    }
    if let Some(address) = ipv6(text) {
        return Some(VirtualAddress::Ip(address.into()));
    }
    match split_once(text, b'/') {
        // So `status` writes a network of 0.0.0.0.
        Some((b"", prefix)) => read_network(Ipv4Addr::UNSPECIFIED.into(), prefix),
        Some((address, prefix)) => read_network(ipv6(address)?.into(), prefix),
        None => read_ethernet(text),
    }
}

fn read_network(address: IpAddr, prefix: &[u8]) -> Option<VirtualAddress> {
    let prefix_len = read_prefix(address, prefix)?;
    Some(VirtualAddress::Network { address, prefix_len })
}

fn read_ethernet(text: &[u8]) -> Option<VirtualAddress> {
    let (address, vlan) = match split_once(text, b'@') {
        Some((address, vlan)) => (address, Some(number(vlan)?)),
        None => (text, None),
    };
    let address = read_mac(address)?;
    Some(VirtualAddress::Mac { address, vlan })
}

fn read_prefix(address: IpAddr, prefix: &[u8]) -> Option<u8> {
    let limit = if address.is_ipv4() { 32 } else { 128 };
    if let Some(len) = number::<u8>(prefix) {
        return (len <= limit).then_some(len);
    }
    let mask = u32::from(ipv4(prefix)?);
    let contiguous = mask.leading_ones() + mask.trailing_zeros() == 32 || mask == 0;
    if !address.is_ipv4() || !contiguous {
        return None;
    }
    u8::try_from(mask.leading_ones()).ok()
}

pub(super) fn read_mac(text: &[u8]) -> Option<MacAddress> {
    let mut bytes = [0; 6];
    let mut parts = text.split(|&byte| byte == b':');
    for byte in &mut bytes {
        let [high, low] = parts.next()? else { return None };
        *byte = hex(*high)? << 4 | hex(*low)?;
    }
    parts.next().is_none().then_some(MacAddress(bytes))
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn is_utf8(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok()
}
