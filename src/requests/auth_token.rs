//! [`AuthTokenRequest`]: a token to keep.

use crate::requests::handle::Handle;
use crate::types::Secret;

/// `>PASSWORD:Auth-Token:token`: the server gave a token to sign in with next time, in place of the password.
///
/// There is no answer, and dropping it does nothing: the daemon keeps the token, too, as long as it runs. Only
/// the newest token is kept.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AuthTokenRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    #[cfg_attr(feature = "serde", serde(skip))]
    token: Secret,
}

impl AuthTokenRequest {
    pub(crate) fn new(handle: Handle, token: Secret) -> Self {
        Self { handle, token }
    }

    /// The token, to be given as the password where the daemon asks anew.
    #[must_use]
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// Waits until another token takes its place, or the daemon restarts or ends.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.handle.state().closed().await;
    }

    /// Keeps nothing.
    pub fn decline(self) {
        self.handle.leave();
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}
