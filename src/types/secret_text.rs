//! [`SecretText`]: received bytes that are never printed.

use std::fmt;

use crate::types::{Secret, Text};

/// A secret the daemon sent: a token, or a client's response.
///
/// It shares the buffer it was received in, so cloning does not allocate; `Debug`
/// prints `[redacted]`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Text);

impl SecretText {
    pub(crate) fn new(text: Text) -> Self {
        Self(text)
    }

    /// The secret bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The secret as text, where it is UTF-8.
    #[must_use]
    pub fn expose_str(&self) -> Option<&str> {
        self.0.to_str().ok()
    }

    /// A copy that is wiped when dropped.
    #[must_use]
    pub fn to_secret(&self) -> Secret {
        Secret::from(self.expose())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
