//! [`BadField`]: a field that cannot be read, or must not be believed.

use crate::types::Text;

/// A field that the daemon sent but that does not hold what it should, or that the client may
/// have sent in its place, or that is a secret and withheld.
///
/// It names the field, never its value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is not {expected}")]
pub struct BadField {
    field: Text,
    expected: &'static str,
}

const VOUCHED: &str = "vouched for by the daemon: `env-filter 0` is not known to be in force";

const WITHHELD: &str = "in events while requests are on: the request has it";

impl BadField {
    pub(super) fn new(field: impl Into<Text>, expected: &'static str) -> Self {
        Self { field: field.into(), expected }
    }

    pub(super) fn untrusted(field: impl Into<Text>) -> Self {
        Self::new(field, VOUCHED)
    }

    pub(super) fn withheld(field: impl Into<Text>) -> Self {
        Self::new(field, WITHHELD)
    }

    /// Whether it is a secret that events do not hold while [requests](crate::Builder::requests) are on.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.expected == WITHHELD
    }

    /// Whether the value may be the client's own claim, see [`Env::is_trusted`](super::Env::is_trusted);
    /// else it is there but cannot be read.
    #[must_use]
    pub fn is_untrusted(&self) -> bool {
        self.expected == VOUCHED
    }

    /// The name of the field.
    #[must_use]
    pub fn field(&self) -> &Text {
        &self.field
    }

    /// What it should hold, in words.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }
}
