//! Many daemons as one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "fleet/cancelled.rs"]
mod cancelled;
#[path = "fleet/churn.rs"]
mod churn;
#[path = "fleet/commands.rs"]
mod commands;
#[path = "fleet/figures.rs"]
mod figures;
#[path = "fleet/members.rs"]
mod members;
#[path = "fleet/peers.rs"]
mod peers;
#[path = "fleet/real.rs"]
mod real;
#[path = "fleet/requests.rs"]
mod requests;
#[path = "fleet/support.rs"]
mod support;
#[path = "fleet/thousand.rs"]
mod thousand;
#[path = "fleet/turns.rs"]
mod turns;
