//! What real daemons ask, and each way to answer it.
//!
//! Each test starts its own daemons. Nothing sleeps to wait; every wait has a deadline
//! and says what it was for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "nothing outside could reach it")]

#[path = "../lab/mod.rs"]
mod lab;

#[path = "requests/clients.rs"]
mod clients;
#[path = "requests/credentials.rs"]
mod credentials;
#[path = "requests/daemon.rs"]
mod daemon;
#[path = "requests/handlers.rs"]
mod handlers;
#[path = "requests/keys.rs"]
mod keys;
#[path = "requests/remotes.rs"]
mod remotes;
#[path = "requests/restarts.rs"]
mod restarts;
#[path = "requests/storm.rs"]
mod storm;
