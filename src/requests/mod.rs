//! [`Requests`]: what OpenVPN asks, as values that know their own answers.
#![allow(
    clippy::missing_errors_doc,
    reason = "what all answers have in common is said on `Request`"
)]

mod auth_token;
mod credentials;
mod handle;
mod peer;
mod pending;
mod prompts;
mod remote;
mod sign;
mod source;
mod web_auth;

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use crate::client::Client;
use crate::client::registry::Registry;
use crate::client::registry::Taken;
use crate::client::registry::open_request::{AboutClientKind, OpenRequest, RequestKind};
use crate::client::registry::request_state::RequestState;
use crate::error::{Error, Result};
use crate::events::Hold;

pub use crate::challenge::Challenge;
pub use crate::client::registry::{Overflow, Refusal};
pub use auth_token::AuthTokenRequest;
pub use credentials::{CredentialsRequest, PasswordRequest, UsernameRequest};
use handle::Handle;
pub use peer::{ClientRequest, ClientResponse, PasswordError, PendingClient};
pub use pending::PendingAuth;
pub use prompts::{
    CertificateRequest, ChallengeRequest, HoldRequest, NeedOkRequest, NeedStrRequest,
};
pub use remote::{ProxyRequest, RemoteRequest};
pub use sign::SignRequest;
pub use source::{Origin, RequestSource, SourceError, Sourced, Sources};
pub use web_auth::WebAuthRequest;

/// What the daemon asks, in the order it asked; nothing of it is ever dropped.
///
/// The daemon stops and waits when it asks, so a lost request hangs a VPN, and an
/// answer to the wrong one may let a stranger in. So this stream has no lag: a
/// request stays until it is taken, and leaves only when the daemon itself takes it
/// back (it restarts, or the client leaves). An answer that comes after that gives
/// [`Error::Stale`] and sends nothing.
///
/// The events behind the requests still go to every [`Events`](crate::Events), without their secrets: passwords,
/// tokens, responses and links to sign in with are in the requests alone. Of lines that cannot be read, and may
/// hold one, events tell the length ([`Malformed::withheld`](crate::events::Malformed::withheld)).
///
/// # Answers that cannot be sent
/// A request whose answer was not sent is still to be answered: it comes again, as the next request. That
/// is so where the answer was refused before it was sent ([`Error::InvalidArgument`], a
/// password with a line end in it: answer it otherwise, or decline it), where it timed out in the queue
/// ([`Error::Timeout`], `sent: false`), and where its future was dropped there. A future that was
/// never polled counts as no answer, and its request as dropped. [`Request::is_again`] and
/// [`Request::unsent_error`] tell such a request from one that the daemon asks anew: a program that
/// gives it the same answer again does so without end. Only a client
/// for whom the answer was refused is denied instead: the second time, or at once where
/// [`DroppedRequest::Deny`] was chosen.
///
/// An answer of two commands whose first has no reply, or an odd one, comes again once: the second time nobody
/// is asked any more, and the daemon goes on waiting.
///
/// # Restarts
/// Client IDs start over when the daemon restarts, and `>STATE:…,RECONNECTING,…` is
/// the only sign of it. So the connection is told `state on` as its first command;
/// states reach a subscriber only when the user has turned them on as well.
///
/// # Memory
/// Prompts replace each other, one of a kind at a time. Clients that wait to be decided
/// about are limited by [`Builder::request_limit`](crate::Builder::request_limit).
pub struct Requests {
    client: Client,
    registry: Arc<Registry>,
    dropped: DroppedRequest,
}

/// What becomes of a client whose request is dropped without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DroppedRequest {
    /// A warning is logged, and the client waits until the daemon gives up on it.
    /// One dropped by a panic is denied.
    #[default]
    Warn,
    /// The client is denied.
    Deny,
}

/// One thing the daemon asks. Answering consumes it.
///
/// # Errors
/// What every answer can give: the errors of [every command](Client#errors), and [`Error::Stale`] where the request is gone:
/// the daemon took it back (a client left or connected anew, the daemon restarted, the connection ended), or somebody has
/// answered it. Then nothing was sent. What else one can give is said with it.
///
/// # Cancel safety
/// As [every command](Client#cancel-safety); where the answer was not sent, the request [comes
/// again](Requests#answers-that-cannot-be-sent).
#[derive(Debug)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(tag = "request", rename_all = "snake_case")
)]
pub enum Request {
    /// `>HOLD:`
    Hold(HoldRequest),
    /// `>PASSWORD:Need '…' username/password`, with the challenge that goes with it.
    Credentials(CredentialsRequest),
    /// `>PASSWORD:Need '…' password`: of a private key, or the PIN of a token. OpenVPN 3 also asks so for the
    /// tunnel's own, with the challenge that goes with it.
    PrivateKeyPassword(PasswordRequest),
    /// `>PASSWORD:Need '…' username`. OpenVPN 2.7.1, after `announce_version(4)`.
    Username(UsernameRequest),
    /// `>NEED-OK:`
    NeedOk(NeedOkRequest),
    /// `>NEED-STR:`
    NeedStr(NeedStrRequest),
    /// `>NEED-CERTIFICATE:`
    Certificate(CertificateRequest),
    /// `>PK_SIGN:` or `>RSA_SIGN:`
    Sign(SignRequest),
    /// `>REMOTE:`
    Remote(RemoteRequest),
    /// `>PROXY:`
    Proxy(ProxyRequest),
    /// `>INFOMSG:CR_TEXT:…`
    Challenge(ChallengeRequest),
    /// `>INFOMSG:WEB_AUTH:…` or `>INFOMSG:OPEN_URL:…`: a page to open. It needs no answer.
    WebAuth(WebAuthRequest),
    /// `>PASSWORD:Auth-Token:…`: a token to keep in place of the password. It needs no answer.
    AuthToken(AuthTokenRequest),
    /// `>CLIENT:CONNECT`: a client waits to be let in.
    ClientConnect(ClientRequest),
    /// `>CLIENT:REAUTH`: a client waits to be let in again.
    ClientReauth(ClientRequest),
    /// `>CLIENT:CR_RESPONSE`: a client answers the challenge it was told to wait with.
    ClientResponse(ClientResponse),
    /// So many clients were denied because too many waited; there is nothing to answer.
    Overflow(Overflow),
}

impl Requests {
    pub(crate) fn new(client: Client, registry: Arc<Registry>, dropped: DroppedRequest) -> Self {
        Self { client, registry, dropped }
    }

    /// The next request, or `None` at the end of the connection.
    ///
    /// # Cancel safety
    /// Cancel safe: no request is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Request> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Sets the time that each answer may take, waiting behind other commands included. Default:
    /// [`Builder::command_timeout`](crate::Builder::command_timeout).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.client = self.client.with_timeout(timeout);
        self
    }

    /// The handle for commands of this connection.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn request(&self, request: &OpenRequest) -> Request {
        let handle = |what| {
            Handle::new(self.client.clone(), Arc::clone(&self.registry), request.clone(), what)
        };
        match request.kind.clone() {
            RequestKind::Hold(Hold { seconds, .. }) => {
                Request::Hold(HoldRequest::new(handle("hold"), seconds))
            }
            RequestKind::UserPass { realm, challenge, refusal } => {
                let handle = handle("credentials");
                Request::Credentials(CredentialsRequest::new(handle, realm, challenge, refusal))
            }
            RequestKind::Password { realm, challenge, refusal } => {
                let ask = PasswordRequest::new(handle("password"), realm, challenge, refusal);
                Request::PrivateKeyPassword(ask)
            }
            RequestKind::Username { realm, refusal } => {
                Request::Username(UsernameRequest::new(handle("username"), realm, refusal))
            }
            RequestKind::NeedOk(need) => {
                Request::NeedOk(NeedOkRequest::new(handle("need-ok"), need))
            }
            RequestKind::NeedStr(need) => {
                Request::NeedStr(NeedStrRequest::new(handle("need-str"), need))
            }
            RequestKind::Certificate(need) => {
                Request::Certificate(CertificateRequest::new(handle("need-certificate"), need))
            }
            RequestKind::Sign(sign) => Request::Sign(SignRequest::new(handle("sign"), sign)),
            RequestKind::Remote(ask) => Request::Remote(RemoteRequest::new(handle("remote"), ask)),
            RequestKind::Proxy(ask) => Request::Proxy(ProxyRequest::new(handle("proxy"), ask)),
            RequestKind::CrText { text, echo, response_required } => {
                let handle = handle("challenge");
                Request::Challenge(ChallengeRequest::new(handle, text, echo, response_required))
            }
            RequestKind::WebAuth { url, flags } => {
                Request::WebAuth(WebAuthRequest::new(handle("web-auth"), url, flags))
            }
            RequestKind::AuthToken(token) => {
                Request::AuthToken(AuthTokenRequest::new(handle("auth-token"), token))
            }
            RequestKind::Client(about) => {
                let kind = about.kind.clone();
                let peer = ClientRequest::new(handle("client"), about, self.dropped);
                match kind {
                    AboutClientKind::Connect => Request::ClientConnect(peer),
                    AboutClientKind::Reauth => Request::ClientReauth(peer),
                    AboutClientKind::Response(response) => {
                        Request::ClientResponse(ClientResponse::new(peer, response))
                    }
                }
            }
        }
    }
}

impl Request {
    /// Whether an answer to this very request was not sent, so that it
    /// [comes again](Requests#answers-that-cannot-be-sent). `false` for what the daemon asks anew.
    #[must_use]
    pub fn is_again(&self) -> bool {
        self.handle().is_some_and(Handle::is_again)
    }

    /// Why the last answer to this very request was not sent; `None` where there was none, or its
    /// future was dropped.
    #[must_use]
    pub fn unsent_error(&self) -> Option<&Error> {
        self.handle().and_then(Handle::unsent_error)
    }

    /// Waits until nobody waits for an answer any more: it was given, or the daemon took the request back. At once for an
    /// [`Overflow`](Self::Overflow).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        if let Some(handle) = self.handle() {
            handle.state().closed().await;
        }
    }

    /// Does the harmless thing: what can be refused is refused, what can be left is left.
    ///
    /// A client is denied. A `NEED-OK` is cancelled. A remote is accepted as it stands, a proxy is
    /// not used. A hold goes on, and the daemon goes on waiting for whatever else it asked. A page and a
    /// token are let go: nobody waits for them.
    ///
    /// # Errors
    /// Those of [every answer](Request#errors).
    pub async fn decline(self) -> Result<()> {
        match self {
            Self::Hold(request) => request.decline(),
            Self::Credentials(request) => request.decline(),
            Self::PrivateKeyPassword(request) => request.decline(),
            Self::Username(request) => request.decline(),
            Self::NeedOk(request) => return request.cancel().await,
            Self::NeedStr(request) => request.decline(),
            Self::Certificate(request) => request.decline(),
            Self::Sign(request) => request.decline(),
            Self::Remote(request) => return request.accept().await,
            Self::Proxy(request) => return request.none().await,
            Self::Challenge(request) => request.decline(),
            Self::WebAuth(request) => request.decline(),
            Self::AuthToken(request) => request.decline(),
            Self::ClientConnect(request) | Self::ClientReauth(request) => {
                return request.deny("declined", None).await;
            }
            Self::ClientResponse(request) => return request.deny("declined", None).await,
            Self::Overflow(_) => {}
        }
        Ok(())
    }

    /// Whether it comes again because its answer was refused before it was sent.
    pub(crate) fn is_refused(&self) -> bool {
        self.unsent_error().is_some_and(|error| !matches!(error, Error::Timeout { .. }))
    }

    /// Whether somebody waits for an answer.
    pub(crate) fn needs_answer(&self) -> bool {
        self.handle().is_some_and(Handle::needs_answer)
    }

    /// Whether it is still to be answered.
    pub(crate) fn is_open(&self) -> bool {
        self.handle().is_some_and(|handle| handle.state().is_open())
    }

    /// How often the daemon had restarted when it asked.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.state().map(|state| state.epoch())
    }

    /// What it is known by, also where it comes again.
    pub(crate) fn state(&self) -> Option<&Arc<RequestState>> {
        self.handle().map(Handle::state)
    }

    /// Leaves the daemon waiting, on purpose; a client is left to the drop policy.
    pub(crate) fn leave(self) {
        self.hand_on();
        let is_prompt = !matches!(
            self,
            Self::ClientConnect(_) | Self::ClientReauth(_) | Self::ClientResponse(_)
        );
        if let Some(handle) = self.handle().filter(|_| is_prompt) {
            handle.leave();
        }
    }

    /// Has whoever gets it decide what becomes of it: dropped, it does not come again.
    pub(crate) fn hand_on(&self) {
        if let Some(handle) = self.handle() {
            handle.hand_on();
        }
    }

    fn handle(&self) -> Option<&Handle> {
        Some(match self {
            Self::Hold(request) => request.handle(),
            Self::Credentials(request) => request.handle(),
            Self::PrivateKeyPassword(request) => request.handle(),
            Self::Username(request) => request.handle(),
            Self::NeedOk(request) => request.handle(),
            Self::NeedStr(request) => request.handle(),
            Self::Certificate(request) => request.handle(),
            Self::Sign(request) => request.handle(),
            Self::Remote(request) => request.handle(),
            Self::Proxy(request) => request.handle(),
            Self::Challenge(request) => request.handle(),
            Self::WebAuth(request) => request.handle(),
            Self::AuthToken(request) => request.handle(),
            Self::ClientConnect(request) | Self::ClientReauth(request) => request.handle(),
            Self::ClientResponse(request) => request.request().handle(),
            Self::Overflow(_) => return None,
        })
    }
}

impl Stream for Requests {
    type Item = Request;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // A request that comes again at once must not keep the connection from being read.
        ready!(std::pin::pin!(tokio::task::consume_budget()).poll(cx));
        self.poll_before(cx, u64::MAX)
    }
}

impl Requests {
    /// The next request that was asked before the event with this number.
    pub(crate) fn poll_before(&self, cx: &mut Context<'_>, number: u64) -> Poll<Option<Request>> {
        let taken = ready!(self.registry.poll_take(cx, number));
        Poll::Ready(taken.map(|taken| match taken {
            Taken::OpenRequest(request) => self.request(&request),
            Taken::Overflow(overflow) => Request::Overflow(overflow),
        }))
    }
}

impl Drop for Requests {
    /// Opts out. Clients that wait in the queue are as good as dropped.
    fn drop(&mut self) {
        for request in self.registry.leave() {
            drop(self.request(&request));
        }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("dropped", &self.dropped).finish_non_exhaustive()
    }
}
