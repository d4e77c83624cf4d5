//! [`StatusFormat`], and the [`Form`] in which a status was read and is written again.

use std::fmt;
use std::str::FromStr;

use super::table::Column;
use super::{Route, StatusClient};
use crate::types::{ParseError, Text, number};

/// The form in which a server's `status` is asked for.
///
/// A client answers every form with its statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum StatusFormat {
    /// Titles and commas, for people. A name with a comma makes its row ambiguous.
    V1,
    /// Commas. A name with a comma makes its row ambiguous.
    V2,
    /// TABs, which no field can hold: the only unambiguous form.
    #[default]
    V3,
}

impl StatusFormat {
    /// Its number, as `status N` and `status-version N` take it.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }

    /// What stands between two fields.
    pub(super) fn separator(self) -> u8 {
        match self {
            Self::V1 | Self::V2 => b',',
            Self::V3 => b'\t',
        }
    }
}

impl From<StatusFormat> for u8 {
    fn from(format: StatusFormat) -> Self {
        format.number()
    }
}

impl TryFrom<u8> for StatusFormat {
    type Error = ParseError;

    fn try_from(number: u8) -> Result<Self, ParseError> {
        match number {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            3 => Ok(Self::V3),
            _ => Err(ParseError::new("a format of `status`", "it is none of 1, 2 and 3")),
        }
    }
}

/// Reads its number.
impl FromStr for StatusFormat {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        // What is no number is none of the three either.
        Self::try_from(number(text.as_bytes()).unwrap_or(u8::MAX))
    }
}

/// Shows its number.
impl fmt::Display for StatusFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// How the tables of a status are written: its format, and the columns of each table that has a header.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) format: StatusFormat,
    pub(super) clients: Option<Vec<Column>>,
    pub(super) routes: Option<Vec<Column>>,
    pub(super) unparsed: Places,
}

impl Form {
    /// As OpenVPN 2.5 to 2.7 write it.
    pub(super) fn of(format: StatusFormat) -> Self {
        let (clients, routes): (&[usize], &[usize]) = match format {
            StatusFormat::V1 => (&[0, 1, 4, 5, 6], &[0, 1, 2, 3]),
            StatusFormat::V2 | StatusFormat::V3 => {
                (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], &[0, 1, 2, 3, 4])
            }
        };
        let known = |columns: &[usize]| columns.iter().copied().map(Column::Known).collect();
        let unparsed = Places::default();
        Self { format, clients: Some(known(clients)), routes: Some(known(routes)), unparsed }
    }

    /// Without any table.
    pub(super) fn empty(format: StatusFormat) -> Self {
        Self { format, clients: None, routes: None, unparsed: Places::default() }
    }

    /// The same in another format: with the columns of this one, where that names them too.
    pub(super) fn to(&self, format: StatusFormat) -> Self {
        let is_named = |format| format != StatusFormat::V1;
        if format == self.format {
            return self.clone();
        }
        if !is_named(format) || !is_named(self.format) {
            return Self::of(format);
        }
        Self { format, unparsed: Places::default(), ..self.clone() }
    }

    pub(super) fn client_names(&self) -> Option<Vec<&[u8]>> {
        Some(Column::names(self.clients.as_ref()?, &StatusClient::COLUMNS))
    }

    pub(super) fn route_names(&self) -> Option<Vec<&[u8]>> {
        Some(Column::names(self.routes.as_ref()?, &Route::COLUMNS))
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::of(StatusFormat::default())
    }
}

/// In what form something is said is not what is said.
impl PartialEq for Form {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Form {}

/// Which lines of a reply those are that could not be read, counted from 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(pub(super) Vec<usize>);

/// Where something stands is not what it says.
impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Places {}

impl Places {
    /// The unparsed lines with their places; behind all others where they are not those that were read.
    pub(super) fn of<'a>(&self, unparsed: &'a [Text]) -> Vec<(usize, &'a Text)> {
        let places = if self.0.len() == unparsed.len() { self.0.as_slice() } else { &[] };
        let places = places.iter().copied().chain(std::iter::repeat(usize::MAX));
        places.zip(unparsed).collect()
    }
}
