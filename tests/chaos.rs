//! What goes wrong with real daemons, done to them on purpose: they are stopped and killed within what they say, their
//! connections are cut, they say too much, and restart under load; and three versions in one fleet.
//!
//! Short with the other tests; `make chaos` (`CHAOS=long`) does more of each and prints figures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "chaos/cuts.rs"]
mod cuts;
#[path = "chaos/killed.rs"]
mod killed;
#[path = "chaos/lots.rs"]
mod lots;
#[path = "chaos/loud.rs"]
mod loud;
#[path = "chaos/relay.rs"]
mod relay;
#[path = "chaos/restarts.rs"]
mod restarts;
#[path = "chaos/stopped.rs"]
mod stopped;
#[path = "chaos/support.rs"]
mod support;
#[path = "chaos/versions.rs"]
mod versions;
#[path = "chaos/window.rs"]
mod window;
