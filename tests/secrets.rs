//! No secret is ever shown: not in `Debug`, not in `Display`, not in an error, not in a trace; and while
//! requests are on, subscribers get none.
//!
//! Each test runs a flow with secrets of its own, shows everything it is given, and then looks
//! for the secrets, in each form they could take, in that and in all that was traced.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "nothing outside could reach it")]

#[path = "secrets/broadcast.rs"]
mod broadcast;
#[path = "secrets/connection.rs"]
mod connection;
#[path = "secrets/flows.rs"]
mod flows;
#[path = "secrets/leak_check.rs"]
mod leak_check;
#[path = "secrets/readable.rs"]
mod readable;
#[path = "secrets/real.rs"]
mod real;
