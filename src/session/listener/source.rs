//! A listener as a source of requests.

use super::{Dialer, Listener};
use crate::requests::{Origin, RequestSource, SourceError, Sourced};

/// The requests of each daemon that dials in, named after who it is and numbered as they come; their events are dropped.
impl RequestSource for Listener {
    async fn next_connection(&mut self) -> Option<Result<Sourced, SourceError>> {
        let accepted = std::future::poll_fn(|cx| self.poll_accept(cx)).await?;
        let name = |dialer: Option<&Dialer>| match dialer {
            Some(dialer) => dialer.to_string(),
            None => self.endpoint().to_string(),
        };
        Some(match accepted {
            Ok(session) => {
                let name = name(session.dialer());
                self.number += 1;
                let (_, _, requests) = session.split();
                Ok(Sourced::new(Origin::new(name, self.number), requests))
            }
            Err(refused) => Err(SourceError::new(name(refused.dialer.as_deref()), refused.error)),
        })
    }
}
