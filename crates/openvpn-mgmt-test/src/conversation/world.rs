//! [`World`]: what surrounds a daemon, and makes connections to it.

use std::fmt;
use std::future::Future;

use tokio::io::{AsyncRead, AsyncWrite};

/// A daemon that managers connect to, and what surrounds it: clients, servers, time.
pub trait World: Send {
    /// A manager's connection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin;

    /// Connects a manager to the daemon's management interface.
    fn connect(&mut self) -> impl Future<Output = Result<Self::Stream, WorldError>> + Send;

    /// Does what a line `world > WORDS` says.
    fn act(&mut self, words: &str) -> impl Future<Output = Result<(), WorldError>> + Send;
}

/// Why a world did not do what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldError(String);

impl WorldError {
    /// An error in these words.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// An error with all its causes.
    #[must_use]
    pub fn from_error<E>(error: E) -> Self
    where
        E: fmt::Display,
    {
        Self(format!("{error:#}"))
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WorldError {}
