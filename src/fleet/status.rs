//! [`MemberStatus`]: how a member is.

use std::sync::Arc;

use tokio::time::Instant;

use crate::error::Error;
use crate::session::LinkStatus;

/// How a member of a [`Fleet`](super::Fleet) is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemberStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it is a [listener](super::Fleet::add_listener), which has no sessions: those who dial in are members of
    /// their own.
    pub is_listener: bool,
    /// What it does; that of a source that does not [tell](crate::SessionSource::watch) is `Connecting` between two sessions.
    pub status: LinkStatus,
    /// Since when its session has been there; `None` where there is none.
    pub since: Option<Instant>,
    /// The number of the session that its last item was of, from 1; 0 before the first.
    pub number: u64,
    /// What keeps it from a session, or has ended it.
    pub error: Option<Error>,
    /// How many items the fleet has given of it.
    pub items: u64,
    /// How many of its events were lost, as the program was slow.
    pub lagged: u64,
}
