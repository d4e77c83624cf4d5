//! [`Responder`]: answers what a client daemon asks.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tracing::warn;

use super::answer::{Answer, Answered, Given, answer, provided, signed};
use super::failure::{Failure, HandedOut};
use super::provider::{CredentialsProvider, Signer};
use crate::error::{CloseReason, Result};
use crate::requests::{Request, Requests};

type Answering = Pin<Box<dyn Future<Output = Answered> + Send>>;
type By = Arc<dyn Fn(Arc<Request>) -> Answering + Send + Sync>;
/// Requests that are being answered. They are kept outside of the tasks, so that a panic there still leaves
/// somebody to answer otherwise.
type Open = HashMap<Id, Arc<Request>>;

/// Answers what a client daemon asks, each kind of request by who was set for it.
///
/// Holds are released, each after the time the daemon would have waited of its own, so that a
/// server that is not there is not hammered; remotes are accepted as they stand, proxies not used.
/// Credentials and signatures need their provider. Answers run at the same time.
///
/// # Answers that cannot be sent
/// A provider is asked once for each prompt. Where it fails, or what it gives cannot be sent (a password
/// longer than the daemon takes, an empty signature), the request goes with the error to
/// [`failed`](Self::failed); the provider is asked again when the daemon asks anew. An answer that timed out
/// before it was sent is sent again as it is, until it is sent or the daemon takes the request back.
#[must_use]
pub struct Responder {
    credentials: Option<By>,
    sign: Option<By>,
    certificate: Option<Arc<str>>,
    release_holds: bool,
    others: Box<dyn FnMut(Request) + Send>,
    failed: Box<dyn FnMut(Failure) + Send>,
    handed_out: HandedOut,
}

impl Responder {
    /// A responder that releases holds and lets the daemon connect as it is configured.
    pub fn new() -> Self {
        let others = |request: Request| {
            if request.needs_answer() {
                warn!(?request, "nobody answers this");
            }
        };
        Self {
            credentials: None,
            sign: None,
            certificate: None,
            release_holds: true,
            others: Box::new(others),
            failed: Box::new(warn_of),
            handed_out: HandedOut::default(),
        }
    }

    /// Sets the provider of user names, passwords and responses, which also opens pages and keeps tokens.
    pub fn credentials(mut self, provider: impl CredentialsProvider) -> Self {
        let provider = Arc::new(provider);
        self.credentials = Some(Arc::new(move |request| {
            let provider = Arc::clone(&provider);
            Box::pin(async move {
                let given = async |request: &Request| provided(&*provider, request).await;
                answer(&request, given).await
            })
        }));
        self
    }

    /// Sets the signer.
    pub fn signer(mut self, signer: impl Signer) -> Self {
        let signer = Arc::new(signer);
        self.sign = Some(Arc::new(move |request| {
            let signer = Arc::clone(&signer);
            Box::pin(async move {
                let given = async |request: &Request| signed(&*signer, request).await;
                answer(&request, given).await
            })
        }));
        self
    }

    /// Sets the certificate for `management-external-cert`, in PEM.
    pub fn certificate(mut self, pem: impl Into<String>) -> Self {
        self.certificate = Some(Arc::from(pem.into()));
        self
    }

    /// Sets whether holds are released. Default: `true`.
    pub fn release_holds(mut self, release: bool) -> Self {
        self.release_holds = release;
        self
    }

    /// Sets what to do with requests that nobody is set for. Default: a warning for those that need an answer.
    ///
    /// Where an answer given here is not sent, the request goes to [`failed`](Self::failed).
    pub fn others(mut self, others: impl FnMut(Request) + Send + 'static) -> Self {
        self.others = Box::new(others);
        self
    }

    /// Sets what to do with a request that was not answered: a provider failed, its answer
    /// [cannot be sent](Self#answers-that-cannot-be-sent) or was refused by the daemon. Default: a warning, and
    /// the daemon goes on waiting. A provider that panicked is one that failed; what the panic said is not
    /// in the error.
    ///
    /// Where an answer given here is not sent either, it is called again with that request, once; then a
    /// warning is logged, and the daemon goes on waiting.
    pub fn failed(mut self, failed: impl FnMut(Failure) + Send + 'static) -> Self {
        self.failed = Box::new(failed);
        self
    }

    /// Answers until the connection ends, and tells why it did.
    ///
    /// # Cancel safety
    /// Dropping the future ends every answer that is not out yet.
    pub async fn run(mut self, mut requests: Requests) -> CloseReason {
        let (mut tasks, mut open) = (JoinSet::new(), Open::new());
        loop {
            tokio::select! {
                // There are no more of these than there were requests.
                biased;
                Some(done) = tasks.join_next_with_id() => self.done(&mut open, done),
                request = requests.next() => match request {
                    Some(request) => {
                        if let Some((request, answering)) = self.answer(request) {
                            open.insert(tasks.spawn(answering).id(), request);
                        }
                    }
                    None => return requests.client().closed().await,
                },
            }
        }
    }

    fn done(&mut self, open: &mut Open, done: Result<(Id, Answered), JoinError>) {
        let (id, answered) = match done {
            Ok(done) => done,
            // Its text may hold what the panic said.
            Err(error) => (error.id(), Answered::Failed("the provider panicked".into())),
        };
        // The task is over, and with it its share of the request.
        let Some(request) = open.remove(&id).and_then(Arc::into_inner) else { return };
        match answered {
            Answered::Over => {}
            Answered::Left => request.leave(),
            Answered::Failed(error) => self.fail(Failure::new(request, error)),
        }
    }

    fn fail(&mut self, failure: Failure) {
        match failure.request {
            Some(request) if !self.handed_out.may_go(&request) => {
                let error = failure.error;
                warn!(?request, %error, "no answer to it can be sent; the daemon goes on waiting");
                request.leave();
            }
            request => (self.failed)(Failure { request, ..failure }),
        }
    }

    /// Who answers this; `None` where it was handed to the others.
    fn answer(&mut self, request: Request) -> Option<(Arc<Request>, Answering)> {
        // Who should know was asked, and whoever answered in his place gave up.
        if request.is_again() {
            self.fail(Failure::again(request));
            return None;
        }
        let by = match &request {
            Request::Credentials(_)
            | Request::PrivateKeyPassword(_)
            | Request::Username(_)
            | Request::Challenge(_)
            | Request::WebAuth(_)
            | Request::AuthToken(_) => self.credentials.clone(),
            Request::Sign(_) => self.sign.clone(),
            _ => None,
        };
        let Some(by) = by else { return self.answer_alone(request) };
        let request = Arc::new(request);
        Some((Arc::clone(&request), by(request)))
    }

    /// Answers what needs no provider.
    fn answer_alone(&mut self, request: Request) -> Option<(Arc<Request>, Answering)> {
        let (wait, given) = match &request {
            Request::Hold(hold) if self.release_holds => {
                (hold.seconds().unwrap_or(0), Some(Answer::GoOn))
            }
            Request::Remote(_) | Request::Proxy(_) => (0, Some(Answer::GoOn)),
            Request::Certificate(_) => (0, self.certificate.clone().map(Answer::Certificate)),
            _ => (0, None),
        };
        if given.is_none() {
            (self.others)(request);
            return None;
        }
        let request = Arc::new(request);
        let wait = Duration::from_secs(wait.into());
        let given = async move |_: &Request| -> Given {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            Ok(given)
        };
        let answered = Arc::clone(&request);
        Some((request, Box::pin(async move { answer(&answered, given).await })))
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

fn warn_of(Failure { request, error }: Failure) {
    warn!(?request, %error, "a request was not answered");
    if let Some(request) = request {
        request.leave();
    }
}
