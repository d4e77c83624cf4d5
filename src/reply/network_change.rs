//! The reply of `network-change`.

use super::fields::number;
use super::{RawReply, WriteError, WriteReply, unexpected};
use crate::error::{Error, Result};
use crate::types::{Line, whole};

const COMMAND: &str = "network-change";

/// What OpenVPN for Android does about a change of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub enum NetworkChange {
    /// It goes on with its socket, which is to be protected from its own tunnel again:
    /// `PROTECTFD: fd 'N' sent to be protected`.
    Protect {
        /// The socket's number in the daemon. The descriptor itself comes as ancillary data, which this
        /// crate does not receive.
        fd: u32,
    },
    /// It has no socket at the moment (number -1).
    NoSocket,
    /// It restarts, by SIGUSR1 (number -2).
    Restart,
    /// It says nothing: there is nothing that it does about it, as in a server.
    Nothing,
}

impl NetworkChange {
    /// Reads the reply of `network-change`.
    ///
    /// # Errors
    /// [`Refused`](Error::Refused) where the restart was refused, and
    /// [`UnexpectedReply`](Error::UnexpectedReply) on any other form.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        let Some((first, rest)) = reply.lines.split_first() else {
            return Ok(Self::Nothing);
        };
        let change = Self::read(first);
        if let (Some(Self::Restart), Some(refused)) = (change, rest.first()) {
            if let Some(text) = refused.strip_prefix(b"ERROR: ") {
                return Err(Error::Refused {
                    command: COMMAND,
                    text: refused.slice_ref(text).into(),
                });
            }
        }
        change.ok_or_else(|| unexpected(COMMAND, "`PROTECTFD: fd 'N' …`", Some(first)))
    }

    fn read(line: &[u8]) -> Option<Self> {
        let fd = line.strip_prefix(b"PROTECTFD: fd '")?.split(|byte| *byte == b'\'').next()?;
        match fd {
            b"-1" => Some(Self::NoSocket),
            b"-2" => Some(Self::Restart),
            fd => number(fd).map(|fd| Self::Protect { fd }),
        }
    }
}

/// Writes the bare line, and the `SUCCESS:` of the signal behind that of a restart; nothing for
/// [`Nothing`](Self::Nothing).
impl WriteReply for NetworkChange {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let fd = match *self {
            Self::Protect { fd } => i64::from(fd),
            Self::NoSocket => -1,
            Self::Restart => -2,
            Self::Nothing => return Ok(()),
        };
        whole(out, |out| {
            let line = Line::reply(out, "PROTECTFD: fd '").number(fd);
            line.raw("' sent to be protected").end()?;
            match self {
                Self::Restart => Line::reply(out, "SUCCESS: signal SIGUSR1 thrown").end(),
                _ => Ok(()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn change(lines: &[&'static str]) -> Result<NetworkChange> {
        let lines = lines.iter().map(|line| Bytes::from_static(line.as_bytes()));
        NetworkChange::parse(&RawReply::block(lines.collect()))
    }

    #[test]
    fn known_answers() {
        let protect = change(&["PROTECTFD: fd '7' sent to be protected"]).unwrap();
        assert_eq!(protect, NetworkChange::Protect { fd: 7 });
        let none = change(&["PROTECTFD: fd '-1' sent to be protected"]).unwrap();
        assert_eq!(none, NetworkChange::NoSocket);
        let restart = "PROTECTFD: fd '-2' sent to be protected";
        let thrown = change(&[restart, "SUCCESS: signal SIGUSR1 thrown"]).unwrap();
        assert_eq!(thrown, NetworkChange::Restart);
        assert_eq!(change(&[]).unwrap(), NetworkChange::Nothing);
        for (change, written) in [
            (protect, "PROTECTFD: fd '7' sent to be protected\r\n"),
            (none, "PROTECTFD: fd '-1' sent to be protected\r\n"),
            (
                thrown,
                "PROTECTFD: fd '-2' sent to be protected\r\nSUCCESS: signal SIGUSR1 thrown\r\n",
            ),
            (NetworkChange::Nothing, ""),
        ] {
            assert_eq!(change.to_bytes().unwrap(), written.as_bytes());
        }
        let refused = change(&[restart, "ERROR: signal 'SIGUSR1' is currently ignored"]);
        assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
        for other in ["PROTECTFD: fd '", "PROTECTFD: fd '-3'", "SUCCESS: x", "PROTECTFD: fd 7"] {
            let error = change(&[other]).unwrap_err();
            assert!(matches!(error, Error::UnexpectedReply { .. }), "{other}: {error}");
        }
    }
}
