//! What an [`AuthServer`] tells of each attempt.

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::error::Error;
use crate::handler::{Delivery, Outcome, Verdict};
use crate::requests::DroppedRequest;
use crate::types::Text;

/// A server that hands out its outcomes.
pub(super) fn told<A: Authenticator>(
    server: AuthServer<A>,
) -> (AuthServer<A>, UnboundedReceiver<Outcome>) {
    let (told, outcomes) = unbounded_channel();
    (server.outcomes(move |outcome| drop(told.send(outcome))), outcomes)
}

async fn serve_told<A: Authenticator>(
    server: AuthServer<A>,
) -> (JoinHandle<CloseReason>, Daemon, UnboundedReceiver<Outcome>) {
    let (server, outcomes) = told(server);
    let (server, daemon) = serve(server).await;
    (server, daemon, outcomes)
}

#[tokio::test(start_paused = true)]
async fn each_decision_is_told_with_who_and_how_long() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        by_name(attempt).await
    });
    let (_server, mut daemon, mut outcomes) = serve_told(server).await;
    for (name, line) in [
        ("alice", "client-auth-nt 7 1"),
        ("carol", "client-deny 7 1 \"not on the list\" \"ask your admin\""),
        ("dave", "client-deny 7 1 \"challenge\" \"CRV1:R,E:id:ZGF2ZQ==:PIN\""),
    ] {
        daemon.connects(7, name).await;
        daemon.hears(line).await;
        tokio::time::advance(Duration::from_secs(1)).await;
        daemon.succeeds(line.split(' ').next().unwrap()).await;
        let outcome = outcomes.recv().await.unwrap();
        assert_eq!((outcome.peer.cid().0, outcome.kid.0), (7, 1));
        assert_eq!(outcome.kind, AttemptKind::Connect);
        assert_eq!(outcome.username, Some(name.into()));
        assert_eq!(outcome.common_name, Some(Text::from(format!("cn-{name}"))));
        assert!(matches!(outcome.delivery, Delivery::Sent), "{outcome:?}");
        let verdict = match name {
            "alice" => matches!(outcome.verdict, Verdict::Allow),
            "carol" => {
                matches!(&outcome.verdict, Verdict::Deny { reason } if reason == "not on the list")
            }
            _ => matches!(outcome.verdict, Verdict::Challenge),
        };
        assert!(verdict && outcome.is_admitted() == (name == "alice"), "{outcome:?}");
        assert_eq!(outcome.decided_after, Some(Duration::from_secs(2)));
        assert_eq!(outcome.took, Duration::from_secs(3));
        assert!(!format!("{outcome:?}").contains("hunter2"), "a secret is shown");
    }
    daemon.asks("REAUTH", 7, 2, "bob").await;
    daemon.hears("client-auth 7 2").await;
    daemon.hears("push \"route 10.1.0.0 255.255.0.0\"").await;
    daemon.hears("END").await;
    daemon.succeeds("client-auth").await;
    let outcome = outcomes.recv().await.unwrap();
    assert_eq!(outcome.kind, AttemptKind::Reauth);
    assert!(matches!(outcome.verdict, Verdict::AllowWith) && outcome.is_admitted());
    assert!(outcomes.try_recv().is_err(), "told twice");
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_told_and_why() {
    let (_server, mut daemon, mut outcomes) = serve_told(AuthServer::new(by_name)).await;
    for (name, reason) in [
        ("panic", "internal error"),
        ("error", "internal error"),
        ("long", "internal error"),
        ("hang", "no decision in time"),
    ] {
        daemon.connects(0, name).await;
        daemon.grants(&format!("client-deny 0 1 \"{reason}\"")).await;
        let outcome = outcomes.recv().await.unwrap();
        assert!(matches!(outcome.delivery, Delivery::Sent), "{outcome:?}");
        assert!(!outcome.is_admitted());
        let right = match &outcome.verdict {
            Verdict::Panicked => name == "panic",
            Verdict::Failed(error) => name == "error" && error == "the database is down",
            Verdict::Unsendable(Error::InvalidArgument { .. }) => name == "long",
            Verdict::Late => name == "hang" && outcome.took == Duration::from_secs(30),
            _ => false,
        };
        assert!(right, "{name}: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_comes_too_late_for_its_client_is_told_as_stale() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        attempt.withdrawn().await;
        Ok(Decision::Allow)
    });
    let (_server, mut daemon, mut outcomes) = serve_told(server).await;
    for gone in [
        ">CLIENT:DISCONNECT,0\n>CLIENT:ENV,END\n",
        ">STATE:1,RECONNECTING,SIGUSR1,,,,,\n",
        // Taken by another one; the newer one is told of at the end.
        ">CLIENT:CONNECT,0,2\n>CLIENT:ENV,END\n",
    ] {
        daemon.connects(0, "alice").await;
        daemon.settles().await;
        daemon.says(gone).await;
        let outcome = outcomes.recv().await.unwrap();
        assert_eq!(outcome.kid.0, 1);
        assert!(matches!(outcome.verdict, Verdict::Allow), "{outcome:?}");
        assert!(matches!(outcome.delivery, Delivery::Stale), "{outcome:?}");
        assert!(!outcome.is_admitted());
    }
    daemon.settles().await;
    drop(daemon);
    let outcome = outcomes.recv().await.unwrap();
    assert_eq!(outcome.kid.0, 2);
    assert!(matches!(outcome.verdict, Verdict::Allow), "{outcome:?}");
    assert!(matches!(outcome.delivery, Delivery::Closed(CloseReason::Remote)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_daemon_does_not_take_is_told() {
    let (server, mut daemon, mut outcomes) = serve_told(AuthServer::new(by_name)).await;
    daemon.connects(0, "alice").await;
    daemon.hears("client-auth-nt 0 1").await;
    daemon.says("ERROR: client-auth command failed\n").await;
    let outcome = outcomes.recv().await.unwrap();
    assert!(matches!(outcome.verdict, Verdict::Allow), "{outcome:?}");
    assert!(matches!(outcome.delivery, Delivery::Refused(_)), "{outcome:?}");
    assert!(!outcome.is_admitted());

    // Sent, and never answered.
    daemon.connects(1, "alice").await;
    daemon.hears("client-auth-nt 1 1").await;
    let outcome = outcomes.recv().await.unwrap();
    let Delivery::Unconfirmed(Error::Timeout { sent: true, .. }) = outcome.delivery else {
        panic!("{outcome:?}")
    };
    daemon.succeeds("client-auth-nt").await;

    // Sent, and the connection ends before it is answered.
    daemon.connects(2, "alice").await;
    daemon.hears("client-auth-nt 2 1").await;
    drop(daemon);
    let outcome = outcomes.recv().await.unwrap();
    let Delivery::Unconfirmed(Error::Closed(CloseReason::Remote)) = outcome.delivery else {
        panic!("{outcome:?}")
    };
    server.await.unwrap();
    assert!(outcomes.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_waits_when_the_connection_ends_is_told_as_not_sent() {
    for somebody_else_decides in [false, true] {
        let (server, mut outcomes) = told(AuthServer::new(by_name));
        let (requests, mut daemon) = start().await;
        let client = requests.client().clone();
        let _server = tokio::spawn(server.run(requests));
        // Nothing goes out behind it.
        let stuck = tokio::spawn({
            let client = client.clone();
            async move { client.pid().await }
        });
        daemon.hears("pid").await;
        let other = tokio::spawn(async move {
            if somebody_else_decides {
                client.client_deny(crate::types::Cid(0), crate::types::Kid(1), "no", None).await
            } else {
                Ok(())
            }
        });
        tokio::task::yield_now().await;
        daemon.connects(0, "alice").await;
        // Until it is decided about.
        tokio::time::sleep(Duration::from_secs(1)).await;
        if somebody_else_decides {
            daemon.says("SUCCESS: pid=1\n").await;
            daemon.hears("client-deny 0 1 \"no\"").await;
        }
        drop(daemon);
        let outcome = outcomes.recv().await.unwrap();
        assert!(matches!(outcome.verdict, Verdict::Allow), "{outcome:?}");
        assert!(matches!(outcome.delivery, Delivery::Closed(CloseReason::Remote)), "{outcome:?}");
        drop((stuck.await, other.await));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_for_too_many_departed_ones_is_told() {
    let server = AuthServer::new(by_name).departed_limit(0);
    let (_server, mut daemon, mut outcomes) = serve_told(server).await;
    daemon.connects(0, "hang").await;
    daemon.settles().await;
    daemon.says(">CLIENT:DISCONNECT,0\n>CLIENT:ENV,END\n").await;
    daemon.connects(1, "alice").await;
    daemon.grants("client-auth-nt 1 1").await;
    let mut verdicts = [outcomes.recv().await.unwrap(), outcomes.recv().await.unwrap()];
    verdicts.sort_by_key(|outcome| outcome.peer.cid());
    assert!(matches!(verdicts[0].verdict, Verdict::Undecided), "{verdicts:?}");
    assert!(matches!(verdicts[0].delivery, Delivery::Stale), "{verdicts:?}");
    assert_eq!(verdicts[0].decided_after, None);
    assert!(verdicts[1].is_admitted(), "{verdicts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_decision_of_somebody_else_is_told_as_stale() {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(BufReader::new(theirs));
    daemon.says(GREETING).await;
    let builder = Builder::new().dropped_request(DroppedRequest::Deny);
    let (client, _, requests) = attach(builder, ours, &mut daemon).await.split();
    let (server, mut outcomes) = told(AuthServer::new(by_name));
    let _server = tokio::spawn(server.run(requests));
    daemon.connects(0, "hang").await;
    daemon.settles().await;
    let (denied, ()) = tokio::join!(
        client.client_deny(crate::types::Cid(0), crate::types::Kid(1), "no", None),
        daemon.grants("client-deny 0 1 \"no\"")
    );
    denied.unwrap();
    let outcome = outcomes.recv().await.unwrap();
    assert!(matches!(outcome.verdict, Verdict::Late), "{outcome:?}");
    assert!(matches!(outcome.delivery, Delivery::Stale), "{outcome:?}");
}
