//! How often somebody may guess.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Wrong guesses a user has.
const GUESSES: u32 = 5;
/// How long it takes until a user has them again.
const PAUSE: Duration = Duration::from_secs(300);

/// Counts the guesses of each user.
///
/// Only users of the file have an entry, made at the start: no name that is made up takes memory,
/// or the place of another. Being locked out does not tell who there is: the password is hashed
/// all the same, and denied in the same words, as that of a user that there is not.
///
/// Whoever knows a name can lock its user out for a while; sessions that are open go on.
pub(crate) struct Lockout(Mutex<HashMap<String, Guesses>>);

#[derive(Default)]
struct Guesses {
    made: u32,
    last: Option<Instant>,
}

impl Lockout {
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let guesses = names.map(|name| (name.to_owned(), Guesses::default()));
        Self(Mutex::new(guesses.collect()))
    }

    /// Takes one guess, in advance: of many at the same time, none is for free. `false` where
    /// there is none left, and for a name that nobody has.
    pub(crate) fn take(&self, name: &str, now: Instant) -> bool {
        let mut names = self.names();
        let Some(guesses) = names.get_mut(name) else { return false };
        if guesses.last.is_some_and(|last| now.duration_since(last) >= PAUSE) {
            guesses.made = 0;
        }
        if guesses.made >= GUESSES {
            return false;
        }
        guesses.made += 1;
        guesses.last = Some(now);
        true
    }

    /// Gives one guess back: it was right, as far as it went.
    pub(crate) fn give_back(&self, name: &str) {
        if let Some(guesses) = self.names().get_mut(name) {
            guesses.made = guesses.made.saturating_sub(1);
        }
    }

    /// Forgets the guesses of a user, who is in.
    pub(crate) fn forget(&self, name: &str) {
        if let Some(guesses) = self.names().get_mut(name) {
            *guesses = Guesses::default();
        }
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Guesses>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lockout() -> (Lockout, Instant) {
        (Lockout::new(["alice", "bob"].into_iter()), Instant::now())
    }

    #[test]
    fn guesses_run_out_and_come_back() {
        let (lockout, start) = lockout();
        for _ in 0..GUESSES {
            assert!(lockout.take("alice", start));
        }
        assert!(!lockout.take("alice", start));
        assert!(lockout.take("bob", start), "others are not concerned");
        assert!(lockout.take("alice", start + PAUSE));
    }

    #[test]
    fn a_right_guess_costs_nothing() {
        let (lockout, start) = lockout();
        for _ in 0..3 * GUESSES {
            assert!(lockout.take("alice", start));
            lockout.give_back("alice");
        }
    }

    #[test]
    fn names_that_are_made_up_flush_nothing() {
        let (lockout, start) = lockout();
        for _ in 0..GUESSES {
            lockout.take("alice", start);
        }
        for number in 0..20_000 {
            assert!(!lockout.take(&number.to_string(), start), "nobody has this name");
            lockout.forget(&number.to_string());
        }
        assert!(!lockout.take("alice", start));
        assert_eq!(lockout.names().len(), 2);
    }
}
