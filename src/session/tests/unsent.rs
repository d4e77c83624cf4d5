//! Answers that are not sent: held back by what was there to be read, timed out, or dropped.

use std::io;
use std::io::{Read as _, Write as _};
use std::os::unix::net;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::client::Client;
use crate::session::tests::*;

const RESTART: &str = ">STATE:1,RECONNECTING,SIGUSR1,,,,,\r\n";
const CONNECT: &str = ">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,username=al ice\r\n>CLIENT:ENV,END\r\n";

/// A daemon on a real socket whose bytes the runtime has not looked at yet.
struct Plain(net::UnixStream);

impl Plain {
    fn says(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// What has arrived here and was not read yet.
    fn heard(&mut self) -> String {
        self.0.set_nonblocking(true).unwrap();
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes).map_err(|error| error.kind());
        assert!(matches!(end, Ok(_) | Err(io::ErrorKind::WouldBlock)), "{end:?}");
        String::from_utf8(bytes).unwrap()
    }
}

/// A connection whose client 0 waits to be let in.
async fn plain(by_path: bool) -> (Client, Requests, Plain) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daemon.sock");
    let listener = net::UnixListener::bind(&path).unwrap();
    let daemon = tokio::task::spawn_blocking(move || {
        let (mut daemon, _) = listener.accept().unwrap();
        daemon.write_all(GREETING).unwrap();
        for (command, reply) in [("env-filter 0\n", FILTER), ("state on\n", ON)] {
            let mut heard = vec![0; command.len()];
            daemon.read_exact(&mut heard).unwrap();
            assert_eq!(heard, command.as_bytes());
            daemon.write_all(reply).unwrap();
        }
        Plain(daemon)
    });
    let session = if by_path {
        Builder::new().connect(&*path).await.unwrap()
    } else {
        let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        Builder::new().attach(stream).await.unwrap()
    };
    let mut daemon = daemon.await.unwrap();
    daemon.says(CONNECT);
    let (client, _, requests) = session.split();
    (client, requests, daemon)
}

/// Polls once, as a task that then loses patience.
pub(super) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(std::task::Waker::noop()))
}

#[tokio::test]
async fn a_restart_that_has_arrived_makes_an_answer_stale_though_the_runtime_has_not_seen_it() {
    for by_path in [true, false] {
        let (_client, mut requests, mut daemon) = plain(by_path).await;
        let client = next_client(&mut requests).await;
        daemon.says(RESTART);
        let answered = client.allow().await;
        assert!(matches!(answered, Err(Error::Stale { .. })), "{answered:?}");
        assert_eq!(daemon.heard(), "");
    }
}

#[tokio::test]
async fn an_answer_behind_a_withdrawn_command_is_looked_after_too() {
    let (client, mut requests, mut daemon) = plain(true).await;
    let peer = next_client(&mut requests).await;
    let mut withdrawn = Box::pin(client.pid());
    assert!(poll_once(withdrawn.as_mut()).is_pending());
    let mut answer = Box::pin(peer.allow());
    assert!(poll_once(answer.as_mut()).is_pending(), "it waits behind the other");
    daemon.says(RESTART);
    drop(withdrawn);
    let answered = answer.await;
    assert!(matches!(answered, Err(Error::Stale { .. })), "{answered:?}");
    assert_eq!(daemon.heard(), "");
}

#[tokio::test(start_paused = true)]
async fn a_restart_behind_more_than_is_read_at_once_makes_an_answer_stale() {
    let (ours, theirs) = duplex(8 * 1024 * 1024);
    let mut daemon = Daemon(theirs);
    daemon.says(GREETING).await;
    let builder = Builder::new();
    let (session, ()) = tokio::join!(builder.attach(ours), daemon.gets_ready());
    let (_client, _, mut requests) = session.unwrap().split();
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    // More than a task may read in one go, and more than the driver reads in a row.
    let flood = format!(">LOG:1,D,{}\r\n", "x".repeat(990)).repeat(5_000);
    daemon.says(flood).await.says(RESTART).await;
    let answered = peer.allow().await;
    assert!(matches!(answered, Err(Error::Stale { .. })), "{answered:?}");
}

/// A stream of which little is read at once.
struct Sips(DuplexStream);

impl AsyncRead for Sips {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let mut sip = [0; 16];
        let mut sip = ReadBuf::new(&mut sip);
        std::task::ready!(Pin::new(&mut self.0).poll_read(cx, &mut sip))?;
        buffer.put_slice(sip.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Sips {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A reply was read last, so that writing comes before reading, and the command in front depends on nothing.
#[tokio::test(start_paused = true)]
async fn an_answer_behind_a_withdrawn_command_is_looked_after_where_writing_comes_first() {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(theirs);
    daemon.says(GREETING).await;
    let builder = Builder::new();
    let (session, ()) = tokio::join!(builder.attach(Sips(ours)), daemon.gets_ready());
    let (client, _, mut requests) = session.unwrap().split();
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    let (mut pid, mut withdrawn) = (Box::pin(client.pid()), Box::pin(client.verb()));
    let mut answer = Box::pin(peer.allow());
    assert!(poll_once(pid.as_mut()).is_pending());
    assert!(poll_once(withdrawn.as_mut()).is_pending());
    assert!(poll_once(answer.as_mut()).is_pending(), "it waits behind the others");
    daemon.hears("pid\n").await;
    drop(withdrawn);
    // The reply is one sip.
    daemon.says(format!("SUCCESS: pid=1\r\n{RESTART}")).await;
    assert_eq!(pid.await.unwrap(), 1);
    let answered = answer.await;
    assert!(matches!(answered, Err(Error::Stale { .. })), "{answered:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_goes_out_however_many_reads_there_were_before_it() {
    for lines in (50..80).cycle().take(240) {
        let (ours, theirs) = duplex(64 * 1024);
        let mut daemon = Daemon(theirs);
        daemon.says(GREETING).await;
        let builder = Builder::new();
        let (session, ()) = tokio::join!(builder.attach(Sips(ours)), daemon.gets_ready());
        let (_client, _, mut requests) = session.unwrap().split();
        daemon.connect("CONNECT", 0, 1).await;
        let peer = next_client(&mut requests).await;
        daemon.says(">LOG:1,D,123456\r\n".repeat(lines)).await;
        let answering = async {
            daemon.hears("client-auth-nt 0 1\n").await;
            daemon.says(b"SUCCESS: client-auth command succeeded\r\n").await;
        };
        let both = async { tokio::join!(peer.allow(), answering).0 };
        let answered = tokio::time::timeout(Duration::from_secs(60), both).await;
        assert!(matches!(answered, Ok(Ok(()))), "{lines} lines: {answered:?}");
    }
}

/// A daemon that answers what it is told, and else never stops talking until it is stopped.
struct Flood {
    script: Vec<u8>,
    stop: Arc<AtomicBool>,
    heard: Arc<std::sync::Mutex<Vec<u8>>>,
    answered: usize,
}

impl Flood {
    /// The reply to the next command that was heard.
    fn reply(&mut self) -> Option<&'static [u8]> {
        let heard = self.heard.lock().unwrap();
        let rest = &heard[self.answered..];
        let end = rest.iter().position(|byte| *byte == b'\n')? + 1;
        self.answered += end;
        Some(match &rest[..end] {
            b"env-filter 0\n" => FILTER,
            b"state on\n" => ON,
            b"client-auth-nt 0 1\n" => b"SUCCESS: client-auth command succeeded\r\n",
            other => panic!("{}", other.escape_ascii()),
        })
    }
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(reply) = self.reply() {
            buffer.put_slice(reply);
            let script = std::mem::take(&mut self.script);
            buffer.put_slice(&script);
        } else if self.answered == 0 {
            // Its greeting, until it hears something.
            if self.script.starts_with(GREETING) {
                self.script.drain(..GREETING.len());
                buffer.put_slice(GREETING);
                return Poll::Ready(Ok(()));
            }
            return Poll::Pending;
        } else if self.stop.load(Ordering::Relaxed) {
            return Poll::Pending;
        } else {
            buffer.put_slice(b">LOG:1,D,flood\r\n");
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.heard.lock().unwrap().extend_from_slice(bytes);
        cx.waker().wake_by_ref();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn an_answer_that_a_flood_holds_back_times_out_unsent_and_is_asked_for_again() {
    let (stop, heard) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let script = [GREETING, CONNECT.as_bytes()].concat();
    let flood = Flood { script, stop: Arc::clone(&stop), heard: Arc::clone(&heard), answered: 0 };
    let builder = Builder::new().command_timeout(Duration::from_millis(100));
    let (_client, _, mut requests) = builder.attach(flood).await.unwrap().split();

    let peer = next_client(&mut requests).await;
    let answered = peer.allow().await;
    assert!(matches!(answered, Err(Error::Timeout { sent: false, .. })), "{answered:?}");
    assert!(!String::from_utf8_lossy(&heard.lock().unwrap()).contains("client-auth"));

    let again = next_client(&mut requests).await;
    assert_eq!((again.cid().0, again.kid().0), (0, 1));
    stop.store(true, Ordering::Relaxed);
    again.allow().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_answer_was_not_sent_comes_again() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    let d = &mut daemon;
    // Nothing goes out while this waits for its reply.
    let stuck = tokio::spawn(async move { client.pid().await });
    d.hears("pid\n").await;

    d.says(">HOLD:Waiting for hold release:0\r\n").await;
    let Some(Request::Hold(hold)) = requests.next().await else { panic!() };
    let timeout = hold.release().await;
    assert!(matches!(timeout, Err(Error::Timeout { sent: false, .. })), "{timeout:?}");
    d.says("SUCCESS: pid=1\r\n").await;
    assert!(matches!(stuck.await.unwrap(), Err(Error::Timeout { sent: true, .. })));
    let again = tokio::time::timeout(Duration::from_secs(60), requests.next()).await;
    let Ok(Some(Request::Hold(hold))) = again else { panic!("not asked again: {again:?}") };
    exchange(hold.release(), d, "hold release\n", "SUCCESS: hold release succeeded\r\n")
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_answer_is_dropped_before_it_was_sent_comes_again() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    let d = &mut daemon;
    let mut stuck = pin!(client.pid());
    assert!(poll_once(stuck.as_mut()).is_pending());
    d.hears("pid\n").await;

    for kind in ["CONNECT", "REAUTH"] {
        d.connect(kind, 0, 1).await;
        let peer = next_client(&mut requests).await;
        assert!(poll_once(pin!(peer.deny("no", None)).as_mut()).is_pending());
        let again = next_client(&mut requests).await;
        assert!(again.is_open());
        // Refused before it is sent: as little an answer as none.
        let refused = again.deny("two\nlines", None).await;
        assert!(matches!(refused, Err(Error::InvalidArgument { .. })), "{refused:?}");
        let again = next_client(&mut requests).await;
        assert!(poll_once(pin!(again.allow()).as_mut()).is_pending());
        assert!(matches!(
            requests.next().await,
            Some(Request::ClientConnect(_) | Request::ClientReauth(_))
        ));
    }
    d.says("SUCCESS: pid=1\r\n").await;
    stuck.await.unwrap();
    exchange(client.pid(), d, "pid\n", "SUCCESS: pid=2\r\n").await.unwrap();
}

/// The daemon waits for the other half.
#[tokio::test(start_paused = true)]
async fn credentials_of_which_the_user_name_alone_was_sent_come_again() {
    const USERNAME: &str = "username \"Auth\" \"alice\"\n";
    const ENTERED: &[u8] = b"SUCCESS: 'Auth' username entered, but not yet verified\r\n";
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    let d = &mut daemon;
    for times_out in [false, true] {
        d.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
        let Some(Request::Credentials(ask)) = requests.next().await else { panic!() };
        let mut answer = Box::pin(ask.answer("alice", "hunter2"));
        assert!(poll_once(answer.as_mut()).is_pending());
        d.hears(USERNAME).await;
        // It is called in between, so that the password stands behind it.
        let mut stuck = pin!(client.pid());
        assert!(poll_once(stuck.as_mut()).is_pending());
        d.says(ENTERED).await.hears("pid\n").await;
        if times_out {
            let timeout = answer.await;
            assert!(matches!(timeout, Err(Error::Timeout { sent: false, .. })), "{timeout:?}");
        } else {
            assert!(poll_once(answer.as_mut()).is_pending());
            drop(answer);
        }
        d.says("SUCCESS: pid=1\r\n").await;
        assert_eq!(stuck.await.is_ok(), !times_out);
        let again = tokio::time::timeout(Duration::from_secs(1), requests.next()).await;
        let again = again.expect("it comes again").unwrap();
        assert!(again.is_again() && again.unsent_error().is_some() == times_out);
        let Request::Credentials(ask) = again else { panic!() };
        let (answered, ()) = tokio::join!(ask.answer("alice", "hunter2"), async {
            d.hears(USERNAME).await.says(ENTERED).await;
            d.hears("password \"Auth\" \"hunter2\"\n").await;
            d.says("SUCCESS: 'Auth' password entered, but not yet verified\r\n").await;
        });
        answered.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_any_more_is_left_to_the_drop_policy() {
    let (session, mut daemon) = start(Builder::new().dropped_request(DroppedRequest::Deny)).await;
    let (client, _, mut requests) = session.split();
    let mut stuck = Box::pin(client.pid());
    assert!(poll_once(stuck.as_mut()).is_pending());
    daemon.hears("pid\n").await.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    drop(requests);
    assert!(poll_once(pin!(peer.allow()).as_mut()).is_pending());
    daemon.says("SUCCESS: pid=1\r\n").await.hears("client-deny 0 1 \"nobody answered\"\n").await;
}

/// Where more is to follow (`client-pending-auth`, `username`), the request is open while the reply is awaited.
#[tokio::test(start_paused = true)]
async fn an_answer_that_was_sent_is_never_told_as_one_that_was_not() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    let what = PendingAuth::cr_text("code", true);
    let asked = async { peer.pending(&what, Duration::from_secs(60)).await.map(drop) };
    let (asked, ()) = tokio::join!(asked, async move {
        daemon.hears("client-pending-auth 0 1 ").await;
        drop(daemon);
    });
    assert!(matches!(asked, Err(Error::Closed(_))), "{asked:?}");
}

/// The answer waits until there is room to write it, and the client with its ID is another one meanwhile.
#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_for_room_is_not_written_behind_the_begin_of_a_newer_connect() {
    let (session, mut daemon) = start_narrow().await;
    let (client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    let full = fill(&client);
    let mut answered = pin!(peer.allow());
    assert!(poll_once(answered.as_mut()).is_pending());
    settle().await;

    daemon.says(">CLIENT:CONNECT,0,2\r\n").await;
    daemon.hears(&"pid\n".repeat(full.len())).await;
    settle().await;
    daemon.says(">CLIENT:ENV,username=eve\r\n>CLIENT:ENV,END\r\n").await;
    let answered = answered.await;
    assert!(matches!(answered, Err(Error::Stale { .. })), "{answered:?}");
}

/// The answer waits until there is room to write it, and the daemon asks something else meanwhile.
#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_for_room_does_not_answer_a_newer_prompt() {
    let (session, mut daemon) = start_narrow().await;
    let (client, _, mut requests) = session.split();
    daemon.says(">INFOMSG:CR_TEXT:R,E:the first\r\n").await;
    let Some(Request::Challenge(first)) = requests.next().await else { panic!("no challenge") };
    let full = fill(&client);
    let mut answered = pin!(first.answer("1234"));
    assert!(poll_once(answered.as_mut()).is_pending());
    settle().await;

    daemon.says(">INFOMSG:CR_TEXT:R,E:the second\r\n").await;
    settle().await;
    daemon.hears(&"pid\n".repeat(full.len())).await;
    let answered = answered.await;
    assert!(matches!(answered, Err(Error::Stale { .. })), "{answered:?}");
    let next = requests.next().await.unwrap();
    assert!(matches!(next, Request::Challenge(_)) && !next.is_again(), "{next:?}");
}

/// How many bytes are on their way at most, each way.
const ROOM: usize = 64;

/// A session over a connection of little room, whose commands do not wait for each other.
async fn start_narrow() -> (Session, Daemon) {
    let (ours, theirs) = duplex(ROOM);
    let mut daemon = Daemon(theirs);
    let builder = Builder::new().pipeline(ROOM);
    let (session, ()) = tokio::join!(builder.attach(ours), async {
        daemon.says(GREETING).await.gets_ready().await;
    });
    (session.unwrap(), daemon)
}

/// Calls that take all the room.
fn fill(client: &Client) -> Vec<Pin<Box<impl Future<Output = Result<u32, Error>>>>> {
    let mut calls: Vec<_> = (0..ROOM / "pid\n".len()).map(|_| Box::pin(client.pid())).collect();
    for call in &mut calls {
        assert!(poll_once(call.as_mut()).is_pending());
    }
    calls
}

/// Lets the driver do what it can.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
