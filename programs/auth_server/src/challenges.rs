//! Dynamic challenges (`CRV1`) that wait for their response.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use openvpn_mgmt::Secret;
use server_common::token::unguessable;

/// How long a user may take to type the code.
const LIFETIME: Duration = Duration::from_secs(120);

/// Whose password was right, by the state ID of the challenge they got.
///
/// A state ID stands for a right password, so it is unguessable, good for one response
/// of one user, and not for long.
#[derive(Default)]
pub(crate) struct Challenges(Mutex<HashMap<String, Waiting>>);

struct Waiting {
    name: String,
    until: Instant,
}

impl Challenges {
    /// A state ID for a user whose password was right.
    pub(crate) fn begin(&self, name: &str) -> String {
        let id = unguessable();
        let now = Instant::now();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, challenge| challenge.until > now);
        waiting.insert(id.clone(), Waiting { name: name.to_owned(), until: now + LIFETIME });
        id
    }

    /// Whether this user was given the state ID, lately and never asked for it since.
    pub(crate) fn end(&self, state_id: &Secret, name: &str) -> bool {
        let Some(id) = state_id.expose_str() else { return false };
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let challenge = waiting.remove(id);
        challenge.is_some_and(|it| it.name == name && it.until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_id_is_good_once_and_for_its_user() {
        let challenges = Challenges::default();
        let id = Secret::from(challenges.begin("alice"));
        assert!(challenges.end(&id, "alice"));
        assert!(!challenges.end(&id, "alice"));
        let id = Secret::from(challenges.begin("alice"));
        assert!(!challenges.end(&id, "bob"));
        assert!(!challenges.end(&id, "alice"), "whoever tries another's uses it up");
        assert!(!challenges.end(&Secret::from("guess"), "alice"));
    }
}
