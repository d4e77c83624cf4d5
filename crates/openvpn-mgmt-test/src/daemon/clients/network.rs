//! A network behind a client, as an event and `status` show it.

use std::net::Ipv4Addr;

use crate::personality::Personality;

/// What an `iroute` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: Ipv4Addr,
    mask: Ipv4Addr,
}

impl Network {
    /// Reads `192.168.7.0 255.255.255.0`; without a netmask it is a host.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let address = words.next()?.parse().ok()?;
        let mask = words.next().map_or(Ok(Ipv4Addr::BROADCAST), str::parse).ok()?;
        let network = Self { address, mask };
        let is_whole = u32::from(mask).count_ones() == network.prefix();
        is_whole.then_some(network)
    }

    fn prefix(self) -> u32 {
        u32::from(self.mask).leading_ones()
    }

    /// As `>CLIENT:ADDRESS:` has it: with its netmask, but for a host on 2.5.
    pub(super) fn in_event(self, personality: Personality) -> String {
        self.with(personality, &self.mask)
    }

    /// As a row of `status` has it: with the length of its prefix, but for a host on 2.5.
    pub(super) fn in_status(self, personality: Personality) -> String {
        self.with(personality, &self.prefix())
    }

    fn with(self, personality: Personality, size: &dyn std::fmt::Display) -> String {
        let is_bare = personality == Personality::V2_5 && self.prefix() == 32;
        if is_bare { self.address.to_string() } else { format!("{}/{size}", self.address) }
    }
}
