//! Who is in, and how a client shows that it is one of them.
//!
//! A client that renews its keys (`REAUTH`) or comes back after a lost connection cannot
//! ask its user again. What it sends instead was seen on OpenVPN 2.5 to 2.7:
//! - Without tokens, at `REAUTH`, the same password once more, byte for byte: after a `CRV1`
//!   challenge that is `CRV1::state::response` with a state and a code long used up. It
//!   is right because it was right when this session began. Comparing it is needed even so:
//!   a new TLS session from the same address and port is a `REAUTH` of the old client ID.
//! - With `auth-gen-token LIFETIME external-auth`, a token, which the daemon verifies before
//!   it asks, here and at each new `CONNECT`. This is what a server should use: without
//!   it, a client that lost its connection has to ask its user for password and code.
//! - With `auth-gen-token` alone the daemon lets tokens in without asking. Nobody then gives
//!   the client its own address and routes, so that is not for this server.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac as _};
use openvpn_mgmt::Cid;
use openvpn_mgmt::events::SessionState;
use openvpn_mgmt::handler::{Attempt, AttemptKind};
use sha2::Sha256;

/// How long a token is remembered that is not used. The daemon lets it expire of its own.
const TOKEN_MEMORY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the users who are in will show.
pub(crate) struct Sessions {
    /// Passwords are kept as codes under this key, which is worth nothing elsewhere.
    key: [u8; 32],
    proofs: Mutex<HashMap<Proof, Session>>,
}

/// What a client shows of a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Proof {
    /// A genuine token of the session with this ID.
    Token(Vec<u8>),
    /// The password that was right when this client connected.
    Password(Cid, Vec<u8>),
}

struct Session {
    name: String,
    used: Instant,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Self { key: rand::random(), proofs: Mutex::default() }
    }

    /// Whether the attempt goes on with a session of this user.
    pub(crate) fn goes_on(&self, attempt: &Attempt, name: &str) -> bool {
        let shown = match (attempt.env().session_state(), attempt.kind()) {
            (Some(SessionState::Authenticated), _) => session_id(attempt),
            (None | Some(SessionState::Initial), AttemptKind::Reauth) => self.password(attempt),
            // Another state is that of a token that is not, or no longer, good.
            _ => None,
        };
        let mut proofs = self.proofs();
        let session = shown.and_then(|proof| proofs.get_mut(&proof));
        session.filter(|session| session.name == name).is_some_and(|session| {
            session.used = Instant::now();
            true
        })
    }

    /// The user of this attempt is in.
    pub(crate) fn begin(&self, attempt: &Attempt, name: &str) {
        let now = Instant::now();
        let mut proofs = self.proofs();
        proofs.retain(|proof, session| match proof {
            Proof::Token(_) => now.duration_since(session.used) < TOKEN_MEMORY,
            // Client IDs are used again.
            Proof::Password(cid, _) => *cid != attempt.cid(),
        });
        for proof in [session_id(attempt), self.password(attempt)].into_iter().flatten() {
            proofs.insert(proof, Session { name: name.to_owned(), used: now });
        }
    }

    /// The client is gone. Its token is not: it may come back with it.
    pub(crate) fn end(&self, gone: Cid) {
        self.proofs().retain(|proof, _| !matches!(proof, Proof::Password(cid, _) if *cid == gone));
    }

    fn password(&self, attempt: &Attempt) -> Option<Proof> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(attempt.env().password()?.expose());
        Some(Proof::Password(attempt.cid(), mac.finalize().into_bytes().to_vec()))
    }

    fn proofs(&self) -> MutexGuard<'_, HashMap<Proof, Session>> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn session_id(attempt: &Attempt) -> Option<Proof> {
    let id = attempt.env().session_id()?;
    Some(Proof::Token(id.as_bytes().to_vec()))
}
