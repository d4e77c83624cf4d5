//! A link as a source of requests.

use super::Link;
use crate::requests::{RequestSource, SourceError, Sourced};
use crate::session::{SessionSource, requests_of};

/// Its sessions' requests, one connection after another; their events are dropped. What ends the link is told once.
impl RequestSource for Link {
    async fn next_connection(&mut self) -> Option<Result<Sourced, SourceError>> {
        let next = self.next_session().await?;
        Some(requests_of(next, self.connector.to_string()))
    }
}
