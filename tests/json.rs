//! The JSON of events, replies and requests: its form, line by line, what is read back, and that no secret is in it.
//!
//! `tests/json/*.txt` hold what was received and its JSON below; `JSON_SNAPSHOTS=write` writes the JSON anew.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "nothing outside could reach it")]

#[path = "json/documented.rs"]
mod documented;
#[path = "json/events.rs"]
mod events;
#[path = "json/recorded.rs"]
mod recorded;
#[path = "recordings/mod.rs"]
mod recordings;
#[path = "json/replies.rs"]
mod replies;
#[path = "json/requests.rs"]
mod requests;
#[path = "json/secrets.rs"]
mod secrets;
#[path = "json/snapshots.rs"]
mod snapshots;
