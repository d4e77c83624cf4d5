//! Connections that are not lost, wedged or starved, whatever a daemon answers and callers do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "nothing outside could reach it")]

#[path = "lasting/buffered.rs"]
mod buffered;
#[path = "lasting/closing.rs"]
mod closing;
#[path = "lasting/cut.rs"]
mod cut;
#[path = "lasting/patience.rs"]
mod patience;
#[path = "lasting/replies.rs"]
mod replies;
#[path = "lasting/requests.rs"]
mod requests;
#[path = "lasting/settings.rs"]
mod settings;
#[path = "lasting/streams.rs"]
mod streams;
