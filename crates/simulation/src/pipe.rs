//! [`Pipe`]: a connection between a manager and a simulated daemon, which tells the [`Ledger`] what went when.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::ledger::Shared as Ledger;

/// Both directions of a connection.
pub(crate) struct Pipe {
    state: Mutex<State>,
    /// Which daemon's it is, and which of its connections.
    pub(crate) place: (usize, usize),
    ledger: Ledger,
    /// Tells the daemon's task that something has changed.
    changed: Arc<Notify>,
}

struct State {
    to_manager: VecDeque<u8>,
    to_daemon: VecDeque<u8>,
    /// How many bytes each direction holds.
    capacity: usize,
    reader: Option<Waker>,
    writer: Option<Waker>,
    daemon_closed: bool,
    manager_closed: bool,
}

/// The manager's end.
pub(crate) struct ManagerEnd(Arc<Pipe>);

impl Pipe {
    pub(crate) fn new(
        place: (usize, usize),
        capacity: usize,
        ledger: Ledger,
        changed: Arc<Notify>,
    ) -> (Arc<Self>, ManagerEnd) {
        let state = State {
            to_manager: VecDeque::new(),
            to_daemon: VecDeque::new(),
            capacity,
            reader: None,
            writer: None,
            daemon_closed: false,
            manager_closed: false,
        };
        let pipe = Arc::new(Self { state: Mutex::new(state), place, ledger, changed });
        (Arc::clone(&pipe), ManagerEnd(pipe))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes as many of these bytes readable as there is room for; gives how many.
    pub(crate) fn deliver(&self, bytes: &[u8]) -> usize {
        let mut state = self.lock();
        let room = state.capacity.saturating_sub(state.to_manager.len());
        let count = room.min(bytes.len());
        state.to_manager.extend(bytes.iter().take(count));
        let reader = state.reader.take_if(|_| count > 0);
        drop(state);
        if count > 0 {
            self.ledger.lock().delivered(self.place, count);
        }
        if let Some(reader) = reader {
            reader.wake();
        }
        count
    }

    /// Takes what the manager has written, up to so many bytes.
    pub(crate) fn take(&self, most: usize) -> Vec<u8> {
        let mut state = self.lock();
        let count = most.min(state.to_daemon.len());
        let bytes = state.to_daemon.drain(..count).collect();
        let writer = state.writer.take_if(|_| count > 0);
        drop(state);
        if let Some(writer) = writer {
            writer.wake();
        }
        bytes
    }

    /// Whether the manager has closed its end, and everything it wrote was taken.
    pub(crate) fn is_left(&self) -> bool {
        let state = self.lock();
        state.manager_closed && state.to_daemon.is_empty()
    }

    /// Whether the manager has closed its end.
    pub(crate) fn is_gone(&self) -> bool {
        self.lock().manager_closed
    }

    /// How many bytes wait to be read by the manager, and by the daemon.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let state = self.lock();
        (state.to_manager.len(), state.to_daemon.len())
    }

    /// The daemon's end is closed: what is readable is still read.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        if !state.daemon_closed {
            self.ledger.lock().closed(self.place);
        }
        state.daemon_closed = true;
        let wakers = [state.reader.take(), state.writer.take()];
        drop(state);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl AsyncRead for ManagerEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        let count = buffer.remaining().min(state.to_manager.len());
        if count == 0 && buffer.remaining() > 0 && !state.daemon_closed {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let bytes: Vec<u8> = state.to_manager.drain(..count).collect();
        drop(state);
        buffer.put_slice(&bytes);
        if count > 0 {
            self.0.ledger.lock().read(self.0.place, count);
        }
        self.0.changed.notify_one();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ManagerEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        if state.daemon_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = state.capacity.saturating_sub(state.to_daemon.len());
        // As Unix sockets do, and as TCP does.
        let takes_whole = self.0.place.1 % 2 == 0;
        let count = if takes_whole && room > 0 { bytes.len() } else { bytes.len().min(room) };
        if count == 0 && !bytes.is_empty() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let bytes = bytes.get(..count).unwrap_or_default();
        state.to_daemon.extend(bytes);
        drop(state);
        self.0.ledger.lock().wrote(self.0.place, bytes);
        self.0.changed.notify_one();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().manager_closed = true;
        self.0.changed.notify_one();
        Poll::Ready(Ok(()))
    }
}

impl Drop for ManagerEnd {
    fn drop(&mut self) {
        self.0.lock().manager_closed = true;
        self.0.ledger.lock().dropped(self.0.place);
        self.0.changed.notify_one();
    }
}
