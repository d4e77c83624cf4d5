//! [`StartError`]: why there is no daemon.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::conflict::Conflict;
use super::ended::Ended;
use super::output::LastWords;
use super::privilege::MissingPrivilege;
use crate::error::Error;

/// Why a daemon could not be started. Nothing of it is left: it has ended, or is being ended.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Directives do not go with being managed from here; nothing was started.
    #[error("{}", List(.0))]
    Conflicts(Vec<Conflict>),

    /// A configuration cannot be read; nothing was started.
    #[error("the configuration {} cannot be read: {reason}", path.display())]
    #[non_exhaustive]
    Config {
        /// The file: the configuration, or one that it includes.
        path: PathBuf,
        /// Why.
        reason: Arc<io::Error>,
    },

    /// There can be no socket for the daemon's management interface; nothing was started.
    #[error("there can be no management socket at {}: {reason}", path.display())]
    #[non_exhaustive]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: Arc<io::Error>,
    },

    /// The program cannot be run.
    #[error("{} cannot be run: {reason}", program.display())]
    #[non_exhaustive]
    Spawn {
        /// The program, or the command in front of it.
        program: PathBuf,
        /// Why.
        reason: Arc<io::Error>,
    },

    /// The daemon ended before there was a session. With status 0 it could not connect to the private socket, was told to do
    /// something else than to run (`--version`), or went into the background.
    #[error("before there was a session {0}")]
    Ended(Ended),

    /// The daemon runs, and has not connected, or not listened, in time; it is being ended.
    #[error("the daemon has not been heard of after {after:?}{}", Behind(last_words))]
    #[non_exhaustive]
    Silent {
        /// The time that passed.
        after: Duration,
        /// What it wrote last.
        last_words: LastWords,
    },

    /// There is a connection to the daemon and no session; it is being ended.
    #[error("{error}{}", Behind(last_words))]
    #[non_exhaustive]
    Session {
        /// Why.
        error: Error,
        /// What it wrote last.
        last_words: LastWords,
    },
}

impl StartError {
    /// Whether it stays until something is changed, so that trying again is of no use: a configuration that the daemon does
    /// not take, a program that is not there, a privilege that is missing.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Conflicts(_) => true,
            Self::Config { reason, .. } => reason.kind() != io::ErrorKind::TimedOut,
            Self::Socket { reason, .. } | Self::Spawn { reason, .. } => is_permanent(reason),
            Self::Ended(ended) => {
                ended.missing_privilege().is_some() || says_options_error(&ended.last_words)
            }
            Self::Silent { .. } | Self::Session { .. } => false,
        }
    }

    /// What the daemon wrote last; `None` where none was started.
    #[must_use]
    pub fn last_words(&self) -> Option<&LastWords> {
        match self {
            Self::Ended(Ended { last_words, .. })
            | Self::Silent { last_words, .. }
            | Self::Session { last_words, .. } => Some(last_words),
            _ => None,
        }
    }

    /// What was not allowed, where that is why.
    #[must_use]
    pub fn missing_privilege(&self) -> Option<MissingPrivilege> {
        match self {
            Self::Spawn { reason, .. } if reason.kind() == io::ErrorKind::PermissionDenied => {
                Some(MissingPrivilege::Execute)
            }
            Self::Ended(ended) => ended.missing_privilege(),
            _ => self.last_words().and_then(MissingPrivilege::of),
        }
    }
}

fn says_options_error(words: &LastWords) -> bool {
    words.reason().is_some_and(|line| line.as_bytes().starts_with(b"Options error: "))
}

/// Of what there may be more later.
fn is_permanent(reason: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, NotADirectory, NotFound, PermissionDenied};
    matches!(reason.kind(), NotFound | PermissionDenied | NotADirectory | InvalidInput)
}

/// Each behind the other.
struct List<'a>(&'a [Conflict]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, conflict)| {
            let between = if at == 0 { "" } else { "; " };
            write!(f, "{between}{conflict}")
        })
    }
}

/// The line that says most.
struct Behind<'a>(&'a LastWords);

impl fmt::Display for Behind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.reason() {
            Some(reason) => write!(f, "; it has written: {reason}"),
            None => f.write_str("; it has written nothing"),
        }
    }
}

/// A daemon could not be ended: it has not ended by itself, and this program may not kill it, as it runs as another user.
/// Its management connection is closed, so that one which dialed ends when it looks at that.
#[derive(Debug, Clone, thiserror::Error)]
#[error("process {pid} has not ended, and cannot be killed: {reason}")]
#[non_exhaustive]
pub struct StopError {
    /// The process.
    pub pid: u32,
    /// Why.
    pub reason: Arc<io::Error>,
}
