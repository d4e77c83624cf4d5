//! [`EnvLines`]: the lines of an ENV block while they come, in memory of their own.

use bytes::Bytes;

use super::is_secret;
use crate::events::SecretText;
use crate::types::{Line, Text, WipedBytes, WriteError};

/// What a line costs beside its bytes.
const OVERHEAD: usize = size_of::<Pair>();

/// What a secret costs beside its bytes and a line's [`OVERHEAD`]: its place, and two allocations.
const SECRET_OVERHEAD: usize = size_of::<(Text, SecretText)>() + size_of::<u32>() + 96;

/// Collects the lines of a block. They are copied, so that a block holds no more than its own text, whatever
/// came between its lines.
#[derive(Default)]
pub(in crate::events) struct EnvLines {
    text: WipedBytes,
    pairs: Vec<Pair>,
    secrets: Vec<(Text, SecretText)>,
    /// How many of the pairs stand before each secret.
    places: Vec<u32>,
    /// Of the secrets.
    secret_bytes: usize,
}

/// A whole block but for its secrets.
#[derive(PartialEq, Eq, Default)]
pub(super) struct Lines {
    text: Bytes,
    pairs: Box<[Pair]>,
    /// How many of the pairs stand before each secret.
    places: Box<[u32]>,
}

/// Where a line stands in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pair {
    start: u32,
    /// Where its `=` is; the end where it has none.
    equals: u32,
    end: u32,
}

impl EnvLines {
    /// Takes a line, with what stands before its pair cut off; `false` where they would hold more than
    /// `limit` bytes with it.
    pub(in crate::events) fn push(&mut self, line: &[u8], limit: usize) -> bool {
        let used = self.text.len() + self.secret_bytes + (self.len() + 1) * OVERHEAD;
        if used + line.len() > limit {
            return false;
        }
        let equals = memchr::memchr(b'=', line).unwrap_or(line.len());
        let name = line.get(..equals).unwrap_or_default();
        if is_secret(name) {
            return self.push_secret(line, equals).is_some();
        }
        let start = self.text.len();
        self.text.extend(line, limit);
        let pair = Pair::new(start, start + equals, start + line.len());
        self.pairs.extend(pair);
        pair.is_some()
    }

    pub(in crate::events) fn len(&self) -> usize {
        self.pairs.len() + self.secrets.len()
    }

    pub(super) fn into_parts(self) -> (Lines, Vec<(Text, SecretText)>) {
        let (pairs, places) = (self.pairs.into(), self.places.into());
        (Lines { text: self.text.freeze(), pairs, places }, self.secrets)
    }

    fn push_secret(&mut self, line: &[u8], equals: usize) -> Option<()> {
        self.places.push(u32::try_from(self.pairs.len()).ok()?);
        let (name, value) = match line.split_at_checked(equals) {
            Some((name, value)) if !value.is_empty() => (name, value.get(1..).unwrap_or_default()),
            _ => (&[][..], line),
        };
        self.secret_bytes += name.len() + value.len() + SECRET_OVERHEAD;
        let name = Text::from(Bytes::copy_from_slice(name));
        let value = Text::from(WipedBytes::copy(value));
        self.secrets.push((name, SecretText::new(value)));
        Some(())
    }
}

fn write_secret(
    (name, secret): &(Text, SecretText),
    out: &mut Vec<u8>,
    event: &str,
) -> Result<(), WriteError> {
    let line = Line::event(out, event).raw("ENV,").text("name of a secret", name);
    let line = if name.is_empty() { line } else { line.raw("=") };
    line.secret("secret of the environment", secret).end()
}

impl Pair {
    fn new(start: usize, equals: usize, end: usize) -> Option<Self> {
        let place = |at: usize| u32::try_from(at).ok();
        Some(Self { start: place(start)?, equals: place(equals)?, end: place(end)? })
    }

    fn has_value(self) -> bool {
        self.equals < self.end
    }
}

impl Lines {
    pub(super) fn len(&self) -> usize {
        self.pairs.iter().filter(|pair| pair.has_value()).count()
    }

    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn own_bytes(&self) -> usize {
        self.text.len() + size_of_val(&*self.pairs) + size_of_val(&*self.places)
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (Text, Text)> + '_ {
        self.with_values().map(|pair| (self.slice(pair.start, pair.equals), self.value(pair)))
    }

    pub(super) fn unparsed(&self) -> impl Iterator<Item = Text> + '_ {
        let bare = self.pairs.iter().filter(|pair| !pair.has_value());
        bare.map(|pair| self.slice(pair.start, pair.end))
    }

    /// The last value whose name is wanted.
    pub(super) fn last(&self, is_wanted: impl Fn(&[u8]) -> bool) -> Option<Text> {
        let mut pairs = self.with_values().rev();
        pairs.find(|pair| is_wanted(self.bytes(pair.start, pair.equals))).map(|p| self.value(p))
    }

    /// Writes them all, those that are secrets in their places.
    pub(super) fn write(
        &self,
        secrets: &[(Text, SecretText)],
        out: &mut Vec<u8>,
        event: &str,
    ) -> Result<(), WriteError> {
        let mut secrets = self.places.iter().zip(secrets).peekable();
        for (at, pair) in self.pairs.iter().enumerate() {
            while let Some((_, secret)) = secrets.next_if(|(place, _)| **place as usize <= at) {
                write_secret(secret, out, event)?;
            }
            let text = self.bytes(pair.start, pair.end);
            let line = Line::event(out, event).raw("ENV,").text("environment", text);
            line.check(text != b"END", "environment", "holds its own end").end()?;
        }
        secrets.try_for_each(|(_, secret)| write_secret(secret, out, event))
    }

    fn with_values(&self) -> impl DoubleEndedIterator<Item = Pair> + '_ {
        self.pairs.iter().copied().filter(|pair| pair.has_value())
    }

    fn value(&self, pair: Pair) -> Text {
        self.slice(pair.equals + 1, pair.end)
    }

    fn slice(&self, start: u32, end: u32) -> Text {
        Text::slice_of(&self.text, self.bytes(start, end))
    }

    fn bytes(&self, start: u32, end: u32) -> &[u8] {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}
