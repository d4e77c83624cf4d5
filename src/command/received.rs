//! The other side: from a line that a daemon has received to the command value that writes it.

use super::Dialect;
use crate::types::grammar::Problem;
use crate::types::{Cid, Kid, Secret};
use crate::types::{WipedBytes, base64, number};

/// A command value that is read from the line it writes.
pub(crate) trait Parse: Sized {
    /// What the line of such a command begins with.
    const NAMES: &[&str];

    /// Reads the value, where the parameters and the block are those of one.
    ///
    /// Parameters behind those of the command are passed over, as by daemons.
    fn parse(line: &Line<'_>) -> Result<Self, Problem>;
}

/// Commands that a daemon knows by their name, whatever follows it.
macro_rules! parse_name {
    ($($command:ident by $name:literal $(or $other:literal)?),* $(,)?) => {$(
        impl $crate::command::received::Parse for $command {
            const NAMES: &[&str] = &[$name $(, $other)?];

            fn parse(
                _: &$crate::command::received::Line<'_>,
            ) -> Result<Self, $crate::types::grammar::Problem> {
                Ok(Self)
            }
        }
    )*};
}

/// Commands that are others with a parameter.
macro_rules! parse_bare_name {
    ($($command:ident by $name:literal),* $(,)?) => {$(
        impl $crate::command::received::Parse for $command {
            const NAMES: &[&str] = &[$name];

            fn parse(
                line: &$crate::command::received::Line<'_>,
            ) -> Result<Self, $crate::types::grammar::Problem> {
                match line.arguments {
                    [] => Ok(Self),
                    _ => Err($crate::types::grammar::Problem("has a parameter")),
                }
            }
        }
    )*};
}

pub(super) use {parse_bare_name, parse_name};

/// What a command lacks that ends too early.
pub(super) const TOO_FEW: Problem = Problem("has too few parameters");

/// A line as a daemon's lexer has it, and the block that followed it.
pub(crate) struct Line<'a> {
    /// The command's name.
    pub(crate) name: &'a [u8],
    /// The parameters behind it.
    pub(crate) arguments: &'a [&'a [u8]],
    pub(crate) block: Option<&'a BlockLines>,
    /// What the daemon is: it decides which form a line has.
    pub(crate) dialect: Dialect,
}

impl<'a> Line<'a> {
    /// The lines of the block, which there has to be.
    pub(super) fn lines(&self) -> Result<impl Iterator<Item = &'a [u8]>, Problem> {
        Ok(self.block.ok_or(Problem("has no block"))?.iter())
    }

    /// What the lines of the block say in base64.
    pub(super) fn decoded(&self) -> Result<Secret, Problem> {
        let mut text = WipedBytes::default();
        for line in self.lines()? {
            text.extend(line, usize::MAX);
        }
        base64::decode(text.as_slice()).ok_or(Problem("has a block that is not base64"))
    }
}

/// A client ID.
pub(super) fn cid(field: &[u8]) -> Result<Cid, Problem> {
    number(field).map(Cid).ok_or(Problem("has a client ID that is no number"))
}

/// A key ID.
pub(super) fn kid(field: &[u8]) -> Result<Kid, Problem> {
    number(field).map(Kid).ok_or(Problem("has a key ID that is no number"))
}

/// A number, or what is wrong with it.
pub(super) fn numeric<T: TryFrom<u64>>(field: &[u8], problem: &'static str) -> Result<T, Problem> {
    number(field).ok_or(Problem(problem))
}

/// A host name or address.
pub(super) fn utf8(field: &[u8]) -> Result<String, Problem> {
    let text = std::str::from_utf8(field).map_err(|_| Problem("has a name that is not UTF-8"))?;
    Ok(text.to_owned())
}

/// The lines between a command and its `END`. Wiped when dropped.
#[derive(Default)]
pub(crate) struct BlockLines {
    bytes: WipedBytes,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl BlockLines {
    /// Adds a line; memory for no more than `limit` bytes of text is taken ahead.
    pub(crate) fn push(&mut self, line: &[u8], limit: usize) {
        self.bytes.extend(line, limit);
        self.ends.push(self.bytes.len());
    }

    /// The bytes of memory it holds, about.
    #[cfg(feature = "server")]
    pub(crate) fn held(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<usize>()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let bytes = self.bytes.as_slice();
        starts.zip(&self.ends).map(|(start, end)| bytes.get(start..*end).unwrap_or_default())
    }
}
