//! What must hold while a connection is flooded, answers are withdrawn, and programs hang up at odd times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "pressure/driver.rs"]
mod driver;
#[path = "pressure/ends.rs"]
mod ends;
#[path = "pressure/memory.rs"]
mod memory;
#[path = "pressure/order.rs"]
mod order;
#[path = "pressure/stream.rs"]
mod stream;
#[path = "pressure/traffic.rs"]
mod traffic;
#[path = "pressure/versions.rs"]
mod versions;
#[path = "pressure/wakers.rs"]
mod wakers;
