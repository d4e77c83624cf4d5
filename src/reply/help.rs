//! The replies of `help` and `net`: lines for people to read.

use super::{RawReply, WriteError, WriteReply, WriteRow as _, unexpected};
use crate::error::Result;
use crate::types::{Text, block};

/// The commands a daemon knows, as it describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Help {
    /// The first line: `Management Interface for OpenVPN 2.6.14 …`.
    pub title: Text,
    /// The other lines, `Commands:` first, their indentation kept.
    pub lines: Vec<Text>,
}

impl Help {
    /// A title and the lines that describe the commands.
    #[must_use]
    pub fn new(title: impl Into<Text>, lines: impl IntoIterator<Item = Text>) -> Self {
        Self { title: title.into(), lines: lines.into_iter().collect() }
    }

    /// Reads the reply of `help`.
    ///
    /// # Errors
    /// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) where there is no block.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        let Some((title, lines)) = reply.lines.split_first() else {
            return Err(unexpected("help", "a title and the commands", None));
        };
        Ok(Self {
            title: Text::from(title.clone()),
            lines: lines.iter().cloned().map(Text::from).collect(),
        })
    }

    /// Whether the daemon lists `command`, such as `push-update-broad`.
    #[must_use]
    pub fn has(&self, command: &str) -> bool {
        self.lines.iter().any(|line| lists(line.as_bytes(), command))
    }
}

impl WriteReply for Help {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        block(out, |out| {
            self.title.write_row(out)?;
            self.lines.iter().try_for_each(|line| line.write_row(out))
        })
    }
}

/// Reads the reply of `net` (Windows only): the adapters and the routing table.
///
/// The daemon writes these lines for people; they are kept as they came, and [written](WriteReply) as any list.
#[must_use]
pub fn net(reply: &RawReply) -> Vec<Text> {
    reply.lines.iter().cloned().map(Text::from).collect()
}

// A command line starts with `name` or `name|alias` and its parameters, then ` : `.
fn lists(line: &[u8], command: &str) -> bool {
    let word = line.split(|&byte| byte == b' ').next().unwrap_or_default();
    let described = memchr::memchr(b':', line).is_some_and(|at| at > word.len());
    let mut names = word.split(|&byte| byte == b'|');
    described && !word.is_empty() && names.any(|name| name == command.as_bytes())
}

#[cfg(test)]
mod tests;
