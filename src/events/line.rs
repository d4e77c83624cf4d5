//! [`Line`]: an event line as received, of which a part may be withheld.

use bytes::Bytes;

use crate::types::{Line as Written, WriteError, harmless};

/// A line, or the start of one whose rest is withheld.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) start: Bytes,
    pub(super) withheld: usize,
}

impl Line {
    pub(super) fn whole(line: Bytes) -> Self {
        Self { start: line, withheld: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.start.len() + self.withheld
    }

    /// Adds it to a line that is being written.
    pub(super) fn write<'a>(&self, line: Written<'a>) -> Written<'a> {
        let line = line.text("line", &self.start);
        if self.withheld == 0 { line } else { line.wrong(WriteError::Withheld { field: "line" }) }
    }

    /// Keeps so much of the start, in memory of its own: what was received with it may be wiped then.
    pub(super) fn withhold_from(&mut self, harmless: impl FnOnce(&[u8]) -> usize) {
        let len = self.len();
        let start = self.start.get(..harmless(&self.start)).unwrap_or_default();
        if start.len() < self.start.len() {
            self.start = Bytes::copy_from_slice(start);
            self.withheld = len - self.start.len();
        }
    }
}

/// How much of an event line that was not understood certainly holds no secret.
pub(super) fn harmless_of_event(line: &[u8]) -> usize {
    // What has no name may be of any family.
    let Some(name) = name(line) else { return 0 };
    if !may_hold_secret(name) {
        return harmless(line).map_or(line.len(), <[u8]>::len);
    }
    let body = line.get(name.len() + 1..).unwrap_or_default();
    let kind = if name == "CLIENT" { kind(body) } else { 0 };
    name.len() + 1 + kind
}

/// Whether an event of this name may hold a secret, also one of a name that is only like those known.
fn may_hold_secret(name: &str) -> bool {
    const WORDS: [&str; 9] =
        ["PASS", "AUTH", "TOKEN", "SECRET", "CHALLENGE", "RESPONSE", "INFOMSG", "CLIENT", "UPDOWN"];
    WORDS.iter().any(|word| name.contains(word))
}

/// The kind of a `>CLIENT:` line, with its comma.
fn kind(body: &[u8]) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_';
    match body.iter().position(|byte| !is_word(byte)) {
        Some(end @ 1..=NAME_LIMIT) if body.get(end) == Some(&b',') => end + 1,
        _ => 0,
    }
}

/// Longer than any name a daemon has; past it the text is taken for something else.
const NAME_LIMIT: usize = 32;

pub(super) fn name(line: &[u8]) -> Option<&str> {
    let (name, _) = super::split_name(line)?;
    let plain =
        |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(byte);
    let shaped = !name.is_empty() && name.len() <= NAME_LIMIT && name.iter().all(plain);
    if shaped { std::str::from_utf8(name).ok() } else { None }
}
