//! [`Waiting`]: the clients that wait for a decision, and which of them go where too many do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use crate::client::registry::request_state::RequestState;
use crate::events::Env;
use crate::types::{Cid, Kid};

type Key = (Cid, Kid);

/// How many renewals of one client may wait at once.
const MAX_RENEWALS: usize = 3;

/// How many clients may wait at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) clients: usize,
    pub(crate) clients_per_address: usize,
}

/// Clients that were denied unseen because too many waited for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Overflow {
    /// How many, for [`Builder::request_limit`](crate::Builder::request_limit).
    pub over_limit: u64,
    /// How many, for [`Builder::request_limit_per_address`](crate::Builder::request_limit_per_address).
    pub over_address_limit: u64,
}

/// The clients that wait for a decision, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    clients: BTreeMap<Key, Client>,
    by_age: BTreeMap<u64, Key>,
    by_address: HashMap<Address, usize>,
    /// Those that nobody has looked at, by who and where they are.
    untaken: HashMap<Group, BTreeSet<u64>>,
    /// The same groups in the order in which they are denied, the last one first.
    ranks: BTreeSet<Rank>,
    next_age: u64,
}

#[derive(Debug)]
struct Client {
    age: u64,
    state: Arc<RequestState>,
    group: Group,
}

/// New clients are denied before those that are in and renew their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Group {
    is_new: bool,
    address: Address,
}

/// The largest group is denied first; of equal ones, the one that holds the newest client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_new: bool,
    size: usize,
    newest: u64,
    group: Group,
}

/// Where a client comes from. Whoever has one IPv6 address has its /64 network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Address {
    V4(u32),
    V6(u64),
    Unknown,
}

impl Address {
    /// The peer's address. The daemon's own value comes last in a block, whatever a client adds.
    pub(crate) fn of(env: &Env) -> Self {
        match env.peer_address() {
            Some(IpAddr::V4(ip)) => Self::V4(ip.to_bits()),
            Some(IpAddr::V6(ip)) => match ip.to_ipv4_mapped() {
                Some(ip) => Self::V4(ip.to_bits()),
                None => Self::V6(u64::try_from(ip.to_bits() >> 64).unwrap_or(u64::MAX)),
            },
            None => Self::Unknown,
        }
    }
}

impl Waiting {
    /// The clients, each with the KID that is to be decided about.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (Cid, Kid)> + '_ {
        self.clients.keys().copied()
    }

    pub(crate) fn get(&self, cid: Cid, kid: Kid) -> Option<&Arc<RequestState>> {
        self.clients.get(&(cid, kid)).map(|client| &client.state)
    }

    /// Adds a client that nobody has looked at.
    pub(crate) fn add(
        &mut self,
        key: Key,
        state: Arc<RequestState>,
        is_new: bool,
        address: Address,
    ) {
        self.remove(key);
        let (age, group) = (self.next_age, Group { is_new, address });
        self.next_age += 1;
        self.clients.insert(key, Client { age, state, group });
        self.by_age.insert(age, key);
        *self.by_address.entry(address).or_default() += 1;
        self.change_group(group, |ages| {
            ages.insert(age);
        });
    }

    /// Somebody looks at this client now.
    pub(crate) fn take(&mut self, key: Key) {
        if let Some(client) = self.clients.get(&key) {
            let (age, group) = (client.age, client.group);
            self.change_group(group, |ages| {
                ages.remove(&age);
            });
        }
    }

    /// This client does not wait any more.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Arc<RequestState>> {
        self.take(key);
        let client = self.clients.remove(&key)?;
        self.by_age.remove(&client.age);
        if let Some(count) = self.by_address.get_mut(&client.group.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_address.remove(&client.group.address);
            }
        }
        Some(client.state)
    }

    /// As [`remove`](Self::remove), where it is this very request.
    pub(crate) fn remove_if(&mut self, key: Key, state: &RequestState) {
        let is_it = |client: &Client| std::ptr::eq(Arc::as_ptr(&client.state), state);
        if self.clients.get(&key).is_some_and(is_it) {
            self.remove(key);
        }
    }

    /// Removes the oldest renewals of a client that has more of them than it can need: the newest
    /// keys are the ones it goes on with.
    pub(crate) fn remove_old_renewals(&mut self, cid: Cid) -> Vec<Arc<RequestState>> {
        let of_client = self.clients.range((cid, Kid(0))..=(cid, Kid(u32::MAX)));
        let renewals = of_client.filter(|(_, client)| !client.group.is_new);
        let mut ages: Vec<_> = renewals.map(|(key, client)| (client.age, *key)).collect();
        ages.sort_unstable();
        let excess = ages.len().saturating_sub(MAX_RENEWALS);
        ages.into_iter().take(excess).filter_map(|(_, key)| self.remove(key)).collect()
    }

    /// Removes every request of one client.
    pub(crate) fn remove_client(&mut self, cid: Cid) -> Vec<Arc<RequestState>> {
        let of_client = self.clients.range((cid, Kid(0))..=(cid, Kid(u32::MAX)));
        let keys: Vec<_> = of_client.map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| self.remove(key)).collect()
    }

    pub(crate) fn remove_all(&mut self) -> impl Iterator<Item = Arc<RequestState>> + use<> {
        std::mem::take(self).clients.into_values().map(|client| client.state)
    }

    /// The client to be denied where too many wait: one that nobody has looked at, of the address
    /// that has the most of those, the newest.
    pub(crate) fn excess(&self, limits: Limits, newest: Key, told: &mut Overflow) -> Option<Key> {
        if let Some(key) = self.excess_of_address(limits, newest) {
            told.over_address_limit += 1;
            return Some(key);
        }
        if self.clients.len() <= limits.clients {
            return None;
        }
        let rank = self.ranks.last()?;
        told.over_limit += 1;
        self.by_age.get(&rank.newest).copied()
    }

    /// The newest client that is not in yet and that nobody has looked at, where too many of its
    /// address wait.
    fn excess_of_address(&self, limits: Limits, newest: Key) -> Option<Key> {
        let address = self.clients.get(&newest)?.group.address;
        if *self.by_address.get(&address)? <= limits.clients_per_address {
            return None;
        }
        let age = self.untaken.get(&Group { is_new: true, address })?.last()?;
        self.by_age.get(age).copied()
    }

    fn change_group(&mut self, group: Group, change: impl FnOnce(&mut BTreeSet<u64>)) {
        let ages = self.untaken.entry(group).or_default();
        if let Some(rank) = rank(group, ages) {
            self.ranks.remove(&rank);
        }
        change(ages);
        match rank(group, ages) {
            Some(rank) => {
                self.ranks.insert(rank);
            }
            None => {
                self.untaken.remove(&group);
            }
        }
    }
}

/// `None` for a group of nobody.
fn rank(group: Group, ages: &BTreeSet<u64>) -> Option<Rank> {
    let (is_new, size) = (group.is_new, ages.len());
    ages.last().map(|newest| Rank { is_new, size, newest: *newest, group })
}

#[cfg(test)]
#[path = "waiting/tests.rs"]
mod tests;
