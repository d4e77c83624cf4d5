//! The end of an [`AuthServer`] in good order.

use tokio::sync::oneshot;

use super::outcomes::told;
use super::*;
use crate::client::Client;
use crate::error::Error;
use crate::handler::{Delivery, Drained, Verdict};

const LIMIT: Duration = Duration::from_secs(10);
const SHUT_DOWN: &str = "\"the server shuts down\" \"TEMP:the server is shutting down\"";

struct Serving {
    client: Client,
    daemon: Daemon,
    server: JoinHandle<Drained>,
    stop: oneshot::Sender<()>,
}

async fn serve_until<A: Authenticator>(server: AuthServer<A>) -> Serving {
    let (requests, daemon) = start().await;
    let (stop, stopped) = oneshot::channel();
    let client = requests.client().clone();
    let stopped = async { drop(stopped.await) };
    Serving {
        client,
        daemon,
        server: tokio::spawn(server.run_until(requests, stopped, LIMIT)),
        stop,
    }
}

/// Decides after as many seconds as the user name says.
async fn by_seconds(attempt: Attempt) -> Result<Decision, BoxError> {
    let seconds = attempt.username()?.map(|name| name.to_string()).unwrap_or_default();
    tokio::time::sleep(Duration::from_secs(seconds.parse()?)).await;
    Ok(Decision::Allow)
}

#[tokio::test(start_paused = true)]
async fn a_server_with_nothing_to_do_ends_at_once() {
    let Serving { client, daemon: _daemon, server, stop } =
        serve_until(AuthServer::new(by_name)).await;
    let began = Instant::now();
    stop.send(()).unwrap();
    let drained = server.await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(drained.reason.is_none() && !drained.limit_reached, "{drained:?}");
    let counts = (drained.finished, drained.denied, drained.gone, drained.undelivered);
    assert_eq!(counts, (0, 0, 0, 0));
    assert!(!client.is_closed(), "the connection goes on");
}

#[tokio::test(start_paused = true)]
async fn what_is_open_is_finished_and_who_comes_is_denied() {
    let Serving { mut daemon, server, stop, .. } = serve_until(AuthServer::new(by_seconds)).await;
    daemon.connects(0, "5").await;
    daemon.connects(1, "8").await;
    // A client that is in, and one that leaves.
    daemon.connects(2, "6").await;
    daemon.settles().await;
    let began = Instant::now();
    stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    daemon.connects(3, "0").await;
    daemon.grants(&format!("client-deny 3 1 {SHUT_DOWN}")).await;
    daemon.asks("REAUTH", 4, 2, "1").await;
    daemon.grants("client-auth-nt 4 2").await;
    daemon.says(">CLIENT:DISCONNECT,2\n>CLIENT:ENV,END\n").await;
    daemon.grants("client-auth-nt 0 1").await;
    daemon.grants("client-auth-nt 1 1").await;
    let drained = server.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 8);
    assert_eq!(drained.took.as_secs(), 8);
    let counts = (drained.finished, drained.denied, drained.gone, drained.undelivered);
    assert_eq!(counts, (3, 1, 1, 0));
    assert!(!drained.limit_reached && drained.reason.is_none(), "{drained:?}");
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_at_the_limit_is_denied() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        if attempt.username()? == Some("asked".into()) {
            attempt.ask("Code", false, Duration::from_secs(60)).await?;
        }
        std::future::pending().await
    });
    let (server, mut outcomes) = told(server.shutdown_reason("TEMP[backoff 30]:back soon"));
    let Serving { mut daemon, server, stop, .. } = serve_until(server).await;
    daemon.connects(0, "hang").await;
    daemon.connects(1, "asked").await;
    daemon.grants("client-pending-auth 1 1 \"CR_TEXT:R:Code\" 60").await;
    // One waits for its turn behind another.
    daemon.asks("REAUTH", 0, 2, "hang").await;
    daemon.settles().await;
    let began = Instant::now();
    stop.send(()).unwrap();
    let mut heard = Vec::new();
    for _ in 0..3 {
        let line = daemon.line().await;
        assert_eq!(began.elapsed(), LIMIT);
        daemon.succeeds(&line).await;
        heard.push(line);
    }
    heard.sort();
    let why = "\"the server shuts down\" \"TEMP[backoff 30]:back soon\"";
    let denied = ["0 1", "0 2", "1 1"].map(|of| format!("client-deny {of} {why}"));
    assert_eq!(heard, denied);
    let drained = server.await.unwrap();
    assert_eq!((drained.finished, drained.denied, drained.limit_reached), (0, 3, true));
    for _ in 0..3 {
        let outcome = outcomes.recv().await.unwrap();
        assert!(matches!(outcome.verdict, Verdict::ShutDown), "{outcome:?}");
        assert!(matches!(outcome.delivery, Delivery::Sent), "{outcome:?}");
    }
    assert!(outcomes.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_cannot_be_sent_still_denies() {
    let server = AuthServer::new(by_name).shutdown_reason("x".repeat(300));
    let Serving { mut daemon, server, stop, .. } = serve_until(server).await;
    daemon.connects(0, "hang").await;
    daemon.settles().await;
    stop.send(()).unwrap();
    daemon.grants("client-deny 0 1 \"the server shuts down\"").await;
    assert_eq!(server.await.unwrap().denied, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_connection_does_not_hold_up_the_end() {
    let (server, mut outcomes) = told(AuthServer::new(by_seconds));
    let Serving { client, mut daemon, server, stop } = serve_until(server).await;
    let _stuck = tokio::spawn(async move { client.pid().await });
    daemon.hears("pid").await;
    daemon.connects(0, "1").await;
    daemon.connects(1, "3600").await;
    stop.send(()).unwrap();
    let drained = server.await.unwrap();
    // The limit, and the time for last words.
    let last_words = drained.took.checked_sub(LIMIT).unwrap().as_secs_f32();
    assert!((4.5..=5.0).contains(&last_words), "{drained:?}");
    assert_eq!((drained.undelivered, drained.limit_reached), (2, true));
    for _ in 0..2 {
        let outcome = outcomes.recv().await.unwrap();
        let Delivery::NotSent(Error::Timeout { sent: false, .. }) = outcome.delivery else {
            panic!("{outcome:?}")
        };
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_connection_drains_too() {
    let (server, mut outcomes) = told(AuthServer::new(by_seconds));
    let Serving { mut daemon, server, stop: _stop, .. } = serve_until(server).await;
    daemon.connects(0, "4").await;
    daemon.connects(1, "3600").await;
    daemon.settles().await;
    let began = Instant::now();
    drop(daemon);
    let drained = server.await.unwrap();
    assert_eq!(began.elapsed(), LIMIT);
    assert!(matches!(drained.reason, Some(CloseReason::Remote)), "{drained:?}");
    assert_eq!((drained.gone, drained.limit_reached), (2, true));
    let outcome = outcomes.recv().await.unwrap();
    assert!(matches!(outcome.verdict, Verdict::Allow), "{outcome:?}");
    assert!(matches!(outcome.delivery, Delivery::Closed(_)), "{outcome:?}");
    let outcome = outcomes.recv().await.unwrap();
    assert!(matches!(outcome.verdict, Verdict::Undecided), "{outcome:?}");
    assert!(matches!(outcome.delivery, Delivery::Closed(_)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn the_connection_may_end_while_a_server_does() {
    let Serving { mut daemon, server, stop, .. } = serve_until(AuthServer::new(by_seconds)).await;
    daemon.connects(0, "4").await;
    daemon.settles().await;
    stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(daemon);
    let drained = server.await.unwrap();
    assert!(matches!(drained.reason, Some(CloseReason::Remote)), "{drained:?}");
    assert_eq!((drained.gone, drained.took.as_secs()), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn what_fails_while_a_server_ends_is_denied_as_ever() {
    let server = AuthServer::new(by_name).deadline(Duration::from_secs(5));
    let Serving { mut daemon, server, stop, .. } = serve_until(server).await;
    daemon.connects(0, "hang").await;
    daemon.settles().await;
    stop.send(()).unwrap();
    daemon.asks("REAUTH", 1, 1, "panic").await;
    daemon.grants("client-deny 1 1 \"internal error\"").await;
    daemon.grants("client-deny 0 1 \"no decision in time\"").await;
    let drained = server.await.unwrap();
    assert_eq!((drained.finished, drained.limit_reached), (2, false));
}
