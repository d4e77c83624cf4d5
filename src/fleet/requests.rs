//! [`FleetRequests`]: what the members of a fleet ask, apart from what they say.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::requests::{Origin, RequestSource, Requests, SourceError, Sourced};

/// What the members of a [`Fleet`](super::Fleet) ask, for an [`AuthServer`](crate::handler::AuthServer) or whatever else
/// answers: from [`Fleet::requests`](super::Fleet::requests).
///
/// It ends with the fleet; connections that were given go on. When it is dropped, nobody answers any more: it is as if the
/// [`Requests`] of each session were dropped.
pub struct FleetRequests(mpsc::Receiver<Sourced>);

impl RequestSource for FleetRequests {
    async fn next_connection(&mut self) -> Option<Result<Sourced, SourceError>> {
        self.0.recv().await.map(Ok)
    }
}

impl fmt::Debug for FleetRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetRequests").finish_non_exhaustive()
    }
}

/// Where the requests of new sessions go.
#[derive(Clone, Default)]
pub(super) struct Outlet(Arc<Mutex<Option<OpenOutlet>>>);

impl Outlet {
    /// Gives them to whoever has what this returns, and no more to the one before.
    pub(super) fn divert(&self) -> FleetRequests {
        // Each waits in its own task until the one before it is taken.
        let (give, given) = mpsc::channel(1);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(OpenOutlet(give));
        FleetRequests(given)
    }

    /// Ends what was given.
    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Where they go; `None` where they stay with the events.
    pub(super) fn open(&self) -> Option<OpenOutlet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Clone)]
pub(super) struct OpenOutlet(mpsc::Sender<Sourced>);

impl OpenOutlet {
    pub(super) async fn give(self, origin: Origin, requests: Requests) {
        // Nobody may want them: then they are dropped.
        let _ = self.0.send(Sourced::new(origin, requests)).await;
    }
}
