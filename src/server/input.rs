//! [`Input`]: a manager's bytes to lines, in the memory that a daemon has for them.

use zeroize::{Zeroize as _, Zeroizing};

use crate::types::{WipedBytes, limits};

/// How much a daemon reads at once.
pub(super) const READ: usize = 256;

/// How much of lines that have not ended it keeps: the longest line and its LF.
const BUFFER: usize = limits::LINE + 1;

/// What was received and not read, and what was read and is no whole line yet.
///
/// As a daemon it reads 256 bytes, takes the lines that are whole, and reads on. A byte for which there is no
/// room in the 1,024 bytes is lost with all that is in them.
#[derive(Default)]
pub(super) struct Input {
    /// What was received and not read; as a socket's buffer it knows of no writes.
    received: WipedBytes,
    /// How much of it was read.
    read: usize,
    buffer: Zeroizing<Vec<u8>>,
    /// How much of the buffer was taken as lines.
    taken: usize,
    /// How much of it is known to hold no LF.
    scanned: usize,
    lost: u64,
}

impl Input {
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        // Moved only where that halves it, so that a flood costs linear time.
        if self.read > self.received.len() / 2 {
            let rest = self.received.as_slice().get(self.read..).unwrap_or_default();
            let mut received = WipedBytes::default();
            received.extend(rest, rest.len() + bytes.len());
            self.received = received;
            self.read = 0;
        }
        self.received.extend(bytes, usize::MAX);
    }

    /// Reads what a daemon reads at once; `false` where there is nothing to read.
    pub(super) fn read(&mut self) -> bool {
        let rest = self.received.as_slice().get(self.read..).unwrap_or_default();
        let read = Zeroizing::new(rest.get(..READ).unwrap_or(rest).to_vec());
        if read.is_empty() {
            return false;
        }
        self.read += read.len();
        if self.read == self.received.len() {
            self.received = WipedBytes::default();
            self.read = 0;
        }
        self.forget_taken();
        read.iter().for_each(|byte| self.add(*byte));
        true
    }

    /// The next whole line of what was read, without its end.
    pub(super) fn line(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let from = self.scanned.max(self.taken);
        let Some(length) = memchr::memchr(b'\n', self.buffer.get(from..)?) else {
            self.scanned = self.buffer.len();
            return None;
        };
        let end = from + length;
        let line = Zeroizing::new(self.buffer.get(self.taken..end)?.to_vec());
        self.taken = end + 1;
        Some(line)
    }

    /// How many bytes were lost for want of room.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Forgets all that was received.
    pub(super) fn clear(&mut self) {
        *self = Self { lost: self.lost, ..Self::default() };
    }

    /// NUL and control bytes are dropped, CR among them.
    fn add(&mut self, byte: u8) {
        if byte.is_ascii_control() && byte != b'\n' {
            return;
        }
        if self.buffer.len() == BUFFER {
            self.lost += BUFFER as u64 + 1;
            self.buffer.as_mut_slice().zeroize();
            self.buffer.clear();
            self.scanned = 0;
            return;
        }
        self.buffer.push(byte);
    }

    /// Moves what is no whole line to the front.
    fn forget_taken(&mut self) {
        if self.buffer.capacity() < BUFFER {
            // All of it at once, so that growth never leaves a secret behind.
            self.buffer.reserve_exact(BUFFER);
        }
        let rest = self.buffer.len() - self.taken.min(self.buffer.len());
        self.buffer.copy_within(self.taken.., 0);
        self.buffer.get_mut(rest..).unwrap_or_default().zeroize();
        self.buffer.truncate(rest);
        self.scanned = self.scanned.saturating_sub(self.taken);
        self.taken = 0;
    }
}
