//! [`Masked`]: a line of the daemon's that may quote a secret, cut where the secret would begin.
//!
//! The daemon hides passwords in its log, and tokens that it pushes. It does not hide
//! responses, the IDs of challenges and the passwords of proxies.

use std::fmt;
use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use bytes::Bytes;

use crate::types::Text;

/// What a secret stands behind.
const MARKS: [&[u8]; 15] = [
    b"CRV1:",
    b"WEB_AUTH:",
    b"OPEN_URL:",
    b"CR_RESPONSE,",
    b"CR response was sent by client (",
    b"CMD 'cr-response ",
    b"CMD 'needstr ",
    b"CMD 'password ",
    // Our own commands, where the other side repeats them.
    b"cr-response ",
    b"needstr \"",
    b"password \"",
    b"username \"",
    b"auth-token ",
    b"Auth-Token:",
    b",password=",
];

const REDACTED: &[u8] = b"[redacted]";

/// Shows a text up to the secret it may hold.
pub(crate) struct Masked<'a>(pub(crate) &'a Text);

/// The text itself where it holds no secret, else what may be shown of it.
pub(crate) fn masked(text: &Text) -> Text {
    match harmless(text.as_bytes()) {
        Some(start) => Text::from(Bytes::from([start, REDACTED].concat())),
        None => text.clone(),
    }
}

/// What of a line an error shows: the [masked] text, at most 256 bytes of it.
pub(crate) fn shown(text: &Text) -> Text {
    const SHOWN: usize = 256;
    let text = masked(text);
    match text.as_bytes().get(..SHOWN) {
        Some(start) => Text::from(Bytes::copy_from_slice(start)),
        None => text,
    }
}

/// What stands before the first secret, with its mark; `None` where there is none.
pub(crate) fn harmless(line: &[u8]) -> Option<&[u8]> {
    let end = |mark: &&[u8]| Some(memchr::memmem::find(line, mark)? + mark.len());
    line.get(..MARKS.iter().filter_map(end).min()?)
}

/// Whether a secret may stand in a line of the log. Each is searched for all marks, so it is done in one pass where
/// the processor can.
///
/// The search may leave pieces of the line on the stack; [`harmless`], for all else, leaves none.
pub(crate) fn may_hold_secret(line: &[u8]) -> bool {
    static SEARCHER: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(MARKS));
    match &*SEARCHER {
        Some(searcher) => searcher.find(line).is_some(),
        None => harmless(line).is_some(),
    }
}

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&masked(self.0), f)
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&masked(self.0), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_the_first_secret() {
        for (line, shown) in [
            ("MANAGEMENT: CMD 'state on'", "MANAGEMENT: CMD 'state on'"),
            ("MANAGEMENT: CMD 'cr-response MTIz'", "MANAGEMENT: CMD 'cr-response [redacted]"),
            ("x CLI:CRV1:R,E:id:dQ==:text", "x CLI:CRV1:[redacted]"),
            ("SCRV1:cHc=:MTIz", "SCRV1:[redacted]"),
            ("'INFO_PRE,WEB_AUTH:proxy=h;1;;cHc=:https://x CRV1:", "'INFO_PRE,WEB_AUTH:[redacted]"),
            (
                "unknown command: password \"Auth\" \"hunter2\"",
                "unknown command: password \"[redacted]",
            ),
            (
                "SENT CONTROL [x]: 'INFO_PRE,OPEN_URL:https://x/'",
                "SENT CONTROL [x]: 'INFO_PRE,OPEN_URL:[redacted]",
            ),
            ("", ""),
        ] {
            assert_eq!(Masked(&line.into()).to_string(), shown);
            assert_eq!(format!("{:?}", Masked(&line.into())), format!("{:?}", Text::from(shown)));
        }
    }
}
