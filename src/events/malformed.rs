//! [`Unknown`], [`Malformed`] and [`Stray`]: lines that have no type.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::Env;
use crate::types::grammar::Problem;

/// An event whose name this crate does not know, or a `>CLIENT:` of a kind that it does not know.
///
/// `Debug` and `Display` show the name and the length only: the line may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Unknown {
    line: Bytes,
    env: Option<Env>,
}

impl Unknown {
    pub(super) fn new(line: Bytes) -> Self {
        Self { line, env: None }
    }

    pub(super) fn block(line: Bytes, env: Env) -> Self {
        Self { line, env: Some(env) }
    }

    /// The name, up to the first colon; `None` where the line does not start with one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        name(&self.line)
    }

    /// The line as received, without its `>` and line end.
    #[must_use]
    pub fn line(&self) -> &Bytes {
        &self.line
    }

    /// The ENV block, where one followed a `>CLIENT:` line.
    #[must_use]
    pub fn env(&self) -> Option<&Env> {
        self.env.as_ref()
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unknown({} bytes, name {:?})", self.line.len(), self.name().unwrap_or("?"))
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown event {} ({} bytes)", self.name().unwrap_or("?"), self.line.len())
    }
}

/// An event whose name is known, but whose body is not in the form it should have.
///
/// `Debug` and `Display` show the name, the length and the problem only: the line
/// may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Malformed {
    line: Bytes,
    env: Arc<[Bytes]>,
    problem: &'static str,
}

impl Malformed {
    pub(super) fn new(line: Bytes, Problem(problem): Problem) -> Self {
        Self { line, env: Arc::default(), problem }
    }

    /// A line whose end did not come.
    pub(crate) fn cut(line: Bytes) -> Self {
        Self::new(line, Problem("the connection ended before the line did"))
    }

    /// A block that was not finished: its first line, and the ENV lines that came.
    pub(super) fn block(line: Bytes, env: Vec<Bytes>, Problem(problem): Problem) -> Self {
        Self { line, env: env.into(), problem }
    }

    /// The name, up to the first colon.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        name(&self.line)
    }

    /// What is wrong, in words that hold no part of the line.
    #[must_use]
    pub fn problem(&self) -> &'static str {
        self.problem
    }

    /// The line as received, without its `>` and line end.
    #[must_use]
    pub fn line(&self) -> &Bytes {
        &self.line
    }

    /// The ENV lines that followed [`line`](Self::line), where a block was not finished.
    #[must_use]
    pub fn env_lines(&self) -> &[Bytes] {
        &self.env
    }

    fn len(&self) -> usize {
        self.line.len() + self.env.iter().map(Bytes::len).sum::<usize>()
    }
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, name) = (self.len(), self.name().unwrap_or("?"));
        write!(f, "Malformed({len} bytes, name {name:?}, {})", self.problem)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, name) = (self.len(), self.name().unwrap_or("?"));
        write!(f, "malformed event {name} ({len} bytes): {}", self.problem)
    }
}

/// A line without a `>` that belongs to no reply.
///
/// `Debug` and `Display` show the length only: a daemon may repeat a line it did not understand.
#[derive(Clone, PartialEq, Eq)]
pub struct Stray {
    line: Bytes,
}

impl Stray {
    pub(crate) fn new(line: Bytes) -> Self {
        Self { line }
    }

    /// The line as received, without its line end.
    #[must_use]
    pub fn line(&self) -> &Bytes {
        &self.line
    }
}

impl fmt::Debug for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stray({} bytes)", self.line.len())
    }
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stray line ({} bytes)", self.line.len())
    }
}

/// Longer than any name a daemon has; past it the text is taken for something else.
const NAME_LIMIT: usize = 32;

fn name(line: &[u8]) -> Option<&str> {
    let (name, _) = super::split_name(line)?;
    let plain =
        |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(byte);
    let shaped = !name.is_empty() && name.len() <= NAME_LIMIT && name.iter().all(plain);
    if shaped { std::str::from_utf8(name).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;

    #[test]
    fn neither_shows_its_bytes() {
        let unknown = parse("NEW-EVENT:hunter2");
        assert_eq!(format!("{unknown:?}"), "Unknown(Unknown(17 bytes, name \"NEW-EVENT\"))");
        assert_eq!(unknown.to_string(), "unknown event NEW-EVENT (17 bytes)");
        let malformed = parse("PASSWORD:hunter2");
        assert!(!format!("{malformed:?} {malformed}").contains("hunter2"));
        assert!(format!("{malformed:?}").contains("PASSWORD"));
    }

    #[test]
    fn only_what_is_shaped_like_a_name_is_shown() {
        for line in ["hunter2", "", ":", "hunter2:x", "MY SECRET:x", "é:x"] {
            let unknown = parse(line);
            assert!(format!("{unknown:?}").contains("name \"?\""), "{unknown:?}");
        }
    }
}
