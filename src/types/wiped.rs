//! [`WipedBytes`]: received bytes that are collected, in memory that is wiped.

use bytes::Bytes;
use zeroize::Zeroizing;

/// Gives `bytes` room for so many; the old memory is wiped, as `Vec` would not.
fn grow(bytes: &mut Zeroizing<Vec<u8>>, capacity: usize) {
    let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
    larger.extend_from_slice(bytes);
    *bytes = larger;
}

/// Adds what `write` writes, at most `most` bytes; where `bytes` grow for it, the old memory is wiped.
pub(crate) fn append_wiped(
    bytes: &mut Zeroizing<Vec<u8>>,
    most: usize,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let needed = bytes.len() + most;
    if needed > bytes.capacity() {
        grow(bytes, needed.max(2 * bytes.capacity()));
    }
    let capacity = bytes.capacity();
    write(bytes);
    debug_assert_eq!(
        bytes.capacity(),
        capacity,
        "`Vec` has grown, and its old memory is not wiped"
    );
}

/// Grows by hand, because `Vec` would leave the old memory unwiped.
#[derive(Default)]
pub(crate) struct WipedBytes(Zeroizing<Vec<u8>>);

impl WipedBytes {
    const FIRST: usize = 512;

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Adds `bytes`; memory for no more than `limit` is taken ahead.
    pub(crate) fn extend(&mut self, bytes: &[u8], limit: usize) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let size = (2 * self.0.capacity()).max(Self::FIRST).min(limit).max(needed);
            grow(&mut self.0, size);
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
