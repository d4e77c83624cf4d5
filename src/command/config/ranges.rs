//! Addresses and networks that a daemon takes and keeps as they are.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::types::ArgumentProblem;
use crate::types::number;

type Check<T = ()> = Result<T, ArgumentProblem>;

const HOST_BITS: ArgumentProblem = ArgumentProblem::Other(
    "has a network with host bits; the daemon drops it, or never sends anything to it",
);
const NOT_LEARNED: ArgumentProblem = ArgumentProblem::Other(
    "has an address of zeros or ones alone, which the daemon does not learn",
);

/// A client's own address.
pub(super) fn address(address: Ipv4Addr) -> Check {
    learned(&address.octets(), None)
}

/// A client's own IPv6 address.
pub(super) fn address_ipv6(address: Ipv6Addr) -> Check {
    learned(&address.octets(), None)
}

/// The second parameter of `ifconfig-push`: which of both it is depends on the server's
/// topology. OpenVPN itself takes what begins with 255 for a netmask.
pub(super) fn netmask_or_remote(address: Ipv4Addr) -> Check {
    if address.is_unspecified() {
        return Err(NOT_LEARNED);
    }
    if address.octets().starts_with(&[255]) {
        bits(address)?;
    }
    Ok(())
}

/// A network behind a client.
pub(super) fn network(base: Ipv4Addr, netmask: Ipv4Addr) -> Check {
    let bits = bits(netmask)?;
    if u32::from(base) & !u32::from(netmask) != 0 {
        return Err(HOST_BITS);
    }
    learned(&base.octets(), Some(bits))
}

/// An IPv6 network behind a client, of a prefix of 0 to 128 bits.
pub(super) fn network_ipv6(base: Ipv6Addr, bits: u8) -> Check {
    let host = u128::MAX.checked_shr(bits.into()).unwrap_or(0);
    if u128::from(base) & host != 0 {
        return Err(HOST_BITS);
    }
    learned(&base.octets(), Some(bits))
}

/// `ADDRESS/BITS`. Without the bits the daemon takes 64, with none behind the slash 0.
pub(super) fn split_prefix(word: &[u8]) -> Check<(&[u8], &[u8])> {
    let mut parts = word.splitn(2, |byte| *byte == b'/');
    match (parts.next(), parts.next()) {
        (Some(address), Some(bits)) => Ok((address, bits)),
        _ => Err(ArgumentProblem::Other("has an address without its prefix, as in fd00::/64")),
    }
}

/// The bits of a prefix.
pub(super) fn prefix(bits: &[u8], min: u8, max: u8) -> Check<u8> {
    let Some(value) = number::<u64>(bits) else {
        return Err(ArgumentProblem::Other("has a prefix that is no number"));
    };
    match u8::try_from(value) {
        Ok(bits) if (min..=max).contains(&bits) => Ok(bits),
        _ => Err(ArgumentProblem::OutOfRange { value, min: min.into(), max: max.into() }),
    }
}

/// The bits of a netmask without holes.
fn bits(netmask: Ipv4Addr) -> Check<u8> {
    let mask = u32::from(netmask);
    let ones = mask.leading_ones();
    match u8::try_from(ones) {
        Ok(bits) if mask.checked_shl(ones).unwrap_or(0) == 0 => Ok(bits),
        _ => Err(ArgumentProblem::Other("has a netmask with holes; the daemon drops the line")),
    }
}

/// What the daemon takes into its routing table: zeros alone only as a network of under 8 bits.
fn learned(octets: &[u8], bits: Option<u8>) -> Check {
    let zeros = octets.iter().all(|octet| *octet == 0) && bits.is_none_or(|bits| bits >= 8);
    let ones = octets.iter().all(|octet| *octet == 0xff);
    if zeros || ones { Err(NOT_LEARNED) } else { Ok(()) }
}
