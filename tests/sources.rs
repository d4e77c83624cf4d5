//! One program that signs in for daemons which come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision, Delivery, Outcome};
use openvpn_mgmt::{Backoff, Builder, Error, Link, Listener, RequestSource, Sources};
use openvpn_mgmt_test::{Client, FakeDaemon};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

/// Where a daemon is reached: another one after each of its ends.
#[derive(Clone, Default)]
struct Place(Arc<Mutex<Option<Arc<FakeDaemon>>>>);

impl Place {
    fn with_a_server() -> Self {
        let place = Self::default();
        place.start();
        place
    }

    fn start(&self) {
        *self.0.lock().unwrap() = Some(Arc::new(FakeDaemon::v2_6().server()));
    }

    fn daemon(&self) -> Arc<FakeDaemon> {
        Arc::clone(self.0.lock().unwrap().as_ref().unwrap())
    }

    fn link(&self) -> Link {
        let place = self.clone();
        let connect = move || {
            let daemon = place.0.lock().unwrap().clone();
            let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
            std::future::ready(daemon.ok_or_else(refused).and_then(|daemon| daemon.connect()))
        };
        let backoff = Backoff::new(SECOND / 10, SECOND).reset_after(Duration::ZERO);
        Builder::new().reconnect_with(connect).backoff(backoff)
    }
}

/// Two places as one source.
fn named(udp: &Place, tcp: &Place) -> Sources {
    let mut daemons = Sources::new();
    daemons.add("udp", udp.link());
    daemons.add("tcp", tcp.link());
    daemons
}

/// What a server decided, by the name of the daemon and of the user.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<HashMap<(String, String), u32>>>, Arc<Mutex<Vec<Outcome>>>);

impl Book {
    /// Lets in who knows the password, at once.
    fn server(&self) -> AuthServer<impl openvpn_mgmt::handler::Authenticator> {
        self.slow_server(|| Duration::ZERO)
    }

    /// As [`server`](Self::server), after such a time.
    fn slow_server(
        &self,
        takes: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> AuthServer<impl openvpn_mgmt::handler::Authenticator> {
        let (attempts, outcomes) = (Arc::clone(&self.0), Arc::clone(&self.1));
        let decide = async move |attempt: Attempt| -> Result<Decision, BoxError> {
            sleep(takes()).await;
            let user = attempt.username()?.map(|name| name.to_string()).unwrap_or_default();
            let daemon =
                attempt.origin().map(|origin| origin.name().to_owned()).unwrap_or_default();
            *attempts.lock().unwrap().entry((daemon, user)).or_default() += 1;
            let is_right = matches!(attempt.password()?, Some(ClientPassword::Plain(password)) if password.expose() == b"secret");
            Ok(if is_right { Decision::Allow } else { Decision::deny("wrong password") })
        };
        let decide = Arc::new(decide);
        AuthServer::new(move |attempt| {
            let decide = Arc::clone(&decide);
            async move { decide(attempt).await }
        })
        .outcomes(move |outcome| outcomes.lock().unwrap().push(outcome))
    }

    fn attempts(&self) -> u32 {
        self.0.lock().unwrap().values().sum()
    }

    fn outcomes(&self) -> Vec<Outcome> {
        self.1.lock().unwrap().clone()
    }
}

/// Waits until something is so, a minute at most.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < 60 * SECOND, "{what}");
        sleep(SECOND / 20).await;
    }
}

/// Waits until a place's daemon has a manager that hears of clients.
async fn served(place: &Place) {
    until("it is served", || place.daemon().with(|daemon| daemon.serves_a_manager())).await;
    sleep(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn one_server_decides_for_two_daemons() {
    let (udp, tcp, book) = (Place::with_a_server(), Place::with_a_server(), Book::default());
    let daemons = named(&udp, &tcp);
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let serving = tokio::spawn(book.server().serve(daemons, shutdown, SECOND));
    served(&udp).await;
    served(&tcp).await;
    udp.daemon().connects(Client::new("alice")).unwrap();
    tcp.daemon().connects(Client::new("bob").password("wrong")).unwrap();
    until("both are decided about", || book.outcomes().len() == 2).await;
    assert!(udp.daemon().with(|daemon| daemon.is_client_in("alice")));
    assert!(!tcp.daemon().with(|daemon| daemon.is_client_in("bob")));
    let origins = book
        .outcomes()
        .iter()
        .map(|outcome| outcome.origin.clone().unwrap().to_string())
        .collect::<Vec<_>>();
    assert!(
        origins.contains(&"udp (1)".to_owned()) && origins.contains(&"tcp (1)".to_owned()),
        "{origins:?}"
    );

    // One is another process now; the other goes on.
    udp.daemon().with(|daemon| daemon.dies("killed"));
    udp.start();
    served(&udp).await;
    udp.daemon().connects(Client::new("carol")).unwrap();
    tcp.daemon().connects(Client::new("dave")).unwrap();
    until("both are in", || {
        udp.daemon().with(|daemon| daemon.is_client_in("carol"))
            && tcp.daemon().with(|daemon| daemon.is_client_in("dave"))
    })
    .await;
    let origins = book.outcomes().into_iter().map(|outcome| outcome.origin.unwrap());
    assert!(origins.into_iter().any(|origin| (origin.name(), origin.number()) == ("udp", 2)));

    stop.send(()).unwrap();
    let drained = timeout(60 * SECOND, serving).await.unwrap().unwrap();
    assert!(drained.reason.is_none() && !drained.limit_reached);
    // The successor gets in at once.
    let mut successor = udp.link();
    timeout(SECOND, successor.next()).await.unwrap().unwrap();
}

/// A daemon whose password is wrong is told once, and holds up no other.
#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_served_is_told_and_the_other_goes_on() {
    let (good, book) = (Place::with_a_server(), Book::default());
    let bad = Place::default();
    *bad.0.lock().unwrap() = Some(Arc::new(FakeDaemon::v2_6().server().password("right")));
    let mut daemons = Sources::new();
    daemons.add("good", good.link());
    daemons.add("bad", bad.link());
    let errors = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&errors);
    let server = book.server().source_errors(move |error| told.lock().unwrap().push(error));
    let serving = tokio::spawn(server.serve(daemons, std::future::pending(), SECOND));
    until("it is told", || !errors.lock().unwrap().is_empty()).await;
    served(&good).await;
    good.daemon().connects(Client::new("alice")).unwrap();
    until("she is in", || good.daemon().with(|daemon| daemon.is_client_in("alice"))).await;
    let errors = errors.lock().unwrap().clone();
    let [error] = errors.as_slice() else { panic!("{errors:?}") };
    assert_eq!(&*error.name, "bad");
    assert!(matches!(error.error, Error::PasswordRequired), "{error}");
    serving.abort();
}

/// A hook that panics is the program's own fault, and not hidden.
#[tokio::test(start_paused = true)]
async fn what_panics_in_a_hook_is_a_panic_of_the_server() {
    let place = Place::with_a_server();
    let server = Book::default().server().outcomes(|outcome| panic!("{outcome:?}"));
    let serving = tokio::spawn(server.serve(place.link(), std::future::pending(), SECOND));
    served(&place).await;
    place.daemon().connects(Client::new("alice")).unwrap();
    let ended = timeout(60 * SECOND, serving).await.unwrap();
    assert!(ended.unwrap_err().is_panic());
}

/// A source that has nothing more to give ends the server, with what goes on.
#[tokio::test(start_paused = true)]
async fn it_ends_with_its_source() {
    let place = Place::default();
    *place.0.lock().unwrap() = Some(Arc::new(FakeDaemon::v2_6().server().password("right")));
    let book = Book::default();
    let ended =
        timeout(60 * SECOND, book.server().serve(place.link(), std::future::pending(), SECOND));
    assert_eq!(ended.await.unwrap().finished, 0);
    let none = timeout(SECOND, book.server().serve(Sources::new(), std::future::pending(), SECOND));
    assert!(none.await.is_ok());
}

#[tokio::test]
async fn daemons_that_dial_in_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    let listener = Listener::bind(&path).await.unwrap();
    let book = Book::default();
    let serving = tokio::spawn(book.server().serve(listener, std::future::pending(), SECOND));
    let daemon = FakeDaemon::v2_7().server();
    daemon.dial_unix(&path).await.unwrap();
    daemon.hears("state on").await.unwrap();
    daemon.connects(Client::new("alice")).unwrap();
    until("she is in", || daemon.with(|daemon| daemon.is_client_in("alice"))).await;
    let outcome = book.outcomes().pop().unwrap();
    assert!(outcome.origin.unwrap().name().contains(&std::process::id().to_string()));
    serving.abort();
}

fn is_source<S: RequestSource>(_: S) {}

#[tokio::test]
async fn links_listeners_and_many_are_sources() {
    is_source(Place::default().link());
    is_source(Sources::new());
}

/// How often each of two daemons restarts, or is another process; more by `RESTARTS`.
const RESTARTS: u32 = 300;

/// Two daemons restart in turn, by SIGUSR1 or as another process, while clients keep coming, at moments that a seed
/// chooses: nobody is let in whose password is wrong, and what became of each attempt is told.
#[tokio::test(start_paused = true)]
async fn restarts_in_turn_let_nobody_in_who_is_not_allowed() {
    let restarts = std::env::var("RESTARTS").ok().and_then(|n| n.parse().ok()).unwrap_or(RESTARTS);
    let seed = std::env::var("SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(7);
    println!("SEED={seed} RESTARTS={restarts}");
    let mut random = StdRng::seed_from_u64(seed);
    let (udp, tcp, book) = (Place::with_a_server(), Place::with_a_server(), Book::default());
    let daemons = named(&udp, &tcp);
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let times = Mutex::new(StdRng::seed_from_u64(seed + 1));
    let takes = move || Duration::from_micros(times.lock().unwrap().random_range(0..4000));
    let serving = tokio::spawn(book.slow_server(takes).serve(daemons, shutdown, 10 * SECOND));
    let (mut arrived, mut admitted) = (0, 0);
    for round in 0..restarts {
        let place = if round % 2 == 0 { &udp } else { &tcp };
        let daemon = place.daemon();
        let (right, wrong) = (format!("right-{round}"), format!("wrong-{round}"));
        // Who comes first, and so gets which ID behind a restart, varies.
        let mut clients = vec![Client::new(&right), Client::new(&wrong).password("guess")];
        if random.random() {
            clients.reverse();
        }
        for client in clients {
            // It may be on its way back.
            arrived += u32::from(daemon.connects(client).is_ok());
            sleep(Duration::from_micros(random.random_range(0..3000))).await;
        }
        let is_in = |name: &str| daemon.with(|daemon| daemon.is_client_in(name));
        assert!(!is_in(&wrong), "round {round}");
        admitted += u32::from(is_in(&right));
        if random.random_range(0..3) == 0 {
            daemon.with(|daemon| daemon.dies("killed"));
            place.start();
        } else {
            daemon.with(openvpn_mgmt_test::Daemon::restarts_by_itself);
        }
        sleep(Duration::from_millis(random.random_range(0..2000))).await;
        assert!(!is_in(&wrong), "round {round}");
    }
    // In the end both are served as ever.
    for place in [&udp, &tcp] {
        sleep(10 * SECOND).await;
        served(place).await;
        let daemon = place.daemon();
        daemon.connects(Client::new("last")).unwrap();
        until("the last is in", || daemon.with(|daemon| daemon.is_client_in("last"))).await;
    }
    stop.send(()).unwrap();
    timeout(120 * SECOND, serving).await.unwrap().unwrap();
    let outcomes = book.outcomes();
    let sent = outcomes.iter().filter(|outcome| matches!(outcome.delivery, Delivery::Sent)).count();
    println!(
        "{arrived} clients came: {} attempts, {} outcomes, {sent} decisions sent, {admitted} in before a restart",
        book.attempts(),
        outcomes.len()
    );
    assert_eq!(u32::try_from(outcomes.len()), Ok(book.attempts()));
    assert!(outcomes.iter().filter(|outcome| outcome.is_admitted()).all(|outcome| {
        outcome.username.as_ref().is_some_and(|name| !name.to_string().starts_with("wrong"))
    }));
    let stale = outcomes
        .iter()
        .filter(|outcome| matches!(outcome.delivery, Delivery::Stale | Delivery::Closed(_)));
    assert!(sent > 10 && admitted > 0 && stale.count() > 10);
}
