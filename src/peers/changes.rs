//! [`Changes`]: the changes of a table, as they come.

use std::fmt;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::task::JoinSet;

use super::Change;
use crate::client::Lagged;

/// The changes of a [`LivePeers`](super::LivePeers), in their order.
///
/// It holds up nothing: whoever falls behind by more than the
/// [capacity](super::LivePeersBuilder::capacity) loses the oldest and is told how many. Then
/// [`subscribe`](super::LivePeers::subscribe) anew gives the table and the changes behind it.
pub struct Changes {
    changes: Receiver<Change>,
    /// What brings them, where it ends with them.
    following: JoinSet<()>,
}

impl Changes {
    pub(super) fn new(changes: Receiver<Change>) -> Self {
        Self { changes, following: JoinSet::new() }
    }

    /// Runs this beside, until they are dropped.
    pub(super) fn follow(&mut self, following: impl Future<Output = ()> + Send + 'static) {
        self.following.spawn(following);
    }

    /// The next change; `None` when the table is gone.
    ///
    /// # Errors
    /// [`Lagged`] when this subscriber fell behind; the next call goes on with the oldest change that is left.
    ///
    /// # Cancel safety
    /// Cancel safe: no change is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Change, Lagged>> {
        match self.changes.recv().await {
            Ok(change) => Some(Ok(change)),
            Err(RecvError::Lagged(lost)) => Some(Err(Lagged(lost))),
            Err(RecvError::Closed) => None,
        }
    }

    /// A change that is already there; `None` when there is none now.
    ///
    /// # Errors
    /// [`Lagged`], as [`next`](Self::next).
    pub fn try_next(&mut self) -> Option<Result<Change, Lagged>> {
        use tokio::sync::broadcast::error::TryRecvError;
        match self.changes.try_recv() {
            Ok(change) => Some(Ok(change)),
            Err(TryRecvError::Lagged(lost)) => Some(Err(Lagged(lost))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}
