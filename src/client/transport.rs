//! [`Transport`]: the stream of a connection, read and written by one task.

use std::any::Any;
use std::future::Future as _;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tracing::debug;
use zeroize::Zeroizing;

/// A stream that may know whether bytes have arrived that were not read yet.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// Whether a read would find something now; `None` where the stream cannot tell.
    ///
    /// The runtime learns of new bytes only when it next asks the system, so a read that it
    /// reports as pending does not prove that there are none.
    fn has_unread(&self) -> Option<bool>;
}

#[cfg(unix)]
impl Transport for UnixStream {
    fn has_unread(&self) -> Option<bool> {
        Some(peek(&socket2::SockRef::from(self)))
    }
}

impl Transport for TcpStream {
    fn has_unread(&self) -> Option<bool> {
        Some(peek(&socket2::SockRef::from(self)))
    }
}

/// An error or the end of input counts as something to read: the next read tells it.
fn peek(socket: &socket2::Socket) -> bool {
    let mut byte = [MaybeUninit::uninit()];
    !matches!(socket.peek(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// A stream of the user's own, of which no more is known unless it is a socket.
pub(crate) struct Foreign<S>(pub(crate) Pin<Box<S>>);

impl<S: AsyncRead + AsyncWrite + 'static> Transport for Foreign<S> {
    fn has_unread(&self) -> Option<bool> {
        let stream: &dyn Any = self.0.as_ref().get_ref();
        #[cfg(unix)]
        if let Some(stream) = stream.downcast_ref::<UnixStream>() {
            return stream.has_unread();
        }
        stream.downcast_ref::<TcpStream>()?.has_unread()
    }
}

impl<S: AsyncRead> AsyncRead for Foreign<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite> AsyncWrite for Foreign<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_shutdown(cx)
    }
}

/// One turn of reading or writing.
#[derive(Debug)]
pub(crate) enum Turn {
    /// So many bytes were read; 0 at the end of input.
    Read(io::Result<usize>),
    /// So many bytes were written.
    Wrote(io::Result<usize>),
}

/// A transport whose two directions take turns where both are ready, so that neither a flood of
/// input nor a large command starves the other.
pub(crate) struct Duplex<T> {
    /// `None` once it was abandoned.
    transport: Option<T>,
    write_first: bool,
    /// Something was written that the transport may still hold back.
    unflushed: bool,
    /// Why flushing failed, to be told in its turn.
    flush_error: Option<io::Error>,
}

impl<T: Transport> Duplex<T> {
    pub(crate) fn new(transport: T) -> Self {
        Self { transport: Some(transport), write_first: false, unflushed: false, flush_error: None }
    }

    /// Reads into `room`, or writes of `output` where it is not empty. What was written is flushed
    /// on the way. With `read_first` nothing is written while there is something to read.
    ///
    /// Cancel safe: nothing is read or written unless the future is ready.
    pub(crate) async fn turn(
        &mut self,
        room: &mut impl BufMut,
        output: &[u8],
        read_first: bool,
    ) -> Turn {
        std::future::poll_fn(|cx| {
            self.write_first &= !read_first;
            self.poll_turn(cx, room, output, read_first)
        })
        .await
    }

    /// What can be read at once; `None` where nothing can.
    pub(crate) fn poll_read_now(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut impl BufMut,
    ) -> Option<io::Result<usize>> {
        match self.poll_read(cx, room) {
            Poll::Ready(read) => Some(read),
            Poll::Pending => None,
        }
    }

    /// As [`Transport::has_unread`].
    pub(crate) fn has_unread(&self) -> Option<bool> {
        self.transport.as_ref().and_then(Transport::has_unread)
    }

    /// Whether something that was written may not be out.
    pub(crate) fn is_unflushed(&self) -> bool {
        self.unflushed
    }

    /// Flushes, and tells the other side that nothing follows. What still comes is read and dropped, so
    /// that it holds up nobody. An error means that the other side is gone.
    pub(crate) async fn shut_down(&mut self) {
        let mut dropped = Zeroizing::new([0; 1024]);
        let shut = |cx: &mut Context<'_>| self.poll_shut_down(cx, dropped.as_mut_slice());
        if let Err(error) = std::future::poll_fn(shut).await {
            debug!(%error, "the connection was gone before it was shut down");
        }
    }

    fn poll_shut_down(
        &mut self,
        cx: &mut Context<'_>,
        mut dropped: &mut [u8],
    ) -> Poll<io::Result<()>> {
        let Some(transport) = &mut self.transport else {
            return Poll::Ready(Ok(()));
        };
        if let Poll::Ready(shut) = Pin::new(transport).poll_shutdown(cx) {
            return Poll::Ready(shut);
        }
        match self.poll_read(cx, &mut dropped) {
            Poll::Ready(Ok(1..)) => cx.waker().wake_by_ref(),
            // The end of input, or of the connection: only the shutdown is waited for.
            Poll::Ready(_) | Poll::Pending => {}
        }
        Poll::Pending
    }

    /// Closes the transport as it is.
    pub(crate) fn abandon(&mut self) {
        self.transport = None;
    }

    fn poll_turn(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut impl BufMut,
        output: &[u8],
        read_first: bool,
    ) -> Poll<Turn> {
        if self.write_first {
            if let Poll::Ready(wrote) = self.poll_output(cx, output) {
                self.write_first = false;
                return Poll::Ready(Turn::Wrote(wrote));
            }
        }
        if let Poll::Ready(read) = self.poll_read(cx, room) {
            self.write_first = true;
            return Poll::Ready(Turn::Read(read));
        }
        if read_first && self.has_unread() == Some(true) {
            // The runtime has not seen it yet.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let wrote = ready!(self.poll_output(cx, output));
        Poll::Ready(Turn::Wrote(wrote))
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut impl BufMut,
    ) -> Poll<io::Result<usize>> {
        let Some(transport) = &mut self.transport else {
            return Poll::Ready(Ok(0));
        };
        // Cancel safe: where it is not ready, nothing was read.
        std::pin::pin!(transport.read_buf(room)).poll(cx)
    }

    /// Writes of `output`, and flushes where all of it is written; ready only where that made a
    /// difference to the output or failed.
    fn poll_output(&mut self, cx: &mut Context<'_>, output: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(error) = self.flush_error.take() {
            return Poll::Ready(Err(error));
        }
        if output.is_empty() {
            return match self.poll_flush(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Pending,
            };
        }
        let Some(transport) = &mut self.transport else {
            return Poll::Ready(Ok(0));
        };
        let wrote = ready!(Pin::new(transport).poll_write(cx, output))?;
        self.unflushed = true;
        if wrote == output.len() {
            // What was written is written, whatever becomes of the flush.
            if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
                self.flush_error = Some(error);
            }
        }
        Poll::Ready(Ok(wrote))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(transport) = self.transport.as_mut().filter(|_| self.unflushed) else {
            return Poll::Ready(Ok(()));
        };
        match ready!(Pin::new(transport).poll_flush(cx)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            flushed => {
                self.unflushed = false;
                Poll::Ready(flushed)
            }
        }
    }
}
