//! [`ClientRequest`]: a client that waits for a server's decision.

#[cfg(feature = "serde")]
mod json;

use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::challenge::{ClientPassword, Crv1, MalformedResponse};
use crate::client::Peer;
use crate::client::registry::open_request::AboutClient;
use crate::command::{ClientAuth, ClientAuthNt, ClientDeny, ClientPendingAuth, IntoPeerConfig};
use crate::error::Result;
use crate::events::{BadField, CrResponse, Env, SecretText};
use crate::requests::handle::Handle;
use crate::requests::{DroppedRequest, PendingAuth};
use crate::types::{Cid, Kid, Secret, Text};

/// Why a client's password cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The daemon does not vouch for it, see [`Env::is_trusted`].
    #[error(transparent)]
    Untrusted(#[from] BadField),
    /// It starts as a challenge response and is none.
    #[error(transparent)]
    Malformed(#[from] MalformedResponse),
}

/// `>CLIENT:CONNECT` or `>CLIENT:REAUTH`: a client waits to be let in.
///
/// Dropped without an answer, it is logged, or denied where
/// [`Builder::dropped_request`](crate::Builder::dropped_request) says so; dropped by a
/// panic, it is always denied.
#[derive(Debug)]
#[must_use]
pub struct ClientRequest {
    handle: Handle,
    cid: Cid,
    kid: Kid,
    peer: Peer,
    env: Env,
    extra: Option<SecretText>,
    dropped: DroppedRequest,
    /// The client was told to give a response, which brings a request of its own.
    awaits_response: bool,
}

impl ClientRequest {
    pub(crate) fn new(handle: Handle, about: AboutClient, dropped: DroppedRequest) -> Self {
        let AboutClient { cid, kid, peer, env, extra, .. } = about;
        Self { handle, cid, kid, peer, env, extra, dropped, awaits_response: false }
    }

    /// The client's ID.
    #[must_use]
    pub fn cid(&self) -> Cid {
        self.cid
    }

    /// The ID of its TLS session.
    #[must_use]
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// The client's identity, for commands about it past this request.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// How often the daemon had restarted on this connection when it asked. Client IDs of
    /// one epoch mean nothing in another.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.handle.state().epoch()
    }

    /// When the daemon asked.
    #[must_use]
    pub fn raised(&self) -> Instant {
        self.handle.raised()
    }

    /// Who the client is and what it says of itself.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The fields behind the known ones of its `>CLIENT:` line, separated by commas, as newer daemons may send; no
    /// known daemon does.
    #[must_use]
    pub fn extra(&self) -> Option<&SecretText> {
        self.extra.as_ref()
    }

    /// The common name of its certificate, where the daemon sends it.
    ///
    /// # Errors
    /// Where the [environment](Env::is_trusted) is not trusted.
    pub fn common_name(&self) -> Result<Option<Text>, BadField> {
        self.env.common_name()
    }

    /// Its user name.
    ///
    /// # Errors
    /// Where the [environment](Env::is_trusted) is not trusted.
    pub fn username(&self) -> Result<Option<Text>, BadField> {
        self.env.username()
    }

    /// Whether its user name is this one; `false` where it has none.
    ///
    /// # Errors
    /// Where the [environment](Env::is_trusted) is not trusted.
    pub fn is_user(&self, name: impl AsRef<[u8]>) -> Result<bool, BadField> {
        self.env.is_user(name)
    }

    /// Its password, taken apart where it carries a challenge response; `None` where it has none.
    ///
    /// # Errors
    /// [`PasswordError`]: one that starts as a response and is none, or one that the daemon does not vouch for.
    pub fn password(&self) -> Result<Option<ClientPassword>, PasswordError> {
        match self.env.password()? {
            Some(password) => Ok(Some(ClientPassword::parse(password.expose())?)),
            None => Ok(None),
        }
    }

    /// Whether the request is still open: not answered, and not taken back by the daemon.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.handle.state().is_open()
    }

    /// Waits until nobody waits for a decision any more: it was made, the client left, or the
    /// daemon restarted.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.handle.state().closed().await;
    }

    /// `client-auth-nt CID KID`: lets the client in.
    pub async fn allow(self) -> Result<()> {
        self.allow_by_ref().await
    }

    /// `client-auth CID KID`, lines, `END`: lets the client in with a configuration of its own,
    /// a [`PeerConfig`](crate::PeerConfig), or lines that are each checked as by
    /// [`PeerConfig::directive`](crate::PeerConfig::directive).
    pub async fn allow_with(self, config: impl IntoPeerConfig) -> Result<()> {
        self.allow_with_by_ref(config).await
    }

    /// `client-deny CID KID "reason" ["client reason"]`: turns the client away. `reason` goes to
    /// the server's log, `client_reason` to the user; at most 256 bytes each.
    pub async fn deny(self, reason: impl AsRef<[u8]>, client_reason: Option<&str>) -> Result<()> {
        self.deny_by_ref(reason.as_ref(), client_reason).await
    }

    /// `client-deny` with a `CRV1` challenge: the client asks its user, and connects again with
    /// the response as its password.
    pub async fn challenge(self, challenge: &Crv1) -> Result<()> {
        self.deny_by_ref(b"challenge", Some(&challenge.encode())).await
    }

    /// `client-pending-auth CID KID "EXTRA" TIMEOUT`: has the client wait while its user does
    /// something else; the decision stays open. `timeout` is whole seconds, from 1.
    ///
    /// # Cancel safety
    /// As [every command](crate::Client#cancel-safety); the decision is still open, so that the request [comes
    /// again](crate::Requests#answers-that-cannot-be-sent), also where the command was sent.
    pub async fn pending(mut self, what: &PendingAuth, timeout: Duration) -> Result<PendingClient> {
        self.pending_by_ref(what, timeout).await?;
        self.awaits_response = matches!(what, PendingAuth::CrText { .. });
        Ok(PendingClient { request: self })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether the daemon took it back: the client left or connected anew, or all is over.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.handle.state().is_withdrawn()
    }

    /// Has it not come again, though an answer to it was not sent.
    pub(crate) fn hand_on(&self) {
        self.handle.hand_on();
    }

    pub(crate) async fn allow_by_ref(&self) -> Result<()> {
        self.handle.settle(&ClientAuthNt::new(self.cid, self.kid)).await
    }

    pub(crate) async fn allow_with_by_ref(&self, config: impl IntoPeerConfig) -> Result<()> {
        let allow = self.handle.begin_with(ClientAuth::new(self.cid, self.kid, config))?;
        self.handle.settle(&allow).await
    }

    pub(crate) async fn deny_by_ref(
        &self,
        reason: &[u8],
        client_reason: Option<&str>,
    ) -> Result<()> {
        let deny = ClientDeny::new(self.cid, self.kid, reason);
        let deny = match client_reason {
            Some(text) => deny.client_reason(text),
            None => deny,
        };
        self.handle.settle(&deny).await
    }

    pub(crate) async fn pending_by_ref(&self, what: &PendingAuth, timeout: Duration) -> Result<()> {
        let extra = self.handle.begin_with(what.encode())?;
        self.handle.send_part(&ClientPendingAuth::new(self.cid, self.kid, extra, timeout)).await
    }
}

impl Drop for ClientRequest {
    fn drop(&mut self) {
        if !self.is_open() {
            return;
        }
        let denies = self.dropped == DroppedRequest::Deny;
        let panicking = std::thread::panicking();
        let hopeless = self.handle.is_hopeless();
        let is_given_up = panicking || hopeless || (denies && self.handle.is_invalid());
        if !is_given_up && self.handle.ask_again() {
            return;
        }
        if self.awaits_response || self.handle.registry().is_challenged(self.cid, self.kid) {
            return;
        }
        let (cid, kid, state) = (self.cid, self.kid, self.handle.state());
        if denies || panicking || hopeless {
            warn!(%cid, %kid, "a client's request was dropped without an answer; it is denied");
            self.handle.registry().deny(cid, kid, state, "nobody answered");
        // Put away, it could not be decided by the response either, which somebody may have.
        } else if !state.has_responded() {
            warn!(%cid, %kid, "a client's request was dropped without an answer; it waits on");
            self.handle.registry().put_away(cid, kid, state);
        }
    }
}

/// `>CLIENT:CR_RESPONSE`: a client answers the `CR_TEXT` it was told to wait with.
///
/// Comes only where a `CR_TEXT` was sent to this client on this connection and is still open, by
/// [`ClientRequest::pending`] or [`Client::client_pending_auth`](crate::Client::client_pending_auth), once for
/// each. A client can send a response at any time; those nobody asked for are events alone.
///
/// The decision it answers for is the one that [`PendingClient`] stands for too; whoever
/// decides first has decided. Dropped, it settles nothing: the client waits on until somebody
/// decides or the daemon gives up.
#[derive(Debug)]
#[must_use]
pub struct ClientResponse {
    request: ClientRequest,
    response: CrResponse,
}

impl ClientResponse {
    pub(crate) fn new(mut request: ClientRequest, response: CrResponse) -> Self {
        request.awaits_response = true;
        Self { request, response }
    }

    /// The client, as in its first request; its password is not sent again.
    pub fn request(&self) -> &ClientRequest {
        &self.request
    }

    /// The user's response, decoded.
    ///
    /// # Errors
    /// [`BadField`] where the client sent no base64.
    pub fn response(&self) -> Result<Secret, BadField> {
        self.response.decode()
    }

    /// As [`ClientRequest::allow`].
    pub async fn allow(self) -> Result<()> {
        self.request.allow().await
    }

    /// As [`ClientRequest::allow_with`].
    pub async fn allow_with(self, config: impl IntoPeerConfig) -> Result<()> {
        self.request.allow_with(config).await
    }

    /// As [`ClientRequest::deny`].
    pub async fn deny(self, reason: impl AsRef<[u8]>, client_reason: Option<&str>) -> Result<()> {
        self.request.deny(reason, client_reason).await
    }

    /// Takes the response and leaves the decision to the request it is part of.
    pub(crate) fn into_response(self) -> CrResponse {
        self.response
    }

    /// The request again, to decide about, or to tell the client to do something else.
    pub fn resume(mut self) -> ClientRequest {
        self.request.awaits_response = false;
        self.request
    }
}

/// A client that was told to wait; the decision about it is still open.
///
/// The response to a `CR_TEXT` comes as [`Request::ClientResponse`](crate::Request::ClientResponse), and
/// brings the same decision with it; this value may be dropped then. Where the decision comes by
/// another way (`WEB_AUTH`), keep it until then: dropped, it counts as a dropped request.
#[derive(Debug)]
#[must_use]
pub struct PendingClient {
    request: ClientRequest,
}

impl PendingClient {
    /// The request it was told to wait with.
    pub fn request(&self) -> &ClientRequest {
        &self.request
    }

    /// The request again, to decide about; also to tell the client to do something else.
    pub fn resume(mut self) -> ClientRequest {
        self.request.awaits_response = false;
        self.request
    }
}
