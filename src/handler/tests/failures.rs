//! What a [`Responder`] hands out, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::unsent::{USER_PASS, handing_out, respond, settle};
use crate::error::{CloseReason, Error};
use crate::events::SignAlgorithm;
use crate::handler::{
    BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, Failure, Responder, Signer,
};
use crate::requests::Request;

/// Fails with an error, or a panic where it has none.
#[derive(Clone, Default)]
struct Fails {
    error: Option<Error>,
    calls: Arc<AtomicUsize>,
}

impl Fails {
    fn fail(&self) -> BoxError {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.error.clone().map_or_else(|| panic!("s3cret"), BoxError::from)
    }
}

impl CredentialsProvider for Fails {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        Err(self.fail())
    }
}

impl Signer for Fails {
    async fn sign(
        &self,
        _: &[u8],
        _: bool,
        _: Option<&SignAlgorithm>,
    ) -> Result<Vec<u8>, BoxError> {
        Err(self.fail())
    }
}

fn no_words() -> Error {
    Error::StillConnected { after: std::time::Duration::ZERO }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_back_a_second_time_is_left() {
    let provider = Fails { error: Some(no_words()), ..Fails::default() };
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let responder = Responder::new().credentials(provider.clone()).failed(move |failure| {
        counted.fetch_add(1, Ordering::Relaxed);
        let Some(Request::Credentials(ask)) = failure.request else { panic!() };
        tokio::spawn(ask.answer("al\nice", "pw"));
    });
    let (_task, mut daemon) = respond(responder).await;
    // Asked anew, it is another request.
    for times in 1..=2 {
        daemon.says(USER_PASS).await;
        settle(&mut daemon).await;
        assert_eq!(provider.calls.load(Ordering::Relaxed), times);
        assert_eq!(calls.load(Ordering::Relaxed), 2 * times);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_of_the_others_that_keeps_coming_back_is_left() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let responder = Responder::new().others(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        let Request::NeedStr(ask) = request else { panic!() };
        tokio::spawn(async move {
            // Begun, and dropped.
            let mut answer = std::pin::pin!(ask.answer("a"));
            tokio::select! { biased; _ = &mut answer => panic!(), () = async {} => {} }
        });
    });
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let responder = responder.failed(move |failure| {
        counted.fetch_add(1, Ordering::Relaxed);
        let Some(Request::NeedStr(ask)) = failure.request else { panic!() };
        tokio::spawn(ask.answer("a\nb"));
    });
    let (_task, mut daemon) = respond(responder).await;
    daemon.says(">NEED-STR:Need 'x' string MSG:y\n").await;
    settle(&mut daemon).await;
    assert_eq!((asked.load(Ordering::Relaxed), calls.load(Ordering::Relaxed)), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_provider_panics_is_handed_out() {
    let provider = Fails::default();
    let responder = Responder::new().credentials(provider.clone()).signer(provider);
    let (responder, mut failures) = handing_out(responder);
    let (_task, mut daemon) = respond(responder).await;
    daemon.says(USER_PASS).await;
    let Failure { request, error } = failures.recv().await.unwrap();
    assert_eq!(error.to_string(), "the provider panicked");
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    let Some(Request::Credentials(ask)) = request else { panic!("{request:?}") };
    let (answered, ()) = tokio::join!(ask.answer("alice", "pw"), async {
        daemon.grants("username \"Auth\" \"alice\"").await;
        daemon.grants("password \"Auth\" \"pw\"").await;
    });
    answered.unwrap();

    daemon.says(">PK_SIGN:YWJj,ECDSA\n").await;
    let Failure { request, error } = failures.recv().await.unwrap();
    assert_eq!(error.to_string(), "the provider panicked");
    assert!(matches!(request, Some(Request::Sign(_))), "{request:?}");
    settle(&mut daemon).await;
    assert!(failures.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_provider_is_told_whatever_its_type() {
    for error in [Error::Closed(CloseReason::Remote), Error::Stale { command: "kill" }] {
        let text = error.to_string();
        let provider = Fails { error: Some(error), ..Fails::default() };
        let responder = Responder::new().credentials(provider.clone()).signer(provider);
        let (responder, mut failures) = handing_out(responder);
        let (_task, mut daemon) = respond(responder).await;
        for prompt in [USER_PASS, ">PK_SIGN:YWJj,ECDSA\n"] {
            daemon.says(prompt).await;
            settle(&mut daemon).await;
            let failure = failures.try_recv().expect("it is told");
            assert_eq!(failure.error.to_string(), text);
            assert!(failure.request.is_some(), "{failure:?}");
        }
    }
}

/// Gives what the daemon takes.
struct Knows;

impl CredentialsProvider for Knows {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        let (username, password) = ("alice".into(), "pw".into());
        Ok(Some(CredentialsAnswer { username, password, ..Default::default() }))
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_taken_back_while_it_is_answered_is_no_failure() {
    let (responder, mut failures) = handing_out(Responder::new().credentials(Knows));
    let (_task, mut daemon) = respond(responder).await;
    daemon.says(USER_PASS).await;
    daemon.hears("username \"Auth\" \"alice\"").await;
    daemon.says(">STATE:1,RECONNECTING,SIGUSR1,,,,,\n").await;
    daemon.succeeds("username").await;
    settle(&mut daemon).await;
    assert!(failures.try_recv().is_err());
}
