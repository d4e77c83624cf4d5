//! The session table beside real daemons.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "peers_real/restarts.rs"]
mod restarts;
#[path = "peers_real/scene.rs"]
mod scene;
#[path = "peers_real/sessions.rs"]
mod sessions;
#[path = "peers_real/status_only.rs"]
mod status_only;
