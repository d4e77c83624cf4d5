//! Handlers: dropped at every poll, they send nothing by halves, and end what they have called.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use openvpn_mgmt::events::SignAlgorithm;
use openvpn_mgmt::handler::{
    Attempt, AttemptKind, AuthServer, Authenticator, BoxError, CredentialsAnswer,
    CredentialsPrompt, CredentialsProvider, Decision, PasswordPrompt, Responder, ResponsePrompt,
    Signer, WebAuthPrompt,
};
use openvpn_mgmt::{Builder, Client, DroppedRequest, Event, Events, PendingAuth, Request, Secret};
use openvpn_mgmt_test::FakeDaemon;
use tokio::time::timeout;

use crate::called::called;
use crate::sessions::Place;
use crate::stepped::{at_every_poll, no_task_is_left, polled};
use crate::trickle::Written;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Counts the calls that have begun and are not over.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<AtomicUsize>);

pub(crate) struct Running(Calls);

impl Calls {
    fn begin(&self) -> Running {
        self.0.fetch_add(1, Ordering::Relaxed);
        Running(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Decides and answers after a while.
#[derive(Clone, Default)]
pub(crate) struct Slow(pub(crate) Calls);

impl Slow {
    async fn while_counted<T>(&self, given: T) -> Result<T, BoxError> {
        let _running = self.0.begin();
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        Ok(given)
    }
}

impl Authenticator for Slow {
    async fn authenticate(&self, _: Attempt) -> Result<Decision, BoxError> {
        self.while_counted(Decision::Allow).await
    }
}

impl CredentialsProvider for Slow {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        let mut answer = CredentialsAnswer::default();
        (answer.username, answer.password) = ("alice".into(), "hunter2".into());
        self.while_counted(Some(answer)).await
    }

    async fn password(&self, _: PasswordPrompt) -> Result<Option<Secret>, BoxError> {
        self.while_counted(Some("sesame".into())).await
    }

    async fn response(&self, _: ResponsePrompt) -> Result<Option<Secret>, BoxError> {
        self.while_counted(Some("123456".into())).await
    }

    async fn web_auth(&self, _: WebAuthPrompt) -> Result<(), BoxError> {
        self.while_counted(()).await
    }

    async fn auth_token(&self, _: Secret) -> Result<(), BoxError> {
        self.while_counted(()).await
    }
}

impl Signer for Slow {
    async fn sign(
        &self,
        _: &[u8],
        _: bool,
        _: Option<&SignAlgorithm>,
    ) -> Result<Vec<u8>, BoxError> {
        self.while_counted(vec![1; 60]).await
    }
}

/// A server whose client has been asked about, and denies those whose requests are dropped.
async fn asked() -> World {
    let fake = FakeDaemon::v2_6().server().client_connects("alice", |client| client);
    let builder = Builder::new().dropped_request(DroppedRequest::Deny);
    let mut world = World::of(fake, &builder).await;
    while !matches!(world.events.next().await, Some(Ok(Event::Client(_)))) {}
    world
}

/// As is documented: its calls end, and their clients count as dropped requests. One decision is sent, whole.
async fn decided_once(polls: usize, world: Served, calls: &Calls) {
    assert_eq!(world.client.pid().await.unwrap(), 4711, "{polls} polls");
    assert_eq!(calls.count(), 0, "{polls} polls: a call runs on");
    world.fake.hears("client-").await.unwrap();
    assert_eq!(world.client.pid().await.unwrap(), 4711, "{polls} polls");
    let mut written = world.written.commands();
    written.retain(|command| command != "pid");
    let [decision] = written.as_slice() else { panic!("{polls} polls: {written:?}") };
    let decisions = ["client-auth-nt 0 1", "client-deny 0 1 \"nobody answered\""];
    assert!(decisions.contains(&decision.as_str()), "{polls} polls: {decision}");
    let Served { fake, client, events, .. } = world;
    drop((client, events));
    fake.until(|daemon| !daemon.is_connected()).await.unwrap();
    drop(fake);
    no_task_is_left("a server").await;
}

/// Runs a server, dropped after so many polls, or once its client is in.
macro_rules! dropped_server {
    ($name:literal, |$server:ident, $requests:ident| $run:expr) => {
        at_every_poll($name, |polls| async move {
            let World { fake, client, events, requests: $requests, written } = asked().await;
            let calls = Calls::default();
            let $server: AuthServer<Slow> = AuthServer::new(Slow(calls.clone()));
            let is_in = polled(polls, async {
                tokio::select! {
                    biased;
                    _ = $run => panic!("it is over"),
                    is_in = fake.until(|daemon| daemon.is_client_in("alice")) => is_in.unwrap(),
                }
            })
            .await;
            let world = Served { fake, client, events, written };
            decided_once(polls, world, &calls).await;
            is_in.is_some()
        })
        .await;
    };
}

/// A world without its requests.
struct Served {
    fake: FakeDaemon,
    client: Client,
    events: Events,
    written: Written,
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_decides_whole_or_leaves_it_to_the_policy() {
    dropped_server!(
        "AuthServer::run",
        |server, requests| called!(AuthServer<Slow>: server.run(requests))
    );
    dropped_server!("AuthServer::run_until", |server, requests| {
        called!(AuthServer<Slow>: server.run_until(requests, std::future::pending(), MINUTE))
    });
}

#[tokio::test(start_paused = true)]
async fn so_does_one_that_serves_daemons_which_come_and_go() {
    at_every_poll("AuthServer::serve", |polls| async move {
        let place = Place::of(FakeDaemon::v2_6().server().client_connects("alice", |client| client));
        let (calls, fake) = (Calls::default(), Arc::clone(&place.fake));
        let server: AuthServer<Slow> = AuthServer::new(Slow(calls.clone()));
        let link = place.link();
        let is_in = polled(polls, async {
            let forever = std::future::pending();
            tokio::select! {
                biased;
                _ = called!(AuthServer<Slow>: server.serve(link, forever, MINUTE)) => panic!("it is over"),
                is_in = fake.until(|daemon| daemon.is_client_in("alice")) => is_in.unwrap(),
            }
        })
        .await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(calls.count(), 0, "{polls} polls: a call runs on");
        drop(fake);
        place.ends("a server").await;
        is_in.is_some()
    })
    .await;
}

/// As is documented: every answer that is not out yet ends, and what is out is whole.
#[tokio::test(start_paused = true)]
async fn a_responder_that_is_dropped_answers_whole_or_not_at_all() {
    at_every_poll("Responder::run", |polls| async move {
        let fake = FakeDaemon::v2_6().query_passwords();
        let World { fake, client, events, requests, written } =
            World::of(fake, &Builder::new()).await;
        let calls = Calls::default();
        let responder: Responder = Responder::new().credentials(Slow(calls.clone()));
        let is_answered = polled(polls, async {
            tokio::select! {
                biased;
                _ = called!(Responder: responder.run(requests)) => panic!("it is over"),
                heard = fake.hears("password") => drop(heard.unwrap()),
            }
        })
        .await;
        assert_eq!(client.pid().await.unwrap(), 4711, "{polls} polls");
        assert_eq!(calls.count(), 0, "{polls} polls: a call runs on");
        let mut written = written.commands();
        written.retain(|command| command != "pid");
        let whole = ["username \"Auth\" \"alice\"", "password \"Auth\" \"hunter2\""];
        assert!(whole.iter().take(written.len()).eq(&written), "{polls} polls: {written:?}");
        drop((client, events));
        fake.until(|daemon| !daemon.is_connected()).await.unwrap();
        drop(fake);
        no_task_is_left("a responder").await;
        is_answered.is_some()
    })
    .await;
}

pub(crate) async fn attempt_of_alice() -> (Attempt, World) {
    let mut world = asked().await;
    let Some(Request::ClientConnect(alice)) = world.requests.next().await else { panic!() };
    world.written.commands();
    (Attempt::from_request(alice, AttemptKind::Connect), world)
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_does_can_be_dropped_and_done_again() {
    let page = PendingAuth::web_auth("https://sso.example/");
    let page = &page;
    at_every_poll("Attempt::pending", |polls| async move {
        let (attempt, world) = attempt_of_alice().await;
        let deadline = attempt.deadline();
        let told = polled(polls, called!(Attempt: attempt.pending(page, MINUTE))).await;
        assert_eq!(world.client.pid().await.unwrap(), 4711, "{polls} polls");
        let line = "client-pending-auth 0 1 \"WEB_AUTH::https://sso.example/\" 60";
        let written = world.written.commands();
        assert!([line, "pid"].ends_with(&written.iter().map(String::as_str).collect::<Vec<_>>()));
        assert!(told.is_none() || written.len() == 2);
        assert_eq!(
            attempt.deadline() - deadline,
            if told.is_some() { MINUTE } else { Duration::ZERO }
        );
        attempt.pending(page, MINUTE).await.unwrap();
        assert!(attempt.is_open());
        drop(attempt);
        world.ends("an attempt").await;
        told.is_some()
    })
    .await;
    at_every_poll("Attempt::ask", |polls| async move {
        let (attempt, world) = attempt_of_alice().await;
        let asked = polled(polls, called!(Attempt: attempt.ask("Code?", true, 5 * SECOND))).await;
        assert_eq!(world.client.pid().await.unwrap(), 4711, "{polls} polls");
        world.written.commands();
        // Nobody hears responses here; another question can be asked all the same.
        assert!(attempt.is_open() && attempt.ask("Code?", true, 5 * SECOND).await.is_err());
        drop(attempt);
        world.ends("an attempt").await;
        asked.is_some()
    })
    .await;
    for polls in 0..4 {
        let (attempt, world) = attempt_of_alice().await;
        assert!(polled(polls, called!(Attempt: attempt.withdrawn())).await.is_none());
        world.fake.with(openvpn_mgmt_test::Daemon::hangs_up);
        timeout(MINUTE, attempt.withdrawn()).await.unwrap();
        drop(attempt);
        world.ends("an attempt").await;
    }
}

/// As is documented it may lose the response, and nothing else: the decision is still to be taken.
#[tokio::test(start_paused = true)]
async fn a_question_that_is_dropped_keeps_nobody_out() {
    for polls in 0..40 {
        let fake = FakeDaemon::v2_6().server().client_connects("alice", |client| {
            client.peer_info("IV_SSO", "crtext").answers("123456")
        });
        let world = World::of(fake, &Builder::new()).await;
        let decide = move |attempt: Attempt| async move {
            let response = polled(polls, attempt.ask("Code?", true, MINUTE)).await.transpose()?;
            let is_right = response.is_none_or(|response| response.expose() == b"123456");
            Ok(if is_right { Decision::Allow } else { Decision::deny("wrong") })
        };
        let World { fake, client, events, requests, written } = world;
        let serving = tokio::spawn(AuthServer::new(decide).run(requests));
        fake.until(|daemon| daemon.is_client_in("alice")).await.unwrap();
        written.commands();
        client.close().await;
        serving.await.unwrap();
        drop((client, events, fake));
        no_task_is_left("a question").await;
    }
}
