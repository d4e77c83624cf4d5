//! An [`AuthServer`] whose connection ends, or whose decisions are not sent.

use tokio::sync::mpsc;

use super::outcomes::told;
use super::*;
use crate::types::{Cid, Kid};

const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);

#[tokio::test(start_paused = true)]
async fn calls_go_on_where_the_connection_ends() {
    let (told, mut done) = mpsc::unbounded_channel();
    let server = AuthServer::new(move |attempt: Attempt| {
        let told = told.clone();
        async move {
            attempt.withdrawn().await;
            // Puts away what it has begun.
            tokio::time::sleep(Duration::from_secs(5)).await;
            told.send(attempt.cid().0)?;
            Ok(Decision::Allow)
        }
    });
    let (server, mut daemon) = serve(server).await;
    daemon.connects(0, "alice").await;
    daemon.connects(1, "bob").await;
    // Until both are asked about.
    daemon.settles().await;
    drop(daemon);
    assert!(matches!(server.await.unwrap(), CloseReason::Remote));
    let mut ended = [done.recv().await, done.recv().await];
    ended.sort();
    assert_eq!(ended, [Some(0), Some(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_ends_at_its_deadline_where_the_connection_ended() {
    let (server, mut daemon) = serve(AuthServer::new(by_name)).await;
    let began = Instant::now();
    daemon.connects(0, "hang").await;
    daemon.settles().await;
    drop(daemon);
    assert!(matches!(server.await.unwrap(), CloseReason::Remote));
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_timed_out_unsent_is_sent_again_as_it_is() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = AuthServer::new(move |_: Attempt| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(Decision::Allow) }
    });
    let (requests, mut daemon) = start().await;
    let client = requests.client().clone();
    let _server = tokio::spawn(server.run(requests));
    // Nothing goes out behind it.
    let stuck = tokio::spawn(async move { client.pid().await });
    daemon.hears("pid").await;
    daemon.connects(0, "alice").await;
    let timeout = stuck.await.unwrap();
    assert!(matches!(timeout, Err(crate::error::Error::Timeout { sent: true, .. })), "{timeout:?}");
    tokio::time::sleep(Duration::from_secs(15)).await;
    daemon.says("SUCCESS: pid=1\n").await;
    daemon.grants("client-auth-nt 0 1").await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_is_replaced_before_its_turn_is_not_asked_about() {
    let (told, mut asked) = mpsc::unbounded_channel();
    let server = AuthServer::new(move |attempt: Attempt| {
        told.send(attempt.kid().0).unwrap();
        async move {
            if attempt.kid().0 == 1 {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            Ok(Decision::Allow)
        }
    });
    let (_server, mut daemon) = serve(server).await;
    daemon.connects(0, "alice").await;
    // No more than three of a client are kept.
    for kid in 2..=6 {
        daemon.asks("REAUTH", 0, kid, "alice").await;
    }
    for kid in [1, 4, 5, 6] {
        daemon.grants(&format!("client-auth-nt 0 {kid}")).await;
        assert_eq!(asked.recv().await, Some(kid));
    }
}

/// A call that goes on.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_whose_clients_left_do_not_pile_up() {
    let running = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&running);
    let server = AuthServer::new(move |_: Attempt| {
        counted.fetch_add(1, Ordering::Relaxed);
        let call = Counted(Arc::clone(&counted));
        async move {
            let _call = call;
            std::future::pending().await
        }
    });
    let (_server, mut daemon) = serve(server.departed_limit(8)).await;
    for cid in 0..100 {
        daemon.connects(cid, "alice").await;
        daemon.settles().await;
        if cid > 0 {
            daemon.says(format!(">CLIENT:DISCONNECT,{cid}\n>CLIENT:ENV,END\n")).await;
        }
    }
    // The limit, the newest, and the one that has not left.
    assert_eq!(running.load(Ordering::Relaxed), 8 + 1 + 1);
    daemon.grants("client-deny 0 1 \"no decision in time\"").await;
}

#[tokio::test(start_paused = true)]
async fn what_the_others_cannot_answer_does_not_come_to_them_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = AuthServer::new(by_name).others(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        let crate::requests::Request::NeedStr(ask) = request else { panic!() };
        tokio::spawn(ask.answer("a\nb"));
    });
    let (_server, mut daemon) = serve(server).await;
    daemon.says(">NEED-STR:Need 'x' string MSG:y\n").await;
    daemon.settles().await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_whose_clients_were_decided_about_elsewhere_do_not_pile_up() {
    let running = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&running);
    let server = AuthServer::new(move |_: Attempt| {
        counted.fetch_add(1, Ordering::Relaxed);
        let call = Counted(Arc::clone(&counted));
        async move {
            let _call = call;
            std::future::pending().await
        }
    });
    let (requests, mut daemon) = start().await;
    let client = requests.client().clone();
    let _server = tokio::spawn(server.departed_limit(4).run(requests));
    for cid in 0..50 {
        daemon.connects(cid, "alice").await;
        daemon.settles().await;
        let decided = client.client_auth_nt(Cid(cid), Kid(1));
        let line = format!("client-auth-nt {cid} 1");
        tokio::join!(decided, daemon.grants(&line)).0.unwrap();
        daemon.says(format!(">CLIENT:DISCONNECT,{cid}\n>CLIENT:ENV,END\n")).await;
    }
    // The limit, and the newest.
    assert_eq!(running.load(Ordering::Relaxed), 4 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_decision_on_its_way_is_no_call_of_a_client_that_left() {
    let (server, mut outcomes) = told(AuthServer::new(by_name).departed_limit(0));
    let (_server, mut daemon) = serve(server).await;
    daemon.connects(0, "alice").await;
    daemon.hears("client-auth-nt 0 1").await;
    daemon.connects(1, "eve").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    daemon.succeeds("client-auth-nt").await;
    assert!(outcomes.recv().await.unwrap().is_admitted());
    daemon.grants("client-deny 1 1 \"not on the list\"").await;
}

#[tokio::test(start_paused = true)]
async fn a_renewal_does_not_wait_for_a_call_that_decides_nothing_any_more() {
    let (told, mut done) = mpsc::unbounded_channel();
    let server = AuthServer::new(move |attempt: Attempt| {
        let told = told.clone();
        async move {
            if attempt.kind() == AttemptKind::Connect {
                attempt.pending(&PendingAuth::web_auth("https://x"), HALF_AN_HOUR).await?;
                tokio::time::sleep(HALF_AN_HOUR).await;
                told.send(attempt.is_open())?;
            }
            if attempt.kid().0 == 2 {
                attempt.ask("Code", true, HALF_AN_HOUR).await?;
            }
            Ok(Decision::Allow)
        }
    });
    let (requests, mut daemon) = start().await;
    let client = requests.client().clone();
    let _server = tokio::spawn(server.run(requests));
    daemon.connects(0, "alice").await;
    daemon.grants("client-pending-auth 0 1 \"WEB_AUTH::https://x\" 1800").await;
    let began = Instant::now();
    // One waits for its turn meanwhile, the other comes later.
    daemon.asks("REAUTH", 0, 2, "alice").await;
    daemon.settles().await;
    let decided = client.client_auth_nt(Cid(0), Kid(1));
    tokio::join!(decided, daemon.grants("client-auth-nt 0 1")).0.unwrap();
    daemon.grants("client-pending-auth 0 2 \"CR_TEXT:R,E:Code\" 1800").await;
    // Responses are of the attempt whose turn it is.
    daemon.asks("REAUTH", 0, 3, "alice").await;
    daemon.says(">CLIENT:CR_RESPONSE,0,2,MQ==\n>CLIENT:ENV,END\n").await;
    daemon.grants("client-auth-nt 0 2").await;
    daemon.grants("client-auth-nt 0 3").await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    // The call goes on.
    assert_eq!(done.recv().await, Some(false));
    assert_eq!(began.elapsed(), HALF_AN_HOUR);
}
