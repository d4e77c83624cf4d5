//! The one manager that is connected.

use crate::input::LineBuffer;

/// Lines that are collected up to `END`.
#[derive(Debug)]
pub(super) enum Block {
    /// Configuration for a client that is let in.
    ClientAuth { cid: u64, kid: u64 },
    /// A packet filter.
    ClientPf { cid: u64 },
    /// A signature.
    Signature,
    /// A certificate.
    Certificate,
    /// A long password of this type.
    Password(String),
}

/// What is known of a manager, and forgotten when it leaves.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "switches of the protocol, each on its own")]
pub(super) struct Link {
    pub(super) input: LineBuffer,
    /// Its password was right, or none is asked for.
    pub(super) verified: bool,
    pub(super) tries: u8,
    pub(super) state_on: bool,
    pub(super) log_on: bool,
    pub(super) echo_on: bool,
    pub(super) block: Option<(Block, Vec<String>)>,
    /// It said `exit`, or gave a third wrong password.
    pub(super) halt: bool,
}
