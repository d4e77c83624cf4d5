//! [`LineRef`]: a line in the memory it was received in.

use bytes::Bytes;

/// A line where it was received, without its line end.
///
/// What is made of it shares that memory, and only where it is kept: to look at a line counts no owner.
#[derive(Clone, Copy)]
pub struct LineRef<'a> {
    memory: &'a Bytes,
    line: &'a [u8],
}

impl<'a> LineRef<'a> {
    /// `line` must point into `memory`.
    pub(crate) fn within(memory: &'a Bytes, line: &'a [u8]) -> Self {
        Self { memory, line }
    }

    /// The line.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.line
    }

    /// The line, of which it is an owner then.
    #[must_use]
    pub fn to_bytes(self) -> Bytes {
        if self.line.is_empty() { Bytes::new() } else { self.memory.slice_ref(self.line) }
    }

    /// What parts of the line share when they are kept.
    pub(crate) fn memory(self) -> &'a Bytes {
        self.memory
    }
}

impl<'a> From<&'a Bytes> for LineRef<'a> {
    fn from(line: &'a Bytes) -> Self {
        Self { memory: line, line }
    }
}

/// Shows the length only: a line may hold a password.
impl std::fmt::Debug for LineRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LineRef({} bytes)", self.line.len())
    }
}
