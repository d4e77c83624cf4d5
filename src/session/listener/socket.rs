//! [`Socket`]: what a listener listens on.

use std::future::poll_fn;
use std::io;
#[cfg(unix)]
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use super::Dialer;
#[cfg(unix)]
use super::file::SocketFile;
use crate::session::endpoint::Stream;

/// A socket that daemons connect to.
pub(super) enum Socket {
    #[cfg(unix)]
    Unix {
        /// Removed before it, where it made one: as long as it is open no other file is taken for this one.
        _file: Option<SocketFile>,
        listener: UnixListener,
    },
    Tcp(TcpListener),
}

impl Socket {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Dialer)>> {
        Poll::Ready(match self {
            #[cfg(unix)]
            Self::Unix { listener, .. } => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                let dialer = Dialer::of_unix(&stream)?;
                Ok((Stream::Unix(stream), dialer))
            }
            Self::Tcp(listener) => {
                let (stream, address) = ready!(listener.poll_accept(cx))?;
                Ok((Stream::Tcp(stream), Dialer::of_tcp(address)))
            }
        })
    }

    #[cfg(unix)]
    pub(super) fn bind_unix(path: &Path, mode: u32) -> io::Result<Self> {
        let (listener, file) = SocketFile::bind(path, mode)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Unix { _file: Some(file), listener: UnixListener::from_std(listener)? })
    }
}

/// A socket that one task accepts on, and that another can close at once: a task that is aborted drops it some time
/// later only.
#[derive(Clone)]
pub(super) struct SharedSocket(Arc<Mutex<Option<Socket>>>);

impl SharedSocket {
    pub(super) fn new(socket: Socket) -> Self {
        Self(Arc::new(Mutex::new(Some(socket))))
    }

    /// The next who connects; `None` once it is closed. For one task at a time.
    ///
    /// Cancel safe: nobody is lost where it is dropped.
    pub(super) async fn accept(&self) -> Option<io::Result<(Stream, Dialer)>> {
        poll_fn(|cx| match self.lock().as_ref() {
            Some(socket) => socket.poll_accept(cx).map(Some),
            None => Poll::Ready(None),
        })
        .await
    }

    pub(super) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Socket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
