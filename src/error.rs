//! The errors of commands and connections.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::types::{ArgumentProblem, ParseError, Text};

/// `Result` with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command or a connection failed.
///
/// Cloneable, so that every waiter of a connection that died learns the same
/// reason. No variant holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The daemon answered `ERROR: text`.
    #[error("daemon refused `{command}`: {text}")]
    Refused {
        /// The command, without its arguments.
        command: &'static str,
        /// What follows `ERROR: `.
        text: Text,
    },

    /// An argument the daemon would drop, cut, split or run; nothing was sent.
    #[error("`{command}`: {argument} {problem}")]
    InvalidArgument {
        /// The command, without its arguments.
        command: &'static str,
        /// The argument at fault.
        argument: &'static str,
        /// What is wrong with it.
        problem: ArgumentProblem,
    },

    /// The daemon answered, but not in the form this command has.
    #[error("`{command}`: expected {expected}, the daemon answered {line:?}")]
    UnexpectedReply {
        /// The command, without its arguments.
        command: &'static str,
        /// What the reply should have been.
        expected: &'static str,
        /// The line at fault, at most 256 bytes of it and without what may be a secret, or an empty text
        /// where one is missing.
        line: Text,
    },

    /// This daemon cannot do what was asked; nothing was sent.
    #[error("`{command}` needs {needs}")]
    Unsupported {
        /// The command, without its arguments.
        command: &'static str,
        /// What the daemon would have to be.
        needs: &'static str,
    },

    /// No reply within the command timeout. The connection goes on; a command that was not
    /// sent yet never is, and a reply that still comes is thrown away.
    #[error("{}", timeout_text(command, *after, *sent))]
    Timeout {
        /// The command, without its arguments.
        command: &'static str,
        /// The time that passed.
        after: Duration,
        /// Whether the command had been sent.
        sent: bool,
    },

    /// The daemon has answered a command that was sent behind this one, and not this one. Whether it
    /// was done is not known. The connection goes on.
    #[error("the daemon has not answered `{command}`, but what was sent behind it")]
    NoReply {
        /// The command, without its arguments.
        command: &'static str,
    },

    /// The daemon has begun its reply to `status` and broken it off for good, as it does at a row of 512 bytes or more:
    /// that of a client with a user name of some 350 bytes or more, let in or not. So will it be until that client is gone.
    /// The connection goes on.
    ///
    /// `status 1` has no user names and is whole, but tells no client IDs, and is ambiguous where a name holds a comma.
    /// `>CLIENT:CONNECT` tells the name and the client's ID, for `client-deny` and `client-kill`.
    #[error(
        "the daemon broke off its reply to `{command}` after {lines} lines, as it does at a row of 512 bytes or more: \
         look for a client with a very long name"
    )]
    BrokenOff {
        /// The command, without its arguments.
        command: &'static str,
        /// How many lines came.
        lines: usize,
    },

    /// The connection has ended.
    #[error("connection closed: {0}")]
    Closed(CloseReason),

    /// The address could not be read or reached.
    #[error("cannot connect to {endpoint}: {reason}")]
    Connect {
        /// The address as it was given.
        endpoint: String,
        /// Why not.
        reason: Arc<io::Error>,
    },

    /// A listener cannot listen, or cannot accept.
    #[error("cannot listen at {endpoint}: {reason}")]
    Listen {
        /// The address as it was given.
        endpoint: String,
        /// Why not.
        reason: Arc<io::Error>,
    },

    /// There is no daemon, as one of the program's own could not be started, or ended too often. The reason is a
    /// `process::StartError` or a `process::GaveUp`.
    #[error("{reason}")]
    Process {
        /// Why.
        reason: Arc<dyn std::error::Error + Send + Sync>,
        /// Whether trying again is of no use.
        permanent: bool,
    },

    /// Who dialed in may not, by [`ListenerBuilder::admit`](crate::ListenerBuilder::admit).
    #[error("{dialer} may not dial in")]
    DialerRefused {
        /// Who it was.
        dialer: String,
    },

    /// There is no session, and the command was not to wait for one: [`WhileAway::Fail`](crate::WhileAway::Fail).
    #[error("there is no session: {status}")]
    Away {
        /// What the link does, as it shows itself.
        status: String,
    },

    /// A fleet has a member of this name already.
    #[error(
        "the fleet has a member `{name}` already: choose another name, or remove that one first"
    )]
    NameTaken {
        /// The name.
        name: String,
    },

    /// A fleet has no member of this name, or not any more.
    #[error("the fleet has no member `{name}`")]
    NoSuchMember {
        /// The name.
        name: String,
    },

    /// Connected, but nothing was said.
    #[error(
        "connected, but no greeting within {after:?}: another management client may hold the \
         session (OpenVPN serves one at a time), or this is not an OpenVPN management socket"
    )]
    NoGreeting {
        /// The time that passed.
        after: Duration,
    },

    /// Connected, but the first line is not OpenVPN's greeting, or is one without a version number.
    #[error("not an OpenVPN management socket: it greets with {line:?}")]
    NotOpenVpn {
        /// The first line received, at most 256 bytes of it; `[redacted]` behind the password, which it
        /// may repeat.
        line: Text,
    },

    /// The daemon asks for the management password and none was given.
    #[error("the management socket asks for a password, and none was given")]
    PasswordRequired,

    /// The daemon did not accept the management password.
    #[error("the management password was not accepted")]
    PasswordRejected,

    /// The daemon refused `state on`, and without it a restart goes unnoticed: an answer could
    /// reach another client than it was meant for.
    #[error(
        "the daemon refused `state on`, which requests need: {text}; \
         `Builder::requests(false)` connects without them"
    )]
    StatesRefused {
        /// What follows `ERROR: `.
        text: Text,
    },

    /// `client-kill` was accepted, but the client's session goes on.
    #[error("the client is still connected {after:?} after `client-kill`")]
    StillConnected {
        /// The time that passed.
        after: Duration,
    },

    /// A text is not what it was read as, where a program passes a [`ParseError`] on.
    #[error(transparent)]
    Parse(#[from] ParseError),

    /// A subscriber fell behind: [`Lagged`](crate::Lagged), where a program passes it on.
    #[error("this subscriber fell behind and lost {events} events")]
    Lagged {
        /// How many events were lost.
        events: u64,
    },

    /// What the command is about is gone (the daemon restarted, the client left or connected
    /// anew, or the connection ended); it was not sent.
    #[error("`{command}`: what it is about is gone; nothing was sent")]
    Stale {
        /// The command, without its arguments.
        command: &'static str,
    },
}

impl Error {
    /// Whether trying again is of no use before the program or its settings change: an argument, a text, the management password, a
    /// daemon that cannot do what was asked, or one that is none of OpenVPN's.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(
            self,
            Self::InvalidArgument { .. }
                | Self::Unsupported { .. }
                | Self::PasswordRequired
                | Self::PasswordRejected
                | Self::NotOpenVpn { .. }
                | Self::StatesRefused { .. }
                | Self::Parse(_)
                | Self::Process { permanent: true, .. }
        )
    }

    /// Whether another management client has the daemon, as far as can be told: it accepts and does not greet
    /// ([`NoGreeting`](Self::NoGreeting)), the queue of its unix socket is full, or TCP does not answer in time. Trying again
    /// helps once the other has left.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        match self {
            Self::NoGreeting { .. } => true,
            Self::Connect { reason, .. } => {
                matches!(reason.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
            }
            _ => false,
        }
    }
}

fn timeout_text(command: &str, after: Duration, sent: bool) -> String {
    if sent {
        format!(
            "no reply to `{command}` within {after:?}: the daemon may be busy (resolving a name, \
             waiting for a peer) or stopped"
        )
    } else {
        format!(
            "`{command}` could not be sent within {after:?}: commands before it wait for their \
             replies, or the daemon says more than can be read meanwhile"
        )
    }
}

/// Why a connection ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CloseReason {
    /// This side asked for it: `quit`, `close`, or every handle was dropped.
    Requested,
    /// The daemon closed the connection.
    Remote,
    /// The daemon said `>FATAL:text` and closed.
    Fatal(Text),
    /// The daemon announced `>STATE:…,EXITING,detail` and closed.
    Exiting(Text),
    /// Reading or writing failed.
    Io(Arc<io::Error>),
    /// The daemon sent a line over the configured limit, in bytes.
    LineTooLong(usize),
    /// The daemon sent a reply over the configured limit, in bytes.
    ReplyTooLarge(usize),
    /// Replies can no longer be matched to commands with certainty.
    Desynchronized(&'static str),
    /// The task that reads the connection was stopped (its runtime shut down, or it panicked).
    DriverGone,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("this side closed it"),
            Self::Remote => f.write_str("the daemon closed it"),
            Self::Fatal(text) => write!(f, "the daemon ended with a fatal error: {text}"),
            Self::Exiting(detail) if detail.is_empty() => f.write_str("the daemon exited"),
            Self::Exiting(detail) => write!(f, "the daemon exited ({detail})"),
            Self::Io(error) => write!(f, "{error}"),
            Self::LineTooLong(limit) => write!(f, "the daemon sent a line of over {limit} bytes"),
            Self::ReplyTooLarge(limit) => {
                write!(f, "the daemon sent a reply of over {limit} bytes")
            }
            Self::Desynchronized(what) => write!(f, "replies no longer match commands: {what}"),
            Self::DriverGone => f.write_str("the task that serves it was stopped"),
        }
    }
}

/// An error for an argument that was refused.
pub(crate) fn invalid(
    command: &'static str,
    argument: &'static str,
    problem: ArgumentProblem,
) -> Error {
    Error::InvalidArgument { command, argument, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(kind: io::ErrorKind) -> Error {
        Error::Connect { endpoint: "x".into(), reason: Arc::new(kind.into()) }
    }

    #[test]
    fn another_manager_shows_in_three_ways() {
        let greeting = Error::NoGreeting { after: Duration::from_secs(1) };
        for busy in [greeting, connect(io::ErrorKind::WouldBlock), connect(io::ErrorKind::TimedOut)]
        {
            assert!(busy.is_busy() && !busy.is_permanent(), "{busy}");
        }
        for other in [connect(io::ErrorKind::NotFound), Error::Closed(CloseReason::Remote)] {
            assert!(!other.is_busy() && !other.is_permanent(), "{other}");
        }
    }

    #[test]
    fn what_no_second_try_changes_is_permanent() {
        let problem = ArgumentProblem::Other("is wrong");
        for error in [
            invalid("x", "y", problem),
            Error::PasswordRejected,
            Error::from("x".parse::<crate::types::Cid>().unwrap_err()),
            Error::NotOpenVpn { line: "SSH-2.0".into() },
            Error::Unsupported { command: "x", needs: "OpenVPN 2.7" },
        ] {
            assert!(error.is_permanent() && !error.is_busy(), "{error}");
        }
    }
}
