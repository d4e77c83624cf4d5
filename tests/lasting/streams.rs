//! Streams that fail in part.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use openvpn_mgmt::{Builder, Cid, CloseReason, Error, Kid};
use tokio::io::{AsyncRead, AsyncWrite, BufStream, DuplexStream, ReadBuf};
use tokio::time::Instant;

use openvpn_mgmt_test::scripted::{attached, beside, pipe, pipe_of};

/// A stream whose next flushes are interrupted, or whose writes fail.
struct Odd {
    inner: DuplexStream,
    interruptions: u32,
    writes_fail: bool,
}

impl AsyncRead for Odd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Odd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.writes_fail {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.interruptions > 0 {
            self.interruptions -= 1;
            return Poll::Ready(Err(io::ErrorKind::Interrupted.into()));
        }
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_flush_sends_nothing_twice() {
    let (inner, mut daemon) = pipe();
    let stream = Odd { inner, interruptions: 3, writes_fail: false };
    let session = attached(Builder::new(), stream, &mut daemon).await;
    let (client, events, _) = session.split();
    let pid = beside(client.pid(), async {
        daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
    });
    assert_eq!(pid.await.unwrap(), 7);
    drop((client, events));
    assert_eq!(daemon.rest().await, b"");
}

/// Whatever else has run out meanwhile.
#[tokio::test(start_paused = true)]
async fn a_failed_write_is_the_reason() {
    let short = Builder::new().reply_timeout(Duration::from_secs(2));
    let long = Builder::new().close_timeout(Duration::MAX);
    for builder in [short, long] {
        let (inner, mut daemon) = pipe();
        let stream = Odd { inner, interruptions: 0, writes_fail: true };
        let session = attached(builder, stream, &mut daemon).await;
        let (client, _events, _) = session.split();
        let failed = client.with_timeout(Duration::from_secs(1000)).pid().await;
        assert!(matches!(failed, Err(Error::Closed(CloseReason::Io(_)))), "{failed:?}");
    }
}

/// A daemon that writes before it reads is not held up by an end that is not over.
#[tokio::test(start_paused = true)]
async fn the_daemon_is_read_while_the_stream_is_shut() {
    for at_once in [true, false] {
        let (ours, mut daemon) = pipe_of(64);
        let stream = BufStream::with_capacity(16, 4096, ours);
        let (client, events, _) = attached(Builder::new(), stream, &mut daemon).await.split();
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.client_deny(Cid(1), Kid(1), "x".repeat(200), None).await }
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        // The flush of the command waits for the daemon.
        let begun = Instant::now();
        let flood = tokio::spawn(async move {
            for _ in 0..1000 {
                if !daemon.can_say(">BYTECOUNT:1,2\r\n").await {
                    break;
                }
            }
            let took = begun.elapsed();
            daemon.rest().await;
            took
        });
        if at_once {
            client.close().await;
        } else {
            call.abort();
        }
        drop((client, events));
        assert!(flood.await.unwrap() < Duration::from_secs(1));
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
