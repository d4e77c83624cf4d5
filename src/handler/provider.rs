//! [`CredentialsProvider`] and [`Signer`]: who knows what a client daemon asks for.

use std::future::Future;
use std::sync::Arc;

use super::BoxError;
use crate::error::Result;
use crate::events::{Realm, SignAlgorithm, WebAuthFlag};
use crate::requests::{Challenge, Refusal};
use crate::types::{Secret, Text};

/// Knows the credentials a client daemon asks for.
///
/// `None` leaves the daemon waiting; an error goes to [`Responder::failed`](super::Responder::failed), and so
/// does a prompt whose answer cannot be sent. Each prompt is asked about once. A call whose request the
/// daemon takes back is dropped.
pub trait CredentialsProvider: Send + Sync + 'static {
    /// User name and password, and the response where there is a challenge. For a challenge with a
    /// [user name](Challenge::username) of its own only the response is used. Also asked where the daemon
    /// wants a password alone and a response (OpenVPN 3).
    fn credentials(
        &self,
        prompt: CredentialsPrompt,
    ) -> impl Future<Output = Result<Option<CredentialsAnswer>, BoxError>> + Send;

    /// The password of a private key, or the PIN of a token.
    fn password(
        &self,
        prompt: PasswordPrompt,
    ) -> impl Future<Output = Result<Option<Secret>, BoxError>> + Send {
        let _ = prompt;
        std::future::ready(Ok(None))
    }

    /// The response to a server's `CR_TEXT`; `None` where the text is only to be shown.
    fn response(
        &self,
        prompt: ResponsePrompt,
    ) -> impl Future<Output = Result<Option<Secret>, BoxError>> + Send {
        let _ = prompt;
        std::future::ready(Ok(None))
    }

    /// Opens a page on which the user signs in; nothing is answered. By default nothing is opened.
    fn web_auth(&self, prompt: WebAuthPrompt) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = prompt;
        std::future::ready(Ok(()))
    }

    /// Keeps a token that the server gave, to sign in with in place of the password; nothing is answered. By
    /// default it is let go.
    fn auth_token(&self, token: Secret) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = token;
        std::future::ready(Ok(()))
    }
}

/// What credentials are wanted for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CredentialsPrompt {
    /// The tunnel (`Auth`), or a proxy.
    pub realm: Realm,
    /// The challenge to answer with them.
    pub challenge: Option<Challenge>,
    /// Why the daemon asks again, where the last answer was not accepted.
    pub refusal: Option<Refusal>,
}

impl CredentialsPrompt {
    /// One without a challenge or a refusal, which are fields to set: for tests of a provider.
    ///
    /// ```
    /// use openvpn_mgmt::events::{Realm, StaticChallenge};
    /// use openvpn_mgmt::handler::CredentialsPrompt;
    ///
    /// let mut prompt = CredentialsPrompt::new(Realm::Auth);
    /// prompt.challenge = Some(StaticChallenge::new(1, "Code?").into());
    /// ```
    #[must_use]
    pub fn new(realm: Realm) -> Self {
        Self { realm, challenge: None, refusal: None }
    }
}

/// What a password is wanted for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PasswordPrompt {
    /// A private key, or a token by its label.
    pub realm: Realm,
    /// Why the daemon asks again, where the last answer was not accepted.
    pub refusal: Option<Refusal>,
}

impl PasswordPrompt {
    /// One without a refusal, which is a field to set: for tests of a provider.
    pub fn new(realm: impl Into<Realm>) -> Self {
        Self { realm: realm.into(), refusal: None }
    }
}

/// What a response is wanted for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResponsePrompt {
    /// The text for the user.
    pub text: Text,
    /// Whether the response may be shown while it is typed.
    pub echo: bool,
    /// Whether a response is wanted at all; else the text is only to be shown.
    pub response_required: bool,
}

impl ResponsePrompt {
    /// One that wants a response, which is a field to change: for tests of a provider.
    pub fn new(text: impl Into<Text>, echo: bool) -> Self {
        Self { text: text.into(), echo, response_required: true }
    }
}

/// A page to open.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WebAuthPrompt {
    /// Its address, as [`WebAuthRequest::url`](crate::WebAuthRequest::url).
    pub url: Secret,
    /// How to open it.
    pub flags: Vec<WebAuthFlag>,
}

impl WebAuthPrompt {
    /// One without flags, which are a field to set: for tests of a provider.
    pub fn new(url: impl Into<Secret>) -> Self {
        Self { url: url.into(), flags: Vec::new() }
    }
}

/// What a [`CredentialsProvider`] answers.
#[derive(Debug, Clone, Default)]
pub struct CredentialsAnswer {
    /// The user name; unused for a dynamic challenge.
    pub username: Secret,
    /// The password; unused for a dynamic challenge.
    pub password: Secret,
    /// The response to the challenge; unused where there is none.
    pub response: Secret,
}

/// Signs with a key that the daemon does not have.
pub trait Signer: Send + Sync + 'static {
    /// Signs `data`, a digest or, with `is_message`, a whole message, as `algorithm` says; for
    /// `None` see [`SignRequest::algorithm`](crate::SignRequest::algorithm). An error goes to
    /// [`Responder::failed`](super::Responder::failed).
    fn sign(
        &self,
        data: &[u8],
        is_message: bool,
        algorithm: Option<&SignAlgorithm>,
    ) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send;
}

impl<T: CredentialsProvider> CredentialsProvider for Arc<T> {
    fn credentials(
        &self,
        prompt: CredentialsPrompt,
    ) -> impl Future<Output = Result<Option<CredentialsAnswer>, BoxError>> + Send {
        T::credentials(self, prompt)
    }

    fn password(
        &self,
        prompt: PasswordPrompt,
    ) -> impl Future<Output = Result<Option<Secret>, BoxError>> + Send {
        T::password(self, prompt)
    }

    fn response(
        &self,
        prompt: ResponsePrompt,
    ) -> impl Future<Output = Result<Option<Secret>, BoxError>> + Send {
        T::response(self, prompt)
    }

    fn web_auth(&self, prompt: WebAuthPrompt) -> impl Future<Output = Result<(), BoxError>> + Send {
        T::web_auth(self, prompt)
    }

    fn auth_token(&self, token: Secret) -> impl Future<Output = Result<(), BoxError>> + Send {
        T::auth_token(self, token)
    }
}

impl<T: Signer> Signer for Arc<T> {
    fn sign(
        &self,
        data: &[u8],
        is_message: bool,
        algorithm: Option<&SignAlgorithm>,
    ) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send {
        T::sign(self, data, is_message, algorithm)
    }
}
