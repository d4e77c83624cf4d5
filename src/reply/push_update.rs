//! The reply of `push-update-broad` and `push-update-cid`: two lines, not one.

use bytes::{Bytes, BytesMut};

use super::fields::number;
use super::unexpected;
use crate::{Error, Result, Text};

/// What a push update reached: `1 client(s) updated`.
///
/// Needs OpenVPN 2.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushUpdate {
    /// How many clients the new options were sent to.
    pub updated: u32,
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
mod tests {
    use super::*;

    fn parse(lines: &[&'static str]) -> Result<PushUpdate> {
        let lines: Vec<_> = lines.iter().map(|line| Bytes::from(*line)).collect();
        parse_push_update("push-update-cid", &lines)
    }

    fn refused(lines: &[&'static str]) -> String {
        match parse(lines) {
            Err(Error::Refused { text, .. }) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn clients_updated() {
        let done = "SUCCESS: push-update command succeeded";
        assert_eq!(parse(&["SUCCESS: 1 client(s) updated", done]).unwrap().updated, 1);
        assert_eq!(parse(&["12 client(s) updated"]).unwrap().updated, 12);
    }

    #[test]
    fn refusals() {
        let pair = ["ERROR: no client updated", "ERROR: push-update command failed"];
        assert_eq!(refused(&pair), "no client updated; push-update command failed");
        let unknown = ["ERROR: unknown command, enter 'help' for more options"];
        assert_eq!(refused(&unknown), "unknown command, enter 'help' for more options");
        let half = ["SUCCESS: 1 client(s) updated", "ERROR: push-update command failed"];
        assert_eq!(refused(&half), "push-update command failed");
    }

    #[test]
    fn no_count_is_an_error() {
        assert!(parse(&[]).is_err());
        assert!(parse(&["SUCCESS: push-update command succeeded"]).is_err());
        assert!(parse(&["SUCCESS: x client(s) updated"]).is_err());
        assert!(parse(&["SUCCESS:  client(s) updated"]).is_err());
    }
}
