//! `AuthServer` and `Responder` with real daemons.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use openvpn_mgmt::handler::{
    Attempt, AuthServer, Authenticator, BoxError, CredentialsAnswer, CredentialsPrompt,
    CredentialsProvider, Decision, Delivery, Drained, Outcome, Responder, ResponsePrompt, Verdict,
};
use openvpn_mgmt::{Client, Events, Requests, Secret};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::daemon::{Daemon, serving};
use lab::{ClientOptions, Lab, Process, ServerOptions, Version, within};

/// No deadline that a busy machine could miss.
const HOUR: Duration = Duration::from_secs(3_600);

/// Logs in as one user, and gives this response to any challenge.
struct User(&'static str);

impl CredentialsProvider for User {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        Ok(Some(CredentialsAnswer {
            username: Secret::from(self.0),
            password: Secret::from("s3cret"),
            response: Secret::from("123456"),
        }))
    }

    async fn response(&self, _: ResponsePrompt) -> Result<Option<Secret>, BoxError> {
        Ok(Some(Secret::from("123456")))
    }
}

/// A client that answers for itself.
struct VpnClient {
    _process: Process,
    _client: Client,
    events: Events,
}

async fn vpn_client(lab: &Lab, options: ClientOptions, name: &'static str) -> Result<VpnClient> {
    let options = options.common_name(name).line("setenv IV_SSO crtext");
    let Daemon { process, client, events, requests } = Daemon::client(lab, options).await?;
    tokio::spawn(Responder::new().credentials(User(name)).run(requests));
    Ok(VpnClient { _process: process, _client: client, events })
}

/// Whether it gets in (`true`), or is told that it does not.
async fn gets_in(vpn_client: &mut VpnClient) -> Result<bool> {
    use openvpn_mgmt::events::Password;
    use openvpn_mgmt::{Event, StateName};
    within("end of the attempt", async {
        loop {
            match vpn_client.events.next().await {
                Some(Ok(Event::State(state))) if state.name == StateName::Connected => {
                    return Ok(true);
                }
                Some(Ok(Event::Password(Password::VerificationFailed { .. }))) => return Ok(false),
                Some(_) => {}
                None => bail!("the client ended"),
            }
        }
    })
    .await?
}

/// Waits until a client asks to be let in.
async fn connects(events: &mut Events) -> Result<()> {
    use openvpn_mgmt::{Event, events::ClientEvent};
    within("client", async {
        loop {
            match events.next().await {
                Some(Ok(Event::Client(ClientEvent::Connect { .. }))) => return Ok(()),
                Some(_) => {}
                None => bail!("the server ended"),
            }
        }
    })
    .await?
}

async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
    let name = attempt.username()?.map(|name| name.to_string()).unwrap_or_default();
    Ok(match name.as_str() {
        "panics" => panic!("a bug of the handler"),
        "errs" => return Err("the database is down".into()),
        "hangs" => std::future::pending().await,
        "long" => Decision::deny("x".repeat(257)),
        "asked" => {
            let response = attempt.ask("Code", false, HOUR).await?;
            assert_eq!(response, Secret::from("123456"));
            Decision::Allow
        }
        _ => Decision::Allow,
    })
}

#[tokio::test]
async fn handlers_that_fail_deny_their_client_and_no_other() -> Result<()> {
    let lab = serving!("handlers_that_fail_deny_their_client_and_no_other");
    let server = Daemon::server(&lab, ServerOptions::new()).await?;
    let Daemon { process, client: _client, mut events, requests } = server;
    tokio::spawn(AuthServer::new(decide).deadline(HOUR).run(requests));
    let _hangs = vpn_client(&lab, ClientOptions::to(&process), "hangs").await?;
    connects(&mut events).await?;
    let mut clients = Vec::new();
    for name in ["panics", "errs", "long", "asked", "alice"] {
        clients.push((name, vpn_client(&lab, ClientOptions::to(&process), name).await?));
    }
    for (name, client) in &mut clients {
        assert_eq!(gets_in(client).await?, ["asked", "alice"].contains(name), "{name}");
    }
    // And one more, after all that.
    assert!(gets_in(&mut vpn_client(&lab, ClientOptions::to(&process), "bob").await?).await?);
    Ok(())
}

#[tokio::test]
async fn a_handler_that_hangs_denies_at_its_deadline() -> Result<()> {
    let lab = serving!("a_handler_that_hangs_denies_at_its_deadline");
    let server = Daemon::server(&lab, ServerOptions::new()).await?;
    let Daemon { process, client: _client, events: _events, requests } = server;
    tokio::spawn(AuthServer::new(decide).deadline(Duration::from_secs(1)).run(requests));
    let mut hangs = vpn_client(&lab, ClientOptions::to(&process), "hangs").await?;
    assert!(!gets_in(&mut hangs).await?);
    Ok(())
}

#[tokio::test]
async fn challenges_are_answered_by_a_responder() -> Result<()> {
    let lab = serving!("challenges_are_answered_by_a_responder");
    let server = Daemon::server(&lab, ServerOptions::new()).await?;
    let Daemon { process, client: _client, events: _events, requests } = server;
    let decide = |attempt: Attempt| async move {
        use openvpn_mgmt::challenge::{ClientPassword, Crv1};
        match attempt.password()? {
            Some(ClientPassword::Static { response, .. }) if response == Secret::from("123456") => {
                Ok(Decision::Challenge(Crv1::new("id", "dynamic", "And now?")?))
            }
            Some(ClientPassword::Dynamic { response, .. })
                if response == Secret::from("123456") =>
            {
                Ok(Decision::Allow)
            }
            _ => Ok(Decision::deny("no response")),
        }
    };
    tokio::spawn(AuthServer::new(decide).deadline(HOUR).run(requests));
    let options = ClientOptions::to(&process).static_challenge("PIN", true).auth_retry_interact();
    let mut alice = vpn_client(&lab, options, "alice").await?;
    assert!(!gets_in(&mut alice).await?);
    assert!(gets_in(&mut alice).await?);
    Ok(())
}

/// A server that ends when it is told to, which `ends` tells then.
struct Ending {
    stop: Arc<Notify>,
    ends: oneshot::Receiver<()>,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    server: JoinHandle<Drained>,
}

impl Ending {
    fn new<A: Authenticator>(server: AuthServer<A>, requests: Requests, limit: Duration) -> Self {
        let (told, outcomes) = mpsc::unbounded_channel();
        let (ending, ends) = oneshot::channel();
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let shutdown = async move {
            stopped.notified().await;
            ending.send(()).unwrap();
        };
        let server = server.deadline(HOUR).outcomes(move |outcome| drop(told.send(outcome)));
        let server = tokio::spawn(server.run_until(requests, shutdown, limit));
        Self { stop, ends, outcomes, server }
    }

    async fn outcome(&mut self) -> Result<Outcome> {
        within("outcome", self.outcomes.recv()).await?.context("the server ended")
    }
}

#[tokio::test]
async fn a_server_ends_when_what_is_open_is_decided() -> Result<()> {
    let lab = serving!("a_server_ends_when_what_is_open_is_decided");
    let server = Daemon::server(&lab, ServerOptions::new()).await?;
    let Daemon { process, client, events: _events, requests } = server;
    let gate = Arc::new(Notify::new());
    let (opened, (asked, mut asks)) = (Arc::clone(&gate), mpsc::unbounded_channel());
    let decide = move |_: Attempt| {
        asked.send(()).unwrap();
        let gate = Arc::clone(&opened);
        async move {
            gate.notified().await;
            Ok(Decision::Allow)
        }
    };
    let mut ending = Ending::new(AuthServer::new(decide), requests, HOUR);
    let mut waits = vpn_client(&lab, ClientOptions::to(&process), "waits").await?;
    within("call", asks.recv()).await?;
    ending.stop.notify_one();
    (&mut ending.ends).await?;
    let mut late = vpn_client(&lab, ClientOptions::to(&process), "late").await?;
    let denied = ending.outcome().await?;
    assert_eq!(denied.username, Some("late".into()));
    assert!(matches!(denied.verdict, Verdict::ShutDown), "{denied:?}");
    assert!(matches!(denied.delivery, Delivery::Sent), "{denied:?}");

    if lab.daemon().version() >= Version::new(2, 6, 0) {
        // It was told that this is for now, and tries again.
        let again = ending.outcome().await?;
        assert_eq!(again.username, Some("late".into()));
    } else {
        assert!(!gets_in(&mut late).await?);
    }

    gate.notify_one();
    assert!(gets_in(&mut waits).await?);
    let drained = within("end of the server", ending.server).await??;
    assert!(drained.finished == 1 && drained.denied >= 1, "{drained:?}");
    assert!(!drained.limit_reached && drained.reason.is_none(), "{drained:?}");
    assert!(!client.is_closed(), "the connection goes on");
    Ok(())
}

#[tokio::test]
async fn a_server_that_ends_denies_at_its_limit() -> Result<()> {
    let lab = serving!("a_server_that_ends_denies_at_its_limit");
    let server = Daemon::server(&lab, ServerOptions::new()).await?;
    let Daemon { process, client: _client, events: _events, requests } = server;
    let (asked, mut asks) = mpsc::unbounded_channel();
    let decide = move |attempt: Attempt| {
        asked.send(()).unwrap();
        decide(attempt)
    };
    let server = AuthServer::new(decide).shutdown_reason("come back later");
    let mut ending = Ending::new(server, requests, Duration::from_secs(1));
    let mut hangs = vpn_client(&lab, ClientOptions::to(&process), "hangs").await?;
    within("call", asks.recv()).await?;
    ending.stop.notify_one();
    assert!(!gets_in(&mut hangs).await?);
    let outcome = within("outcome", ending.outcomes.recv()).await?.context("the server ended")?;
    assert!(matches!(outcome.verdict, Verdict::ShutDown), "{outcome:?}");
    let drained = within("end of the server", ending.server).await??;
    assert!(drained.denied == 1 && drained.limit_reached, "{drained:?}");
    Ok(())
}

#[tokio::test]
async fn calls_go_on_when_the_server_is_gone() -> Result<()> {
    let lab = serving!("calls_go_on_when_the_server_is_gone");
    let server = Daemon::server(&lab, ServerOptions::new()).await?;
    let Daemon { process, client, events: _events, requests } = server;
    let (asked, mut asks) = mpsc::unbounded_channel();
    let decide = move |attempt: Attempt| {
        let asked = asked.clone();
        async move {
            asked.send(())?;
            attempt.withdrawn().await;
            Ok(Decision::Allow)
        }
    };
    let mut ending = Ending::new(AuthServer::new(decide), requests, HOUR);
    let _waits = vpn_client(&lab, ClientOptions::to(&process), "waits").await?;
    within("call", asks.recv()).await?;
    client.signal(openvpn_mgmt::Signal::Sigterm).await?;
    let outcome = ending.outcome().await?;
    assert!(matches!(outcome.verdict, Verdict::Allow), "{outcome:?}");
    // The daemon may tell that the client left before it ends.
    let gone = matches!(outcome.delivery, Delivery::Closed(_) | Delivery::Stale);
    assert!(gone && !outcome.is_admitted(), "{outcome:?}");
    let drained = within("end of the server", ending.server).await??;
    assert!(drained.reason.is_some(), "{drained:?}");
    Ok(())
}
