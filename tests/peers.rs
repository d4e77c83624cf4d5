//! The session table against simulated servers, whose clients are known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "peers/in_order.rs"]
mod in_order;
#[path = "peers/long_names.rs"]
mod long_names;
#[path = "peers/manager.rs"]
mod manager;
#[path = "peers/many.rs"]
mod many;
#[path = "peers/property.rs"]
mod property;
#[path = "peers/replay.rs"]
mod replay;
#[path = "peers/taken_over.rs"]
mod taken_over;
#[path = "peers/ten_thousand.rs"]
mod ten_thousand;
#[path = "peers/truth.rs"]
mod truth;
