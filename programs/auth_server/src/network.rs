//! IPv4 networks, as `10.8.0.7/24`.

use std::net::Ipv4Addr;
use std::str::FromStr;

use anyhow::{Context, Error, Result, ensure};

/// An address and the bits of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) address: Ipv4Addr,
    bits: u32,
}

impl Network {
    /// The mask of the network.
    pub(crate) fn netmask(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - self.bits).unwrap_or(0))
    }
}

impl FromStr for Network {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('/');
        let (address, bits) = parts.with_context(|| format!("{text:?} is not as 10.1.0.0/16"))?;
        let address =
            address.parse().with_context(|| format!("{address:?} is not an IPv4 address"))?;
        let bits = bits.parse().with_context(|| format!("{bits:?} is not a number of bits"))?;
        ensure!(bits <= 32, "a network has at most 32 bits, not {bits}");
        Ok(Self { address, bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_made_of_bits() {
        let mask =
            |text: &str| text.parse::<Network>().map(|network| network.netmask().to_string());
        assert_eq!(mask("10.8.0.7/24").unwrap(), "255.255.255.0");
        assert_eq!(mask("0.0.0.0/0").unwrap(), "0.0.0.0");
        assert_eq!(mask("10.8.0.7/32").unwrap(), "255.255.255.255");
        for bad in ["10.8.0.7", "10.8.0.7/33", "10.8.0/24", "10.8.0.7/-1", "/", ""] {
            assert!(mask(bad).is_err(), "{bad}");
        }
    }
}
