//! Fake daemons that listen on sockets.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::FakeDaemon;
use super::shared::Shared;
use crate::daemon::Daemon;

/// The queue of a daemon's listener.
const BACKLOG: u32 = 1;

impl FakeDaemon {
    /// Listens on a Unix socket, until it is dropped; managers wait in the queue of the system.
    ///
    /// # Errors
    /// The socket cannot be made there.
    #[cfg(unix)]
    pub fn listen_unix(&mut self, path: impl AsRef<Path>) -> io::Result<()> {
        let socket = tokio::net::UnixSocket::new_stream()?;
        socket.bind(path.as_ref())?;
        let listener = socket.listen(BACKLOG)?;
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            while idle(&shared).await {
                let Ok((stream, _)) = listener.accept().await else { return };
                if shared.offer(Box::new(stream)).is_err() {
                    return;
                }
            }
        });
        self.tasks.push(task.abort_handle());
        self.paths.push(path.as_ref().to_owned());
        Ok(())
    }

    /// Dials a manager that listens on a Unix socket, as with `management-client`: the daemon ends
    /// when that manager leaves.
    ///
    /// # Errors
    /// Nobody listens there.
    #[cfg(unix)]
    pub async fn dial_unix(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let stream = tokio::net::UnixStream::connect(path).await?;
        self.with(Daemon::ends_with_its_manager);
        self.shared.offer(Box::new(stream))
    }

    /// As [`dial_unix`](Self::dial_unix), at a TCP address.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn dial_tcp(&self, address: SocketAddr) -> io::Result<()> {
        let stream = TcpStream::connect(address).await?;
        self.with(Daemon::ends_with_its_manager);
        self.shared.offer(Box::new(stream))
    }

    /// Listens on a TCP address, and gives the one it got where the port is 0.
    ///
    /// # Errors
    /// Nothing can listen there.
    pub fn listen_tcp(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept_tcp(Arc::clone(&self.shared), listener));
        self.tasks.push(task.abort_handle());
        Ok(address)
    }
}

async fn accept_tcp(shared: Arc<Shared>, listener: TcpListener) {
    while idle(&shared).await {
        let Ok((stream, _)) = listener.accept().await else { return };
        if shared.offer(Box::new(stream)).is_err() {
            return;
        }
    }
}

/// Waits until nobody is served; `false` where nobody will be again.
async fn idle(shared: &Shared) -> bool {
    loop {
        let more = shared.idle.notified();
        tokio::pin!(more);
        // From here on it tells, so that nothing comes between.
        more.as_mut().enable();
        {
            let mut core = shared.lock();
            if core.is_over() {
                return false;
            }
            if !core.is_busy && !core.has_waiting() {
                return true;
            }
        }
        more.await;
    }
}
