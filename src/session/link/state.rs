//! [`LinkStatus`]: what a link is doing.

use std::fmt;

use tokio::time::Instant;

use super::Trouble;
use crate::client::WeakClient;
use crate::error::Error;

/// What a [`Link`](super::Link) is doing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LinkStatus {
    /// Nothing: [`next`](super::Link::next) was not called yet.
    Idle,
    /// It connects, greets and sets up.
    #[non_exhaustive]
    Connecting {
        /// Which attempt it is since the last session, from 1.
        attempt: u32,
    },
    /// It waits before it tries again.
    #[non_exhaustive]
    Waiting {
        /// When it tries again.
        until: Instant,
        /// Why there is no session; `None` behind a session that did not live long.
        trouble: Option<Trouble>,
        /// The same at length.
        error: Option<Error>,
    },
    /// There is a session.
    #[non_exhaustive]
    Connected {
        /// Which one it is, from 1.
        number: u64,
    },
    /// It has ended, and this is why.
    Ended(Error),
}

impl LinkStatus {
    /// [`Connecting`](Self::Connecting): for tests of what shows it.
    #[must_use]
    pub fn connecting(attempt: u32) -> Self {
        Self::Connecting { attempt }
    }

    /// [`Waiting`](Self::Waiting), for this error and the trouble that it tells of.
    #[must_use]
    pub fn waiting(until: Instant, error: Option<Error>) -> Self {
        Self::Waiting { until, trouble: error.as_ref().map(Trouble::of), error }
    }

    /// [`Connected`](Self::Connected)
    #[must_use]
    pub fn connected(number: u64) -> Self {
        Self::Connected { number }
    }
}

impl fmt::Display for LinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("nobody waits for a session"),
            Self::Connecting { attempt } => write!(f, "connecting, attempt {attempt}"),
            Self::Waiting { error: Some(error), .. } => write!(f, "waiting: {error}"),
            Self::Waiting { .. } => f.write_str("waiting"),
            Self::Connected { number } => write!(f, "connected, session {number}"),
            Self::Ended(error) => write!(f, "ended: {error}"),
        }
    }
}

/// What the handles of a link, or of a member of a fleet, see of it.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) status: LinkStatus,
    pub(crate) client: Option<WeakClient>,
}
