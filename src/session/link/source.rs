//! A link as a source of requests.

use super::{Link, LinkStatus};
use crate::requests::{Origin, RequestSource, SourceError, Sourced};

/// Its sessions' requests, one connection after another; their events are dropped. What ends the link is told once.
impl RequestSource for Link {
    async fn next_connection(&mut self) -> Option<Result<Sourced, SourceError>> {
        if matches!(self.status(), LinkStatus::Ended(_)) {
            return None;
        }
        let next = self.next().await;
        let name = self.connector.to_string();
        Some(match next {
            Ok(attached) => {
                let origin = Origin::new(name, attached.number);
                let (_, _, requests) = attached.session.split();
                Ok(Sourced::new(origin, requests))
            }
            Err(error) => Err(SourceError::new(name, error)),
        })
    }
}
