//! Five short programs: what a program of each kind costs its author. `plumbing` counts their lines.
//!
//! Each is the whole of a program but its `main`, in a file of its own, and is run here.

#![cfg(all(feature = "process", unix))]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "programs/audit.rs"]
mod audit;
#[path = "programs/exporter.rs"]
mod exporter;
#[path = "programs/orchestrator.rs"]
mod orchestrator;
#[path = "programs/plumbing.rs"]
mod plumbing;
#[path = "programs/run.rs"]
mod run;
#[path = "programs/sign_in.rs"]
mod sign_in;
#[path = "programs/vpn_client.rs"]
mod vpn_client;
