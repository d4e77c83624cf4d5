//! What real daemons ask, and each way to answer it.
//!
//! Each test starts its own daemons. Nothing sleeps to wait; every wait has a deadline
//! and says what it was for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "nothing outside could reach it")]

#[path = "requests/busy_log.rs"]
mod busy_log;
#[path = "requests/clients.rs"]
mod clients;
#[path = "requests/credentials.rs"]
mod credentials;
#[path = "requests/daemon.rs"]
mod daemon;
#[path = "requests/env_filter.rs"]
mod env_filter;
#[path = "requests/handlers.rs"]
mod handlers;
#[path = "requests/hostile.rs"]
mod hostile;
#[path = "requests/keys.rs"]
mod keys;
#[path = "requests/patient.rs"]
mod patient;
#[path = "requests/peers.rs"]
mod peers;
#[path = "requests/remotes.rs"]
mod remotes;
#[path = "requests/repeated_holds.rs"]
mod repeated_holds;
#[path = "requests/responses.rs"]
mod responses;
#[path = "requests/restarts.rs"]
mod restarts;
#[path = "requests/same_port.rs"]
mod same_port;
#[path = "requests/storm.rs"]
mod storm;
#[path = "requests/unsendable.rs"]
mod unsendable;
