//! Sessions one after another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "link/cancelled.rs"]
mod cancelled;
#[path = "link/commands.rs"]
mod commands;
#[path = "link/door.rs"]
mod door;
#[path = "link/guide.rs"]
mod guide;
#[path = "link/missed.rs"]
mod missed;
#[path = "link/once.rs"]
mod once;
#[path = "link/orphans.rs"]
mod orphans;
#[path = "link/program.rs"]
mod program;
#[path = "link/restarts.rs"]
mod restarts;
#[path = "link/resumed.rs"]
mod resumed;
#[path = "link/scene.rs"]
mod scene;
#[path = "link/sessions.rs"]
mod sessions;
#[path = "link/successor.rs"]
mod successor;
#[path = "link/taken_up.rs"]
mod taken_up;
