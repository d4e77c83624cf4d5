//! The reply of `status`, in all its forms.

mod client;
mod file;
mod format;
mod lines;
mod route;
mod server;
mod server_lines;
mod span;
mod statistics;
mod table;

use std::fmt;

use bytes::Bytes;

pub use client::{Admission, StatusClient, StatusClientBuilder};
pub use file::StatusFile;
pub use format::StatusFormat;
pub use route::Route;
pub use server::ServerStatus;
pub use statistics::ClientStatistics;

use super::fields::number;
use super::{RawReply, WriteError, WriteReply, unexpected};
use crate::error::Result;
use crate::types::{Line, LocalTime, Text};

/// The reply of `status`: a server lists its clients, a client counts its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub enum Status {
    /// A server's clients and routes, in any of the formats 1, 2 and 3.
    Server(ServerStatus),
    /// The counters of a client (or of a point-to-point daemon), the same in every format.
    Client(ClientStatistics),
}

impl Status {
    /// Reads the reply of `status`, `status 1`, `status 2` or `status 3`.
    ///
    /// The format is told from the first line. Lines that do not fit it are kept in
    /// `unparsed`.
    ///
    /// # Errors
    /// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) where the first line
    /// is of no known format.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        let lines = reply.lines.as_slice();
        let expected = "`OpenVPN CLIENT LIST`, `OpenVPN STATISTICS` or a `TITLE` row";
        Self::of_lines(lines).ok_or_else(|| unexpected("status", expected, lines.first()))
    }

    /// The clients and routes, if this is the status of a server.
    #[must_use]
    pub fn as_server(&self) -> Option<&ServerStatus> {
        match self {
            Self::Server(status) => Some(status),
            Self::Client(_) => None,
        }
    }

    /// The counters, if this is the status of a client.
    #[must_use]
    pub fn as_client(&self) -> Option<&ClientStatistics> {
        match self {
            Self::Client(statistics) => Some(statistics),
            Self::Server(_) => None,
        }
    }
}

/// Writes it in the format that it was read in, or the default, with the columns it had.
impl WriteReply for Status {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        match self {
            Self::Server(status) => status.write(out),
            Self::Client(statistics) => statistics.write(out),
        }
    }
}

/// A point in time: `2026-11-22 07:23:58`, in formats 2 and 3 with `1795332238`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StatusTime {
    /// The daemon's local time as text; before OpenVPN 2.5 `Sun Nov 22 07:23:58 2026`.
    pub text: Text,
    /// Seconds since 1970-01-01 00:00 UTC; `None` in format 1.
    pub unix: Option<u64>,
}

impl StatusTime {
    /// A time as the daemon shows it, and in seconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn new(text: impl Into<Text>, unix: u64) -> Self {
        Self { text: text.into(), unix: Some(unix) }
    }

    /// The text as numbers; `None` where it is in another form.
    #[must_use]
    pub fn local(&self) -> Option<LocalTime> {
        self.text.to_str().ok()?.parse().ok()
    }

    fn text_only(line: &Bytes, text: &[u8]) -> Self {
        Self { text: Text::slice_of(line, text), unix: None }
    }
}

impl fmt::Display for StatusTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// Writes a number that may be absent.
fn write_optional(line: Line<'_>, number: Option<u64>) -> Line<'_> {
    match number {
        Some(number) => line.number(number),
        None => line,
    }
}

/// A number that may be absent or empty, but not in another form.
fn optional_number<T: TryFrom<u64>>(field: &[u8]) -> Result<Option<T>, NotANumber> {
    match field {
        [] => Ok(None),
        field => number(field).map(Some).ok_or(NotANumber),
    }
}

/// A field that should be a number holds something else.
struct NotANumber;

#[cfg(test)]
mod tests;
