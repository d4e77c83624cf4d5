//! [`Murmurs`]: lines of daemons of a fleet that must not wait long behind those of others.

use std::collections::BTreeMap;

/// How many items each member had when what.
#[derive(Default)]
pub(crate) struct Murmurs {
    /// By the numbers of those that were not given yet.
    waiting: BTreeMap<usize, Murmur>,
    count: usize,
    /// How many items of each member were given.
    given: BTreeMap<usize, u64>,
}

struct Murmur {
    place: (usize, usize),
    /// The place behind it, and how many items of its own daemon and of others were given when it was read.
    end: u64,
    before: Option<(u64, u64)>,
}

/// A line may wait for so many items of each other member, for each that its own has before it.
const TURNS: u64 = 2;

impl Murmurs {
    pub(crate) fn begins(&mut self, place: (usize, usize)) -> usize {
        self.count += 1;
        self.waiting.insert(self.count, Murmur { place, end: u64::MAX, before: None });
        self.count
    }

    pub(crate) fn is_said(&mut self, number: usize, end: u64) {
        if let Some(murmur) = self.waiting.get_mut(&number) {
            murmur.end = end;
        }
    }

    /// So much was read of a connection.
    pub(super) fn read(&mut self, place: (usize, usize), read: u64) {
        let counts = self.counts(place.0);
        let due = self.waiting.values_mut();
        for murmur in due.filter(|murmur| murmur.place == place && murmur.end <= read) {
            murmur.before.get_or_insert(counts);
        }
    }

    /// How many items of this daemon were given, and of others.
    fn counts(&self, daemon: usize) -> (u64, u64) {
        let own = self.given.get(&daemon).copied().unwrap_or(0);
        (own, self.given.values().sum::<u64>() - own)
    }

    /// An item of a member is given, which may be one of these; gives how many of others went before it, where they are
    /// too many.
    pub(crate) fn gives(&mut self, daemon: usize, text: &str) -> Option<u64> {
        let number = text.strip_prefix("murmur ").and_then(|number| number.parse().ok());
        let murmur = number.and_then(|number: usize| self.waiting.remove(&number));
        let (own, others) = self.counts(daemon);
        *self.given.entry(daemon).or_default() += 1;
        let (own_before, others_before) = murmur?.before?;
        let members = self.given.len() as u64;
        let most = (own - own_before + 2) * TURNS * members;
        let went = others - others_before;
        (went > most).then_some(went)
    }
}
