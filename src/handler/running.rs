//! [`Running`]: an [`AuthServer`] at work.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream as _;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;
use tracing::{Instrument as _, Span, debug, info_span, warn};

use super::attempt::{Attempt, AttemptKind, Deadline};
use super::clients::{Clients, Turn};
use super::deciding::{Deciding, Ended, LAST_WORDS, Released, Times, stopped};
use super::{AuthServer, Authenticator, Drained, Outcome, Verdict};
use crate::client::{Client, far};
use crate::requests::{ClientRequest, Origin, Overflow, Request, Requests};

pub(super) struct Running<A> {
    server: AuthServer<A>,
    client: Client,
    /// Where the connection is one of a source.
    origin: Option<Origin>,
    clients: Clients,
    tasks: JoinSet<Option<Ended>>,
    /// Kept outside of the task, so that a panic there still leaves somebody to deny.
    open: HashMap<Id, Open>,
    /// When calls were given up.
    stop: watch::Sender<Option<Instant>>,
    /// Attempts whose calls go on and decide nothing any more.
    released: mpsc::UnboundedReceiver<Released>,
    release: mpsc::UnboundedSender<Released>,
    drain: Option<Drain>,
}

/// An attempt that is not over.
struct Open {
    request: Arc<ClientRequest>,
    kind: AttemptKind,
    /// Its place among the attempts of its client.
    number: u64,
    /// Whether there is a decision to send.
    decided: Arc<AtomicBool>,
    task: AbortHandle,
}

/// No new clients are decided about.
struct Drain {
    began: Instant,
    until: Instant,
    drained: Drained,
}

impl<A: Authenticator> Running<A> {
    pub(super) fn new(server: AuthServer<A>, client: Client, origin: Option<Origin>) -> Self {
        let (release, released) = mpsc::unbounded_channel();
        Self {
            server,
            client,
            origin,
            released,
            release,
            clients: Clients::default(),
            tasks: JoinSet::new(),
            open: HashMap::new(),
            stop: watch::Sender::new(None),
            drain: None,
        }
    }

    /// Decides until the connection ends or `shutdown` is done, then at most for `limit` about
    /// what is open; what has no decision then is denied, for which there are [`LAST_WORDS`].
    pub(super) async fn run(
        mut self,
        mut requests: Requests,
        shutdown: impl Future<Output = ()>,
        limit: Duration,
    ) -> Drained {
        let mut shutdown = pin!(shutdown);
        let mut closed = false;
        loop {
            if self.drain.is_some() && self.tasks.is_empty() {
                // Those who came up to the limit are denied, not forgotten.
                let request = if self.is_stopped() { None } else { waiting(&mut requests) };
                let Some(request) = request else { break };
                self.request(request);
                continue;
            }
            let (draining, stopped) = (self.drain.is_some(), self.is_stopped());
            let until = self.until();
            tokio::select! {
                // Requests may come without end, and the others do not.
                biased;
                () = &mut shutdown, if !draining => self.drain(limit),
                () = tokio::time::sleep_until(until), if draining => {
                    if stopped {
                        self.cut_off().await;
                        break;
                    }
                    self.give_up();
                }
                Some((request, number)) = self.released.recv() => {
                    self.clients.over(&request, number);
                }
                Some(done) = self.tasks.join_next_with_id() => self.done(done),
                request = requests.next(), if !closed && !stopped => {
                    closed = request.is_none();
                    match request {
                        Some(request) => self.request(request),
                        None => self.drain(limit),
                    }
                }
            }
        }
        self.drained().await
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::ClientConnect(client) if self.drain.is_some() => self.turn_away(client),
            Request::ClientConnect(client) => self.arrive(client, AttemptKind::Connect),
            Request::ClientReauth(client) => self.arrive(client, AttemptKind::Reauth),
            Request::ClientResponse(response) => self.clients.response(response),
            Request::Overflow(Overflow { over_limit, over_address_limit }) => {
                warn!(over_limit, over_address_limit, "denied: too many waited for a decision");
            }
            Request::Hold(hold) if self.server.release_holds => {
                let mut stop = self.stop.subscribe();
                self.tasks.spawn(async move {
                    tokio::select! {
                        biased;
                        released = hold.release() => if let Err(error) = released {
                            debug!(%error, "a hold was not released");
                        },
                        _ = stopped(&mut stop) => debug!("the server ends before a hold is released"),
                    }
                    None
                });
            }
            // Given again, it would be answered the same way, without end.
            other if other.is_refused() => {
                warn!(?other, "its answer cannot be sent; the daemon goes on waiting");
                other.leave();
            }
            other => self.server.others.tell(other),
        }
    }

    fn arrive(&mut self, request: ClientRequest, kind: AttemptKind) {
        self.drop_oldest_departed();
        let Turn { number, begin, responses } = self.clients.arrive(&request);
        let request = Arc::new(request);
        let time = self.server.deadline;
        let deadline = Deadline::new(far(request.raised(), time));
        let attempt = Attempt::new(Arc::clone(&request), kind, Arc::clone(&deadline), responses);
        let attempt = attempt.of(self.origin.clone());
        let authenticator = Arc::clone(&self.server.authenticator);
        let deciding = self.deciding(&request, number);
        let decided = Arc::clone(&deciding.decided);
        let span = self.span(&request, kind);
        let deciding = async move {
            let call = async move { authenticator.authenticate(attempt).await };
            Some(deciding.run(kind, Times { begin, deadline, time }, call).await)
        };
        let task = self.tasks.spawn(deciding.instrument(span));
        self.open.insert(task.id(), Open { request, kind, number, decided, task });
    }

    /// What its authenticator traces is within.
    fn span(&self, request: &ClientRequest, kind: AttemptKind) -> Span {
        let kind = match kind {
            AttemptKind::Connect => "connect",
            AttemptKind::Reauth => "reauth",
        };
        let daemon = self.origin.as_ref().map(tracing::field::display);
        info_span!("attempt", cid = %request.cid(), kid = %request.kid(), kind, daemon)
    }

    /// Denies a client that comes while the server ends.
    fn turn_away(&mut self, request: ClientRequest) {
        let number = self.clients.arrive(&request).number;
        self.end(Arc::new(request), AttemptKind::Connect, number, Verdict::ShutDown);
    }

    /// Ends an attempt without its authenticator.
    fn end(
        &mut self,
        request: Arc<ClientRequest>,
        kind: AttemptKind,
        number: u64,
        verdict: Verdict,
    ) {
        let deciding = self.deciding(&request, number);
        let decided = Arc::clone(&deciding.decided);
        let task = self.tasks.spawn(async move {
            Some(match verdict {
                Verdict::Undecided => deciding.undecided().await,
                verdict => deciding.deny(verdict).await,
            })
        });
        self.open.insert(task.id(), Open { request, kind, number, decided, task });
    }

    fn deciding(&self, request: &Arc<ClientRequest>, number: u64) -> Deciding {
        Deciding {
            request: Arc::clone(request),
            client: self.client.clone(),
            stop: self.stop.subscribe(),
            shutdown_reason: Arc::clone(&self.server.shutdown_reason),
            number,
            decided: Arc::default(),
            released: self.release.clone(),
        }
    }

    /// Clients that come and leave again, or are decided about elsewhere, must not have calls pile up.
    fn drop_oldest_departed(&self) {
        let limit = self.server.departed_limit;
        if self.open.len() <= limit {
            return;
        }
        // A decision on its way closes its request, too; what became of it is still to be told.
        let goes_on =
            |open: &&Open| !open.request.is_open() && !open.decided.load(Ordering::Relaxed);
        let departed = self.open.values().filter(goes_on);
        let mut departed: Vec<_> = departed.collect();
        departed.sort_unstable_by_key(|open| open.number);
        for oldest in departed.iter().rev().skip(limit) {
            oldest.task.abort();
        }
    }

    fn done(&mut self, done: Result<(Id, Option<Ended>), JoinError>) {
        match done {
            Ok((id, Some(ended))) => {
                if let Some(open) = self.open.remove(&id) {
                    self.over(open, ended);
                }
            }
            Ok((_, None)) => {}
            Err(error) => {
                let Some(open) = self.open.remove(&error.id()) else { return };
                let Open { request, kind, number, .. } = open;
                // Only a call that decides nothing any more is dropped.
                let verdict = if error.is_panic() { Verdict::Panicked } else { Verdict::Undecided };
                self.end(request, kind, number, verdict);
            }
        }
    }

    /// The next attempt of the same client begins, and the program is told.
    fn over(&mut self, open: Open, ended: Ended) {
        let Open { request, kind, number, .. } = open;
        self.clients.over(&request, number);
        let outcome = Outcome { origin: self.origin.clone(), ..ended.outcome(&request, kind) };
        outcome.log();
        if let Some(drain) = &mut self.drain {
            drain.drained.count(&outcome);
        }
        self.server.outcomes.tell(outcome);
    }

    fn drain(&mut self, limit: Duration) {
        if self.drain.is_none() {
            let began = Instant::now();
            let until = far(began, limit);
            self.drain = Some(Drain { began, until, drained: Drained::default() });
        }
    }

    /// The end of what goes on: of the calls, then of the last decisions.
    fn until(&self) -> Instant {
        self.drain.as_ref().map_or_else(Instant::now, |drain| drain.until)
    }

    fn is_stopped(&self) -> bool {
        self.stop.borrow().is_some()
    }

    /// The limit is reached: calls that go on are dropped, and their clients denied.
    fn give_up(&mut self) {
        if let Some(drain) = &mut self.drain {
            self.stop.send_replace(Some(drain.until));
            drain.until = far(drain.until, LAST_WORDS);
            drain.drained.limit_reached = true;
        }
    }

    /// The time is up, and what is left has not ended by itself: its calls hold up their threads.
    async fn cut_off(&mut self) {
        self.tasks.abort_all();
        let mut left: Vec<_> = self.open.drain().map(|(_, open)| open).collect();
        left.sort_unstable_by_key(|open| open.number);
        for open in left {
            let ended = self.deciding(&open.request, open.number).cut_off().await;
            self.over(open, ended);
        }
    }

    async fn drained(self) -> Drained {
        let Some(Drain { began, drained, .. }) = self.drain else { return Drained::default() };
        let is_closed = self.client.is_closed();
        let reason = if is_closed { Some(self.client.closed().await) } else { None };
        Drained { reason, took: began.elapsed(), ..drained }
    }
}

/// A request that is there already.
fn waiting(requests: &mut Requests) -> Option<Request> {
    let mut cx = Context::from_waker(Waker::noop());
    match Pin::new(requests).poll_next(&mut cx) {
        Poll::Ready(request) => request,
        Poll::Pending => None,
    }
}
