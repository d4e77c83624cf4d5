//! [`WipedBytes`]: received bytes that are collected, in memory that is wiped.

use bytes::Bytes;
use zeroize::Zeroizing;

/// Grows by hand, because `Vec` would leave the old memory unwiped.
#[derive(Default)]
pub(crate) struct WipedBytes(Zeroizing<Vec<u8>>);

impl WipedBytes {
    const FIRST: usize = 512;

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds `bytes`; memory for no more than `limit` is taken ahead.
    pub(crate) fn extend(&mut self, bytes: &[u8], limit: usize) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let size = (2 * self.0.capacity()).max(Self::FIRST).min(limit).max(needed);
            let mut larger = Zeroizing::new(Vec::with_capacity(size));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    /// All of it, without a copy.
    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self.0)
    }

    /// A copy of its own.
    pub(crate) fn copy(bytes: &[u8]) -> Bytes {
        Bytes::from_owner(Zeroizing::new(bytes.to_vec()))
    }
}
