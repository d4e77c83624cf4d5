//! The spans that the crate documents, as a subscriber of `tracing` sees them.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::future::{pending, ready};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openvpn_mgmt::handler::{Attempt, AuthServer, Authenticator, BoxError, Decision};
use openvpn_mgmt::{Builder, Fleet, MemberItem, Sources, attach};
use openvpn_mgmt_test::{FakeDaemon, scripted};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// What was traced on this thread.
#[derive(Clone, Default)]
struct Traces(Arc<Mutex<Vec<u8>>>);

impl Traces {
    fn begin() -> (Self, DefaultGuard) {
        let traces = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(traces.clone())
            .finish();
        (traces, tracing::subscriber::set_default(subscriber))
    }

    /// Whether one of its lines has these spans and then says this.
    fn have(&self, spans: &str, says: &str) -> bool {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().any(|line| line.contains(spans) && line.contains(says))
    }

    fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    #[track_caller]
    fn hold(&self, spans: &str, says: &str) {
        let text = || String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        assert!(self.have(spans, says), "{spans} {says} is not in:\n{}", text());
    }
}

impl io::Write for Traces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Traces {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

struct Talkative;

impl Authenticator for Talkative {
    async fn authenticate(&self, attempt: Attempt) -> Result<Decision, BoxError> {
        tracing::info!(is_alice = attempt.is_user("alice")?, "the handler looks");
        Ok(Decision::Allow)
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_a_span_of_what_its_driver_does() {
    let (traces, _guard) = Traces::begin();
    let fake = FakeDaemon::v2_6();
    let (client, _events, _requests) = attach(fake.connect().unwrap()).await.unwrap().split();
    client.pid().await.unwrap();
    client.close().await;
    client.closed().await;
    traces.hold("connection{daemon=a stream}", "command=\"pid\"");
    traces.hold("connection{daemon=a stream}", "connection closed");
}

/// What the program traces around `connect` is around the driver, too.
#[tokio::test(start_paused = true)]
async fn a_link_and_its_program_are_around_the_connection() {
    use tracing::Instrument as _;

    let (traces, _guard) = Traces::begin();
    let fake = FakeDaemon::v2_6();
    let mut link = Builder::new().reconnect_with(move || ready(fake.connect()));
    let attached = async { link.next().await.unwrap() };
    let attached = attached.instrument(tracing::info_span!("office")).await;
    attached.session.client().pid().await.unwrap();
    traces.hold("office:connection{daemon=a stream}", "command=\"pid\"");
}

#[tokio::test(start_paused = true)]
async fn a_member_of_a_fleet_is_around_its_connections() {
    let (traces, _guard) = Traces::begin();
    let fake = FakeDaemon::v2_6();
    let link = Builder::new().reconnect_with(move || ready(fake.connect()));
    let mut fleet = Fleet::new();
    fleet.add("udp", link).unwrap();
    while !matches!(fleet.next().await.unwrap().what, MemberItem::Attached(_)) {}
    fleet.client().to("udp").unwrap().send(&openvpn_mgmt::command::Pid).await.unwrap();
    traces.hold("member{member=udp}:connection{daemon=a stream}", "command=\"pid\"");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_around_what_its_handler_traces() {
    let (traces, _guard) = Traces::begin();
    let fake = FakeDaemon::v2_6().server().client_connects("alice", |client| client);
    let (_client, _events, requests) = attach(fake.connect().unwrap()).await.unwrap().split();
    tokio::spawn(AuthServer::new(Talkative).run(requests));
    fake.until(|daemon| daemon.is_client_in("alice")).await.unwrap();
    traces.hold("attempt{cid=0 kid=1 kind=\"connect\"}", "the handler looks is_alice=true");
}

/// Of several daemons it says which.
#[tokio::test(start_paused = true)]
async fn an_attempt_of_a_source_names_its_daemon() {
    let (traces, _guard) = Traces::begin();
    let fake = Arc::new(FakeDaemon::v2_6().server().client_connects("alice", |client| client));
    let mut daemons = Sources::new();
    let connected = Arc::clone(&fake);
    daemons.add("udp", Builder::new().reconnect_with(move || ready(connected.connect())));
    tokio::spawn(AuthServer::new(Talkative).serve(daemons, pending(), Duration::from_secs(10)));
    fake.until(|daemon| daemon.is_client_in("alice")).await.unwrap();
    traces.hold("attempt{cid=0 kid=1 kind=\"connect\" daemon=udp (1)}", "the handler looks");
}

/// The daemon waits on in both cases; what was declined was so on purpose.
#[tokio::test(start_paused = true)]
async fn a_prompt_that_is_dropped_is_told_and_one_that_is_declined_is_not() {
    let (traces, _guard) = Traces::begin();
    let (session, mut daemon) = scripted::with_requests(Builder::new()).await;
    let (_client, _events, mut requests) = session.split();
    for asks in [
        ">HOLD:Waiting for hold release:0",
        ">PASSWORD:Need 'Auth' username/password",
        ">PASSWORD:Need 'Private Key' password",
        ">PASSWORD:Need 'Auth' username",
        ">NEED-STR:Need 'x' string MSG:y",
        ">NEED-CERTIFICATE:x",
        ">PK_SIGN:YWJj",
        ">INFOMSG:CR_TEXT::x",
    ] {
        for is_declined in [true, false] {
            daemon.says(format!("{asks}\r\n")).await;
            let request = requests.next().await.unwrap();
            traces.forget();
            if is_declined {
                request.decline().await.unwrap();
            } else {
                drop(request);
            }
            let is_told = traces.have("", "dropped without an answer");
            assert_eq!(is_told, !is_declined, "{asks}");
        }
    }
}
