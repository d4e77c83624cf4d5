//! [`Output`]: the bytes that are being written.

use zeroize::Zeroizing;

/// The bytes being written; a command is written whole, whatever becomes of its caller.
#[derive(Default)]
pub(super) struct Output {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) written: usize,
    /// It is not the last command, but a fence behind it.
    pub(super) fence: bool,
}

impl Output {
    pub(super) fn is_due(&self) -> bool {
        self.written < self.bytes.len()
    }

    /// Whether a part of it was written, and not all.
    pub(super) fn is_begun(&self) -> bool {
        self.written > 0 && self.is_due()
    }

    pub(super) fn written(&self) -> &[u8] {
        self.bytes.get(..self.written).unwrap_or_default()
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }
}
