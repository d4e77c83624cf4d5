//! Who is in, and how a client shows that it is one of them.
//!
//! A client that renews its keys (`REAUTH`) or comes back after a lost connection cannot
//! always ask its user again. What it sends instead was seen on OpenVPN 2.5 to 2.7:
//! - With `auth-gen-token LIFETIME external-auth`, a token, which the daemon verifies before
//!   it asks, here and at each new `CONNECT`. This is what a server should use: without
//!   it, a client that lost its connection has to ask its user for password and code.
//! - Without tokens, at `REAUTH`, the same password once more, byte for byte: after a challenge
//!   that is `CRV1::state::response`, or `SCRV1:password:response`, with a code long used up.
//!   It holds what only this client knows, and is right because it was right when this
//!   session began.
//! - After a `CR_TEXT`, at `REAUTH`, the password alone. That is one factor: a new TLS session
//!   from the same address and port is a `REAUTH` too, and may be somebody else's who
//!   knows the password. So it shows nothing, and the code is asked for again.
//! - With `auth-gen-token` alone the daemon lets tokens in without asking. Nobody then gives
//!   the client its own address and routes, so that is not for this server.
//!
//! Sessions outlive this program, each as a hash under its user's key: it is worth nothing
//! elsewhere, cannot be made without the file of users, and a user whose password or secret
//! was changed there has no session any more. Static challenges are the exception. Their
//! response holds the password, and a fast hash of a password is not to lie on a disk.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, Mac as _};
use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::events::SessionState;
use openvpn_mgmt::handler::{Attempt, AttemptKind};
use openvpn_mgmt::{Cid, Secret};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::users::User;

/// How long a session is remembered that is not used, in seconds. The daemon lets tokens expire
/// of its own; clients that left while this program was down leave theirs behind.
const MEMORY: u64 = 7 * 24 * 60 * 60;
/// How old the last use may be in the file.
const OLD: u64 = 60 * 60;

/// What the users who are in will show.
pub(crate) struct Sessions {
    /// What is never written is kept under this key too.
    key: [u8; 32],
    proofs: Mutex<HashMap<Proof, Session>>,
}

/// A hash of what a client shows: a genuine token of its session, or the response to the
/// challenge that it came in by.
type Proof = [u8; 32];

#[derive(Clone, Copy)]
struct Session {
    /// Whose response it is; a token is not bound to a client.
    cid: Option<Cid>,
    /// Whether it may be written.
    lasting: bool,
    /// In Unix seconds.
    used: u64,
}

/// A session as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredSession {
    proof: String,
    cid: Option<u64>,
    used: u64,
}

impl Sessions {
    /// Goes on with the sessions of before. `now` is in Unix seconds.
    pub(crate) fn new(stored: Vec<StoredSession>, now: u64) -> Self {
        let recent = stored.into_iter().filter(|session| is_recent(session.used, now));
        let proofs = recent.filter_map(StoredSession::into_session).collect();
        Self { key: rand::random(), proofs: Mutex::new(proofs) }
    }

    pub(crate) fn len(&self) -> usize {
        self.proofs().len()
    }

    /// Whether the attempt goes on with a session of this user.
    pub(crate) fn goes_on(&self, attempt: &Attempt, user: &User) -> bool {
        let shown = match (attempt.env().session_state(), attempt.kind()) {
            (Ok(Some(SessionState::Authenticated)), _) => token(attempt, user),
            (Ok(None | Some(SessionState::Initial)), AttemptKind::Reauth) => {
                self.response(attempt, user)
            }
            // Another state is that of a token that is not, or no longer, good.
            _ => None,
        };
        shown.is_some_and(|(proof, _)| self.proofs().contains_key(&proof))
    }

    /// The user of this attempt is in. Gives whether that is to be written.
    pub(crate) fn begin(&self, attempt: &Attempt, user: &User, now: u64) -> bool {
        let shown = self.shown(attempt, user, now);
        let mut proofs = self.proofs();
        proofs.retain(|_, session| is_recent(session.used, now));
        // Client IDs are used again.
        let is_here = |proof: &Proof| shown.iter().any(|(shown, _)| shown == proof);
        proofs.retain(|proof, session| session.cid != Some(attempt.cid()) || is_here(proof));
        let mut is_news = false;
        for (proof, session) in shown {
            let before = proofs.insert(proof, session);
            let is_old = before.is_none_or(|before| now.abs_diff(before.used) >= OLD);
            is_news |= session.lasting && is_old;
            if let Some(before) = before.filter(|_| !is_old) {
                // As it is in the file.
                proofs.insert(proof, before);
            }
        }
        is_news
    }

    /// The user of this attempt is not in after all.
    pub(crate) fn forget(&self, attempt: &Attempt, user: &User) {
        let shown = self.shown(attempt, user, 0);
        let mut proofs = self.proofs();
        for (proof, _) in shown {
            proofs.remove(&proof);
        }
    }

    /// The client is gone. Its token is not: it may come back with it.
    pub(crate) fn end(&self, gone: Cid) {
        self.proofs().retain(|_, session| session.cid != Some(gone));
    }

    /// What is to be written.
    pub(crate) fn stored(&self) -> Vec<StoredSession> {
        let proofs = self.proofs();
        let lasting = proofs.iter().filter(|(_, session)| session.lasting);
        lasting.map(|(proof, session)| StoredSession::new(proof, session)).collect()
    }

    /// All that this client can show later.
    fn shown(&self, attempt: &Attempt, user: &User, now: u64) -> Vec<(Proof, Session)> {
        let shown = [token(attempt, user), self.response(attempt, user)];
        let at = |(proof, session)| (proof, Session { used: now, ..session });
        shown.into_iter().flatten().map(at).collect()
    }

    fn response(&self, attempt: &Attempt, user: &User) -> Option<(Proof, Session)> {
        let password = attempt.env().password().ok()??;
        let lasting = lasts(&password)?;
        let cid = attempt.cid();
        let parts = [b"response".as_slice(), &cid.0.to_be_bytes(), password.expose()];
        let proof = hash(&user.key, &parts)?;
        let proof = if lasting { proof } else { hash(&self.key, &[&proof])? };
        Some((proof, Session { cid: Some(cid), lasting, used: 0 }))
    }

    fn proofs(&self) -> MutexGuard<'_, HashMap<Proof, Session>> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the hash of a password may be written; `None` for one that shows nothing at all.
fn lasts(password: &Secret) -> Option<bool> {
    match ClientPassword::parse(password.expose()) {
        // Its state ID cannot be guessed, whatever the rest is.
        Ok(ClientPassword::Dynamic { .. }) => Some(true),
        Ok(ClientPassword::Static { .. }) => Some(false),
        _ => None,
    }
}

fn token(attempt: &Attempt, user: &User) -> Option<(Proof, Session)> {
    let id = attempt.env().session_id().ok()??;
    let proof = hash(&user.key, &[b"token", id.as_bytes()])?;
    Some((proof, Session { cid: None, lasting: true, used: 0 }))
}

/// A hash of parts, of which only the last may have any length.
fn hash(key: &[u8; 32], parts: &[&[u8]]) -> Option<Proof> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}

fn is_recent(used: u64, now: u64) -> bool {
    now.saturating_sub(used) < MEMORY
}

impl StoredSession {
    fn new(proof: &Proof, session: &Session) -> Self {
        let cid = session.cid.map(|cid| cid.0);
        Self { proof: STANDARD_NO_PAD.encode(proof), cid, used: session.used }
    }

    fn into_session(self) -> Option<(Proof, Session)> {
        let proof = STANDARD_NO_PAD.decode(self.proof).ok()?.try_into().ok()?;
        Some((proof, Session { cid: self.cid.map(Cid), lasting: true, used: self.used }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_alone_shows_nothing() {
        for (password, expected) in [
            ("secret", None),
            ("CRV1::state::123456", Some(true)),
            ("SCRV1:c2VjcmV0:MTIzNDU2", Some(false)),
            ("CRV1:what", None),
        ] {
            assert_eq!(lasts(&Secret::from(password)), expected, "{password}");
        }
    }

    #[test]
    fn what_is_written_is_read_until_it_is_old() {
        let session = Session { cid: Some(Cid(7)), lasting: true, used: 1000 };
        let stored = vec![StoredSession::new(&[9; 32], &session)];
        let sessions = Sessions::new(stored.clone(), 1000 + MEMORY - 1);
        assert_eq!(sessions.stored(), stored);
        assert_eq!(Sessions::new(stored.clone(), 1000 + MEMORY).len(), 0);
        sessions.end(Cid(7));
        assert_eq!(sessions.len(), 0);
    }
}
