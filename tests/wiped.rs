//! After a request is answered and dropped, none of its secrets is in the memory of the process.
//!
//! The program that answers is another process, which this test starts from its own file. Daemon and secrets are here,
//! and never there by any other way than its socket. The program says where it has come to; then its memory
//! is read. The credentials that its user types would be its own affair, so it has none.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "nothing outside could reach it")]

#[path = "wiped/clients.rs"]
mod clients;
#[path = "wiped/cut.rs"]
mod cut;
#[path = "wiped/memory.rs"]
mod memory;
#[path = "wiped/observed.rs"]
mod observed;
#[path = "wiped/program.rs"]
mod program;
#[path = "wiped/prompts.rs"]
mod prompts;
#[path = "wiped/real.rs"]
mod real;
#[path = "wiped/written.rs"]
mod written;
