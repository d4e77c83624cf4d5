//! What fuzzing holds the crate against: each target is a function of an input's bytes, which panics where a law is
//! broken.
//!
//! The same functions are run by the fuzzer (`fuzz_targets`), and over seeds and regressions by `tests/replay.rs`.

mod daemon;
mod input;
pub mod seeds;
mod targets;

/// A target: what one fuzzer drives.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which its binary and its folders have too.
    pub name: &'static str,
    /// Takes an input.
    ///
    /// # Panics
    /// A law is broken.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "demuxer", run: targets::demuxer::run },
    Target { name: "event_lines", run: targets::event_lines::run },
    Target { name: "event_values", run: targets::event_values::run },
    Target { name: "status", run: targets::status::run },
    Target { name: "env", run: targets::env::run },
    Target { name: "session", run: targets::session::run },
    Target { name: "encoder", run: targets::encoder::run },
    Target { name: "server", run: targets::server::run },
    Target { name: "conversation", run: targets::conversation::run },
];

/// Runs the target of this name.
///
/// # Panics
/// A law is broken, or there is no such target.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.unwrap_or_else(|| panic!("no target is named {name}")).run)(input);
}
