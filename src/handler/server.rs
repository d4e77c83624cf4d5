//! [`AuthServer`]: runs an [`Authenticator`] over the requests of a server.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tracing::{debug, warn};

use super::BoxError;
use super::attempt::{Attempt, AttemptKind, Deadline, far};
use super::authenticator::{Authenticator, Decision};
use super::clients::{Clients, Turn};
use crate::client::{ClientRequest, Overflow, Request, Requests};
use crate::error::{CloseReason, Error, Result};

/// Decides about the clients of a server, each with its own [`Authenticator`] call.
///
/// Clients are decided about at the same time, the attempts of one client in their
/// order. A slow call delays only its own client. An error, a panic, and a call
/// that is not done by its deadline deny that client, and no other.
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
///     let is_alice = attempt.username()?.is_some_and(|name| *name == "alice");
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
    authenticator: Arc<A>,
    deadline: Duration,
    release_holds: bool,
    others: Box<dyn FnMut(Request) + Send>,
}

impl<A: Authenticator> AuthServer<A> {
    /// A server that asks `authenticator`, with 30 s for each attempt.
    pub fn new(authenticator: A) -> Self {
        Self::shared(Arc::new(authenticator))
    }

    /// As [`new`](Self::new), with an authenticator that others use too.
    pub fn shared(authenticator: Arc<A>) -> Self {
        let others = |request| warn!(?request, "not about a client, and nobody answers it");
        Self {
            authenticator,
            deadline: Duration::from_secs(30),
            release_holds: true,
            others: Box::new(others),
        }
    }

    /// Whether holds are released at once. Default: `true`.
    pub fn release_holds(mut self, release: bool) -> Self {
        self.release_holds = release;
        self
    }

    /// How long an attempt may take, from when the daemon raised it; a renewal that waits behind another
    /// attempt of its client, from when its turn comes. Default: 30 s.
    ///
    /// Time in which the client is told to wait ([`Attempt::pending`]) comes on top.
    /// OpenVPN itself gives up on a client after `--hand-window` (60 s).
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// What to do with requests that are not about clients. Default: a warning.
    pub fn others(mut self, others: impl FnMut(Request) + Send + 'static) -> Self {
        self.others = Box::new(others);
        self
    }

    /// Decides until the connection ends, and tells why it did.
    ///
    /// # Cancel safety
    /// Dropping the future ends every running call; their clients count as dropped requests
    /// ([`DroppedRequest`](crate::DroppedRequest)).
    pub async fn run(self, mut requests: Requests) -> CloseReason {
        let mut running = Running {
            authenticator: self.authenticator,
            deadline: self.deadline,
            release_holds: self.release_holds,
            clients: Clients::default(),
            tasks: JoinSet::new(),
            attempts: HashMap::new(),
            cleanup: JoinSet::new(),
        };
        let mut others = self.others;
        loop {
            tokio::select! {
                request = requests.next() => match request {
                    Some(request) => running.request(request, &mut others),
                    None => return requests.client().closed().await,
                },
                Some(done) = running.tasks.join_next_with_id() => match done {
                    Ok((id, ())) => running.done(id, false),
                    Err(error) => running.done(error.id(), true),
                },
                Some(done) = running.cleanup.join_next() => {
                    if let Ok(Some((request, number))) = done {
                        running.clients.over(&request, number);
                    }
                }
            }
        }
    }
}

impl<A> std::fmt::Debug for AuthServer<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthServer").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

struct Running<A> {
    authenticator: Arc<A>,
    deadline: Duration,
    release_holds: bool,
    clients: Clients,
    tasks: JoinSet<()>,
    /// Kept outside of the task, so that a panic there still leaves somebody to deny.
    attempts: HashMap<Id, (Arc<ClientRequest>, u64)>,
    /// Denials; a client's next attempt waits for the one it gives back.
    cleanup: JoinSet<Option<(Arc<ClientRequest>, u64)>>,
}

impl<A: Authenticator> Running<A> {
    fn request(&mut self, request: Request, others: &mut (dyn FnMut(Request) + Send)) {
        match request {
            Request::ClientConnect(client) => self.arrive(client, AttemptKind::Connect),
            Request::ClientReauth(client) => self.arrive(client, AttemptKind::Reauth),
            Request::ClientResponse(response) => self.clients.response(response),
            Request::Overflow(Overflow { over_limit, over_address_limit }) => {
                warn!(over_limit, over_address_limit, "denied: too many waited for a decision");
            }
            Request::Hold(hold) if self.release_holds => {
                self.cleanup.spawn(async move {
                    report(hold.release().await);
                    None
                });
            }
            other => others(other),
        }
    }

    fn arrive(&mut self, request: ClientRequest, kind: AttemptKind) {
        let Turn { number, begin, responses } = self.clients.arrive(&request);
        let request = Arc::new(request);
        let (time, deadline) = (self.deadline, Deadline::new(far(request.raised(), self.deadline)));
        let attempt = Attempt::new(Arc::clone(&request), kind, Arc::clone(&deadline), responses);
        let authenticator = Arc::clone(&self.authenticator);
        let waiting = Arc::clone(&request);
        let decided = async move {
            // Its sender is kept as long as this waits.
            let _ = begin.await;
            if kind == AttemptKind::Reauth {
                // It may have waited behind another; the client is in meanwhile.
                deadline.restart(time);
            }
            decide(authenticator.authenticate(attempt), waiting, deadline).await;
        };
        let id = self.tasks.spawn(decided).id();
        self.attempts.insert(id, (request, number));
    }

    fn done(&mut self, id: Id, panicked: bool) {
        let Some((request, number)) = self.attempts.remove(&id) else {
            return;
        };
        if !panicked {
            return self.clients.over(&request, number);
        }
        let (cid, kid) = (request.cid(), request.kid());
        warn!(%cid, %kid, "the authenticator panicked; the client is denied");
        self.cleanup.spawn(async move {
            report(request.deny_by_ref(b"internal error", None).await);
            Some((request, number))
        });
    }
}

/// Does as `call` says; denies where it fails or is late.
async fn decide(
    call: impl Future<Output = Result<Decision, BoxError>>,
    request: Arc<ClientRequest>,
    deadline: Arc<Deadline>,
) {
    let (cid, kid) = (request.cid(), request.kid());
    let decision = match in_time(call, &deadline).await {
        Some(Ok(decision)) => decision,
        Some(Err(error)) => {
            warn!(%cid, %kid, %error, "the authenticator failed; the client is denied");
            Decision::deny("internal error")
        }
        None => {
            warn!(%cid, %kid, "no decision by the deadline; the client is denied");
            Decision::deny("no decision in time")
        }
    };
    match apply(&request, decision).await {
        Err(error @ (Error::InvalidArgument { .. } | Error::Unsupported { .. })) => {
            warn!(%cid, %kid, %error, "the decision cannot be sent; the client is denied");
            report(request.deny_by_ref(b"internal error", None).await);
        }
        result => report(result),
    }
}

/// Runs `call` until the deadline, which may move meanwhile.
async fn in_time<T>(call: impl Future<Output = T>, deadline: &Deadline) -> Option<T> {
    let mut call = std::pin::pin!(call);
    loop {
        let at = deadline.get();
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(at) => {
                if deadline.get() <= at {
                    return None;
                }
            }
            // The call may have held up its task, and with it the clock.
            done = &mut call => return (!deadline.is_over()).then_some(done),
        }
    }
}

async fn apply(request: &ClientRequest, decision: Decision) -> Result<()> {
    match decision {
        Decision::Allow => request.allow_by_ref().await,
        Decision::AllowWith(config) => request.allow_with_by_ref(config).await,
        Decision::Deny { reason, client_reason } => {
            request.deny_by_ref(reason.as_bytes(), client_reason.as_deref()).await
        }
        Decision::Challenge(challenge) => {
            request.deny_by_ref(b"challenge", Some(&challenge.encode())).await
        }
    }
}

fn report(result: Result<()>) {
    match result {
        Ok(()) => {}
        Err(Error::Stale { .. } | Error::Closed(_)) => {
            debug!("the client left before it was decided");
        }
        Err(error) => warn!(%error, "a decision was not accepted"),
    }
}
