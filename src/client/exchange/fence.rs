//! [`FenceState`]: a command of the exchange's own, whose reply proves that all before it were read.

use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use zeroize::Zeroizing;

/// What OpenVPN 3 says of a signal it does not know; it names none.
const UNNAMED_REPLY: &[u8] = b"ERROR: signal not supported";

/// The fence of a connection. At most one is on its way.
///
/// It is `signal fence-…`: every daemon refuses a signal of that name, at any time, and repeats the
/// name, which no other reply has. The name holds a number that cannot be guessed, so that no text a
/// client of the VPN has put into a reply passes for it.
pub(super) struct FenceState {
    key: u64,
    count: u64,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    /// It is to be written next.
    Due,
    /// It was written, and its reply is awaited.
    Sent,
}

impl FenceState {
    pub(super) fn new() -> Self {
        // The standard library's own source of random keys.
        Self { key: RandomState::new().hash_one(0), count: 0, phase: Phase::Idle }
    }

    /// Whether none is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    pub(super) fn is_due(&self) -> bool {
        self.phase == Phase::Due
    }

    pub(super) fn is_sent(&self) -> bool {
        self.phase == Phase::Sent
    }

    /// Has one sent, where none is on its way.
    pub(super) fn demand(&mut self) {
        if self.is_idle() {
            self.phase = Phase::Due;
        }
    }

    /// The command, which counts as sent.
    pub(super) fn send(&mut self) -> Zeroizing<Vec<u8>> {
        self.phase = Phase::Sent;
        self.count = self.count.wrapping_add(1);
        Zeroizing::new(format!("signal {}\n", self.name()).into_bytes())
    }

    /// How long the command is, at most.
    pub(super) const fn len() -> usize {
        "signal fence--\n".len() + 16 + 20
    }

    /// Whether a line is the reply of the fence that was sent last. `unnamed` tells whether OpenVPN 3's
    /// counts, which a `signal` of a caller's could have too.
    pub(super) fn is_answered_by(&self, line: &Bytes, unnamed: bool) -> bool {
        let named = || {
            let rest = line.strip_prefix(b"ERROR: signal '")?;
            rest.strip_prefix(self.name().as_bytes())?.first()
        };
        line.starts_with(b"ERROR: signal ")
            && (named() == Some(&b'\'') || (unnamed && line == UNNAMED_REPLY))
    }

    /// It was answered, or taken back before it was written.
    pub(super) fn clear(&mut self) {
        self.phase = Phase::Idle;
    }

    fn name(&self) -> String {
        format!("fence-{:016x}-{}", self.key, self.count)
    }
}
