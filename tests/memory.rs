//! What a session holds at most, whatever its daemon says.
//!
//! The session is a task of the test's own thread, whose allocations are counted. The daemon is another thread, at
//! the other end of a socket, so that what is on its way is in the kernel. Each bound is a formula of the settings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, reason = "nothing outside could reach it")]

#[path = "memory/hostile.rs"]
mod hostile;
#[path = "memory/kept.rs"]
mod kept;
#[path = "memory/setup.rs"]
mod setup;
