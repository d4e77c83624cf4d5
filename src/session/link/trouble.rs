//! [`Trouble`]: why there is no session, as far as it decides what to do.

use std::fmt;
use std::io;

use crate::error::Error;

/// What keeps a [`Link`](super::Link) from a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// Nobody listens there: the daemon does not run, or not yet.
    Refused,
    /// There is no such path: the daemon does not run, or not yet.
    NoSuchPath,
    /// This user may not connect.
    Permission,
    /// Another management client holds the daemon: it accepts and does not greet, or its queue is full.
    Busy,
    /// The management password is wrong or missing; it is not tried again.
    Password,
    /// A setting is wrong, whatever the daemon says; it is not tried again.
    Setting,
    /// What answers is not OpenVPN, or not one that this crate can serve.
    NotOpenVpn,
    /// The connection ended before there was a session.
    Gone,
    /// Anything else, as the error says.
    Other,
}

impl Trouble {
    /// What an error of [`Builder::connect`](crate::Builder::connect) says of it.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error {
            _ if error.is_busy() => Self::Busy,
            Error::Connect { reason, .. } => Self::of_io(reason),
            Error::PasswordRequired | Error::PasswordRejected => Self::Password,
            Error::InvalidArgument { .. } => Self::Setting,
            Error::NotOpenVpn { .. } | Error::StatesRefused { .. } => Self::NotOpenVpn,
            Error::Closed(_) => Self::Gone,
            _ => Self::Other,
        }
    }

    fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::NotFound => Self::NoSuchPath,
            io::ErrorKind::PermissionDenied => Self::Permission,
            _ => Self::Other,
        }
    }

    /// Whether it stays until the program changes something, so that trying again is of no use.
    #[must_use]
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::Password | Self::Setting)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Refused => "nobody listens there",
            Self::NoSuchPath => "there is no such path",
            Self::Permission => "this user may not connect",
            Self::Busy => "another management client holds the daemon, or it does not answer",
            Self::Password => "the management password is wrong or missing",
            Self::Setting => "a setting is wrong",
            Self::NotOpenVpn => "it is not an OpenVPN that can be served",
            Self::Gone => "the connection ended before there was a session",
            Self::Other => "it cannot be reached",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::error::CloseReason;

    #[test]
    fn errors_tell_what_the_trouble_is() {
        let io = |kind: io::ErrorKind| Error::Connect {
            endpoint: "x".into(),
            reason: Arc::new(kind.into()),
        };
        for (error, trouble) in [
            (io(io::ErrorKind::ConnectionRefused), Trouble::Refused),
            (io(io::ErrorKind::NotFound), Trouble::NoSuchPath),
            (io(io::ErrorKind::PermissionDenied), Trouble::Permission),
            (io(io::ErrorKind::WouldBlock), Trouble::Busy),
            (io(io::ErrorKind::TimedOut), Trouble::Busy),
            (io(io::ErrorKind::Other), Trouble::Other),
            (Error::NoGreeting { after: Duration::from_secs(1) }, Trouble::Busy),
            (Error::PasswordRejected, Trouble::Password),
            (Error::PasswordRequired, Trouble::Password),
            (Error::Closed(CloseReason::Remote), Trouble::Gone),
        ] {
            assert_eq!(Trouble::of(&error), trouble, "{error}");
            assert_eq!(trouble.is_permanent(), trouble == Trouble::Password);
        }
    }
}
