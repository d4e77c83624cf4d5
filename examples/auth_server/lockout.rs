//! How often somebody may guess.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong guesses a name has.
const GUESSES: u32 = 5;
/// How long it takes until it has them again.
const PAUSE: Duration = Duration::from_secs(300);
/// How many names are remembered; guesses of names that are made up must not fill the memory.
const NAMES: usize = 10_000;

/// Counts the guesses of each name, whether there is such a user or not: else being locked
/// out would tell who there is.
///
/// Whoever knows a name can lock its user out for a while; sessions that are open go on.
#[derive(Default)]
pub(crate) struct Lockout(Mutex<HashMap<String, Guesses>>);

struct Guesses {
    made: u32,
    since: Instant,
}

impl Lockout {
    /// Takes one guess, in advance: of many at the same time, none is for free. `false` where
    /// there is none left.
    pub(crate) fn take(&self, name: &str, now: Instant) -> bool {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES && !names.contains_key(name) {
            make_room(&mut names, now);
        }
        let guesses = names.entry(name.to_owned()).or_insert(Guesses { made: 0, since: now });
        if now.duration_since(guesses.since) >= PAUSE {
            guesses.made = 0;
        }
        if guesses.made >= GUESSES {
            return false;
        }
        guesses.made += 1;
        guesses.since = now;
        true
    }

    /// Gives one guess back: it was right, as far as it went.
    pub(crate) fn give_back(&self, name: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(guesses) = names.get_mut(name) {
            guesses.made = guesses.made.saturating_sub(1);
        }
    }

    /// Forgets the guesses of a name: its user is in.
    pub(crate) fn forget(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

fn make_room(names: &mut HashMap<String, Guesses>, now: Instant) {
    names.retain(|_, guesses| now.duration_since(guesses.since) < PAUSE);
    let oldest = names.iter().min_by_key(|(_, guesses)| guesses.since);
    if let Some(oldest) = oldest.map(|(name, _)| name.clone()).filter(|_| names.len() >= NAMES) {
        names.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_run_out_and_come_back() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        for _ in 0..GUESSES {
            assert!(lockout.take("alice", start));
        }
        assert!(!lockout.take("alice", start));
        assert!(lockout.take("bob", start), "others are not concerned");
        assert!(lockout.take("alice", start + PAUSE));
    }

    #[test]
    fn a_right_guess_costs_nothing() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        for _ in 0..3 * GUESSES {
            assert!(lockout.take("alice", start));
            lockout.give_back("alice");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        for number in 0..=NAMES {
            assert!(lockout.take(&number.to_string(), start));
        }
        assert_eq!(lockout.0.lock().unwrap().len(), NAMES);
    }
}
