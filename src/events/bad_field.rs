//! [`BadField`]: a field that is there but cannot be read.

use crate::Text;

/// A field that the daemon sent but that does not hold what it should.
///
/// It names the field, never its value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is not {expected}")]
pub struct BadField {
    field: Text,
    expected: &'static str,
}

impl BadField {
    pub(super) fn new(field: impl Into<Text>, expected: &'static str) -> Self {
        Self { field: field.into(), expected }
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
