//! [`Responder`]: answers what a client daemon asks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::BoxError;
use super::provider::{CredentialsProvider, Signer, provide, sign};
use crate::client::{HoldRequest, Request, Requests};
use crate::error::{CloseReason, Error, Result};

type Answering = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
type Answer = Arc<dyn Fn(Request) -> Answering + Send + Sync>;

/// Answers what a client daemon asks, each kind of request by who was set for it.
///
/// Holds are released, each after the time the daemon would have waited of its own, so that a
/// server that is not there is not hammered; remotes are accepted as they stand, proxies not used.
/// Credentials and signatures need their provider. Answers run at the same time.
#[must_use]
pub struct Responder {
    credentials: Option<Answer>,
    sign: Option<Answer>,
    certificate: Option<Arc<str>>,
    release_holds: bool,
    others: Box<dyn FnMut(Request) + Send>,
    failed: Box<dyn FnMut(BoxError) + Send>,
}

impl Responder {
    /// A responder that releases holds and lets the daemon connect as it is configured.
    pub fn new() -> Self {
        let others = |request| warn!(?request, "nobody answers this");
        let failed = |error| warn!(%error, "a request could not be answered");
        Self {
            credentials: None,
            sign: None,
            certificate: None,
            release_holds: true,
            others: Box::new(others),
            failed: Box::new(failed),
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

    /// What to do where a provider fails, or its answer is not accepted: the daemon goes on
    /// waiting. Default: a warning.
    pub fn failed(mut self, failed: impl FnMut(BoxError) + Send + 'static) -> Self {
        self.failed = Box::new(failed);
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
                Some(done) = tasks.join_next() => self.done(done),
            }
        }
    }

    fn done(&mut self, done: Result<Result<(), BoxError>, tokio::task::JoinError>) {
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) if is_over(&error) => debug!("the question was taken back"),
            Ok(Err(error)) => (self.failed)(error),
            Err(error) => (self.failed)(error.into()),
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
            Request::Hold(hold) if self.release_holds => Some(Box::pin(release(hold))),
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

/// Lets the daemon go on when it would have of its own, or leaves it where it asks anew before.
async fn release(hold: HoldRequest) -> Result<(), BoxError> {
    let wait = Duration::from_secs(hold.seconds().unwrap_or(0).into());
    tokio::select! {
        () = tokio::time::sleep(wait) => Ok(hold.release().await?),
        () = hold.withdrawn() => Ok(()),
    }
}

fn is_over(error: &BoxError) -> bool {
    matches!(error.downcast_ref::<Error>(), Some(Error::Stale { .. } | Error::Closed(_)))
}
