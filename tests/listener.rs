//! Daemons that dial in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "listener/dialers.rs"]
mod dialers;
#[cfg(feature = "systemd")]
#[path = "listener/handed_over.rs"]
mod handed_over;
#[path = "listener/misused.rs"]
mod misused;
#[path = "listener/real.rs"]
mod real;
