//! Requests for a user name, a password, or both, with the challenge that goes with them.

use crate::challenge::Challenge;
use crate::client::registry::open_request::Refusal;
use crate::command::{Password, Username};
use crate::error::Result;
use crate::events::Realm;
use crate::requests::handle::Handle;
use crate::types::Secret;

/// `>PASSWORD:Need 'REALM' username/password`, perhaps with a challenge.
///
/// ```no_run
/// # use openvpn_mgmt::{CredentialsRequest, Result};
/// # fn prompt(_: &str, _: bool) -> String { String::new() }
/// # async fn example(ask: CredentialsRequest) -> Result<()> {
/// match ask.challenge() {
///     None => ask.answer("alice", "s3cret").await,
///     Some(challenge) => {
///         let response = prompt(&challenge.text().to_string(), challenge.echo());
///         if challenge.username().is_some() {
///             ask.respond(response).await // the password was right; this is the second step
///         } else {
///             ask.answer_with_response("alice", "s3cret", response).await
///         }
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CredentialsRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    realm: Realm,
    challenge: Option<Challenge>,
    refusal: Option<Refusal>,
}

const NAME: &str = "credentials";

impl CredentialsRequest {
    pub(crate) fn new(
        handle: Handle,
        realm: Realm,
        challenge: Option<Challenge>,
        refusal: Option<Refusal>,
    ) -> Self {
        Self { handle, realm, challenge, refusal }
    }

    /// What the credentials are for: the tunnel (`Auth`), or a proxy.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// Why the daemon asks again, where the last answer was not accepted.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Waits until the daemon takes the request back (it asks anew, restarts or ends): the time
    /// to close a window.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.handle.state().closed().await;
    }

    /// The challenge to answer with them.
    #[must_use]
    pub fn challenge(&self) -> Option<&Challenge> {
        self.challenge.as_ref()
    }

    /// `username`, `password`: answers a prompt that has no challenge.
    ///
    /// # Errors
    /// Those of [every answer](crate::Request#errors); [`Error::InvalidArgument`](crate::Error::InvalidArgument) where
    /// there is a challenge.
    ///
    /// # Cancel safety
    /// As [every answer](crate::Request#cancel-safety); dropped between the two commands, it leaves the daemon with the user
    /// name only, and the request comes again for both.
    pub async fn answer(
        self,
        username: impl Into<Secret>,
        password: impl Into<Secret>,
    ) -> Result<()> {
        self.handle.fits(NAME, expects_none(self.challenge.as_ref()))?;
        self.send(&username.into(), &password.into()).await
    }

    /// Answers a prompt with a static challenge, the response folded into the password.
    ///
    /// # Errors
    /// As [`answer`](Self::answer);
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) where there is no static challenge.
    ///
    /// # Cancel safety
    /// As [`answer`](Self::answer).
    pub async fn answer_with_response(
        self,
        username: impl Into<Secret>,
        password: impl Into<Secret>,
        response: impl Into<Secret>,
    ) -> Result<()> {
        self.handle.fits(NAME, expects_static(self.challenge.as_ref()))?;
        self.answer_by_ref(&username.into(), &password.into(), &response.into()).await
    }

    /// Answers a prompt with a dynamic challenge; the user name is the challenge's own.
    ///
    /// # Errors
    /// As [`answer`](Self::answer);
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) where there is no dynamic challenge.
    ///
    /// # Cancel safety
    /// As [`answer`](Self::answer).
    pub async fn respond(self, response: impl Into<Secret>) -> Result<()> {
        self.handle.fits(NAME, expects_dynamic(self.challenge.as_ref()))?;
        let none = Secret::default();
        self.answer_by_ref(&none, &none, &response.into()).await
    }

    /// Leaves the daemon waiting.
    pub fn decline(self) {
        self.handle.leave();
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Answers with what of it the prompt wants.
    pub(crate) async fn answer_by_ref(
        &self,
        username: &Secret,
        password: &Secret,
        response: &Secret,
    ) -> Result<()> {
        match &self.challenge {
            None => self.send(username, password).await,
            Some(challenge) => {
                let (username, password) = challenge.respond(username.clone(), password, response);
                self.send(&username, &password).await
            }
        }
    }

    /// Both are checked before the first is sent.
    async fn send(&self, username: &Secret, password: &Secret) -> Result<()> {
        let call = self.handle.begin_call();
        let username = Username::new(self.realm.as_bytes(), username);
        let first = self.handle.note(call.prepare(&username).await)?;
        let password = Password::new(self.realm.as_bytes(), password);
        let second = self.handle.note(call.prepare_password(&password).await)?;
        self.handle.send_part_by(&call, first).await?;
        self.handle.settle_by(&call, second).await
    }
}

/// `>PASSWORD:Need 'REALM' password`: of a private key (`Private Key`), or a token's PIN; from OpenVPN 3
/// also of the tunnel (`Auth`), with a challenge.
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PasswordRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    realm: Realm,
    challenge: Option<Challenge>,
    refusal: Option<Refusal>,
}

impl PasswordRequest {
    pub(crate) fn new(
        handle: Handle,
        realm: Realm,
        challenge: Option<Challenge>,
        refusal: Option<Refusal>,
    ) -> Self {
        Self { handle, realm, challenge, refusal }
    }

    /// What the password is for; a token by its label.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// Why the daemon asks again, where the last answer was not accepted.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Waits until the daemon takes the request back (it asks anew, restarts or ends): the time
    /// to close a window.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.handle.state().closed().await;
    }

    /// The challenge to answer with it.
    #[must_use]
    pub fn challenge(&self) -> Option<&Challenge> {
        self.challenge.as_ref()
    }

    /// `password REALM "password"`: answers a prompt that has no challenge.
    ///
    /// # Errors
    /// Those of [every answer](crate::Request#errors); [`Error::InvalidArgument`](crate::Error::InvalidArgument) where
    /// there is a challenge.
    pub async fn answer(self, password: impl Into<Secret>) -> Result<()> {
        self.handle.fits("password", expects_none(self.challenge.as_ref()))?;
        self.send(&password.into()).await
    }

    /// Answers a prompt with a static challenge, the response folded into the password.
    ///
    /// # Errors
    /// As [`answer`](Self::answer);
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) where there is no static challenge.
    ///
    /// # Cancel safety
    /// As [`answer`](Self::answer).
    pub async fn answer_with_response(
        self,
        password: impl Into<Secret>,
        response: impl Into<Secret>,
    ) -> Result<()> {
        self.handle.fits("password", expects_static(self.challenge.as_ref()))?;
        self.answer_by_ref(&password.into(), &response.into()).await
    }

    /// Answers a prompt with a dynamic challenge.
    ///
    /// # Errors
    /// As [`answer`](Self::answer);
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) where there is no dynamic challenge.
    ///
    /// # Cancel safety
    /// As [`answer`](Self::answer).
    pub async fn respond(self, response: impl Into<Secret>) -> Result<()> {
        self.handle.fits("password", expects_dynamic(self.challenge.as_ref()))?;
        self.answer_by_ref(&Secret::default(), &response.into()).await
    }

    /// Answers with what of it the prompt wants.
    pub(crate) async fn answer_by_ref(&self, password: &Secret, response: &Secret) -> Result<()> {
        match &self.challenge {
            None => self.send(password).await,
            Some(challenge) => {
                let (_, password) = challenge.respond(Secret::default(), password, response);
                self.send(&password).await
            }
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Leaves the daemon waiting.
    pub fn decline(self) {
        self.handle.leave();
    }

    async fn send(&self, password: &Secret) -> Result<()> {
        let call = self.handle.begin_call();
        let password = Password::new(self.realm.as_bytes(), password);
        let password = self.handle.note(call.prepare_password(&password).await)?;
        self.handle.settle_by(&call, password).await
    }
}

/// `>PASSWORD:Need 'REALM' username`: a user name alone. OpenVPN 2.7.1, after `announce_version(4)`.
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UsernameRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    realm: Realm,
    refusal: Option<Refusal>,
}

impl UsernameRequest {
    pub(crate) fn new(handle: Handle, realm: Realm, refusal: Option<Refusal>) -> Self {
        Self { handle, realm, refusal }
    }

    /// What the user name is for.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// Why the daemon asks again, where the last answer was not accepted.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Waits until the daemon takes the request back (it asks anew, restarts or ends): the time
    /// to close a window.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.handle.state().closed().await;
    }

    /// `username REALM "user name"`
    pub async fn answer(self, username: impl Into<Secret>) -> Result<()> {
        self.answer_by_ref(&username.into()).await
    }

    pub(crate) async fn answer_by_ref(&self, username: &Secret) -> Result<()> {
        self.handle.settle(&Username::new(self.realm.as_bytes(), username)).await
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Leaves the daemon waiting.
    pub fn decline(self) {
        self.handle.leave();
    }
}

/// What is wrong with an answer that has no response.
fn expects_none(challenge: Option<&Challenge>) -> Option<&'static str> {
    challenge.map(|_| "is missing: the prompt holds a challenge")
}

/// What is wrong with the response to a static challenge.
fn expects_static(challenge: Option<&Challenge>) -> Option<&'static str> {
    let is_static = challenge.is_some_and(|challenge| challenge.username().is_none());
    (!is_static).then_some("is not asked for: the prompt holds no static challenge")
}

/// What is wrong with the response to a dynamic challenge.
fn expects_dynamic(challenge: Option<&Challenge>) -> Option<&'static str> {
    let is_dynamic = challenge.is_some_and(|challenge| challenge.username().is_some());
    (!is_dynamic).then_some("is not asked for: the prompt holds no dynamic challenge")
}
