//! Futures and handles that are dropped at any moment.
#![cfg(all(feature = "process", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "cancellation/answers.rs"]
mod answers;
#[path = "cancellation/boxed.rs"]
mod boxed;
#[path = "cancellation/called.rs"]
mod called;
#[path = "cancellation/commands.rs"]
mod commands;
#[path = "cancellation/drops.rs"]
mod drops;
#[path = "cancellation/ends.rs"]
mod ends;
#[path = "cancellation/handlers.rs"]
mod handlers;
#[path = "cancellation/handles.rs"]
mod handles;
#[path = "cancellation/methods.rs"]
mod methods;
#[path = "cancellation/processes.rs"]
mod processes;
#[path = "process/scene.rs"]
#[allow(dead_code, reason = "it has more than is used here")]
mod scene;
#[path = "cancellation/sessions.rs"]
mod sessions;
#[path = "cancellation/sockets.rs"]
mod sockets;
#[path = "cancellation/stepped.rs"]
mod stepped;
#[path = "cancellation/streams.rs"]
mod streams;
#[path = "cancellation/trickle.rs"]
mod trickle;
#[path = "cancellation/world.rs"]
mod world;
