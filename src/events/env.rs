//! [`Env`]: the ENV block of `>CLIENT:` and `>UPDOWN:` events.

mod typed;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use typed::SessionState;

use crate::types::Text;
use crate::types::grammar::split_once;

/// The environment that comes with an event, as `name=value` pairs in the daemon's order.
///
/// Cloning does not allocate. `Debug` shows no value whose name says that it is a
/// secret: the password, and anything named after a password, token, secret,
/// challenge or response.
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
    pairs: Vec<(Text, Text)>,
    unparsed: Vec<Text>,
}

impl Env {
    /// Takes the lines of a block, each with what stands before its pair cut off.
    pub(super) fn from_lines<'a>(
        lines: impl IntoIterator<Item = (&'a Bytes, &'a [u8])>,
        trusted: bool,
    ) -> Self {
        let mut block = Block { trusted, ..Block::default() };
        for (line, pair) in lines {
            let text = |part| Text::slice_of(line, part);
            match split_once(pair, b"=") {
                Some((name, value)) => block.pairs.push((text(name), text(value))),
                None => block.unparsed.push(text(pair)),
            }
        }
        Self(Arc::new(block))
    }

    /// Whether the daemon vouches for the values that are not named `IV_…` or `UV_…`: `env-filter 0`
    /// was known to be in force on the connection when the block came.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.0.trusted
    }

    /// The last value of `name`, be it the client's own claim; see [which values to trust](Self#which-values-to-trust).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Text> {
        let mut pairs = self.0.pairs.iter().rev();
        pairs.find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Every value of `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Text> {
        self.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every pair, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &Text)> {
        self.0.pairs.iter().map(|(name, value)| (name, value))
    }

    /// The lines that hold no `=`; no known daemon sends one.
    pub fn unparsed(&self) -> impl Iterator<Item = &Text> {
        self.0.unparsed.iter()
    }

    /// The number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.pairs.len()
    }

    /// Whether there is no pair, as after the end of a client that never got far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.pairs.is_empty()
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        if !self.0.trusted {
            map.entry(&format_args!("trusted"), &false);
        }
        for (name, value) in self.iter() {
            if is_secret(name.as_bytes()) {
                map.entry(name, &format_args!("[redacted]"));
            } else {
                map.entry(name, value);
            }
        }
        if !self.0.unparsed.is_empty() {
            map.entry(&format_args!("unparsed"), &self.0.unparsed.len());
        }
        map.finish()
    }
}

fn is_secret(name: &[u8]) -> bool {
    const WORDS: [&str; 5] = ["pass", "token", "secret", "challenge", "response"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(&name, word.as_bytes()).is_some())
}

#[cfg(test)]
mod tests;
