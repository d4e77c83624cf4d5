//! Passwords, hashed with Argon2id.

use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use argon2::password_hash::{PasswordHash, PasswordHashString, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _};
use openvpn_mgmt::Secret;
use tokio::sync::Semaphore;

/// How many passwords are checked at a time: each takes 19 MiB and all of a core.
const AT_A_TIME: usize = 2;

/// Checks passwords, in the same time for users that there are and users that there are not.
pub(crate) struct Passwords {
    nobody: PasswordHashString,
    turn: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self> {
        let nobody = hash(&server_common::token::unguessable())?;
        Ok(Self { nobody, turn: Arc::new(Semaphore::new(AT_A_TIME)) })
    }

    /// Whether the password is this user's; never for a user that there is not.
    pub(crate) async fn check(&self, user: Option<&PasswordHashString>, password: Secret) -> bool {
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else { return false };
        let hash = user.unwrap_or(&self.nobody).clone();
        // Not on this thread: it has other clients to serve meanwhile.
        let checked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            Argon2::default().verify_password(password.expose(), &hash.password_hash()).is_ok()
        });
        checked.await.unwrap_or(false) && user.is_some()
    }
}

/// Hashes a new password.
pub(crate) fn hash(password: &str) -> Result<PasswordHashString> {
    let hash = SaltString::encode_b64(&rand::random::<[u8; 16]>()).and_then(|salt| {
        let hash = Argon2::default().hash_password(password.as_bytes(), &salt)?;
        Ok(hash.serialize())
    });
    hash.map_err(|error| anyhow!("cannot hash the password: {error}"))
}

/// Reads a hash, which must cost as much as any other: else its time would tell whose it is.
pub(crate) fn parse(text: &str) -> Result<PasswordHashString> {
    let hash = PasswordHash::new(text).map_err(|error| anyhow!("is no hash: {error}"))?;
    ensure!(hash.algorithm == Algorithm::Argon2id.ident(), "is not hashed with Argon2id");
    let params = Params::try_from(&hash).map_err(|error| anyhow!("is no hash: {error}"))?;
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    let wanted = cost(&Params::default());
    ensure!(cost(&params) == wanted, "costs other than {wanted:?}: make it with --make-user");
    Ok(hash.serialize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_user_passes() {
        let passwords = Passwords::new().unwrap();
        let hash = hash("right").unwrap();
        assert!(passwords.check(Some(&hash), Secret::from("right")).await);
        assert!(!passwords.check(Some(&hash), Secret::from("wrong")).await);
        assert!(!passwords.check(None, Secret::from("right")).await);
    }
}
