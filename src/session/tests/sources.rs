//! Several sources of requests as one, by the names they were added with.

use std::collections::VecDeque;

use crate::requests::{Origin, RequestSource, SourceError, Sourced, Sources};
use crate::session::tests::*;

/// Connections that are there already, or fail.
struct Ready(VecDeque<Result<Sourced, SourceError>>);

impl RequestSource for Ready {
    async fn next_connection(&mut self) -> Option<Result<Sourced, SourceError>> {
        self.0.pop_front()
    }
}

#[tokio::test(start_paused = true)]
async fn connections_and_failures_have_the_name_of_their_source() {
    let (session, _daemon) = start(Builder::new()).await;
    let (_client, _, requests) = session.split();
    let connected = Sourced::new(Origin::new("/run/udp.sock", 7), requests);
    let failed = SourceError::new("/run/udp.sock", Error::Closed(CloseReason::Remote));

    let mut sources = Sources::new();
    assert_eq!(format!("{sources:?}"), "Sources { sources: 0, .. }");
    sources.add("udp", Ready([Err(failed), Ok(connected)].into()));
    assert_eq!(format!("{sources:?}"), "Sources { sources: 1, .. }");

    let failed = sources.next_connection().await.unwrap().unwrap_err();
    assert_eq!(&*failed.name, "udp");
    let Sourced { origin, .. } = sources.next_connection().await.unwrap().unwrap();
    assert_eq!((origin.name(), origin.number()), ("udp", 7));
    assert_eq!(origin.to_string(), "udp (7)");
    assert!(sources.next_connection().await.is_none(), "there will never be another");
}
