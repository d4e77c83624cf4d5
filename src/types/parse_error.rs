//! [`ParseError`]: why a text is not what it was read as.

/// Why a text cannot be read as a value of this crate: what [`FromStr`](std::str::FromStr) and the readers of
/// files and rows give.
///
/// It names what the text should be and what is wrong, never the text itself, which may be a secret.
///
/// ```
/// use openvpn_mgmt::Cid;
///
/// let error = "7x".parse::<Cid>().unwrap_err();
/// assert_eq!(error.to_string(), "not a client ID: it is no number from 0 to 18446744073709551615");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not {expected}: {problem}")]
pub struct ParseError {
    expected: &'static str,
    problem: &'static str,
}

impl ParseError {
    pub(crate) const fn new(expected: &'static str, problem: &'static str) -> Self {
        Self { expected, problem }
    }

    /// What the text should be, with its article: `a client ID`.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }

    /// What is wrong, in words that hold no part of the text: `it is empty`.
    #[must_use]
    pub fn problem(&self) -> &'static str {
        self.problem
    }
}

/// Of the values of an enum, the one with this word.
pub(crate) fn by_word<T: Copy>(
    word: &[u8],
    values: &[T],
    word_of: impl Fn(T) -> &'static str,
) -> Option<T> {
    values.iter().copied().find(|value| word_of(*value).as_bytes() == word)
}
