//! [`Env`]: the ENV block of `>CLIENT:` and `>UPDOWN:` events.

mod builder;
#[cfg(feature = "serde")]
mod json;
mod lines;
mod typed;

use std::fmt;
use std::sync::Arc;

use crate::events::SecretText;
use crate::types::{Line, Text, WriteError};
pub use builder::EnvBuilder;
pub(super) use lines::EnvLines;
use lines::Lines;
pub use typed::{SessionState, SsoMethod};

/// The environment that comes with an event, as `name=value` pairs in the daemon's order.
///
/// Cloning does not allocate. The values whose name says that they are a secret (the password, and anything
/// named after a password, PIN, token, secret, challenge or response) are kept apart: each has memory of its own that is
/// wiped, only [`password`](Self::password), [`secret`](Self::secret) and [`secrets`](Self::secrets) give them, and
/// `Debug` does not show them. While [requests](crate::Builder::requests) are on, events have only their length; the
/// request has them.
///
/// # Which values to trust
/// Without `env-filter` a client can add names that start with `IV_` and `UV_` only. With a level
/// above 0, which any manager may have set and which stays in force after it has left, the daemon
/// sends what the client says of itself unfiltered, so that a hostile client can claim any name that
/// the daemon does not send of its own (the filter removes `common_name`).
///
/// So a connection that collects [`Requests`](crate::Requests) sends `env-filter 0` first, and a block
/// [is trusted](Self::is_trusted) only where it came while level 0 was known to be in force on that connection.
/// The typed getters give an error for a block that is not. What a client says of itself in any case
/// (`IV_…`) is read from every block, and so are [`get`](Self::get) and [`iter`](Self::iter), which vouch for
/// nothing; where a name comes more than once, `get` gives the **last**.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Env(Arc<Block>);

#[derive(PartialEq, Eq, Default)]
struct Block {
    trusted: bool,
    lines: Arc<Lines>,
    /// In order, each with its name.
    secrets: Vec<(Text, SecretText)>,
}

impl Env {
    /// Takes the lines of a block.
    pub(super) fn new(lines: EnvLines, trusted: bool) -> Self {
        let (lines, secrets) = lines.into_parts();
        Self(Arc::new(Block { trusted, lines: Arc::new(lines), secrets }))
    }

    /// The same without the secrets.
    pub(crate) fn withhold_secrets(&self) -> Self {
        if self.0.secrets.is_empty() {
            return self.clone();
        }
        let withheld = |(name, secret): &(Text, SecretText)| (name.clone(), secret.withheld());
        let secrets = self.0.secrets.iter().map(withheld).collect();
        let lines = Arc::clone(&self.0.lines);
        Self(Arc::new(Block { trusted: self.0.trusted, lines, secrets }))
    }

    /// Writes its lines, in their order, and the end of the block.
    pub(super) fn write(&self, out: &mut Vec<u8>, event: &str) -> Result<(), WriteError> {
        self.write_lines(out, event)?;
        Line::event(out, event).raw("ENV,END").end()
    }

    /// Writes its lines, as those of a block that has no end.
    pub(super) fn write_lines(&self, out: &mut Vec<u8>, event: &str) -> Result<(), WriteError> {
        self.0.lines.write(&self.0.secrets, out, event)
    }

    /// How much memory it holds.
    pub(super) fn own_bytes(&self) -> usize {
        self.0.lines.own_bytes() + self.secret_len()
    }

    /// How long its lines are in all, without what stands before their pairs.
    pub(super) fn text_len(&self) -> usize {
        self.0.lines.text_len() + self.secret_len()
    }

    fn secret_len(&self) -> usize {
        self.0.secrets.iter().map(|(name, secret)| name.len() + 1 + secret.len()).sum()
    }

    /// Whether the daemon vouches for the values that are not named `IV_…` or `UV_…`: `env-filter 0`
    /// was known to be in force on the connection when the block came.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.0.trusted
    }

    /// The last value of `name`, be it the client's own claim; see [which values to trust](Self#which-values-to-trust).
    /// `None` for a secret.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Text> {
        self.0.lines.last(|known| known == name.as_bytes())
    }

    /// Every value of `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Text> + 'a {
        self.iter().filter(move |(known, _)| *known == *name).map(|(_, value)| value)
    }

    /// Every pair but the secrets, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Text, Text)> + '_ {
        self.0.lines.pairs()
    }

    /// The last secret of `name`, as `password`, be it the client's own claim.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&SecretText> {
        let mut secrets = self.0.secrets.iter().rev();
        secrets.find(|(known, _)| *known == *name).map(|(_, secret)| secret)
    }

    /// Every secret with its name, in order; a line of that kind which holds no `=` has an empty name.
    pub fn secrets(&self) -> impl Iterator<Item = (&Text, &SecretText)> {
        self.0.secrets.iter().map(|(name, secret)| (name, secret))
    }

    /// The lines that hold no `=`; no known daemon sends one.
    pub fn unparsed(&self) -> impl Iterator<Item = Text> + '_ {
        self.0.lines.unparsed()
    }

    /// The number of pairs, secrets among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lines.len() + self.0.secrets.len()
    }

    /// Whether there is no pair, as after the end of a client that never got far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        if !self.0.trusted {
            map.entry(&format_args!("trusted"), &false);
        }
        map.entries(self.iter());
        map.entries(self.secrets().map(|(name, _)| (name, format_args!("[redacted]"))));
        let unparsed = self.unparsed().count();
        if unparsed > 0 {
            map.entry(&format_args!("unparsed"), &unparsed);
        }
        map.finish()
    }
}

/// Whether a value of this name is a secret: it is named after a password, token, secret, challenge or response,
/// or its last word is pin, otp or code.
pub(super) fn is_secret(name: &[u8]) -> bool {
    // Their first four letters tell them from all that daemons send.
    const WORDS: [[u8; 4]; 5] = [*b"pass", *b"toke", *b"secr", *b"chal", *b"resp"];
    // In lower case, as one number; what is no letter becomes none of these.
    let begins = |letters: &[u8; 4]| {
        let letters = u32::from_le_bytes(*letters) | u32::from_le_bytes([0x20; 4]);
        WORDS.iter().any(|word| letters == u32::from_le_bytes(*word))
    };
    ends_as_code(name) || name.windows(4).filter_map(<[u8]>::first_chunk).any(begins)
}

fn ends_as_code(name: &[u8]) -> bool {
    const WORDS: [&[u8]; 3] = [b"pin", b"otp", b"code"];
    let ends = |word: &[u8]| {
        let rest = name.len().checked_sub(word.len()).and_then(|at| name.split_at_checked(at));
        rest.is_some_and(|(rest, end)| {
            end.eq_ignore_ascii_case(word) && matches!(rest.last(), None | Some(b'_'))
        })
    };
    matches!(name.last().map(|last| last | 0x20), Some(b'n' | b'p' | b'e'))
        && WORDS.iter().any(|word| ends(word))
}

#[cfg(test)]
mod tests;
