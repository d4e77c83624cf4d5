//! [`SecretText`]: received bytes that are never printed.

use std::fmt;

use crate::types::{Secret, Text};

/// A secret the daemon sent: a token, a link to sign in with, or a client's response.
///
/// It shares the buffer it was received in, so cloning does not allocate; `Debug`
/// prints `[redacted]`, and there is no `Display`.
///
/// While [requests](crate::Builder::requests) are on, events tell only that there was a secret, and how
/// long it is: the request that needs it has it, and here it is [withheld](Self::is_withheld).
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Content);

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Kept(Text),
    /// Its length in bytes.
    Withheld(usize),
}

impl SecretText {
    /// A secret of which a daemon is to tell.
    #[must_use]
    pub fn new(text: Text) -> Self {
        Self(Content::Kept(text))
    }

    /// The secret bytes; `None` where they are withheld.
    #[must_use]
    pub fn expose(&self) -> Option<&[u8]> {
        match &self.0 {
            Content::Kept(text) => Some(text.as_bytes()),
            Content::Withheld(_) => None,
        }
    }

    /// The secret as text, where it is UTF-8 and not withheld.
    #[must_use]
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(self.expose()?).ok()
    }

    /// A copy that is wiped when dropped; `None` where the secret is withheld.
    #[must_use]
    pub fn to_secret(&self) -> Option<Secret> {
        self.expose().map(Secret::from)
    }

    /// Whether the bytes are not here, because requests are on.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        matches!(self.0, Content::Withheld(_))
    }

    /// Length in bytes, also of a secret that is withheld.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Content::Kept(text) => text.len(),
            Content::Withheld(len) => *len,
        }
    }

    /// Whether the secret is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same without its bytes.
    pub(crate) fn withheld(&self) -> Self {
        Self(Content::Withheld(self.len()))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withheld_it_tells_its_length_alone() {
        let secret = SecretText::new("hunter2".into());
        assert_eq!(secret.expose(), Some(&b"hunter2"[..]));
        assert_eq!(secret.to_secret(), Some(Secret::from("hunter2")));
        let withheld = secret.withheld();
        assert!(withheld.is_withheld() && !secret.is_withheld());
        assert_eq!((withheld.expose(), withheld.expose_str()), (None, None));
        assert_eq!((withheld.to_secret(), withheld.len()), (None, secret.len()));
        assert_eq!(format!("{secret:?} {withheld:?}"), "[redacted] [redacted]");
    }
}
