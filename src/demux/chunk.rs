//! Received bytes that are wiped when the last line of them is dropped.

use bytes::Bytes;
use zeroize::Zeroize;

/// A run of whole lines; owner of the memory that the lines handed out share.
///
/// A line may hold a password (`>CLIENT:ENV,password=…`) long before anything
/// knows what it means, so all received memory is wiped.
struct Chunk(Vec<u8>);

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

/// Takes `lines` over without a copy.
pub(super) fn freeze(lines: Vec<u8>) -> Bytes {
    Bytes::from_owner(Chunk(lines))
}

/// Room for a line that has not ended yet; wiped when it moves and when it ends.
#[derive(Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    /// Most lines fit, so a secret is rarely moved by growth.
    const FIRST: usize = 8 * 1024;

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            self.grow(needed);
        }
        self.0.extend_from_slice(bytes);
    }

    /// Splits after `end` bytes: they are returned in memory of just that size, the rest stays.
    pub(super) fn split_to(&mut self, end: usize) -> Vec<u8> {
        let end = end.min(self.0.len());
        let head = self.0.get(..end).unwrap_or_default().to_vec();
        let rest = self.0.len() - end;
        self.0.copy_within(end.., 0);
        self.0.get_mut(rest..).unwrap_or_default().zeroize();
        self.0.truncate(rest);
        head
    }

    /// Moves to a larger buffer by hand, because `Vec` would leave the old one unwiped.
    fn grow(&mut self, needed: usize) {
        let capacity = needed.max(self.0.capacity().saturating_mul(2)).max(Self::FIRST);
        let mut larger = Vec::with_capacity(capacity);
        larger.extend_from_slice(&self.0);
        self.0.as_mut_slice().zeroize();
        self.0 = larger;
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}
