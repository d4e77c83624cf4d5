//! The second factor: codes of six digits that change every 30 seconds (TOTP, RFC 6238).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, anyhow};
use openvpn_mgmt::Secret;
use totp_rs::{Algorithm, TOTP};

/// Seconds a code is shown for.
const STEP: u64 = 30;

/// What every authenticator app does; the secret has at least 128 bits.
pub(crate) fn totp(secret: Vec<u8>) -> Result<TOTP> {
    TOTP::new(Algorithm::SHA1, 6, 1, STEP, secret).map_err(|error| anyhow!("{error}"))
}

/// Checks codes; each is good once.
#[derive(Default)]
pub(crate) struct Codes {
    /// The step of the last code of each user that was accepted.
    used: Mutex<BTreeMap<String, u64>>,
}

impl Codes {
    /// Goes on from the codes that were used before.
    pub(crate) fn new(used: BTreeMap<String, u64>) -> Self {
        Self { used: Mutex::new(used) }
    }

    /// The step of the last code of each user that was accepted.
    pub(crate) fn used(&self) -> BTreeMap<String, u64> {
        self.lock().clone()
    }

    /// Whether the code is this user's now, or was or will be a step away, and is newer than any
    /// that was accepted before. `now` is in Unix seconds.
    pub(crate) fn accept(&self, name: &str, totp: &TOTP, code: &Secret, now: u64) -> bool {
        let Some(step) = step_of(totp, code, now / STEP) else { return false };
        let mut used = self.lock();
        if used.get(name).is_some_and(|last| *last >= step) {
            return false;
        }
        used.insert(name.to_owned(), step);
        true
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The step whose code it is. Looks at all of them, however early one fits.
fn step_of(totp: &TOTP, code: &Secret, now: u64) -> Option<u64> {
    let code = Secret::from(code.expose().trim_ascii());
    let steps = now.saturating_sub(1)..=now + 1;
    let is_its = |step: u64| Secret::from(totp.generate(step * STEP)) == code;
    steps.fold(None, |found, step| if is_its(step) { Some(step) } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A test vector of RFC 6238, cut to six digits: at 1111111109 s.
    const VECTOR: (u64, &str) = (1_111_111_109, "081804");

    fn at(codes: &Codes, now: u64) -> bool {
        let totp = totp(b"12345678901234567890".to_vec()).unwrap();
        codes.accept("alice", &totp, &Secret::from(format!(" {}\n", VECTOR.1)), now)
    }

    #[test]
    fn a_code_is_good_for_a_step_around_it() {
        for (away, good) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let now = VECTOR.0.checked_add_signed(away).unwrap();
            assert_eq!(at(&Codes::default(), now), good, "{away} s away");
        }
    }

    #[test]
    fn a_code_is_good_once() {
        let codes = Codes::default();
        assert!(at(&codes, VECTOR.0));
        assert!(!at(&codes, VECTOR.0));
        assert!(!at(&Codes::new(codes.used()), VECTOR.0), "also after a restart");
    }
}
