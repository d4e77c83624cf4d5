//! [`AuthServer`]: runs an [`Authenticator`] over the requests of a server.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tracing::warn;

use super::attempt::Deadline;
use super::authenticator::Authenticator;
use super::running::Running;
use super::{Drained, Outcome};
use crate::error::CloseReason;
use crate::requests::{Request, RequestSource, Requests, SourceError, Sourced};

/// Decides about the clients of a server, each with its own [`Authenticator`] call.
///
/// Clients are decided about at the same time, the attempts of one client in their
/// order. A slow call delays only its own client. An error, a panic, and a call
/// that is not done by its deadline deny that client, and no other. A decision that timed out before it
/// was sent is sent again as it is.
///
/// A call goes on where its client leaves or is decided about elsewhere, which
/// [`Attempt::withdrawn`](super::Attempt::withdrawn) tells, and where the connection ends; what it decides then is not
/// sent, and the next attempt of the client does not wait for it.
///
/// # Renewals
/// A client that renews its keys ([`AttemptKind::Reauth`](super::AttemptKind)) sends the password it
/// connected with again; after a `CRV1` challenge that is the same response, which a code that is good
/// once would refuse. Servers with a second factor set `auth-gen-token N external-auth`: renewals and
/// reconnects then come with [`session_state`](crate::events::Env::session_state) `Authenticated` and
/// the session ID of the first time. Without `external-auth` the daemon lets a token in by itself,
/// asks nobody, and gives the client no configuration of its own.
///
/// ```no_run
/// use openvpn_mgmt::Secret;
/// use openvpn_mgmt::challenge::ClientPassword;
/// use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
///
/// # async fn example() -> Result<(), BoxError> {
/// let session = openvpn_mgmt::connect("/run/openvpn/server.sock").await?;
/// let (_client, _events, requests) = session.split();
/// // Connects and renewals alike; a real server compares with a hash of the password.
/// let decide = async |attempt: Attempt| -> Result<Decision, BoxError> {
///     let right = ClientPassword::Plain(Secret::from("s3cret"));
///     let is_alice = attempt.username()?.is_some_and(|name| name == "alice");
///     if is_alice && attempt.password()? == Some(right) {
///         return Ok(Decision::Allow);
///     }
///     Ok(Decision::deny("wrong user name or password"))
/// };
/// let closed = AuthServer::new(move |attempt| decide(attempt)).run(requests).await;
/// # Ok(()) }
/// ```
#[must_use]
pub struct AuthServer<A> {
    pub(super) authenticator: Arc<A>,
    pub(super) deadline: Duration,
    pub(super) release_holds: bool,
    pub(super) departed_limit: usize,
    pub(super) shutdown_reason: Arc<str>,
    pub(super) others: Hook<Request>,
    pub(super) outcomes: Hook<Outcome>,
    source_errors: Hook<SourceError>,
}

/// What a program wants to be told; shared by the connections of a source.
pub(super) struct Hook<T>(Arc<Mutex<dyn FnMut(T) + Send>>);

impl<T> Hook<T> {
    fn new(tell: impl FnMut(T) + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(tell)))
    }

    /// One that has panicked is told again.
    pub(super) fn tell(&self, what: T) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))(what);
    }
}

impl<T> Clone for Hook<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Authenticator> AuthServer<A> {
    /// A server that asks `authenticator`, with 30 s for each attempt.
    pub fn new(authenticator: A) -> Self {
        Self::shared(Arc::new(authenticator))
    }

    /// As [`new`](Self::new), with an authenticator that others use too.
    pub fn shared(authenticator: Arc<A>) -> Self {
        let others = |request: Request| {
            if request.needs_answer() {
                warn!(?request, "not about a client, and nobody answers it");
            }
        };
        Self {
            authenticator,
            deadline: Deadline::DEFAULT,
            release_holds: true,
            departed_limit: 512,
            shutdown_reason: Arc::from("TEMP:the server is shutting down"),
            others: Hook::new(others),
            outcomes: Hook::new(drop),
            source_errors: Hook::new(|error| warn!(%error, "a daemon is not served")),
        }
    }

    /// The same server, for another connection.
    pub(super) fn again(&self) -> Self {
        Self {
            authenticator: Arc::clone(&self.authenticator),
            shutdown_reason: Arc::clone(&self.shutdown_reason),
            others: self.others.clone(),
            outcomes: self.outcomes.clone(),
            source_errors: self.source_errors.clone(),
            ..*self
        }
    }

    /// Sets what is told where a daemon of a [source](Self::serve) is not served: it was turned away, or its password is
    /// wrong. The others go on. Default: a warning.
    pub fn source_errors(mut self, errors: impl FnMut(SourceError) + Send + 'static) -> Self {
        self.source_errors = Hook::new(errors);
        self
    }

    /// Sets whether holds are released at once. Default: `true`.
    pub fn release_holds(mut self, release: bool) -> Self {
        self.release_holds = release;
        self
    }

    /// Sets how long an attempt may take, from when the daemon raised it; a renewal that waits behind another
    /// attempt of its client, from when its turn comes. Default: 30 s.
    ///
    /// Time in which the client is told to wait ([`Attempt::pending`](super::Attempt::pending)) comes on top.
    /// OpenVPN itself gives up on a client after `--hand-window` (60 s).
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets what to do with requests that are not about clients. Default: a warning.
    ///
    /// One whose answer is refused before it was sent is not given again; the daemon goes on waiting.
    pub fn others(mut self, others: impl FnMut(Request) + Send + 'static) -> Self {
        self.others = Hook::new(others);
        self
    }

    /// Sets what is told the [`Outcome`] of each attempt, when it is over: for an audit log, or metrics.
    /// It holds up every client, so that it must be quick. Default: nothing.
    ///
    /// An attempt whose handler called [`Attempt::pending`](super::Attempt::pending) is told of once, at its end.
    pub fn outcomes(mut self, outcomes: impl FnMut(Outcome) + Send + 'static) -> Self {
        self.outcomes = Hook::new(outcomes);
        self
    }

    /// Sets how many calls go on whose client has left or was decided about elsewhere; of more the oldest are
    /// dropped when the next client comes. Default: 512.
    pub fn departed_limit(mut self, limit: usize) -> Self {
        self.departed_limit = limit;
        self
    }

    /// Sets what a client is told who is denied by [`run_until`](Self::run_until), at most 256 bytes.
    ///
    /// Default: `TEMP:the server is shutting down`. Clients of OpenVPN 2.6 and later take `TEMP` as a
    /// request to try again (`TEMP[backoff 30]:…` in 30 s); older ones end, or ask their user.
    pub fn shutdown_reason(mut self, reason: impl Into<String>) -> Self {
        self.shutdown_reason = Arc::from(reason.into());
        self
    }

    /// Decides until the connection ends, and tells why it did.
    ///
    /// Calls that run then go on to their end, at most until their deadline; their outcome is
    /// [`Delivery::Closed`](super::Delivery::Closed). [`run_until`](Self::run_until) waits for them no longer than its limit.
    ///
    /// # Cancel safety
    /// Dropping the future ends every running call, without an [outcome](Self::outcomes); their clients
    /// count as dropped requests ([`DroppedRequest`](crate::DroppedRequest)).
    pub async fn run(self, requests: Requests) -> CloseReason {
        let drained = self.run_until(requests, std::future::pending(), Duration::MAX).await;
        // Nothing else ends it.
        drained.reason.unwrap_or(CloseReason::DriverGone)
    }

    /// Decides until the connection ends or `shutdown` is done, then ends in good order: within `limit`,
    /// and as soon as nothing is open. The connection is left as it is.
    ///
    /// Clients that connect meanwhile are denied; those that renew their keys are decided about. Calls
    /// that still run when the limit is reached are dropped, and their clients
    /// [denied](Self::shutdown_reason), for which the daemon has 5 s; no request is taken any more. So it
    /// returns 5 s after the limit at the latest, with an outcome of each attempt that it took.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use openvpn_mgmt::handler::{Authenticator, AuthServer};
    /// # async fn example(authenticator: impl Authenticator, requests: openvpn_mgmt::Requests) {
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let shutdown = async { drop(stopped.await) };
    /// let server = AuthServer::new(authenticator);
    /// let serving = tokio::spawn(server.run_until(requests, shutdown, Duration::from_secs(10)));
    /// // … and when it is time:
    /// stop.send(()).ok();
    /// if let Ok(drained) = serving.await {
    ///     println!("{} decided, {} denied", drained.finished, drained.denied);
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// As [`run`](Self::run).
    pub async fn run_until(
        self,
        requests: Requests,
        shutdown: impl Future<Output = ()>,
        limit: Duration,
    ) -> Drained {
        let client = requests.client().clone();
        Running::new(self, client, None).run(requests, shutdown, limit).await
    }

    /// Decides about the clients of daemons that come and go, until `shutdown` is done or there will be no other
    /// connection, then ends in good order, as [`run_until`](Self::run_until) does on each.
    ///
    /// [`Attempt::origin`](super::Attempt::origin) and [`Outcome::origin`] tell which daemon it is. Calls whose connection
    /// ends go on for `limit` at most.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use openvpn_mgmt::{Builder, Sources};
    /// # use openvpn_mgmt::handler::{Authenticator, AuthServer};
    /// # async fn example(authenticator: impl Authenticator) {
    /// let mut daemons = Sources::new();
    /// daemons.add("udp", Builder::new().reconnect("/run/openvpn/udp.sock"));
    /// daemons.add("tcp", Builder::new().reconnect("/run/openvpn/tcp.sock"));
    /// let forever = std::future::pending();
    /// AuthServer::new(authenticator).serve(daemons, forever, Duration::from_secs(10)).await;
    /// # }
    /// ```
    ///
    /// What it gives counts the attempts of all connections that were open at the end of each; `reason` is `None`.
    ///
    /// # Handing over to a successor
    /// New clients are denied with the [shutdown reason](Self::shutdown_reason), which has clients of OpenVPN 2.6 and later
    /// come again; when this returns, the connections are closed and the successor gets in. Those that came between are
    /// [orphans](crate::Orphan).
    ///
    /// # Cancel safety
    /// As [`run`](Self::run).
    pub async fn serve(
        self,
        mut source: impl RequestSource,
        shutdown: impl Future<Output = ()>,
        limit: Duration,
    ) -> Drained {
        let mut shutdown = pin!(shutdown);
        let stop = watch::Sender::new(false);
        let mut connections = JoinSet::new();
        let (mut goes_on, mut total) = (true, Drained::default());
        while goes_on || !connections.is_empty() {
            tokio::select! {
                // Connections may come without end, and the others do not.
                biased;
                () = &mut shutdown, if !*stop.borrow() => {
                    goes_on = false;
                    stop.send_replace(true);
                }
                Some(ended) = connections.join_next() => match ended.map_err(JoinError::try_into_panic) {
                    Ok(drained) => total.add(&drained),
                    // One of the program's own hooks; it is not for us to hide that.
                    Err(Ok(panic)) => std::panic::resume_unwind(panic),
                    Err(Err(_)) => {}
                },
                next = source.next_connection(), if goes_on => match next {
                    Some(Ok(connection)) => drop(connections.spawn(self.on(connection, &stop, limit))),
                    Some(Err(error)) => self.source_errors.tell(error),
                    None => goes_on = false,
                },
            }
        }
        total
    }

    /// Decides on one connection of a source.
    fn on(
        &self,
        Sourced { origin, requests }: Sourced,
        stop: &watch::Sender<bool>,
        limit: Duration,
    ) -> impl Future<Output = Drained> + Send + use<A> {
        let mut stop = stop.subscribe();
        // Its sender lasts as long as any connection is waited for.
        let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
        let running = Running::new(self.again(), requests.client().clone(), Some(origin));
        running.run(requests, stopped, limit)
    }
}

impl<A> std::fmt::Debug for AuthServer<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthServer").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
