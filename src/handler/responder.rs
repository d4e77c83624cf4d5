//! [`Responder`]: answers what a client daemon asks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::BoxError;
use crate::Secret;
use crate::client::{
    Challenge, CredentialsRequest, PasswordRequest, Request, Requests, SignRequest,
};
use crate::error::{CloseReason, Error, Result};
use crate::events::{Realm, SignAlgorithm};

/// Knows the credentials a client daemon asks for.
///
/// An error, or `None`, leaves the daemon waiting.
pub trait CredentialsProvider: Send + Sync + 'static {
    /// User name and password for `realm`, and the response where there is a challenge. For a
    /// challenge with a [user name](Challenge::username) of its own only the response is used.
    fn credentials(
        &self,
        realm: Realm,
        challenge: Option<Challenge>,
    ) -> impl Future<Output = Result<Option<CredentialsAnswer>, BoxError>> + Send;

    /// The password of `realm`: a private key, or the PIN of a token.
    fn password(
        &self,
        realm: Realm,
    ) -> impl Future<Output = Result<Option<Secret>, BoxError>> + Send {
        let _ = realm;
        std::future::ready(Ok(None))
    }

    /// The response to a server's `CR_TEXT`; `echo` tells whether it may be shown while it is typed.
    fn response(
        &self,
        text: String,
        echo: bool,
    ) -> impl Future<Output = Result<Option<Secret>, BoxError>> + Send {
        let _ = (text, echo);
        std::future::ready(Ok(None))
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
    /// Signs `data`, a digest or, with `is_message`, a whole message, as `algorithm` says; `None` is
    /// PKCS#1 padding for RSA, plain ECDSA for an elliptic curve. An error leaves the daemon waiting.
    fn sign(
        &self,
        data: &[u8],
        is_message: bool,
        algorithm: Option<&SignAlgorithm>,
    ) -> impl Future<Output = Result<Vec<u8>, BoxError>> + Send;
}

type Answering = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
type Answer = Arc<dyn Fn(Request) -> Answering + Send + Sync>;

/// Answers what a client daemon asks, each kind of request by who was set for it.
///
/// Holds are released, remotes accepted as they stand, proxies not used, unless others are set;
/// credentials and signatures need their provider. Answers run at the same time.
#[must_use]
pub struct Responder {
    credentials: Option<Answer>,
    sign: Option<Answer>,
    certificate: Option<Arc<str>>,
    release_holds: bool,
    others: Box<dyn FnMut(Request) + Send>,
}

impl Responder {
    /// A responder that releases holds and lets the daemon connect as it is configured.
    pub fn new() -> Self {
        let others = |request| warn!(?request, "nobody answers this");
        Self {
            credentials: None,
            sign: None,
            certificate: None,
            release_holds: true,
            others: Box::new(others),
        }
    }

    /// Who knows user names, passwords and responses.
    pub fn credentials(mut self, provider: impl CredentialsProvider) -> Self {
        let provider = Arc::new(provider);
        self.credentials = Some(Arc::new(move |request| {
            let provider = Arc::clone(&provider);
            Box::pin(async move { provide(&*provider, request).await })
        }));
        self
    }

    /// Who signs.
    pub fn signer(mut self, signer: impl Signer) -> Self {
        let signer = Arc::new(signer);
        self.sign = Some(Arc::new(move |request| {
            let signer = Arc::clone(&signer);
            Box::pin(async move { sign(&*signer, request).await })
        }));
        self
    }

    /// The certificate for `management-external-cert`, in PEM.
    pub fn certificate(mut self, pem: impl Into<String>) -> Self {
        self.certificate = Some(Arc::from(pem.into()));
        self
    }

    /// Whether holds are released. Default: `true`.
    pub fn release_holds(mut self, release: bool) -> Self {
        self.release_holds = release;
        self
    }

    /// What to do with requests that nobody is set for. Default: a warning.
    pub fn others(mut self, others: impl FnMut(Request) + Send + 'static) -> Self {
        self.others = Box::new(others);
        self
    }

    /// Answers until the connection ends, and tells why it did.
    ///
    /// # Cancel safety
    /// Dropping the future ends every answer that is not out yet.
    pub async fn run(mut self, mut requests: Requests) -> CloseReason {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                request = requests.next() => match request {
                    Some(request) => {
                        if let Some(answer) = self.answer(request) {
                            tasks.spawn(answer);
                        }
                    }
                    None => return requests.client().closed().await,
                },
                Some(done) = tasks.join_next() => report(done),
            }
        }
    }

    /// Who answers this; `None` where it was handed to the others.
    fn answer(&mut self, request: Request) -> Option<Answering> {
        let by = match &request {
            Request::Credentials(_) | Request::PrivateKeyPassword(_) | Request::Challenge(_) => {
                self.credentials.clone()
            }
            Request::Username(_) => self.credentials.clone(),
            Request::Sign(_) => self.sign.clone(),
            _ => None,
        };
        if let Some(by) = by {
            return Some(by(request));
        }
        match request {
            Request::Hold(hold) if self.release_holds => {
                Some(Box::pin(async { Ok(hold.release().await?) }))
            }
            Request::Remote(remote) => Some(Box::pin(async { Ok(remote.accept().await?) })),
            Request::Proxy(proxy) => Some(Box::pin(async { Ok(proxy.none().await?) })),
            Request::Certificate(ask) if self.certificate.is_some() => {
                let pem = self.certificate.clone().unwrap_or_default();
                Some(Box::pin(async move { Ok(ask.answer(&pem).await?) }))
            }
            other => {
                (self.others)(other);
                None
            }
        }
    }
}

impl Default for Responder {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Responder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Responder")
            .field("credentials", &self.credentials.is_some())
            .field("signer", &self.sign.is_some())
            .field("certificate", &self.certificate.is_some())
            .field("release_holds", &self.release_holds)
            .finish_non_exhaustive()
    }
}

async fn provide(provider: &impl CredentialsProvider, request: Request) -> Result<(), BoxError> {
    match request {
        Request::Credentials(ask) => provide_credentials(provider, ask).await,
        Request::PrivateKeyPassword(ask) => provide_password(provider, ask).await,
        Request::Username(ask) => {
            match provider.credentials(ask.realm().clone(), None).await? {
                Some(answer) => ask.answer(answer.username).await?,
                None => ask.decline(),
            }
            Ok(())
        }
        Request::Challenge(ask) => {
            match provider.response(ask.text().to_string(), ask.echo()).await? {
                Some(response) => ask.answer(response).await?,
                None => ask.decline(),
            }
            Ok(())
        }
        other => Ok(other.decline().await?),
    }
}

async fn provide_credentials(
    provider: &impl CredentialsProvider,
    ask: CredentialsRequest,
) -> Result<(), BoxError> {
    let challenge = ask.challenge().cloned();
    let dynamic = challenge.as_ref().is_some_and(|challenge| challenge.username().is_some());
    let fixed = challenge.is_some() && !dynamic;
    let Some(answer) = provider.credentials(ask.realm().clone(), challenge).await? else {
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

async fn provide_password(
    provider: &impl CredentialsProvider,
    ask: PasswordRequest,
) -> Result<(), BoxError> {
    match provider.password(ask.realm().clone()).await? {
        Some(password) => ask.answer(password).await?,
        None => ask.decline(),
    }
    Ok(())
}

async fn sign(signer: &impl Signer, request: Request) -> Result<(), BoxError> {
    match request {
        Request::Sign(ask) => Ok(sign_one(signer, ask).await?),
        other => Ok(other.decline().await?),
    }
}

async fn sign_one(signer: &impl Signer, ask: SignRequest) -> Result<(), BoxError> {
    let signature = signer.sign(ask.data(), ask.is_message(), ask.algorithm()).await?;
    Ok(ask.answer(signature).await?)
}

fn report(done: Result<Result<(), BoxError>, tokio::task::JoinError>) {
    match done {
        Ok(Ok(())) => {}
        Ok(Err(error)) if is_over(&error) => debug!("the question was taken back"),
        Ok(Err(error)) => warn!(%error, "a request could not be answered"),
        Err(error) => warn!(%error, "a handler failed"),
    }
}

fn is_over(error: &BoxError) -> bool {
    matches!(error.downcast_ref::<Error>(), Some(Error::Stale { .. } | Error::Closed(_)))
}
