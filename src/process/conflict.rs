//! [`Conflict`]: a directive that does not go with being managed from here.

use std::fmt;
use std::path::PathBuf;

/// A directive that does not go with a daemon that is started and managed from here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// Its name.
    pub directive: String,
    /// Where it stands.
    pub place: Place,
    /// What it does.
    pub why: &'static str,
}

/// Where a directive stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The program itself gives it.
    CommandLine,
    /// In a configuration file.
    #[non_exhaustive]
    File {
        /// The file: the configuration, or one that it includes.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In a configuration that the program has in memory.
    #[non_exhaustive]
    Text {
        /// The line, from 1.
        line: usize,
    },
}

impl Conflict {
    pub(super) fn new(directive: String, place: Place, why: &'static str) -> Self {
        Self { directive, place, why }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}) {}", self.directive, self.place, self.why)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("given by the program"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Text { line } => write!(f, "line {line} of the configuration"),
        }
    }
}
