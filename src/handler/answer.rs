//! [`Answer`]: what is given for a request, and how it is sent.

use std::sync::Arc;

use tracing::warn;

use super::provider::{
    CredentialsAnswer, CredentialsPrompt, PasswordPrompt, ResponsePrompt, WebAuthPrompt,
};
use super::{BoxError, CredentialsProvider, Signer};
use crate::command::{ProxyAction, RemoteAction};
use crate::error::{Error, Result};
use crate::requests::{CredentialsRequest, Request};
use crate::types::Secret;

/// What a request is answered with.
pub(super) enum Answer {
    Credentials(CredentialsAnswer),
    Secret(Secret),
    Signature(Vec<u8>),
    Certificate(Arc<str>),
    /// Goes on as configured: a hold is released, a remote accepted, a proxy not used.
    GoOn,
}

/// What somebody gives for a request; `None` where it is to be left.
pub(super) type Given = Result<Option<Answer>, BoxError>;

/// What a provider gives for a request.
pub(super) async fn provided(provider: &impl CredentialsProvider, request: &Request) -> Given {
    let secret = match request {
        Request::Credentials(ask) => {
            let (challenge, refusal) = (ask.challenge().cloned(), ask.refusal().cloned());
            let prompt = CredentialsPrompt { realm: ask.realm().clone(), challenge, refusal };
            return Ok(provider.credentials(prompt).await?.map(Answer::Credentials));
        }
        Request::Username(ask) => {
            let (realm, refusal) = (ask.realm().clone(), ask.refusal().cloned());
            let prompt = CredentialsPrompt { realm, challenge: None, refusal };
            provider.credentials(prompt).await?.map(|answer| answer.username)
        }
        // A password alone has a challenge only where it is a user's, with a response to it.
        Request::PrivateKeyPassword(ask) if ask.challenge().is_some() => {
            let (challenge, refusal) = (ask.challenge().cloned(), ask.refusal().cloned());
            let prompt = CredentialsPrompt { realm: ask.realm().clone(), challenge, refusal };
            return Ok(provider.credentials(prompt).await?.map(Answer::Credentials));
        }
        Request::PrivateKeyPassword(ask) => {
            let (realm, refusal) = (ask.realm().clone(), ask.refusal().cloned());
            provider.password(PasswordPrompt { realm, refusal }).await?
        }
        Request::Challenge(ask) => {
            let prompt = ResponsePrompt {
                text: ask.text().clone(),
                echo: ask.echo(),
                response_required: ask.response_required(),
            };
            provider.response(prompt).await?
        }
        Request::WebAuth(ask) => {
            let prompt = WebAuthPrompt { url: ask.url().clone(), flags: ask.flags().to_vec() };
            provider.web_auth(prompt).await?;
            None
        }
        Request::AuthToken(given) => {
            provider.auth_token(given.token().clone()).await?;
            None
        }
        _ => None,
    };
    Ok(secret.map(Answer::Secret))
}

/// What a signer gives for a request.
pub(super) async fn signed(signer: &impl Signer, request: &Request) -> Given {
    let Request::Sign(ask) = request else { return Ok(None) };
    let signature = signer.sign(ask.data(), ask.is_message(), ask.algorithm()).await?;
    Ok(Some(Answer::Signature(signature)))
}

/// What came of a request.
pub(super) enum Answered {
    /// It is answered, or the daemon has taken it back.
    Over,
    /// It is to be left without an answer.
    Left,
    /// There is no answer that could be sent, or it was not taken.
    Failed(BoxError),
}

/// Answers a request with what is given for it, unless the daemon takes it back meanwhile.
pub(super) async fn answer(
    request: &Request,
    given: impl AsyncFnOnce(&Request) -> Given,
) -> Answered {
    let given = tokio::select! {
        biased;
        given = given(request) => given,
        () = request.withdrawn() => return Answered::Over,
    };
    let answer = match given {
        Ok(Some(answer)) => answer,
        Ok(None) => return Answered::Left,
        // Whatever its type, it tells nothing of the request.
        Err(error) => return Answered::Failed(error),
    };
    match send(request, &answer).await {
        Ok(()) | Err(Error::Stale { .. } | Error::Closed(_)) => Answered::Over,
        Err(error) => Answered::Failed(error.into()),
    }
}

/// Sends an answer; again, where it could not be sent in time and is still wanted.
async fn send(request: &Request, answer: &Answer) -> Result<()> {
    loop {
        match send_once(request, answer).await {
            Err(error @ Error::Timeout { .. }) if request.is_open() => {
                warn!(%error, "an answer was not sent; it is sent again");
            }
            sent => return sent,
        }
    }
}

async fn send_once(request: &Request, answer: &Answer) -> Result<()> {
    match (request, answer) {
        (Request::Credentials(ask), Answer::Credentials(given)) => credentials(ask, given).await,
        (Request::Username(ask), Answer::Secret(given)) => ask.answer_by_ref(given).await,
        (Request::PrivateKeyPassword(ask), Answer::Secret(given)) => {
            ask.answer_by_ref(given, &Secret::default()).await
        }
        (Request::PrivateKeyPassword(ask), Answer::Credentials(given)) => {
            ask.answer_by_ref(&given.password, &given.response).await
        }
        (Request::Challenge(ask), Answer::Secret(given)) => ask.answer_by_ref(given).await,
        (Request::Sign(ask), Answer::Signature(given)) => ask.answer_by_ref(given).await,
        (Request::Certificate(ask), Answer::Certificate(pem)) => ask.answer_by_ref(pem).await,
        (Request::Hold(hold), Answer::GoOn) => hold.release_by_ref().await,
        (Request::Remote(remote), Answer::GoOn) => remote.act(&RemoteAction::Accept).await,
        (Request::Proxy(proxy), Answer::GoOn) => proxy.act(&ProxyAction::None).await,
        // Whoever gives an answer has looked at the request.
        _ => Ok(()),
    }
}

async fn credentials(ask: &CredentialsRequest, given: &CredentialsAnswer) -> Result<()> {
    ask.answer_by_ref(&given.username, &given.password, &given.response).await
}
