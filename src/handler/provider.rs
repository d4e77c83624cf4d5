//! [`CredentialsProvider`] and [`Signer`]: who knows what a client daemon asks for.

use std::future::Future;
use std::sync::Arc;

use super::BoxError;
use crate::client::{
    Challenge, CredentialsRequest, PasswordRequest, Refusal, Request, SignRequest, UsernameRequest,
};
use crate::error::Result;
use crate::events::{Realm, SignAlgorithm};
use crate::{Secret, Text};

/// Knows the credentials a client daemon asks for.
///
/// An error, or `None`, leaves the daemon waiting. A call whose question the daemon takes back is
/// dropped.
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

/// What a password is wanted for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PasswordPrompt {
    /// A private key, or a token by its label.
    pub realm: Realm,
    /// Why the daemon asks again, where the last answer was not accepted.
    pub refusal: Option<Refusal>,
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
    /// `None` see [`SignRequest::algorithm`]. An error leaves the daemon waiting.
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

/// Answers a request for what a provider knows.
pub(super) async fn provide(
    provider: &impl CredentialsProvider,
    request: Request,
) -> Result<(), BoxError> {
    match request {
        Request::Credentials(ask) => credentials(provider, ask).await,
        Request::PrivateKeyPassword(ask) => password(provider, ask).await,
        Request::Username(ask) => username(provider, ask).await,
        Request::Challenge(ask) => {
            let prompt = ResponsePrompt {
                text: ask.text().clone(),
                echo: ask.echo(),
                response_required: ask.response_required(),
            };
            let given = tokio::select! {
                given = provider.response(prompt) => given?,
                () = ask.withdrawn() => return Ok(()),
            };
            match given {
                Some(response) => ask.answer(response).await?,
                None => ask.decline(),
            }
            Ok(())
        }
        other => Ok(other.decline().await?),
    }
}

/// Answers a request for a signature.
pub(super) async fn sign(signer: &impl Signer, request: Request) -> Result<(), BoxError> {
    match request {
        Request::Sign(ask) => sign_one(signer, ask).await,
        other => Ok(other.decline().await?),
    }
}

async fn sign_one(signer: &impl Signer, ask: SignRequest) -> Result<(), BoxError> {
    let signature = tokio::select! {
        signature = signer.sign(ask.data(), ask.is_message(), ask.algorithm()) => signature?,
        () = ask.withdrawn() => return Ok(()),
    };
    Ok(ask.answer(signature).await?)
}

async fn credentials(
    provider: &impl CredentialsProvider,
    ask: CredentialsRequest,
) -> Result<(), BoxError> {
    let challenge = ask.challenge().cloned();
    let dynamic = challenge.as_ref().is_some_and(|challenge| challenge.username().is_some());
    let fixed = challenge.is_some() && !dynamic;
    let (realm, refusal) = (ask.realm().clone(), ask.refusal().cloned());
    let given = tokio::select! {
        given = provider.credentials(CredentialsPrompt { realm, challenge, refusal }) => given?,
        () = ask.withdrawn() => return Ok(()),
    };
    let Some(answer) = given else {
        ask.decline();
        return Ok(());
    };
    if dynamic {
        ask.respond(answer.response).await?;
    } else if fixed {
        ask.answer_with_response(answer.username, answer.password, answer.response).await?;
    } else {
        ask.answer(answer.username, answer.password).await?;
    }
    Ok(())
}

async fn username(
    provider: &impl CredentialsProvider,
    ask: UsernameRequest,
) -> Result<(), BoxError> {
    let (realm, refusal) = (ask.realm().clone(), ask.refusal().cloned());
    let prompt = CredentialsPrompt { realm, challenge: None, refusal };
    let given = tokio::select! {
        given = provider.credentials(prompt) => given?,
        () = ask.withdrawn() => return Ok(()),
    };
    match given {
        Some(answer) => ask.answer(answer.username).await?,
        None => ask.decline(),
    }
    Ok(())
}

async fn password(
    provider: &impl CredentialsProvider,
    ask: PasswordRequest,
) -> Result<(), BoxError> {
    if let Some(challenge) = ask.challenge().cloned() {
        return challenged_password(provider, ask, challenge).await;
    }
    let (realm, refusal) = (ask.realm().clone(), ask.refusal().cloned());
    let given = tokio::select! {
        given = provider.password(PasswordPrompt { realm, refusal }) => given?,
        () = ask.withdrawn() => return Ok(()),
    };
    match given {
        Some(password) => ask.answer(password).await?,
        None => ask.decline(),
    }
    Ok(())
}

/// A password alone has a challenge only where it is a user's, with a response to it.
async fn challenged_password(
    provider: &impl CredentialsProvider,
    ask: PasswordRequest,
    challenge: Challenge,
) -> Result<(), BoxError> {
    let dynamic = challenge.username().is_some();
    let (realm, refusal) = (ask.realm().clone(), ask.refusal().cloned());
    let prompt = CredentialsPrompt { realm, challenge: Some(challenge), refusal };
    let given = tokio::select! {
        given = provider.credentials(prompt) => given?,
        () = ask.withdrawn() => return Ok(()),
    };
    match given {
        Some(answer) if dynamic => ask.respond(answer.response).await?,
        Some(answer) => ask.answer_with_response(answer.password, answer.response).await?,
        None => ask.decline(),
    }
    Ok(())
}
