//! [`StatusFile`]: what a daemon writes to the file of `--status`.

use bytes::Bytes;

use super::{ClientStatistics, ServerStatus, Status};
use crate::types::{ParseError, Text, lines};

/// The file of `--status FILE`, in any of the versions 1, 2 and 3 of `--status-version`, as one read of it found it.
///
/// ```
/// use openvpn_mgmt::reply::StatusFile;
///
/// # let path = tempfile::NamedTempFile::new()?;
/// # let text = "OpenVPN STATISTICS\nUpdated,2026-11-22 07:23:58\nTCP/UDP read bytes,3182\nEND\n";
/// # std::fs::write(&path, text)?;
/// let file = StatusFile::parse(std::fs::read(&path)?)?;
/// assert!(file.is_complete);
/// assert_eq!(file.status.as_client().unwrap().tcp_udp_read_bytes, Some(3182));
/// assert_eq!(file.status.time().unwrap().text, "2026-11-22 07:23:58");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # While the daemon writes
/// A daemon writes each status over the last one, line by line, and cuts off at the end what is left of a longer one.
/// A read meanwhile finds lines of the new one and then a piece of the old one, which begins anywhere. Much of that
/// shows: there is no [`END`](Self::is_complete), something [stands behind it](Self::rest), or there are lines in
/// `unparsed`. Not all does: rows of both can stand beside each other, and in versions 1 and 2 the end of an old row can
/// look like a row, as a name with commas would have it. So have version 3 written, and read the file until two reads
/// are the same, or ask over the management interface, where a status is of one moment.
///
/// A row of 512 bytes, as a client makes that has a long user name, is not written, and nothing after it; from the next
/// time on the file is empty. See whether its [time](Status::time) goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusFile {
    /// What its whole lines say.
    pub status: Status,
    /// Whether its `END` is there.
    pub is_complete: bool,
    /// What is no whole line of the status, and is not read: a last line without its end, or all that follows `END`.
    pub rest: Text,
}

impl StatusFile {
    /// Reads what was in the file, with LF or CRLF behind its lines.
    ///
    /// What it keeps shares the memory of `file`.
    ///
    /// # Errors
    /// [`ParseError`] where there is no first line, or it is that of no status. Other lines that cannot be read
    /// are kept in `unparsed` of the [status](Self::status).
    pub fn parse(file: impl Into<Bytes>) -> Result<Self, ParseError> {
        let file = file.into();
        let mut whole = Vec::new();
        let mut lines = lines(&file);
        while let Some(line) = lines.next() {
            if line == "END" {
                return Self::read(&whole, true, lines.rest());
            }
            if !line.is_empty() {
                whole.push(line.into_bytes());
            }
        }
        let rest = lines.rest();
        if rest == *"END" && may_end(&whole) {
            return Self::read(&whole, true, Text::default());
        }
        Self::read(&whole, false, rest)
    }

    fn read(lines: &[Bytes], is_complete: bool, rest: Text) -> Result<Self, ParseError> {
        let error = |problem| Err(ParseError::new("a status file", problem));
        match (Status::of_lines(lines), lines) {
            (Some(status), _) => Ok(Self { status, is_complete, rest }),
            (None, []) if rest.is_empty() && !is_complete => {
                error("it is empty: the daemon has not written it yet")
            }
            (None, []) => error("it has no first line"),
            (None, _) => error(
                "it begins with none of `OpenVPN CLIENT LIST`, `OpenVPN STATISTICS` and a `TITLE` row",
            ),
        }
    }
}

/// Whether an `END` without a line end is one: in a table of version 1 a client's name may begin so.
fn may_end(lines: &[Bytes]) -> bool {
    let is_v1 = lines.first().is_some_and(|line| *line == "OpenVPN CLIENT LIST");
    !is_v1 || lines.iter().any(|line| *line == "GLOBAL STATS")
}

impl Status {
    /// When the daemon wrote this, by its own clock; in versions 2 and 3 of a server's also in seconds since 1970.
    #[must_use]
    pub fn time(&self) -> Option<&super::StatusTime> {
        match self {
            Self::Server(status) => status.time.as_ref(),
            Self::Client(statistics) => statistics.updated.as_ref(),
        }
    }

    /// Reads lines without their ends and without `END`; `None` where the first is of no known format.
    pub(super) fn of_lines(lines: &[Bytes]) -> Option<Self> {
        match lines.first()?.as_ref() {
            b"OpenVPN STATISTICS" => Some(Self::Client(ClientStatistics::parse(lines))),
            b"OpenVPN CLIENT LIST" => Some(Self::Server(ServerStatus::parse_v1(lines))),
            [b'T', b'I', b'T', b'L', b'E', separator @ (b',' | b'\t'), ..] => {
                Some(Self::Server(ServerStatus::parse_rows(lines, *separator)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
