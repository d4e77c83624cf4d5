//! [`Ended`]: how a daemon has ended.

use std::fmt;
use std::process::ExitStatus;

use super::output::LastWords;
use super::privilege::MissingPrivilege;

/// How a daemon has ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Ended {
    /// Its exit status; `None` where the system does not tell, as this program ignores SIGCHLD. A daemon that ends in good
    /// order has 0, also where its private socket was gone or its manager was.
    pub status: Option<ExitStatus>,
    /// What ended it.
    pub by: EndedBy,
    /// What it wrote last.
    pub last_words: LastWords,
}

/// What ended a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndedBy {
    /// Nobody asked it to, by its [`Child`](super::Child).
    Itself,
    /// The management interface: `signal SIGTERM`, or the end of the connection.
    Management,
    /// SIGTERM, as the management interface could not be asked or did not answer.
    Sigterm,
    /// SIGKILL, as nothing else was heard within the grace.
    Sigkill,
}

impl Ended {
    /// What the daemon was not allowed to do, where its words tell that and it ended by itself.
    #[must_use]
    pub fn missing_privilege(&self) -> Option<MissingPrivilege> {
        if self.by != EndedBy::Itself {
            return None;
        }
        let missing = MissingPrivilege::of(&self.last_words)?;
        // One that could not dial ends as if all were well; else a good end is none for the lack of something.
        (missing == MissingPrivilege::Socket || !self.is_success()).then_some(missing)
    }

    fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the daemon ended")?;
        if let Some(status) = self.status {
            write!(f, " ({status})")?;
        }
        if let Some(missing) = self.missing_privilege() {
            write!(f, ", {missing}")?;
        }
        match self.last_words.reason() {
            // It did as it was told.
            _ if self.by != EndedBy::Itself && self.is_success() => Ok(()),
            Some(reason) => write!(f, ": {reason}"),
            None => f.write_str(", and has written nothing"),
        }
    }
}
