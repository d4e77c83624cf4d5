//! [`Socket`]: what a listener listens on.

use std::io;
#[cfg(unix)]
use std::path::Path;

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
        listener: UnixListener,
        /// Removed behind it, where it made one.
        _file: Option<SocketFile>,
    },
    Tcp(TcpListener),
}

impl Socket {
    /// Cancel safe: nobody is lost where it is dropped.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Dialer)> {
        match self {
            #[cfg(unix)]
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                let dialer = Dialer::of_unix(&stream)?;
                Ok((Stream::Unix(stream), dialer))
            }
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Stream::Tcp(stream), Dialer::of_tcp(address)))
            }
        }
    }

    #[cfg(unix)]
    pub(super) fn bind_unix(path: &Path, mode: u32) -> io::Result<Self> {
        let (listener, file) = SocketFile::bind(path, mode)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Unix { listener: UnixListener::from_std(listener)?, _file: Some(file) })
    }
}
