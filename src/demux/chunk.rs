//! Received bytes: the room that is read into, and the lines handed out of it.

use bytes::buf::Limit;
use bytes::{BufMut as _, Bytes};
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

/// Room for what is read, and for a line that has not ended yet.
///
/// Bytes are read into it in place. It grows with what arrives at once and shrinks again, so that an idle
/// connection holds little; whatever leaves it is wiped behind.
#[derive(Default)]
pub(super) struct Inbox {
    memory: Vec<u8>,
    /// How much room the next read is to find.
    room: usize,
}

impl Inbox {
    /// Room of a connection on which little arrives.
    const LEAST: usize = 4 * 1024;

    /// Room of a connection that is flooded.
    const MOST: usize = 32 * 1024;

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.memory
    }

    /// Where to read into, by as much as there is room for.
    pub(super) fn room(&mut self) -> Limit<&mut Vec<u8>> {
        self.room = self.room.clamp(Self::LEAST, Self::MOST);
        self.reserve(self.room / 2);
        let room = self.memory.capacity() - self.memory.len();
        // What is made of one read is in proportion to it, so a line that made the memory large makes no larger read.
        (&mut self.memory).limit(room.min(Self::MOST))
    }

    /// So many bytes were read into the room.
    pub(super) fn has_read(&mut self, count: usize) {
        let left = self.memory.capacity() - self.memory.len();
        self.room = if left == 0 {
            (2 * self.room).clamp(Self::LEAST, Self::MOST)
        } else if count < Self::LEAST / 4 {
            // What a flood has needed is not kept by a connection that is quiet behind it.
            Self::LEAST
        } else if count < self.room / 4 {
            (self.room / 2).max(Self::LEAST)
        } else {
            self.room
        };
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.memory.extend_from_slice(bytes);
    }

    /// Splits after `end` bytes: they are returned, the rest stays.
    ///
    /// Much of the memory is handed over as it is, little is copied, so that what a line shares is in
    /// proportion to what was received with it.
    pub(super) fn split_to(&mut self, end: usize) -> Vec<u8> {
        let end = end.min(self.memory.len());
        if end >= self.memory.capacity() / 4 {
            return self.hand_over(end);
        }
        let head = self.memory.get(..end).unwrap_or_default().to_vec();
        let rest = self.memory.len() - end;
        self.memory.copy_within(end.., 0);
        self.memory.get_mut(rest..).unwrap_or_default().zeroize();
        self.memory.truncate(rest);
        self.shrink();
        head
    }

    fn hand_over(&mut self, end: usize) -> Vec<u8> {
        let rest = self.memory.get(end..).unwrap_or_default();
        let mut next = Vec::with_capacity(self.memory.capacity().min(Self::MOST).max(rest.len()));
        next.extend_from_slice(rest);
        let mut head = std::mem::replace(&mut self.memory, next);
        head.get_mut(end..).unwrap_or_default().zeroize();
        head.truncate(end);
        head
    }

    /// Gives back memory that a flood has left, or a long line.
    fn shrink(&mut self) {
        if self.memory.is_empty() && self.memory.capacity() > 2 * self.room.max(Self::LEAST) {
            self.memory = Vec::new();
        }
    }

    /// Makes room by hand, because `Vec` would leave the old memory unwiped.
    fn reserve(&mut self, room: usize) {
        let needed = self.memory.len().saturating_add(room);
        if needed <= self.memory.capacity() {
            return;
        }
        let size = needed.max(2 * self.memory.capacity()).max(self.room).next_power_of_two();
        let mut larger = Vec::with_capacity(size);
        larger.extend_from_slice(&self.memory);
        self.memory.as_mut_slice().zeroize();
        self.memory = larger;
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.memory.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests;
