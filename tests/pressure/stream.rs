//! A stream that gives few bytes at a time, and tells how it is read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

pub(crate) struct Metered {
    inner: DuplexStream,
    /// The most bytes that a read gets.
    at_once: usize,
    reads: Arc<Reads>,
}

/// How a stream was read so far.
#[derive(Default)]
pub(crate) struct Reads {
    polls: AtomicUsize,
    largest: AtomicUsize,
}

impl Metered {
    pub(crate) fn new(inner: DuplexStream, at_once: usize) -> (Self, Arc<Reads>) {
        let reads = Arc::<Reads>::default();
        (Self { inner, at_once, reads: Arc::clone(&reads) }, reads)
    }
}

impl Reads {
    /// How often it was asked for bytes.
    pub(crate) fn polls(&self) -> usize {
        self.polls.load(Ordering::Relaxed)
    }

    /// The most bytes that one read brought.
    pub(crate) fn largest(&self) -> usize {
        self.largest.load(Ordering::Relaxed)
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads.polls.fetch_add(1, Ordering::Relaxed);
        let mut bytes = vec![0; self.at_once.min(buffer.remaining())];
        let mut part = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut part))?;
        self.reads.largest.fetch_max(part.filled().len(), Ordering::Relaxed);
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
