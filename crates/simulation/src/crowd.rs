//! [`Addresses`]: where the clients of a daemon come from, and what they say of that themselves.

use std::collections::BTreeMap;

use crate::scenario::{Plan, Setting};

/// The addresses of clients, which the test kit has all at one.
#[derive(Default)]
pub(crate) struct Addresses {
    /// How many there are; none for the test kit's own.
    count: u32,
    /// Whether each client claims one that is nobody's.
    are_claimed: bool,
    /// Of those who did not come from the address of their number.
    of: BTreeMap<u64, u32>,
    /// Whose block goes on.
    block: Option<u64>,
}

impl Addresses {
    pub(crate) fn new(plan: &Plan) -> Self {
        let count = plan.has(Setting::Addresses).unwrap_or(0);
        let are_claimed = plan.has(Setting::Claims).is_some();
        Self { count, are_claimed, ..Self::default() }
    }

    /// A client comes from this address.
    pub(crate) fn comes(&mut self, cid: u64, address: u32) {
        self.of.insert(cid, address);
    }

    /// What is said in place of a line of a client's block.
    pub(crate) fn instead(&mut self, line: &[u8]) -> Option<String> {
        if self.count == 0 || !line.starts_with(b">CLIENT:") {
            return None;
        }
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        let event = text.strip_prefix(">CLIENT:")?;
        if event.starts_with("ENV,untrusted_ip=") {
            let address = self.address(self.block?);
            return Some(format!(">CLIENT:ENV,untrusted_ip=10.8.1.{address}\r\n"));
        }
        if !event.starts_with("ENV,") {
            self.block = event.split(',').nth(1).and_then(|cid| cid.parse().ok());
            let asks = event.starts_with("CONNECT,") || event.starts_with("REAUTH,");
            if let Some(cid) = self.block.filter(|_| asks && self.are_claimed) {
                // Before what the daemon says.
                let claim = format!(">CLIENT:ENV,untrusted_ip=10.9.{}.{}", cid / 250, cid % 250);
                return Some(format!("{text}\r\n{claim}\r\n"));
            }
        }
        None
    }

    fn address(&self, cid: u64) -> u64 {
        let own = cid % u64::from(self.count);
        self.of.get(&cid).map_or(own, |address| u64::from(address % self.count))
    }
}
