//! [`Head`]: what a daemon says that begins, changes or ends something a program is asked.

use tokio::time::Instant;

/// What only one can be asked at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Slot {
    Hold,
    Credentials,
    Need,
    Certificate,
    Sign,
    Challenge,
}

/// A line of a daemon that matters to what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All client IDs start over, and all prompts.
    Restart,
    /// A client asks to be let in, or renews its keys.
    Client { cid: u64, kid: u64, is_new: bool, name: String },
    /// A client is gone.
    Gone { cid: u64 },
    /// A prompt.
    Prompt(Slot),
}

/// Such a line, and the place behind it in what the daemon has said.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) end: u64,
    pub(crate) kind: Kind,
    /// When it was said.
    pub(crate) at: Instant,
    /// The place behind its block, once that is known.
    pub(crate) over: u64,
    /// Its environment may be filtered, for all that its manager can know.
    pub(crate) is_filtered: bool,
}

impl Head {
    /// Whether this client was asked about there.
    pub(crate) fn is_of(&self, wanted: u64, key: u64, username: &str) -> bool {
        matches!(&self.kind, Kind::Client { cid, kid, name, .. } if *cid == wanted && *kid == key && name == username)
    }
}

impl Kind {
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let line = line.strip_prefix('>')?;
        let (name, rest) = line.split_once(':')?;
        let word = rest.split([',', ':', ' ']).next().unwrap_or_default();
        Some(match (name, word) {
            ("STATE", _) if rest.split(',').nth(1) == Some("RECONNECTING") => Self::Restart,
            ("CLIENT", "CONNECT" | "REAUTH") => {
                let mut numbers = rest.split(',').skip(1).map(|number| number.parse().ok());
                let (cid, kid) = (numbers.next()??, numbers.next()??);
                Self::Client { cid, kid, is_new: word == "CONNECT", name: String::new() }
            }
            ("CLIENT", "DISCONNECT") => Self::Gone { cid: rest.split(',').nth(1)?.parse().ok()? },
            ("HOLD", _) => Self::Prompt(Slot::Hold),
            ("PASSWORD", "Need") => Self::Prompt(Slot::Credentials),
            ("NEED-STR" | "NEED-OK", _) => Self::Prompt(Slot::Need),
            ("NEED-CERTIFICATE", _) => Self::Prompt(Slot::Certificate),
            ("PK_SIGN" | "RSA_SIGN", _) => Self::Prompt(Slot::Sign),
            ("INFOMSG", "CR_TEXT") => Self::Prompt(Slot::Challenge),
            _ => return None,
        })
    }

    /// Whether an answer to `asked` means nothing any more behind this.
    pub(crate) fn ends(&self, asked: &Self) -> bool {
        match (self, asked) {
            (Self::Restart, _) => true,
            (Self::Gone { cid }, Self::Client { cid: asked, .. })
            | (Self::Client { cid, is_new: true, .. }, Self::Client { cid: asked, .. }) => {
                cid == asked
            }
            (Self::Prompt(slot), Self::Prompt(asked)) => slot == asked && *slot != Slot::Hold,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_ends_what() {
        let client = Kind::parse(">CLIENT:CONNECT,3,1").unwrap();
        assert!(matches!(client, Kind::Client { cid: 3, kid: 1, is_new: true, .. }));
        let ends = |line: &str| Kind::parse(line).is_some_and(|kind| kind.ends(&client));
        assert!(ends(">STATE:1795332237,RECONNECTING,SIGUSR1,,,,,"));
        assert!(ends(">CLIENT:DISCONNECT,3") && !ends(">CLIENT:DISCONNECT,4"));
        assert!(ends(">CLIENT:CONNECT,3,2") && !ends(">CLIENT:REAUTH,3,2"));
        assert!(!ends(">STATE:1795332237,CONNECTED,SUCCESS,,,,,") && !ends("END"));
    }
}
