//! [`Attempt`]: one try of a client to be let in, as an [`Authenticator`](super::Authenticator) sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::time::Instant;

use crate::challenge::ClientPassword;
use crate::client::{Peer, far};
use crate::error::{Error, Result};
use crate::events::{BadField, CrResponse, Env};
use crate::requests::{ClientRequest, Origin, PasswordError, PendingAuth};
use crate::types::{Cid, Kid, Secret, Text};

/// One try of a client to be let in.
#[derive(Debug)]
pub struct Attempt {
    request: Arc<ClientRequest>,
    kind: AttemptKind,
    deadline: Arc<Deadline>,
    responses: AsyncMutex<mpsc::Receiver<CrResponse>>,
    /// Nobody's end of the responses, where no server hears them.
    _unheard: Option<mpsc::Sender<CrResponse>>,
    origin: Option<Origin>,
}

/// Why a client's user gave no response that can be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The question could not be asked, or is not wanted any more.
    #[error(transparent)]
    NotAsked(#[from] Error),
    /// Nothing came in time.
    #[error("the client's user gave no response in time")]
    NoResponse,
    /// The client sent no base64.
    #[error("the client's response cannot be read: {0}")]
    Malformed(#[from] BadField),
}

/// Whether a client is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptKind {
    /// It connects.
    Connect,
    /// It is in already, and renews its keys.
    Reauth,
}

/// When an attempt is denied for want of a decision; moves while its client is told to wait.
#[derive(Debug)]
pub(super) struct Deadline(Mutex<Instant>);

impl Deadline {
    /// That of a server, from when the daemon asked.
    pub(super) const DEFAULT: Duration = Duration::from_secs(30);

    pub(super) fn new(at: Instant) -> Arc<Self> {
        Arc::new(Self(Mutex::new(at)))
    }

    pub(super) fn get(&self) -> Instant {
        *self.lock()
    }

    /// Begins anew, `after` from now.
    pub(super) fn restart(&self, after: Duration) {
        *self.lock() = far(Instant::now(), after);
    }

    /// Whether it has passed.
    pub(super) fn is_over(&self) -> bool {
        self.get() <= Instant::now()
    }

    fn extend(&self, by: Duration) {
        let mut at = self.lock();
        *at = far(*at, by);
    }

    fn lock(&self) -> MutexGuard<'_, Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    pub(super) fn new(
        request: Arc<ClientRequest>,
        kind: AttemptKind,
        deadline: Arc<Deadline>,
        responses: mpsc::Receiver<CrResponse>,
    ) -> Self {
        let responses = AsyncMutex::new(responses);
        Self { request, kind, deadline, responses, _unheard: None, origin: None }
    }

    /// The attempt that a request is, for tests that call an [`Authenticator`](super::Authenticator) themselves; an
    /// [`AuthServer`](super::AuthServer) makes its own.
    ///
    /// Its [deadline](Self::deadline) is 30 seconds from when the daemon asked. Nobody hears what the client's user
    /// responds, so that [`ask`](Self::ask) ends with [`NoResponse`](AskError::NoResponse). Where it is dropped, so is
    /// the request.
    #[must_use]
    pub fn from_request(request: ClientRequest, kind: AttemptKind) -> Self {
        let deadline = Deadline::new(far(request.raised(), Deadline::DEFAULT));
        let (unheard, responses) = mpsc::channel(1);
        let attempt = Self::new(Arc::new(request), kind, deadline, responses);
        Self { _unheard: Some(unheard), ..attempt }
    }

    pub(super) fn of(self, origin: Option<Origin>) -> Self {
        Self { origin, ..self }
    }

    /// Which daemon it came from, where the server [serves](super::AuthServer::serve) a source.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Whether the client is new.
    #[must_use]
    pub fn kind(&self) -> AttemptKind {
        self.kind
    }

    /// The client's ID.
    #[must_use]
    pub fn cid(&self) -> Cid {
        self.request.cid()
    }

    /// The ID of its TLS session.
    #[must_use]
    pub fn kid(&self) -> Kid {
        self.request.kid()
    }

    /// How often the daemon had restarted on this connection. A client ID means nothing without it.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.request.epoch()
    }

    /// Who the client is and what it says of itself.
    #[must_use]
    pub fn env(&self) -> &Env {
        self.request.env()
    }

    /// The client's identity, for commands about it past this attempt.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        self.request.peer()
    }

    /// The common name of its certificate, where the daemon sends it.
    ///
    /// # Errors
    /// Where the [environment](Env::is_trusted) is not trusted.
    pub fn common_name(&self) -> Result<Option<Text>, BadField> {
        self.request.common_name()
    }

    /// Its user name.
    ///
    /// # Errors
    /// Where the [environment](Env::is_trusted) is not trusted.
    pub fn username(&self) -> Result<Option<Text>, BadField> {
        self.request.username()
    }

    /// Whether its user name is this one; `false` where it has none.
    ///
    /// # Errors
    /// Where the [environment](Env::is_trusted) is not trusted.
    pub fn is_user(&self, name: impl AsRef<[u8]>) -> Result<bool, BadField> {
        self.request.is_user(name)
    }

    /// Its password, taken apart where it carries a challenge response; `None` where it has none.
    ///
    /// # Errors
    /// [`PasswordError`]: one that starts as a response and is none, or one that the daemon does not vouch for.
    pub fn password(&self) -> Result<Option<ClientPassword>, PasswordError> {
        self.request.password()
    }

    /// Whether a decision is still wanted: the client has not left, nobody else has decided, the daemon has not
    /// restarted.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.request.is_open()
    }

    /// Waits until no decision is wanted any more: the client has left or connected anew, somebody else has
    /// decided, the daemon restarted, or the connection ended. The call goes on, to put away what it has begun, until its
    /// deadline at most, and as long as [no more](super::AuthServer::departed_limit) such calls do; what it decides is
    /// not sent.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.request.withdrawn().await;
    }

    /// When the attempt is denied for want of a decision.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline.get()
    }

    /// Has the client wait while its user does something else, and moves the deadline by as much.
    ///
    /// Go on to find out what the user did, then return the decision. `timeout` is whole seconds, from 1.
    ///
    /// # Errors
    /// As [`ClientRequest::pending`].
    ///
    /// # Cancel safety
    /// [As every command](crate::Client#cancel-safety).
    pub async fn pending(&self, what: &PendingAuth, timeout: Duration) -> Result<()> {
        self.request.pending_by_ref(what, timeout).await?;
        self.deadline.extend(timeout);
        Ok(())
    }

    /// Asks the client's user (`CR_TEXT`) and waits for the response.
    ///
    /// `timeout` is whole seconds, from 1; the deadline moves by as much.
    ///
    /// A response does not say which question it answers. One to a question that timed out is dropped where
    /// it comes before the next one is asked; where it comes after that, it counts as the answer to the next
    /// one. So an attempt whose questions want different answers, as one code after another, should end where a
    /// question got [no response](AskError::NoResponse).
    ///
    /// # Errors
    /// [`AskError`]: the question could not be asked, no response came in time, or one that is not
    /// base64.
    ///
    /// # Cancel safety
    /// Not cancel safe: a response may be lost with the future.
    pub async fn ask(
        &self,
        text: impl Into<String>,
        echo: bool,
        timeout: Duration,
    ) -> Result<Secret, AskError> {
        let mut responses = self.responses.lock().await;
        // One that is here already is to an earlier question. One that is still to come cannot be told
        // from the answer to this one: a response does not say what it answers.
        while responses.try_recv().is_ok() {}
        self.pending(&PendingAuth::cr_text(text, echo), timeout).await?;
        let stale = Error::Stale { command: "client-pending-auth" };
        let response = tokio::select! {
            biased;
            response = responses.recv() => response.ok_or(stale)?,
            () = self.request.withdrawn() => return Err(stale.into()),
            () = tokio::time::sleep(timeout) => return Err(AskError::NoResponse),
        };
        Ok(response.decode()?)
    }
}
