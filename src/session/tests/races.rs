//! What comes between a request and its answer, and who must not be answered in its place.

use std::collections::VecDeque;
use std::io;
use std::io::{Read as _, Write as _};
use std::os::unix::net;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::requests::ClientResponse;
use crate::session::tests::*;

const RESTART: &str = ">STATE:1,RECONNECTING,SIGUSR1,,,,,\r\n";
const PENDING: &str = "SUCCESS: client-pending-auth command succeeded\r\n";
const CODE: &str = "client-pending-auth 0 1 \"CR_TEXT:R:Code\" 60\n";
const DENIED: &str = "SUCCESS: client-deny command succeeded\r\n";
const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

async fn response(d: &mut Daemon, requests: &mut Requests) -> ClientResponse {
    d.says(">CLIENT:CR_RESPONSE,0,1,MQ==\r\n>CLIENT:ENV,END\r\n").await;
    match requests.next().await {
        Some(Request::ClientResponse(response)) => response,
        other => panic!("not a response: {other:?}"),
    }
}

/// Asserts that the daemon hears nothing before what is called now.
async fn nothing_heard(client: &crate::client::Client, d: &mut Daemon) {
    exchange(client.pid(), d, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_response_answers_nobody_after_a_restart_or_an_end() {
    for ends in [RESTART, ">CLIENT:DISCONNECT,0\r\n>CLIENT:ENV,END\r\n"] {
        let (session, mut d) = start(Builder::new()).await;
        let (client, _, mut requests) = session.split();
        d.connect("CONNECT", 0, 1).await;
        drop(next_client(&mut requests).await);
        let ask = client.client_pending_auth(0.into(), 1.into(), "CR_TEXT:R:Code", MINUTE);
        exchange(ask, &mut d, CODE, PENDING).await.unwrap();
        let alice = response(&mut d, &mut requests).await;
        d.says(ends).await.connect("CONNECT", 0, 1).await;
        let mallory = next_client(&mut requests).await;
        assert!(matches!(alice.allow().await, Err(Error::Stale { .. })));
        assert!(mallory.is_open());
        nothing_heard(&client, &mut d).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_asked_by_plain_commands_is_decided_about_once() {
    let (session, mut d) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    let ask = client.client_pending_auth(0.into(), 1.into(), "CR_TEXT:R:Code", MINUTE);
    exchange(ask, &mut d, CODE, PENDING).await.unwrap();
    let first = response(&mut d, &mut requests).await.resume();
    let text = PendingAuth::cr_text("Code", false);
    let pending = exchange(first.pending(&text, MINUTE), &mut d, CODE, PENDING).await.unwrap();
    let second = response(&mut d, &mut requests).await;
    let deny = "client-deny 0 1 \"no\"\n";
    exchange(second.deny("no", None), &mut d, deny, DENIED).await.unwrap();
    assert!(matches!(pending.resume().allow().await, Err(Error::Stale { .. })));
    nothing_heard(&client, &mut d).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_challenge_takes_no_other_back() {
    let (session, mut d) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    d.connect("CONNECT", 0, 1).await;
    let text = PendingAuth::cr_text("Code", false);
    let peer = next_client(&mut requests).await;
    let _pending = exchange(peer.pending(&text, MINUTE), &mut d, CODE, PENDING).await.unwrap();
    for kid in [0, 1] {
        let ask = client.client_pending_auth(0.into(), kid.into(), "CR_TEXT:R:Code", MINUTE);
        let wire = format!("client-pending-auth 0 {kid} \"CR_TEXT:R:Code\" 60\n");
        let refusal = "ERROR: client-pending-auth command failed\r\n";
        exchange(ask, &mut d, &wire, refusal).await.unwrap_err();
    }
    let _response = response(&mut d, &mut requests).await;
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_that_has_only_begun_holds_a_command_back() {
    let (session, mut d) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    d.connect("CONNECT", 0, 1).await;
    let alice = next_client(&mut requests).await.peer().clone();
    for half in [">CLIENT:CONNECT,0,2\r\n>CLIENT:ENV,username=mallory\r\n", ">CLIENT:ENV,E"] {
        d.says(half).await;
        let mut kill = Box::pin(client.client_kill(&alice));
        for _ in 0..100 {
            assert!(
                std::future::poll_fn(|cx| Poll::Ready(kill.as_mut().poll(cx))).await.is_pending()
            );
            tokio::task::yield_now().await;
        }
    }
    let (killed, _) = tokio::join!(client.client_kill(&alice), d.says("ND\r\n"));
    assert!(matches!(killed, Err(Error::Stale { .. })));
    nothing_heard(&client, &mut d).await;
}

/// A stream that takes nothing while it is closed.
struct Gate(DuplexStream, Arc<Mutex<(bool, Option<Waker>)>>);

impl AsyncRead for Gate {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Gate {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        {
            let mut gate = self.1.lock().unwrap();
            if gate.0 {
                gate.1 = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_which_nothing_was_written_is_taken_back() {
    for ends in [RESTART, ">CLIENT:DISCONNECT,0\r\n>CLIENT:ENV,END\r\n", ""] {
        let (ours, theirs) = duplex(64 * 1024);
        let gate = Arc::new(Mutex::new((false, None)));
        let mut d = Daemon(theirs);
        d.says(GREETING).await;
        let builder = Builder::new();
        let attached = builder.attach(Gate(ours, Arc::clone(&gate)));
        let (session, ()) = tokio::join!(attached, d.gets_ready());
        let (client, _, mut requests) = session.unwrap().split();
        d.connect("CONNECT", 0, 1).await;
        let alice = next_client(&mut requests).await;
        gate.lock().unwrap().0 = true;
        let answer = tokio::spawn(alice.allow());
        while gate.lock().unwrap().1.is_none() {
            tokio::task::yield_now().await;
        }
        d.says(ends).await.connect("CONNECT", 0, 1).await;
        // Read by now, while nothing of the answer is written.
        let mallory = next_client(&mut requests).await;
        let waker = {
            let mut gate = gate.lock().unwrap();
            gate.0 = false;
            gate.1.take()
        };
        waker.unwrap().wake();
        assert!(matches!(answer.await.unwrap(), Err(Error::Stale { .. })), "{ends}");
        assert!(mallory.is_open());
        nothing_heard(&client, &mut d).await;
    }
}

/// Asks, restarts, and only then has an answer submitted, on a real socket and several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answer_follows_a_restart_that_was_in_the_socket_before_it() {
    for by_path in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.sock");
        let listener = net::UnixListener::bind(&path).unwrap();
        let (go, told) = std::sync::mpsc::channel::<tokio::sync::oneshot::Sender<()>>();
        let daemon = std::thread::spawn(move || {
            let (mut daemon, _) = listener.accept().unwrap();
            daemon.write_all(GREETING).unwrap();
            for (command, reply) in [("env-filter 0\n", FILTER), ("state on\n", ON)] {
                let mut heard = vec![0; command.len()];
                daemon.read_exact(&mut heard).unwrap();
                daemon.write_all(reply).unwrap();
            }
            let connect = b">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,END\r\n";
            daemon.write_all(connect).unwrap();
            for wrote in told {
                daemon.write_all(RESTART.as_bytes()).unwrap();
                wrote.send(()).unwrap();
                // After the last round nobody may be there any more.
                daemon.write_all(connect).ok();
            }
            // Its connection has ended: all that was ever sent to it.
            let mut heard = Vec::new();
            if let Err(error) = daemon.read_to_end(&mut heard) {
                // The other side had not read all when it closed.
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
            }
            String::from_utf8(heard).unwrap()
        });
        let session = if by_path {
            Builder::new().connect(&*path).await.unwrap()
        } else {
            let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
            Builder::new().attach(stream).await.unwrap()
        };
        let (client, events, mut requests) = session.split();
        drop(events);
        let mut epochs = VecDeque::new();
        for _ in 0..1_000 {
            let peer = next_client(&mut requests).await;
            epochs.push_back(peer.epoch());
            let (wrote, written) = tokio::sync::oneshot::channel();
            go.send(wrote).unwrap();
            written.await.unwrap();
            let answered = peer.allow().await;
            assert!(matches!(answered, Err(Error::Stale { .. })), "{by_path}: {answered:?}");
        }
        assert!(epochs.iter().zip(epochs.iter().skip(1)).all(|(one, next)| one < next));
        drop((go, client, requests));
        assert_eq!(daemon.join().unwrap(), "");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_sent_among_the_denials_of_a_flood() {
    let (ours, theirs) = duplex(4 * 1024 * 1024);
    let mut d = Daemon(theirs);
    d.says(GREETING).await;
    let builder = Builder::new().request_limit(1);
    let (session, ()) = tokio::join!(builder.attach(ours), d.gets_ready());
    let (_client, _, mut requests) = session.unwrap().split();
    d.connect("CONNECT", 0, 1).await;
    let alice = next_client(&mut requests).await;
    for cid in 1..=1_000 {
        d.connect("CONNECT", cid, 1).await;
    }
    // The last of them is read, so that all are to be denied.
    d.says(">HOLD:Waiting for hold release:0\r\n").await;
    while !matches!(requests.next().await, Some(Request::Hold(_))) {}
    let allow = tokio::spawn(alice.allow());
    let mut denials = 0;
    let mut lines = tokio::io::BufReader::new(&mut d.0);
    loop {
        let mut line = String::new();
        tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut line).await.unwrap();
        if line == "client-auth-nt 0 1\n" {
            break;
        }
        denials += usize::from(line.starts_with("client-deny "));
        lines.write_all(DENIED.as_bytes()).await.unwrap();
    }
    lines.write_all(b"SUCCESS: client-auth command succeeded\r\n").await.unwrap();
    allow.await.unwrap().unwrap();
    assert!(denials < 10, "{denials}");
}

#[tokio::test(start_paused = true)]
async fn the_renewals_of_one_client_keep_no_other_out() {
    let (session, mut d) = start(Builder::new().request_limit(8)).await;
    let (_client, _, mut requests) = session.split();
    for kid in 1..=20 {
        d.connect("REAUTH", 0, kid).await;
    }
    d.connect("CONNECT", 7, 1).await;
    let mut kind = Vec::new();
    loop {
        let peer = next_client(&mut requests).await;
        kind.push((peer.cid().0, peer.kid().0));
        if peer.cid().0 == 7 {
            break;
        }
    }
    assert_eq!(kind, [(0, 18), (0, 19), (0, 20), (7, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_denied_for_whom_no_answer_can_be_sent() {
    let (session, mut d) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    d.connect("CONNECT", 0, 1).await;
    let too_long = "x".repeat(257);
    for _ in 0..2 {
        let answered = next_client(&mut requests).await.deny(&too_long, None).await;
        assert!(matches!(answered, Err(Error::InvalidArgument { .. })));
    }
    d.hears("client-deny 0 1 \"nobody answered\"\n").await.says(DENIED).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_does_not_choose_the_address_it_is_counted_under() {
    let (session, mut d) = start_without_filter(Builder::new().request_limit_per_address(1)).await;
    let (client, _, mut requests) = session.split();
    d.says(
        ">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,untrusted_ip=10.0.0.1\r\n\
         >CLIENT:ENV,untrusted_ip6=2001:db8::1\r\n>CLIENT:ENV,END\r\n",
    )
    .await;
    d.says(">CLIENT:CONNECT,1,1\r\n>CLIENT:ENV,untrusted_ip=10.0.0.1\r\n>CLIENT:ENV,END\r\n").await;
    let _mallory = next_client(&mut requests).await;
    let _victim = next_client(&mut requests).await;
    nothing_heard(&client, &mut d).await;
}

/// Client 1 asks by this, and waits to be denied when these lines are read; of that this alone is heard.
async fn denied_behind(asks: &str, kid: u32, lines: &str, denial: Option<&str>) {
    let (session, mut d) = start(Builder::new().pipeline(1).request_limit(1)).await;
    let (client, _, mut requests) = session.split();
    d.connect("CONNECT", 0, 1).await;
    let _alice = next_client(&mut requests).await;
    let verb = client.clone();
    let verb = tokio::spawn(async move { verb.verb().await });
    d.hears("verb\n").await.connect(asks, 1, kid).await;
    // Read by now: the denial waits for the reply.
    assert!(matches!(requests.next().await, Some(Request::Overflow(_))));
    d.says(lines).await.says(">HOLD:Waiting for hold release:0\r\n").await;
    while !matches!(requests.next().await, Some(Request::Hold(_))) {}
    d.says("SUCCESS: verb=3\r\n").await;
    verb.await.unwrap().unwrap();
    if let Some(denial) = denial {
        d.hears(denial).await.says(DENIED).await;
    }
    nothing_heard(&client, &mut d).await;
}

const LEAVES: &str = ">CLIENT:DISCONNECT,1\r\n>CLIENT:ENV,END\r\n";

#[tokio::test(start_paused = true)]
async fn a_denial_that_waits_for_its_turn_is_not_sent_where_its_client_is_gone() {
    let newer = ">CLIENT:CONNECT,1,2\r\n>CLIENT:ENV,END\r\n";
    let denial = "client-deny 1 2 \"too many clients wait for a decision\"\n";
    denied_behind("CONNECT", 1, newer, Some(denial)).await;
    for ends in [LEAVES, RESTART] {
        denied_behind("CONNECT", 1, ends, None).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_denial_that_waits_is_not_sent_where_a_client_of_an_older_connection_has_left() {
    denied_behind("REAUTH", 2, LEAVES, None).await;
}

/// Nothing goes out to whoever has a client's ID behind these lines, whose block has not ended.
async fn nobody_is_answered_behind(lines: &str) {
    let (session, mut d) = start(Builder::new().env_limit(1000)).await;
    let (client, mut events, mut requests) = session.split();
    d.connect("CONNECT", 0, 1).await;
    let alice = next_client(&mut requests).await;
    let peer = alice.peer().clone();
    d.says(lines).await;
    while !matches!(events.next().await, Some(Ok(Event::Malformed(_)))) {}
    assert!(alice.is_withdrawn(), "{lines}");
    assert!(matches!(alice.allow().await, Err(Error::Stale { .. })), "{lines}");
    assert!(matches!(client.client_kill(&peer).await, Err(Error::Stale { .. })), "{lines}");
    d.says(">CLIENT:ENV,username=mallory\r\n>CLIENT:ENV,END\r\n").await;
    nothing_heard(&client, &mut d).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_followed_or_left_by_a_block_that_is_too_large_is_answered_no_more() {
    let too_large =
        ["x", &"y".repeat(1000)].map(|value| format!(">CLIENT:ENV,a={value}\r\n")).concat();
    for begins in ["CONNECT,0,1", "CONNECT,0,2", "DISCONNECT,0"] {
        nobody_is_answered_behind(&format!(">CLIENT:{begins}\r\n{too_large}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_followed_by_a_line_of_which_no_more_than_the_id_can_be_read_is_answered_no_more()
 {
    for line in ["CONNECT,0,x", "CONNECT,0", "CONNECT,0,", "CONNECT,0,4294967296,1"] {
        nobody_is_answered_behind(&format!(">CLIENT:{line}\r\n")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_denial_that_waits_is_not_sent_where_somebody_else_has_decided() {
    // Client 1 is denied next, and its denial waits with the commands; that of client 2 waits behind it.
    for decided in [1, 2] {
        let builder = Builder::new().pipeline(1).request_limit(1);
        let (session, mut d) = start(builder).await;
        let (client, _, mut requests) = session.split();
        d.connect("CONNECT", 0, 1).await;
        let _alice = next_client(&mut requests).await;
        let verb = client.clone();
        let verb = tokio::spawn(async move { verb.verb().await });
        d.hears("verb\n").await;
        let past = client.clone();
        let past = tokio::spawn(async move {
            past.client_deny(crate::types::Cid(decided), crate::types::Kid(1), "no", None).await
        });
        // In paused time it ends when all else waits: the command is with the driver.
        tokio::time::sleep(MINUTE / 1000).await;
        d.connect("CONNECT", 1, 1).await.connect("CONNECT", 2, 1).await;
        let mut denied = 0;
        while denied < 2 {
            match requests.next().await {
                Some(Request::Overflow(overflow)) => denied += overflow.over_limit,
                other => panic!("{other:?}"),
            }
        }
        d.says("SUCCESS: verb=3\r\n").await;
        verb.await.unwrap().unwrap();
        d.hears(&format!("client-deny {decided} 1 \"no\"\n")).await.says(DENIED).await;
        past.await.unwrap().unwrap();
        let other = 3 - decided;
        let reason = "too many clients wait for a decision";
        d.hears(&format!("client-deny {other} 1 \"{reason}\"\n")).await.says(DENIED).await;
        nothing_heard(&client, &mut d).await;
    }
}
