//! [`Outcome`]: what became of an attempt, and [`Drained`]: of those that were open at the end.

use std::fmt;
use std::time::Duration;

use tracing::{debug, warn};

use super::AttemptKind;
use crate::client::Peer;
use crate::error::{CloseReason, Error};
use crate::requests::Origin;
use crate::types::{Kid, Text};

/// What became of one [`Attempt`](super::Attempt), for audit and metrics. Holds no password, response or token.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// Which daemon it came from, where the server [serves](super::AuthServer::serve) a source.
    pub origin: Option<Origin>,
    /// The client's identity, with its [ID](Peer::cid).
    pub peer: Peer,
    /// The ID of its TLS session.
    pub kid: Kid,
    /// Whether the client was new.
    pub kind: AttemptKind,
    /// The common name of its certificate, where the daemon tells and vouches for it.
    pub common_name: Option<Text>,
    /// Its user name, where the daemon vouches for it.
    pub username: Option<Text>,
    /// What was decided.
    pub verdict: Verdict,
    /// What became of the decision.
    pub delivery: Delivery,
    /// The time from when the daemon asked until it was decided; `None` where it was not.
    pub decided_after: Option<Duration>,
    /// The time from when the daemon asked until it was over: with [`Delivery::Sent`], until the
    /// daemon had taken the decision.
    pub took: Duration,
}

/// What was decided about an attempt: by the authenticator, or in its place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Verdict {
    /// [`Decision::Allow`](super::Decision::Allow)
    Allow,
    /// [`Decision::AllowWith`](super::Decision::AllowWith)
    AllowWith,
    /// [`Decision::Challenge`](super::Decision::Challenge)
    Challenge,
    /// [`Decision::Deny`](super::Decision::Deny)
    #[non_exhaustive]
    Deny {
        /// The reason for the server's log.
        reason: String,
    },
    /// The authenticator failed with this error; denied.
    Failed(String),
    /// The authenticator panicked; denied.
    Panicked,
    /// There was no decision by the deadline; denied.
    Late,
    /// The decision could not be sent: the daemon would read it otherwise, or cannot do it; denied.
    Unsendable(Error),
    /// The server was shutting down; denied.
    ShutDown,
    /// Nothing: the client left before.
    Undecided,
}

/// What became of a decision, or of the denial in its place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Delivery {
    /// It was sent, and the daemon took it.
    Sent,
    /// It was not sent: the client left or connected anew, the daemon restarted, or somebody else decided.
    Stale,
    /// The daemon refused it, in these words.
    Refused(Text),
    /// It was sent, and what the daemon did with it is not known.
    Unconfirmed(Error),
    /// It could not be sent in time, and the server had to end.
    NotSent(Error),
    /// It was not sent: the connection ended first.
    Closed(CloseReason),
}

/// What became of the attempts that were open when [`AuthServer::run_until`](super::AuthServer::run_until) began to end.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Drained {
    /// Why the connection ended; `None` where it goes on.
    pub reason: Option<CloseReason>,
    /// How many attempts were decided in time, and the daemon took it.
    pub finished: usize,
    /// How many were denied because of the end.
    pub denied: usize,
    /// How many nobody waited for any more: their client had left, or the connection ended.
    pub gone: usize,
    /// How many decisions the daemon refused or may not have got, denials because of the end included.
    pub undelivered: usize,
    /// Whether calls went on when the limit was reached; they were dropped.
    pub limit_reached: bool,
    /// The time that it took.
    pub took: Duration,
}

impl Verdict {
    /// [`Deny`](Self::Deny), for this reason.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::Deny { reason: reason.into() }
    }
}

impl Outcome {
    /// Whether the daemon was told to let the client in, and took it.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        let allowed = matches!(self.verdict, Verdict::Allow | Verdict::AllowWith);
        allowed && matches!(self.delivery, Delivery::Sent)
    }

    pub(super) fn log(&self) {
        let Self { peer, kid, verdict, delivery, .. } = self;
        let cid = peer.cid();
        let failed = matches!(verdict, Verdict::Failed(_) | Verdict::Panicked)
            || matches!(
                delivery,
                Delivery::Refused(_) | Delivery::Unconfirmed(_) | Delivery::NotSent(_)
            );
        let denied = matches!(verdict, Verdict::Late | Verdict::Unsendable(_));
        if failed || (denied && matches!(delivery, Delivery::Sent)) {
            warn!(%cid, %kid, %verdict, %delivery, "an attempt is over");
        } else {
            debug!(%cid, %kid, %verdict, %delivery, "an attempt is over");
        }
    }
}

impl Drained {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        let count = match (&outcome.delivery, &outcome.verdict) {
            (Delivery::Sent, Verdict::ShutDown) => &mut self.denied,
            (Delivery::Sent, _) => &mut self.finished,
            (Delivery::Stale | Delivery::Closed(_), _) => &mut self.gone,
            (Delivery::Refused(_) | Delivery::Unconfirmed(_) | Delivery::NotSent(_), _) => {
                &mut self.undelivered
            }
        };
        *count += 1;
    }

    /// Adds those of another connection.
    pub(super) fn add(&mut self, other: &Self) {
        self.finished += other.finished;
        self.denied += other.denied;
        self.gone += other.gone;
        self.undelivered += other.undelivered;
        self.limit_reached |= other.limit_reached;
        self.took = self.took.max(other.took);
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => f.write_str("allowed"),
            Self::AllowWith => f.write_str("allowed, with a configuration of its own"),
            Self::Challenge => f.write_str("challenged"),
            Self::Deny { reason } => write!(f, "denied: {reason}"),
            Self::Failed(error) => write!(f, "denied, the authenticator failed: {error}"),
            Self::Panicked => f.write_str("denied, the authenticator panicked"),
            Self::Late => f.write_str("denied, no decision by the deadline"),
            Self::Unsendable(error) => write!(f, "denied, the decision cannot be sent: {error}"),
            Self::ShutDown => f.write_str("denied, the server shuts down"),
            Self::Undecided => f.write_str("undecided"),
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("sent"),
            Self::Stale => f.write_str("not sent, nobody waits for it any more"),
            Self::Refused(text) => write!(f, "refused by the daemon: {text}"),
            Self::Unconfirmed(error) => write!(f, "sent, but not confirmed: {error}"),
            Self::NotSent(error) => write!(f, "not sent: {error}"),
            Self::Closed(reason) => write!(f, "not sent, the connection ended: {reason}"),
        }
    }
}
