//! Which client goes where too many wait.

use crate::client::registry::waiting::*;

const LIMITS: Limits = Limits { clients: 4, clients_per_address: usize::MAX };

fn address(ip: &str) -> Address {
    match ip.parse().unwrap() {
        IpAddr::V4(ip) => Address::V4(ip.to_bits()),
        IpAddr::V6(ip) => Address::V6((ip.to_bits() >> 64) as u64),
    }
}

fn add(waiting: &mut Waiting, cid: u64, is_new: bool, ip: &str) -> Key {
    let key = (Cid(cid), Kid(1));
    waiting.add(key, RequestState::new(0), is_new, address(ip));
    key
}

fn excess(waiting: &Waiting, newest: Key) -> Option<u64> {
    waiting.excess(LIMITS, newest, &mut Overflow::default()).map(|key| key.0.0)
}

#[test]
fn the_newest_of_the_largest_address_goes_first() {
    let mut waiting = Waiting::default();
    add(&mut waiting, 0, true, "192.0.2.1");
    add(&mut waiting, 1, true, "192.0.2.9");
    add(&mut waiting, 2, true, "192.0.2.9");
    let newest = add(&mut waiting, 3, true, "192.0.2.2");
    assert_eq!(excess(&waiting, newest), None);
    let newest = add(&mut waiting, 4, true, "192.0.2.3");
    assert_eq!(excess(&waiting, newest), Some(2));
    // Of addresses with one each, the newest.
    waiting.remove((Cid(2), Kid(1)));
    let newest = add(&mut waiting, 5, true, "192.0.2.4");
    assert_eq!(excess(&waiting, newest), Some(5));
}

#[test]
fn those_that_somebody_looks_at_stay() {
    let mut waiting = Waiting::default();
    for cid in 0..4 {
        let key = add(&mut waiting, cid, true, "192.0.2.9");
        waiting.take(key);
    }
    let newest = add(&mut waiting, 4, true, "192.0.2.1");
    assert_eq!(excess(&waiting, newest), Some(4));
}

#[test]
fn renewals_stay_before_new_clients() {
    let mut waiting = Waiting::default();
    let first = add(&mut waiting, 0, true, "192.0.2.1");
    for cid in 1..4 {
        add(&mut waiting, cid, false, "192.0.2.9");
    }
    let newest = add(&mut waiting, 4, false, "192.0.2.9");
    assert_eq!(excess(&waiting, newest), Some(0));
    waiting.remove(first);
    let newest = add(&mut waiting, 5, false, "192.0.2.9");
    assert_eq!(excess(&waiting, newest), Some(5));
}

#[test]
fn a_renewal_is_not_denied_for_the_strangers_behind_its_address() {
    let limits = Limits { clients: 100, clients_per_address: 2 };
    let mut waiting = Waiting::default();
    let excess = |waiting: &Waiting, newest| {
        let mut told = Overflow::default();
        let key = waiting.excess(limits, newest, &mut told);
        assert_eq!(told.over_address_limit, u64::from(key.is_some()));
        key.map(|key| key.0.0)
    };
    let first = add(&mut waiting, 0, true, "192.0.2.1");
    let second = add(&mut waiting, 1, true, "192.0.2.1");
    assert_eq!(excess(&waiting, second), None);
    let renewal = add(&mut waiting, 2, false, "192.0.2.1");
    assert_eq!(excess(&waiting, renewal), Some(1));
    waiting.take(first);
    waiting.take(second);
    assert_eq!(excess(&waiting, renewal), None, "all others are being looked at");
    let third = add(&mut waiting, 3, true, "192.0.2.1");
    assert_eq!(excess(&waiting, third), Some(3));
}

#[test]
fn nothing_is_left_of_those_that_left() {
    let mut waiting = Waiting::default();
    for cid in 0..100 {
        add(&mut waiting, cid, cid % 2 == 0, "2001:db8::1");
        waiting.add((Cid(cid), Kid(2)), RequestState::new(0), false, Address::Unknown);
    }
    for cid in 0..100 {
        assert_eq!(waiting.remove_client(Cid(cid)).len(), 2);
    }
    assert!(waiting.clients.is_empty() && waiting.by_age.is_empty());
    assert!(
        waiting.by_address.is_empty() && waiting.untaken.is_empty() && waiting.ranks.is_empty()
    );
}
