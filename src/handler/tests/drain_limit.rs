//! The limit of an [`AuthServer`] that ends: it holds whatever comes.

use tokio::io::{AsyncWrite, ReadHalf, WriteHalf, split};

use super::outcomes::told;
use super::*;
use crate::handler::{Delivery, Drained, Verdict};

const LIMIT: Duration = Duration::from_secs(2);
/// What the daemon has for the last decisions.
const LAST_WORDS: Duration = Duration::from_secs(5);

type Writer = Arc<Mutex<WriteHalf<DuplexStream>>>;

/// A client each 10 ms, as long as somebody listens.
async fn clients_keep_coming(daemon: Writer) {
    for cid in 0_u64.. {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let asks =
            format!(">CLIENT:CONNECT,{cid},1\r\n>CLIENT:ENV,username=alice\r\n>CLIENT:ENV,END\r\n");
        if !writes(&mut *daemon.lock().await, &asks).await {
            return;
        }
    }
}

/// A daemon that takes 20 ms for each command.
async fn answers_slowly(lines: BufReader<ReadHalf<DuplexStream>>, daemon: Writer) {
    let mut lines = lines.lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let command = line.trim_end().split(' ').next().unwrap().trim_end_matches("-nt");
        let reply = format!("SUCCESS: {command} command succeeded\r\n");
        if !writes(&mut *daemon.lock().await, &reply).await {
            return;
        }
    }
}

async fn writes(stream: &mut (impl AsyncWrite + Unpin), text: &str) -> bool {
    stream.write_all(text.as_bytes()).await.is_ok()
}

async fn ended(server: JoinHandle<Drained>) -> Drained {
    let ended = tokio::time::timeout(Duration::from_secs(600), server).await;
    ended.expect("it goes on for ever").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_server_ends_in_time_though_clients_keep_coming() {
    let (server, mut outcomes) = told(AuthServer::new(by_name));
    let (requests, daemon) = start().await;
    let client = requests.client().clone();
    let stop = tokio::time::sleep(Duration::from_secs(1));
    let server = tokio::spawn(server.run_until(requests, stop, LIMIT));
    let (lines, writer) = split(daemon.0.into_inner());
    let writer = Arc::new(Mutex::new(writer));
    let _flood = tokio::spawn(clients_keep_coming(Arc::clone(&writer)));
    let _daemon = tokio::spawn(answers_slowly(BufReader::new(lines), writer));

    let drained = ended(server).await;
    assert!(drained.limit_reached && drained.took <= LIMIT + LAST_WORDS, "{drained:?}");
    assert!(!client.is_closed(), "the connection goes on");
    let (mut denied, mut undelivered) = (0, 0);
    while let Ok(outcome) = outcomes.try_recv() {
        match (outcome.verdict, outcome.delivery) {
            (Verdict::ShutDown, Delivery::Sent) => denied += 1,
            (_, Delivery::NotSent(_) | Delivery::Unconfirmed(_)) => undelivered += 1,
            (Verdict::Allow, Delivery::Sent) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((drained.denied, drained.undelivered), (denied, undelivered));
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_late_has_no_time_of_his_own() {
    let (server, mut outcomes) = told(AuthServer::new(by_name));
    let (requests, mut daemon) = start().await;
    let client = requests.client().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async { drop(stopped.await) };
    let server = tokio::spawn(server.run_until(requests, stopped, LIMIT));
    // Nothing goes out behind it.
    let client = client.with_timeout(Duration::from_secs(3600));
    let _stuck = tokio::spawn(async move { client.pid().await });
    daemon.hears("pid").await;
    daemon.connects(0, "alice").await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    drop(stop);
    tokio::time::sleep(LIMIT + Duration::from_secs(1)).await;
    daemon.connects(1, "alice").await;
    daemon.asks("REAUTH", 2, 2, "alice").await;
    let drained = ended(server).await;
    assert!(drained.took <= LIMIT + LAST_WORDS, "{drained:?}");
    assert_eq!((drained.denied, drained.undelivered), (0, 1), "only who came in time is taken");
    let outcome = outcomes.recv().await.unwrap();
    assert_eq!(outcome.peer.cid().0, 0);
    assert!(matches!(outcome.delivery, Delivery::NotSent(_)), "{outcome:?}");
    assert!(outcomes.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_hold_whose_release_is_not_answered_does_not_hold_up_the_end() {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(BufReader::new(theirs));
    daemon.says(GREETING).await;
    let builder = Builder::new().command_timeout(Duration::MAX).reply_timeout(Duration::MAX);
    let (_client, _, requests) = attach(builder, ours, &mut daemon).await.split();
    let server = AuthServer::new(by_name);
    let stop = tokio::time::sleep(Duration::from_secs(1));
    let server = tokio::spawn(server.run_until(requests, stop, LIMIT));
    daemon.says(">HOLD:Waiting for hold release:0\n").await;
    daemon.hears("hold release").await;
    let drained = ended(server).await;
    assert_eq!(drained.took, LIMIT);
}

/// Its thread is not to be had back before the end of the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_holds_up_its_thread_does_not_hold_up_the_end() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(Some(held));
    let (announce, began) = std::sync::mpsc::channel::<()>();
    let server = AuthServer::new(move |_: Attempt| {
        let (held, announce) = (held.lock().unwrap().take(), announce.clone());
        async move {
            announce.send(())?;
            let _ = held.map(|held| held.recv());
            Ok(Decision::Allow)
        }
    });
    let (server, mut outcomes) = told(server);
    let (requests, mut daemon) = start().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async { drop(stopped.await) };
    let server = tokio::spawn(server.run_until(requests, stopped, Duration::ZERO));
    daemon.connects(0, "alice").await;
    // Here no thread of the runtime is held up, so that those who are woken run.
    began.recv_timeout(Duration::from_secs(60)).unwrap();
    drop(stop);
    let drained = tokio::time::timeout(4 * LAST_WORDS, server).await;
    drop(release);
    let drained = drained.expect("it goes on for ever").unwrap();
    assert_eq!((drained.undelivered, drained.limit_reached), (1, true));
    let outcome = outcomes.recv().await.unwrap();
    assert!(matches!(outcome.verdict, Verdict::ShutDown), "{outcome:?}");
    assert!(matches!(outcome.delivery, Delivery::NotSent(_)), "{outcome:?}");
}
