//! [`Authenticator`]: who decides about the clients of a server.

use std::future::Future;

use super::{Attempt, BoxError};
use crate::challenge::Crv1;
use crate::command::PeerConfig;

/// Decides about one attempt of a client to be let in.
///
/// Also any closure `Fn(Attempt) -> impl Future<Output = Result<Decision, BoxError>>`.
/// [`BoxAuthenticator`](super::BoxAuthenticator) holds one of whatever type.
/// An error, a panic, and a decision that comes after the deadline all deny.
pub trait Authenticator: Send + Sync + 'static {
    /// Decides. Attempts of different clients run at the same time.
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> impl Future<Output = Result<Decision, BoxError>> + Send;
}

impl<F, Fut> Authenticator for F
where
    F: Fn(Attempt) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Decision, BoxError>> + Send,
{
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> impl Future<Output = Result<Decision, BoxError>> + Send {
        self(attempt)
    }
}

/// What becomes of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Let in, with the server's own configuration.
    Allow,
    /// Let in with a configuration of its own.
    AllowWith(PeerConfig),
    /// Turned away.
    #[non_exhaustive]
    Deny {
        /// For the server's log, at most 256 bytes.
        reason: String,
        /// For the client's user, at most 256 bytes.
        client_reason: Option<String>,
    },
    /// Turned away with a challenge; the client connects again with the response.
    Challenge(Crv1),
}

impl Decision {
    /// Turned away, with a reason for the server's log alone.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::Deny { reason: reason.into(), client_reason: None }
    }

    /// Turned away, with a reason for the log and one for the client's user.
    pub fn deny_with(reason: impl Into<String>, client_reason: impl Into<String>) -> Self {
        Self::Deny { reason: reason.into(), client_reason: Some(client_reason.into()) }
    }
}
