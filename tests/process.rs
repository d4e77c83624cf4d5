//! Daemons that the program starts itself.
#![cfg(all(feature = "process", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "process/ends.rs"]
mod ends;
#[path = "process/killed.rs"]
mod killed;
#[path = "process/listens.rs"]
mod listens;
#[path = "process/privileges.rs"]
mod privileges;
#[path = "process/refused.rs"]
mod refused;
#[path = "process/scene.rs"]
mod scene;
#[path = "process/starts.rs"]
mod starts;
#[path = "process/supervised.rs"]
mod supervised;
