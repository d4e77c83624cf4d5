//! A [`Responder`] whose answers cannot be sent: the provider is asked once for each prompt.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::{Daemon, start};
use crate::error::{CloseReason, Error};
use crate::events::SignAlgorithm;
use crate::handler::{
    BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, Failure, PasswordPrompt,
    Responder, ResponsePrompt, Signer,
};
use crate::requests::Request;
use crate::types::Secret;

pub(super) type Running = tokio::task::JoinHandle<CloseReason>;

pub(super) const USER_PASS: &str = ">PASSWORD:Need 'Auth' username/password\n";

/// Counts how often it is asked, and knows nothing that could be sent.
#[derive(Clone, Default)]
struct Useless(Arc<AtomicUsize>);

impl Useless {
    fn too_long(&self) -> Secret {
        self.0.fetch_add(1, Ordering::Relaxed);
        Secret::from("x".repeat(5_000))
    }

    fn calls(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl CredentialsProvider for Useless {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        let username = self.too_long();
        Ok(Some(CredentialsAnswer { response: username.clone(), username, ..Default::default() }))
    }

    async fn password(&self, _: PasswordPrompt) -> Result<Option<Secret>, BoxError> {
        Ok(Some(self.too_long()))
    }

    async fn response(&self, _: ResponsePrompt) -> Result<Option<Secret>, BoxError> {
        Ok(Some(self.too_long()))
    }
}

impl Signer for Useless {
    async fn sign(
        &self,
        _: &[u8],
        _: bool,
        _: Option<&SignAlgorithm>,
    ) -> Result<Vec<u8>, BoxError> {
        self.too_long();
        Ok(Vec::new())
    }
}

pub(super) async fn respond(responder: Responder) -> (Running, Daemon) {
    let (requests, daemon) = start().await;
    (tokio::spawn(responder.run(requests)), daemon)
}

/// A responder whose failures are handed out.
pub(super) fn handing_out(responder: Responder) -> (Responder, mpsc::UnboundedReceiver<Failure>) {
    let (told, failures) = mpsc::unbounded_channel();
    (responder.failed(move |failure| told.send(failure).unwrap()), failures)
}

fn is_invalid(failure: &Failure) -> bool {
    matches!(failure.error.downcast_ref(), Some(Error::InvalidArgument { .. }))
}

/// Lets everything happen that happens without a word of the daemon.
pub(super) async fn settle(daemon: &mut Daemon) {
    daemon.settles().await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_asked_once_for_each_prompt() {
    for prompt in [
        USER_PASS,
        ">PASSWORD:Need 'Auth' username/password SC:0,PIN\n",
        ">PASSWORD:Verification Failed: 'Auth' ['CRV1:R:id:Y3Ix:Code']\n\
         >PASSWORD:Need 'Auth' username/password\n",
        ">PASSWORD:Need 'Private Key' password\n",
        ">PASSWORD:Need 'Auth' username\n",
        ">INFOMSG:CR_TEXT:R,E:Code\n",
        ">PK_SIGN:YWJj,ECDSA\n",
    ] {
        let provider = Useless::default();
        let responder = Responder::new().credentials(provider.clone()).signer(provider.clone());
        let (_task, mut daemon) = respond(responder).await;
        // The first one is asked about, and so is one that the daemon really asks anew.
        for times in 1..=2 {
            daemon.says(prompt).await;
            settle(&mut daemon).await;
            assert_eq!(provider.calls(), times, "{prompt}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_answer_cannot_be_sent_is_handed_out_with_its_error() {
    let provider = Useless::default();
    let (responder, mut failures) = handing_out(Responder::new().credentials(provider.clone()));
    let (_task, mut daemon) = respond(responder).await;
    // An answer that cannot be sent either comes back to whoever gave it, and one that is dropped.
    for (times, drops) in [(1, false), (2, true)] {
        daemon.says(USER_PASS).await;
        let failure = failures.recv().await.unwrap();
        assert!(is_invalid(&failure), "{failure:?}");
        let Some(Request::Credentials(ask)) = failure.request else { panic!() };
        if drops {
            let mut answer = std::pin::pin!(ask.answer("alice", "pw"));
            tokio::select! { biased; _ = &mut answer => panic!(), () = async {} => {} }
        } else {
            let answered = ask.answer("a\nb", "pw").await;
            assert!(matches!(answered, Err(Error::InvalidArgument { .. })), "{answered:?}");
        }
        let failure = failures.recv().await.unwrap();
        let dropped = failure.error.to_string() == "its answer was dropped before it was sent";
        assert!(if drops { dropped } else { is_invalid(&failure) }, "{failure:?}");
        let Some(Request::Credentials(ask)) = failure.request else { panic!() };
        let (answered, ()) = tokio::join!(ask.answer("alice", "pw"), async {
            daemon.grants("username \"Auth\" \"alice\"").await;
            daemon.grants("password \"Auth\" \"pw\"").await;
        });
        answered.unwrap();
        settle(&mut daemon).await;
        assert_eq!(provider.calls(), times);
    }
    assert!(failures.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_takes_leaves_the_daemon_waiting() {
    let (responder, mut failures) = handing_out(Responder::new().certificate("no PEM\u{1}"));
    let (_task, mut daemon) = respond(responder).await;
    daemon.says(">NEED-CERTIFICATE:hint\n").await;
    let failure = failures.recv().await.unwrap();
    assert!(is_invalid(&failure) && failure.request.is_some(), "{failure:?}");
    drop(failure);
    settle(&mut daemon).await;
    assert!(failures.try_recv().is_err());
}

/// Fails at signatures, and has nothing to say otherwise.
struct Fails;

impl Signer for Fails {
    async fn sign(
        &self,
        _: &[u8],
        _: bool,
        _: Option<&SignAlgorithm>,
    ) -> Result<Vec<u8>, BoxError> {
        Err("the token is out".into())
    }
}

impl CredentialsProvider for Fails {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        Ok(None)
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_provider_fails_is_handed_out_and_one_it_leaves_is_not() {
    let (responder, mut failures) = handing_out(Responder::new().signer(Fails).credentials(Fails));
    let (_task, mut daemon) = respond(responder).await;
    daemon.says(USER_PASS).await;
    daemon.says(">PK_SIGN:YWJj,ECDSA\n").await;
    let Failure { request, error } = failures.recv().await.unwrap();
    assert_eq!(error.to_string(), "the token is out");
    let Some(Request::Sign(ask)) = request else { panic!() };
    let (answered, ()) = tokio::join!(ask.answer(b"abc"), async {
        daemon.hears("pk-sig").await;
        daemon.hears("YWJj").await;
        daemon.hears("END").await;
        daemon.says("SUCCESS: pk-sign command succeeded\n").await;
    });
    answered.unwrap();
    settle(&mut daemon).await;
    assert!(failures.try_recv().is_err());
}

/// Knows the one user there is, and counts how often it is asked.
struct Counting(Useless);

impl CredentialsProvider for Counting {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        self.0.too_long();
        let (username, password) = ("alice".into(), "pw".into());
        Ok(Some(CredentialsAnswer { username, password, ..Default::default() }))
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_timed_out_unsent_is_sent_again_as_it_is() {
    let calls = Useless::default();
    let responder = Responder::new().credentials(Counting(calls.clone()));
    let (responder, mut failures) = handing_out(responder);
    let (requests, mut daemon) = start().await;
    let client = requests.client().clone();
    let _task = tokio::spawn(responder.run(requests));
    // Nothing goes out behind it.
    let stuck = tokio::spawn(async move { client.pid().await });
    daemon.hears("pid").await;
    daemon.says(USER_PASS).await;
    daemon.says(">REMOTE:h,1,udp\n").await;
    let timeout = stuck.await.unwrap();
    assert!(matches!(timeout, Err(Error::Timeout { sent: true, .. })), "{timeout:?}");
    // By now the answers have timed out too, at least once.
    tokio::time::sleep(std::time::Duration::from_secs(15)).await;
    daemon.says("SUCCESS: pid=1\n").await;
    let mut heard = Vec::new();
    for _ in 0..3 {
        let line = daemon.line().await;
        daemon.succeeds(&line).await;
        heard.push(line);
    }
    heard.sort();
    let login = ["password \"Auth\" \"pw\"", "remote ACCEPT", "username \"Auth\" \"alice\""];
    assert_eq!(heard, login);
    settle(&mut daemon).await;
    assert_eq!(calls.calls(), 1);
    assert!(failures.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn what_the_others_cannot_answer_does_not_come_to_them_again() {
    let (asked, mut others) = mpsc::unbounded_channel();
    let responder = Responder::new().others(move |request| asked.send(request).unwrap());
    let (responder, mut failures) = handing_out(responder);
    let (_task, mut daemon) = respond(responder).await;
    daemon.says(">NEED-STR:Need 'x' string MSG:y\n").await;
    let Some(Request::NeedStr(ask)) = others.recv().await else { panic!() };
    ask.answer("a\nb").await.unwrap_err();
    let failure = failures.recv().await.unwrap();
    assert!(is_invalid(&failure) && failure.request.is_some(), "{failure:?}");
    settle(&mut daemon).await;
    assert!(others.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn what_the_daemon_refuses_is_over() {
    let responder = Responder::new().credentials(Counting(Useless::default()));
    let (responder, mut failures) = handing_out(responder);
    let (_task, mut daemon) = respond(responder).await;
    daemon.says(USER_PASS).await;
    daemon.grants("username \"Auth\" \"alice\"").await;
    daemon.hears("password \"Auth\" \"pw\"").await;
    daemon.says("ERROR: no password is currently needed\n").await;
    let Failure { request, error } = failures.recv().await.unwrap();
    assert!(request.is_none(), "{request:?}");
    assert!(matches!(error.downcast_ref(), Some(Error::Refused { .. })), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_request_tells_whether_it_comes_again_and_why() {
    let (mut requests, mut daemon) = start().await;
    daemon.says(USER_PASS).await;
    let first = requests.next().await.unwrap();
    assert!(!first.is_again() && first.unsent_error().is_none());
    let Request::Credentials(ask) = first else { panic!() };
    ask.answer("a\nb", "pw").await.unwrap_err();
    let second = requests.next().await.unwrap();
    assert!(second.is_again());
    assert!(matches!(second.unsent_error(), Some(Error::InvalidArgument { .. })));
    // Asked anew, it is another request.
    daemon.says(USER_PASS).await;
    let third = requests.next().await.unwrap();
    assert!(!third.is_again() && third.unsent_error().is_none());
}
