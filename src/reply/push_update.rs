//! The reply of `push-update-broad` and `push-update-cid`: two lines, not one.

use bytes::{Bytes, BytesMut};

use super::fields::number;
use super::{WriteError, WriteReply, unexpected};
use crate::error::{Error, Result};
use crate::types::{Line, Text, whole};

/// What a push update reached: `1 client(s) updated`.
///
/// Needs OpenVPN 2.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PushUpdate {
    /// How many clients the new options were sent to.
    pub updated: u32,
}

impl PushUpdate {
    /// One that reached so many clients.
    #[must_use]
    pub fn new(updated: u32) -> Self {
        Self { updated }
    }
}

/// Writes both lines; a refusal is two [`ReplyLine`](super::ReplyLine)s.
impl WriteReply for PushUpdate {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        whole(out, |out| {
            let count = Line::reply(out, "SUCCESS: ").number(self.updated);
            count.raw(" client(s) updated").end()?;
            Line::reply(out, "SUCCESS: push-update command succeeded").end()
        })
    }
}

/// Reads the whole lines of a push update's reply, `SUCCESS: ` and `ERROR: ` included.
///
/// `command` is the one that was sent, for the error.
///
/// # Errors
/// Fails with [`Error::Refused`] on any `ERROR: ` line, the texts of all of them
/// joined by `; `, and with [`Error::UnexpectedReply`] where no line says how many
/// clients were updated.
pub fn parse_push_update(command: &'static str, lines: &[Bytes]) -> Result<PushUpdate> {
    let errors = lines.iter().filter_map(|line| line.strip_prefix(b"ERROR: "));
    if let Some(text) = join(errors) {
        return Err(Error::Refused { command, text });
    }
    let updated = lines.iter().find_map(|line| {
        let text = line.strip_prefix(b"SUCCESS: ").unwrap_or(line);
        number(text.strip_suffix(b" client(s) updated")?)
    });
    match updated {
        Some(updated) => Ok(PushUpdate { updated }),
        None => Err(unexpected(command, "`N client(s) updated`", lines.first())),
    }
}

fn join<'a>(mut texts: impl Iterator<Item = &'a [u8]>) -> Option<Text> {
    let mut joined = BytesMut::from(texts.next()?);
    for text in texts {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(text);
    }
    Some(Text::from(joined.freeze()))
}

#[cfg(test)]
mod tests;
