//! Handlers with a scripted daemon. The clock is paused, so a deadline is exact.

mod drain;
mod drain_limit;
mod endings;
mod failures;
mod outcomes;
mod responder;
mod unsent;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{AskError, Attempt, AttemptKind, AuthServer, Authenticator, BoxError, Decision};
use crate::challenge::{ClientPassword, Crv1};
use crate::command::PeerConfig;
use crate::error::CloseReason;
use crate::requests::{PendingAuth, Requests};
use crate::session::{Builder, Session};
use crate::types::Secret;

const GREETING: &str =
    ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

/// The other end of a connection, driven by hand.
struct Daemon(BufReader<DuplexStream>);

impl Daemon {
    async fn says(&mut self, lines: impl AsRef<str>) {
        let text = lines.as_ref().replace('\n', "\r\n");
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next line, which must be this one.
    async fn hears(&mut self, line: &str) {
        assert_eq!(self.line().await, line);
    }

    /// The next line, which must be this one, answered as a success of its command.
    async fn grants(&mut self, line: &str) {
        self.hears(line).await;
        self.succeeds(line).await;
    }

    /// Answers a line as a success of its command.
    async fn succeeds(&mut self, line: &str) {
        let command = line.split(' ').next().unwrap();
        let command = if command == "client-auth-nt" { "client-auth" } else { command };
        let text = match command {
            "env-filter" => "env_filter_level=0".to_owned(),
            "state" => "real-time state notification set to ON".to_owned(),
            "hold" => "hold release succeeded".to_owned(),
            "username" | "password" => "'Auth' entered, but not yet verified".to_owned(),
            "cr-response" => "command succeeded".to_owned(),
            _ => format!("{command} command succeeded"),
        };
        self.says(format!("SUCCESS: {text}\n")).await;
    }

    /// Waits until what was said so far has been taken.
    async fn settles(&mut self) {
        self.says(">HOLD:Waiting for hold release:0\n").await;
        self.grants("hold release").await;
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    async fn asks(&mut self, kind: &str, cid: u64, key: u32, username: &str) {
        self.says(format!(
            ">CLIENT:{kind},{cid},{key}\n>CLIENT:ENV,common_name=cn-{username}\n\
             >CLIENT:ENV,username={username}\n>CLIENT:ENV,password=hunter2\n>CLIENT:ENV,END\n"
        ))
        .await;
    }

    async fn connects(&mut self, cid: u64, username: &str) {
        self.asks("CONNECT", cid, 1, username).await;
    }
}

async fn attach(builder: Builder, ours: DuplexStream, daemon: &mut Daemon) -> Session {
    let (session, ()) = tokio::join!(builder.attach(ours), async {
        daemon.grants("env-filter 0").await;
        daemon.grants("state on").await;
    });
    session.unwrap()
}

async fn start() -> (Requests, Daemon) {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(BufReader::new(theirs));
    daemon.says(GREETING).await;
    let (_, _, requests) = attach(Builder::new(), ours, &mut daemon).await.split();
    (requests, daemon)
}

/// A server that runs until the daemon is gone.
async fn serve<A: Authenticator>(server: AuthServer<A>) -> (JoinHandle<CloseReason>, Daemon) {
    let (requests, daemon) = start().await;
    (tokio::spawn(server.run(requests)), daemon)
}

async fn by_name(attempt: Attempt) -> Result<Decision, BoxError> {
    let name = attempt.username()?.map(|name| name.to_string()).unwrap_or_default();
    Ok(match name.as_str() {
        "alice" => Decision::Allow,
        "bob" => Decision::AllowWith(PeerConfig::new().push("route 10.1.0.0 255.255.0.0")?),
        "carol" => Decision::deny_with("not on the list", "ask your admin"),
        "dave" => Decision::Challenge(Crv1::new("id", "dave", "PIN")?),
        "long" => Decision::deny("x".repeat(257)),
        "panic" => panic!("a bug of the handler"),
        "hang" => std::future::pending().await,
        "error" => return Err("the database is down".into()),
        _ => Decision::deny("not on the list"),
    })
}

#[tokio::test(start_paused = true)]
async fn each_decision_is_sent() {
    let (server, mut daemon) = serve(AuthServer::new(by_name)).await;
    daemon.connects(0, "alice").await;
    daemon.grants("client-auth-nt 0 1").await;
    daemon.connects(1, "bob").await;
    daemon.hears("client-auth 1 1").await;
    daemon.hears("push \"route 10.1.0.0 255.255.0.0\"").await;
    daemon.hears("END").await;
    daemon.connects(2, "carol").await;
    daemon.says("SUCCESS: client-auth command succeeded\n").await;
    daemon.grants("client-deny 2 1 \"not on the list\" \"ask your admin\"").await;
    daemon.connects(3, "dave").await;
    daemon.grants("client-deny 3 1 \"challenge\" \"CRV1:R,E:id:ZGF2ZQ==:PIN\"").await;
    daemon.connects(4, "eve").await;
    daemon.grants("client-deny 4 1 \"not on the list\"").await;
    drop(daemon);
    assert!(matches!(server.await.unwrap(), CloseReason::Remote));
}

struct Counts(AtomicUsize);

impl Authenticator for Counts {
    async fn authenticate(&self, attempt: Attempt) -> Result<Decision, BoxError> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!(attempt.kind(), [AttemptKind::Connect, AttemptKind::Reauth][count]);
        assert_eq!((attempt.cid().0, attempt.common_name()?), (7, Some("cn-al".into())));
        let password = ClientPassword::Plain(Secret::from("hunter2"));
        assert_eq!(attempt.password()?, Some(password));
        assert!(attempt.is_open());
        Ok(Decision::Allow)
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_of_ones_own_decides() {
    let (_server, mut daemon) = serve(AuthServer::new(Counts(AtomicUsize::new(0)))).await;
    daemon.connects(7, "al").await;
    daemon.grants("client-auth-nt 7 1").await;
    daemon.asks("REAUTH", 7, 2, "al").await;
    daemon.grants("client-auth-nt 7 2").await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_denied_and_all_others_are_served() {
    let (_server, mut daemon) = serve(AuthServer::new(by_name)).await;
    let began = Instant::now();
    for (cid, name) in ["hang", "panic", "error", "long", "alice"].iter().enumerate() {
        daemon.connects(cid.try_into().unwrap(), name).await;
    }
    let mut heard = Vec::new();
    for _ in 0..4 {
        let line = daemon.line().await;
        let command = line.split(' ').next().unwrap().trim_end_matches("-nt");
        daemon.says(format!("SUCCESS: {command} command succeeded\n")).await;
        heard.push(line);
    }
    heard.sort();
    let denied = |cid| format!("client-deny {cid} 1 \"internal error\"");
    assert_eq!(heard, ["client-auth-nt 4 1".to_owned(), denied(1), denied(2), denied(3)]);
    assert_eq!(began.elapsed(), Duration::ZERO);
    daemon.grants("client-deny 0 1 \"no decision in time\"").await;
    assert_eq!(began.elapsed().as_secs(), 30);
    // Served on.
    daemon.connects(9, "alice").await;
    daemon.grants("client-auth-nt 9 1").await;
}

#[tokio::test(start_paused = true)]
async fn attempts_of_one_client_are_decided_in_order() {
    let gate = Arc::new(Notify::new());
    let began = Arc::new(Mutex::new(Vec::new()));
    let (opened, seen) = (Arc::clone(&gate), Arc::clone(&began));
    let server = AuthServer::new(move |attempt: Attempt| {
        let (gate, began) = (Arc::clone(&opened), Arc::clone(&seen));
        async move {
            began.lock().await.push((attempt.cid().0, attempt.kid().0));
            if attempt.cid().0 == 0 {
                gate.notified().await;
            }
            Ok(Decision::Allow)
        }
    });
    let (_server, mut daemon) = serve(server).await;
    daemon.connects(0, "alice").await;
    daemon.asks("REAUTH", 0, 2, "alice").await;
    daemon.asks("REAUTH", 0, 3, "alice").await;
    daemon.connects(1, "bob").await;
    daemon.grants("client-auth-nt 1 1").await;
    assert_eq!(*began.lock().await, [(0, 1), (1, 1)]);
    for kid in 1..=3 {
        gate.notify_one();
        daemon.grants(&format!("client-auth-nt 0 {kid}")).await;
    }
    assert_eq!(began.lock().await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_has_its_time_from_when_its_turn_comes() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        if attempt.kid().0 == 1 {
            attempt.pending(&PendingAuth::web_auth("https://x"), Duration::from_secs(60)).await?;
        }
        std::future::pending().await
    });
    let (_server, mut daemon) = serve(server.deadline(Duration::from_secs(10))).await;
    let began = Instant::now();
    daemon.connects(0, "alice").await;
    daemon.grants("client-pending-auth 0 1 \"WEB_AUTH::https://x\" 60").await;
    daemon.asks("REAUTH", 0, 2, "alice").await;
    daemon.grants("client-deny 0 1 \"no decision in time\"").await;
    assert_eq!(began.elapsed().as_secs(), 70);
    daemon.grants("client-deny 0 2 \"no decision in time\"").await;
    assert_eq!(began.elapsed().as_secs(), 80);
}

#[tokio::test(start_paused = true)]
async fn a_user_is_asked_and_the_response_decides() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        let response = attempt.ask("Your code", false, Duration::from_secs(60)).await?;
        if response == Secret::from("123456") {
            return Ok(Decision::Allow);
        }
        let response = attempt.ask("Once more", true, Duration::from_secs(60)).await?;
        let right = response == Secret::from("123456");
        Ok(if right { Decision::Allow } else { Decision::deny("wrong code") })
    });
    let (_server, mut daemon) = serve(server).await;
    daemon.connects(0, "alice").await;
    daemon.grants("client-pending-auth 0 1 \"CR_TEXT:R:Your code\" 60").await;
    daemon.says(">CLIENT:CR_RESPONSE,0,1,MTIzNDU2\n>CLIENT:ENV,END\n").await;
    daemon.grants("client-auth-nt 0 1").await;

    daemon.connects(1, "bob").await;
    daemon.grants("client-pending-auth 1 1 \"CR_TEXT:R:Your code\" 60").await;
    daemon.says(">CLIENT:CR_RESPONSE,1,1,MQ==\n>CLIENT:ENV,END\n").await;
    daemon.grants("client-pending-auth 1 1 \"CR_TEXT:R,E:Once more\" 60").await;
    daemon.says(">CLIENT:CR_RESPONSE,1,1,Mg==\n>CLIENT:ENV,END\n").await;
    daemon.grants("client-deny 1 1 \"wrong code\"").await;

    daemon.connects(2, "carol").await;
    daemon.grants("client-pending-auth 2 1 \"CR_TEXT:R:Your code\" 60").await;
    daemon.says(">CLIENT:CR_RESPONSE,2,1,!\n>CLIENT:ENV,END\n").await;
    daemon.grants("client-deny 2 1 \"internal error\"").await;
}

/// They all have the same key ID.
#[tokio::test(start_paused = true)]
async fn each_response_decides_about_its_own_client() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        let response = attempt.ask("Code", false, Duration::from_secs(60)).await?;
        let is_own = response == Secret::from(attempt.cid().to_string());
        Ok(if is_own { Decision::Allow } else { Decision::deny("another's code") })
    });
    let (_server, mut daemon) = serve(server).await;
    for cid in 0..8 {
        daemon.connects(cid, "alice").await;
        daemon.grants(&format!("client-pending-auth {cid} 1 \"CR_TEXT:R:Code\" 60")).await;
    }
    for cid in (0..8).rev() {
        let code = crate::types::base64::encode(cid.to_string().as_bytes());
        daemon.says(format!(">CLIENT:CR_RESPONSE,{cid},1,{}\n>CLIENT:ENV,END\n", *code)).await;
        daemon.grants(&format!("client-auth-nt {cid} 1")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_from_before_the_challenge_does_not_answer_it() {
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let server = AuthServer::new(move |attempt: Attempt| {
        let gate = Arc::clone(&opened);
        async move {
            gate.notified().await;
            let response = attempt.ask("Code", false, Duration::from_secs(60)).await?;
            let right = response == Secret::from("2");
            Ok(if right { Decision::Allow } else { Decision::deny("wrong code") })
        }
    });
    let (_server, mut daemon) = serve(server).await;
    daemon.connects(0, "alice").await;
    daemon.says(">CLIENT:CR_RESPONSE,0,1,MQ==\n>CLIENT:ENV,END\n").await;
    gate.notify_one();
    daemon.grants("client-pending-auth 0 1 \"CR_TEXT:R:Code\" 60").await;
    daemon.says(">CLIENT:CR_RESPONSE,0,1,Mg==\n>CLIENT:ENV,END\n").await;
    daemon.grants("client-auth-nt 0 1").await;
}

/// A response does not say what it answers.
#[tokio::test(start_paused = true)]
async fn a_response_that_comes_late_counts_as_one_to_the_next_challenge() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        let first = attempt.ask("One", true, Duration::from_secs(10)).await;
        assert!(matches!(first, Err(AskError::NoResponse)), "{first:?}");
        let second = attempt.ask("Two", true, Duration::from_secs(10)).await?;
        Ok(Decision::deny(if second == Secret::from("1") { "it counts" } else { "it does not" }))
    });
    let (_server, mut daemon) = serve(server).await;
    daemon.connects(0, "alice").await;
    daemon.grants("client-pending-auth 0 1 \"CR_TEXT:R,E:One\" 10").await;
    daemon.grants("client-pending-auth 0 1 \"CR_TEXT:R,E:Two\" 10").await;
    daemon.says(">CLIENT:CR_RESPONSE,0,1,MQ==\n>CLIENT:ENV,END\n").await;
    daemon.grants("client-deny 0 1 \"it counts\"").await;
}

#[tokio::test(start_paused = true)]
async fn no_response_in_time_is_a_denial() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        attempt.ask("Code", false, Duration::from_secs(60)).await?;
        Ok(Decision::Allow)
    });
    let (_server, mut daemon) = serve(server).await;
    let began = Instant::now();
    daemon.connects(0, "alice").await;
    daemon.grants("client-pending-auth 0 1 \"CR_TEXT:R:Code\" 60").await;
    daemon.grants("client-deny 0 1 \"internal error\"").await;
    assert_eq!(began.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn asking_ends_when_the_client_leaves_or_the_server_restarts() {
    let (told, mut errors) = tokio::sync::mpsc::unbounded_channel();
    let server = AuthServer::new(move |attempt: Attempt| {
        let told = told.clone();
        async move {
            let error = attempt.ask("Code", false, Duration::from_secs(60)).await.unwrap_err();
            told.send((Instant::now(), error)).unwrap();
            Err("gone".into())
        }
    });
    let (_server, mut daemon) = serve(server).await;
    for ends in [">CLIENT:DISCONNECT,0\n>CLIENT:ENV,END\n", ">STATE:1,RECONNECTING,SIGUSR1,,,,,\n"]
    {
        let began = Instant::now();
        daemon.connects(0, "alice").await;
        daemon.grants("client-pending-auth 0 1 \"CR_TEXT:R:Code\" 60").await;
        daemon.says(ends).await;
        let (at, error) = errors.recv().await.unwrap();
        assert!(matches!(error, AskError::NotAsked(crate::error::Error::Stale { .. })), "{error}");
        assert_eq!(at.duration_since(began).as_secs(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_told_to_wait_has_as_much_more_time() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        let before = attempt.deadline();
        let wait = Duration::from_secs(5);
        attempt.pending(&PendingAuth::open_url("https://x"), wait).await?;
        assert_eq!(attempt.deadline(), before + wait);
        std::future::pending().await
    });
    let (_server, mut daemon) = serve(server.deadline(Duration::from_secs(10))).await;
    let began = Instant::now();
    daemon.connects(0, "alice").await;
    daemon.grants("client-pending-auth 0 1 \"OPEN_URL:https://x\" 5").await;
    daemon.grants("client-deny 0 1 \"no decision in time\"").await;
    assert_eq!(began.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_response_nobody_asked_for_decides_nothing() {
    let (_server, mut daemon) = serve(AuthServer::new(by_name)).await;
    daemon.says(">CLIENT:CR_RESPONSE,0,1,MQ==\n>CLIENT:ENV,END\n").await;
    daemon.connects(0, "hang").await;
    // Also one for a key that is not the one being decided about.
    daemon.says(">CLIENT:CR_RESPONSE,0,9,MQ==\n>CLIENT:ENV,END\n").await;
    daemon.connects(1, "alice").await;
    daemon.grants("client-auth-nt 1 1").await;
    daemon.grants("client-deny 0 1 \"no decision in time\"").await;
}

#[tokio::test(start_paused = true)]
async fn a_newer_connect_of_the_same_id_does_not_wait_for_the_dead_one() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        if attempt.kid().0 == 1 {
            std::future::pending::<()>().await;
        }
        Ok(Decision::Allow)
    });
    let (_server, mut daemon) = serve(server).await;
    let began = Instant::now();
    daemon.asks("CONNECT", 0, 1, "alice").await;
    daemon.asks("CONNECT", 0, 2, "alice").await;
    daemon.grants("client-auth-nt 0 2").await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    // The dead one is not decided about, also not at its deadline.
    tokio::time::advance(Duration::from_secs(31)).await;
    daemon.asks("REAUTH", 0, 3, "alice").await;
    daemon.grants("client-auth-nt 0 3").await;
}

#[tokio::test]
async fn a_call_that_holds_up_its_task_past_its_deadline_is_late() {
    let server = AuthServer::new(|attempt: Attempt| async move {
        while Instant::now() <= attempt.deadline() {
            std::hint::spin_loop();
        }
        Ok(Decision::Allow)
    });
    let (_server, mut daemon) = serve(server.deadline(Duration::from_millis(50))).await;
    daemon.connects(0, "alice").await;
    daemon.grants("client-deny 0 1 \"no decision in time\"").await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_about_a_client_that_left_is_not_sent() {
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let server = AuthServer::new(move |attempt: Attempt| {
        let gate = Arc::clone(&opened);
        async move {
            if attempt.username()? == Some("alice".into()) {
                gate.notified().await;
            }
            Ok(Decision::Allow)
        }
    });
    let (_server, mut daemon) = serve(server).await;
    for gone in [">CLIENT:DISCONNECT,0\n>CLIENT:ENV,END\n", ">STATE:1,RECONNECTING,SIGUSR1,,,,,\n"]
    {
        daemon.connects(0, "alice").await;
        daemon.says(gone).await;
        daemon.connects(1, "bob").await;
        daemon.grants("client-auth-nt 1 1").await;
        gate.notify_one();
        daemon.connects(2, "bob").await;
        daemon.grants("client-auth-nt 2 1").await;
    }
    // The same ID as before the restart, decided about anew.
    daemon.connects(0, "bob").await;
    daemon.grants("client-auth-nt 0 1").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_about_clients_goes_to_the_others() {
    let others = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&others);
    let server = AuthServer::new(by_name).release_holds(false).others(move |request| {
        seen.lock().unwrap().push(format!("{request:?}").contains("HoldRequest"));
    });
    let (_server, mut daemon) = serve(server).await;
    daemon.says(">HOLD:Waiting for hold release:0\n").await;
    daemon.connects(0, "alice").await;
    daemon.grants("client-auth-nt 0 1").await;
    assert_eq!(*others.lock().unwrap(), [true]);
}

#[tokio::test]
async fn a_hold_of_the_server_is_released() {
    let (_server, mut daemon) = serve(AuthServer::new(by_name)).await;
    daemon.says(">HOLD:Waiting for hold release:0\n").await;
    daemon.grants("hold release").await;
    daemon.connects(0, "alice").await;
    daemon.grants("client-auth-nt 0 1").await;
}

#[tokio::test(start_paused = true)]
async fn a_stopped_server_leaves_its_clients_to_the_drop_policy() {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(BufReader::new(theirs));
    daemon.says(GREETING).await;
    let builder = Builder::new().dropped_request(crate::requests::DroppedRequest::Deny);
    let (_client, _, requests) = attach(builder, ours, &mut daemon).await.split();
    let server = tokio::spawn(AuthServer::new(by_name).run(requests));
    daemon.connects(0, "hang").await;
    daemon.connects(1, "alice").await;
    daemon.grants("client-auth-nt 1 1").await;
    server.abort();
    daemon.grants("client-deny 0 1 \"nobody answered\"").await;
}
