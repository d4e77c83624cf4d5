//! [`Deciding`]: one attempt, from its turn to the daemon's reply.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tracing::warn;

use super::attempt::Deadline;
use super::{AttemptKind, BoxError, Decision, Delivery, Outcome, Verdict};
use crate::client::{Client, far};
use crate::error::{Error, Result};
use crate::requests::ClientRequest;
use crate::types::Text;

/// How long a server goes on once calls are given up, for the daemon to take the last decisions.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(5);

/// How much of that is left when deciding ends, to hear what became of each decision.
const COLLECTING: Duration = Duration::from_millis(100);

/// One attempt that is decided about.
pub(super) struct Deciding {
    pub(super) request: Arc<ClientRequest>,
    pub(super) client: Client,
    pub(super) stop: Stop,
    /// What a client is told who is denied because of that.
    pub(super) shutdown_reason: Arc<str>,
    /// Its place among the attempts of its client.
    pub(super) number: u64,
    /// Set when there is a decision to send.
    pub(super) decided: Arc<AtomicBool>,
    /// Told of attempts that go on and decide nothing any more, so that others need not wait for them.
    pub(super) released: mpsc::UnboundedSender<Released>,
}

/// An attempt that need not be waited for, by its number.
pub(super) type Released = (Arc<ClientRequest>, u64);

/// Tells that calls are given up, and when that was due.
pub(super) type Stop = watch::Receiver<Option<Instant>>;

/// When an attempt is decided about.
pub(super) struct Times {
    pub(super) begin: oneshot::Receiver<()>,
    pub(super) deadline: Arc<Deadline>,
    /// What a renewal has from when its turn comes.
    pub(super) time: Duration,
}

/// How an attempt ended.
pub(super) struct Ended {
    pub(super) verdict: Verdict,
    pub(super) delivery: Delivery,
    pub(super) decided: Option<Instant>,
}

impl Deciding {
    /// Waits for its turn, then does as `call` says; denies where it fails or is late.
    pub(super) async fn run(
        mut self,
        kind: AttemptKind,
        times: Times,
        call: impl Future<Output = Result<Decision, BoxError>>,
    ) -> Ended {
        let Times { begin, deadline, time } = times;
        tokio::select! {
            biased;
            () = self.request.withdrawn() => return self.undecided().await,
            _ = stopped(&mut self.stop) => return self.deny(Verdict::ShutDown).await,
            // Its sender is kept as long as this waits.
            _ = begin => {}
        }
        if kind == AttemptKind::Reauth {
            // It may have waited behind another; the client is in meanwhile.
            deadline.restart(time);
        }
        match self.called(call, &deadline).await {
            Ok(Called { decision, gone: None }) => self.decided(decision).await,
            // Its client left; what is decided then goes nowhere.
            Ok(Called { decision, gone: Some(delivery) }) => {
                let verdict = match decision {
                    Ok(decision) => Verdict::of(&decision),
                    Err(verdict) => verdict,
                };
                Ended { verdict, delivery, decided: Some(Instant::now()) }
            }
            Err(GivenUp) if self.request.is_open() => self.deny(Verdict::ShutDown).await,
            Err(GivenUp) => self.undecided().await,
        }
    }

    /// Runs `call` until the deadline, which may move meanwhile; it goes on where its client leaves.
    async fn called(
        &mut self,
        call: impl Future<Output = Result<Decision, BoxError>>,
        deadline: &Deadline,
    ) -> Result<Called, GivenUp> {
        let mut call = std::pin::pin!(call);
        let mut gone = None;
        let decision = loop {
            let at = deadline.get();
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(at) => {
                    if deadline.get() <= at {
                        break Err(Verdict::Late);
                    }
                }
                _ = stopped(&mut self.stop) => return Err(GivenUp),
                () = self.request.withdrawn(), if gone.is_none() => {
                    gone = Some(self.gone().await);
                    // At the end of the server nobody listens.
                    let _ = self.released.send((Arc::clone(&self.request), self.number));
                }
                // The call may have held up its task, and with it the clock.
                done = &mut call => break match done {
                    _ if self.stop.borrow().is_some() => return Err(GivenUp),
                    _ if deadline.is_over() => Err(Verdict::Late),
                    Ok(decision) => Ok(decision),
                    Err(error) => Err(Verdict::Failed(error.to_string())),
                },
            }
        };
        Ok(Called { decision, gone })
    }

    async fn decided(&self, decision: Result<Decision, Verdict>) -> Ended {
        let decided = Some(Instant::now());
        let decision = match decision {
            Ok(decision) => decision,
            Err(verdict) => return self.deny(verdict).await,
        };
        match self.deliver(&decision).await {
            Ok(delivery) => Ended { verdict: Verdict::of(&decision), delivery, decided },
            Err(error) => Ended { decided, ..self.deny(Verdict::Unsendable(error)).await },
        }
    }

    /// Denies in the authenticator's place.
    pub(super) async fn deny(&self, verdict: Verdict) -> Ended {
        let decided = Some(Instant::now());
        let (reason, client_reason) = match &verdict {
            Verdict::ShutDown => ("the server shuts down", Some(self.shutdown_reason.to_string())),
            Verdict::Late => ("no decision in time", None),
            _ => ("internal error", None),
        };
        let denial = Decision::Deny { reason: reason.to_owned(), client_reason };
        let delivery = match self.deliver(&denial).await {
            Ok(delivery) => delivery,
            // The reason given for shutting down is the only text that is not fixed.
            Err(error) => {
                warn!(%error, "the reason for the client cannot be sent");
                let delivered = self.deliver(&Decision::deny(reason)).await;
                delivered.unwrap_or_else(Delivery::NotSent)
            }
        };
        Ended { verdict, delivery, decided }
    }

    /// Sends a decision; again, where it could not be sent in time and is still wanted.
    ///
    /// An error is one of a decision that cannot be sent.
    async fn deliver(&self, decision: &Decision) -> Result<Delivery> {
        self.decided.store(true, Ordering::Relaxed);
        loop {
            if self.is_overdue() {
                return Ok(self.cut_off_delivery(command_of(decision)).await);
            }
            let sent = tokio::select! {
                biased;
                sent = apply(&self.request, decision) => sent,
                () = self.overdue() => continue,
            };
            let error = match sent {
                Ok(()) => return Ok(Delivery::Sent),
                Err(error) => error,
            };
            return match error {
                Error::InvalidArgument { .. } | Error::Unsupported { .. } => Err(error),
                Error::Closed(_) if self.is_settled() => Ok(Delivery::Unconfirmed(error)),
                Error::Stale { .. } | Error::Closed(_) => Ok(self.gone().await),
                Error::Timeout { .. } if self.request.is_withdrawn() => Ok(self.gone().await),
                Error::Refused { text, .. } => Ok(Delivery::Refused(text)),
                Error::Timeout { .. } if self.request.is_open() => {
                    if self.stop.borrow().is_some() {
                        return Ok(Delivery::NotSent(error));
                    }
                    warn!(%error, "a decision was not sent; it is sent again");
                    continue;
                }
                error => Ok(Delivery::Unconfirmed(error)),
            };
        }
    }

    /// Waits until a decision may take no longer, because the server has to end.
    async fn overdue(&self) {
        let stopped = stopped(&mut self.stop.clone()).await;
        tokio::time::sleep_until(last_decision(stopped)).await;
    }

    fn is_overdue(&self) -> bool {
        self.stop.borrow().is_some_and(|stopped| last_decision(stopped) <= Instant::now())
    }

    /// What is told of an attempt that did not end in time.
    pub(super) async fn cut_off(&self) -> Ended {
        let (verdict, decided) = (Verdict::ShutDown, Some(Instant::now()));
        let delivery = self.cut_off_delivery("client-deny").await;
        Ended { verdict, delivery, decided }
    }

    /// What became of a decision for which there is no time any more.
    async fn cut_off_delivery(&self, command: &'static str) -> Delivery {
        let is_open = self.request.is_open();
        if self.request.is_withdrawn() {
            return self.gone().await;
        }
        let error = Error::Timeout { command, after: LAST_WORDS, sent: !is_open };
        if is_open { Delivery::NotSent(error) } else { Delivery::Unconfirmed(error) }
    }

    pub(super) async fn undecided(&self) -> Ended {
        Ended { verdict: Verdict::Undecided, delivery: self.gone().await, decided: None }
    }

    /// Whether a decision was sent: a request that is taken back stays so.
    fn is_settled(&self) -> bool {
        !self.request.is_open() && !self.request.is_withdrawn()
    }

    /// Why nobody waits for a decision any more.
    async fn gone(&self) -> Delivery {
        if self.client.is_closed() {
            return Delivery::Closed(self.client.closed().await);
        }
        Delivery::Stale
    }
}

impl Ended {
    pub(super) fn outcome(self, request: &ClientRequest, kind: AttemptKind) -> Outcome {
        let Self { verdict, delivery, decided } = self;
        if matches!(delivery, Delivery::NotSent(_)) {
            // Nobody takes it any more, so it is not to come again.
            request.hand_on();
        }
        let raised = request.raised();
        Outcome {
            origin: None,
            peer: request.peer().clone(),
            kid: request.kid(),
            kind,
            common_name: request.common_name().ok().flatten().map(Text::detach),
            username: request.username().ok().flatten().map(Text::detach),
            verdict,
            delivery,
            decided_after: decided.map(|at| at.duration_since(raised)),
            took: raised.elapsed(),
        }
    }
}

/// What came of a call.
struct Called {
    /// The decision, or why there is none.
    decision: Result<Decision, Verdict>,
    /// Why nobody waits for it any more.
    gone: Option<Delivery>,
}

/// The call was dropped, because the server has to end.
struct GivenUp;

impl Verdict {
    fn of(decision: &Decision) -> Self {
        match decision {
            Decision::Allow => Self::Allow,
            Decision::AllowWith(_) => Self::AllowWith,
            Decision::Deny { reason, .. } => Self::Deny { reason: reason.clone() },
            Decision::Challenge(_) => Self::Challenge,
        }
    }
}

async fn apply(request: &ClientRequest, decision: &Decision) -> Result<()> {
    match decision {
        Decision::Allow => request.allow_by_ref().await,
        Decision::AllowWith(config) => request.allow_with_by_ref(config.clone()).await,
        Decision::Deny { reason, client_reason } => {
            request.deny_by_ref(reason.as_bytes(), client_reason.as_deref()).await
        }
        Decision::Challenge(challenge) => {
            request.deny_by_ref(b"challenge", Some(&challenge.encode())).await
        }
    }
}

fn command_of(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow | Decision::AllowWith(_) => "client-auth",
        Decision::Deny { .. } | Decision::Challenge(_) => "client-deny",
    }
}

/// Waits until calls are given up, and tells when that was due.
pub(super) async fn stopped(stop: &mut Stop) -> Instant {
    let stopped = stop.wait_for(Option::is_some).await.ok().and_then(|stopped| *stopped);
    match stopped {
        Some(at) => at,
        None => std::future::pending().await,
    }
}

/// When the last decisions have to be taken, where calls were given up then.
fn last_decision(stopped: Instant) -> Instant {
    far(stopped, LAST_WORDS.saturating_sub(COLLECTING))
}
