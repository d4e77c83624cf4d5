//! What can be wrong with a conversation, and in one.

use std::fmt;

/// A line of a conversation that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    name: String,
    line: usize,
    reason: String,
}

impl ParseError {
    pub(super) fn new(name: &str, line: usize, reason: impl Into<String>) -> Self {
        Self { name: name.to_owned(), line, reason: reason.into() }
    }

    /// The number of the line, from 1; 0 where it is the whole file.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.name, self.line, self.reason)
    }
}

impl std::error::Error for ParseError {}

/// A step of a conversation that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunError {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) reason: String,
    pub(super) said: Vec<String>,
}

impl RunError {
    /// The number of the line that failed, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// What was expected, and what came.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What both sides said, up to the failure.
    #[must_use]
    pub fn said(&self) -> &[String] {
        &self.said
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\nsaid before:", self.name, self.line, self.reason)?;
        for line in &self.said {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RunError {}
