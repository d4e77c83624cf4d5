//! [`ListenerBuilder`]: the settings of a listener.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::net::TcpListener;

use super::greeter::{Greeter, Greeting};
use super::socket::{SharedSocket, Socket};
use super::{Dialer, Listener};
use crate::error::{Error, Result, invalid};
#[cfg(not(unix))]
use crate::session::endpoint;
use crate::session::{Builder, Endpoint};
use crate::types::ArgumentProblem;

/// The settings of a [`Listener`].
///
/// ```no_run
/// # async fn example() -> openvpn_mgmt::Result<()> {
/// use openvpn_mgmt::{Builder, Listener};
///
/// let listener = Listener::builder()
///     .sessions(Builder::new().password("management password"))
///     .admit(|dialer| dialer.uid == Some(0))
///     .bind("/run/vpn/in.sock")
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ListenerBuilder {
    sessions: Builder,
    mode: u32,
    any_address: bool,
    admission: Option<Admission>,
    places: usize,
}

/// Who may dial in.
#[derive(Clone)]
pub(super) struct Admission(Arc<dyn Fn(&Dialer) -> bool + Send + Sync>);

impl Admission {
    /// A panic admits nobody, and ends no listener.
    pub(super) fn admits(&self, dialer: &Dialer) -> bool {
        catch_unwind(AssertUnwindSafe(|| (self.0)(dialer))).unwrap_or(false)
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admission")
    }
}

impl ListenerBuilder {
    pub(super) fn new() -> Self {
        Self {
            sessions: Builder::new(),
            mode: 0o600,
            any_address: false,
            admission: None,
            places: 64,
        }
    }

    /// Sets how sessions are made. Default: those of [`Builder::new`].
    pub fn sessions(mut self, sessions: Builder) -> Self {
        self.sessions = sessions;
        self
    }

    /// Sets the permissions of the unix socket's file, from the moment there is one. Default: `0o600`, the owner alone.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Lets a TCP address be one that other machines reach. Default: `false`.
    ///
    /// Whoever reaches it can say to be a daemon; nothing of the protocol is encrypted, and a management password
    /// would be given to whoever asks for it.
    pub fn any_address(mut self, any: bool) -> Self {
        self.any_address = any;
        self
    }

    /// Sets who may dial in; others are turned away before a byte is sent, and told as
    /// [`Error::DialerRefused`]. A panic in it turns away, too. Default: everybody who can connect.
    pub fn admit(mut self, admit: impl Fn(&Dialer) -> bool + Send + Sync + 'static) -> Self {
        self.admission = Some(Admission(Arc::new(admit)));
        self
    }

    /// Sets how many daemons may be in their handshake or wait for [`accept`](Listener::accept), from 1; others wait in the
    /// system's queue. Default: 64.
    pub fn places(mut self, places: usize) -> Self {
        self.places = places.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// Listens at a unix socket's path or at `host:port`.
    ///
    /// A socket's file that is there already is replaced where nobody listens on it. The file is removed when the
    /// listener is dropped, where it is still the same one.
    ///
    /// # Errors
    /// [`Error::Listen`], as when somebody listens there already or the folder is missing;
    /// [`Error::InvalidArgument`] for a TCP address that other machines reach, without
    /// [`any_address`](Self::any_address).
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn bind(self, endpoint: impl Into<Endpoint>) -> Result<Listener> {
        let endpoint = endpoint.into();
        let bound = match &endpoint {
            #[cfg(unix)]
            Endpoint::Unix(path) => Socket::bind_unix(path, self.mode),
            #[cfg(not(unix))]
            Endpoint::Unix(_) => Err(endpoint::no_unix_sockets()),
            Endpoint::Tcp(address) => self.bind_tcp(address).await?,
        };
        let socket = bound.map_err(|error| failed(&endpoint, error))?;
        self.start(socket, endpoint)
    }

    /// Listens on a TCP socket that is bound already, as one that systemd hands over.
    ///
    /// # Errors
    /// [`Error::Listen`] where tokio does not take it.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub fn listen_on_tcp(self, socket: std::net::TcpListener) -> Result<Listener> {
        let unknown = Endpoint::Tcp("a TCP socket".to_owned());
        let taken = socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket));
        let listener = taken.map_err(|error| failed(&unknown, error))?;
        self.start(Socket::Tcp(listener), unknown)
    }

    /// Listens on a unix socket that is bound already, as one that systemd hands over. Its file is left as it is.
    ///
    /// # Errors
    /// [`Error::Listen`] where tokio does not take it.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    #[cfg(unix)]
    pub fn listen_on_unix(self, socket: std::os::unix::net::UnixListener) -> Result<Listener> {
        let address = socket.local_addr().ok();
        let path = address.as_ref().and_then(|address| address.as_pathname());
        let endpoint = Endpoint::Unix(path.unwrap_or("a unix socket".as_ref()).to_owned());
        let taken =
            socket.set_nonblocking(true).and_then(|()| tokio::net::UnixListener::from_std(socket));
        let listener = taken.map_err(|error| failed(&endpoint, error))?;
        self.start(Socket::Unix { _file: None, listener }, endpoint)
    }

    /// Listens on each socket that systemd, or another program that starts this one, hands over (`LISTEN_FDS`), in its
    /// order; none where it hands over none. They are taken once: a second call finds none.
    ///
    /// Needs the cargo feature `systemd`, and a unix system. Such a socket's file is systemd's (`SocketMode=`,
    /// `RemoveOnStop=`), and left as it is.
    ///
    /// # Errors
    /// [`Error::Listen`] for one that is no stream socket; one that does not listen gives an error at every
    /// [`accept`](Listener::accept).
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    #[cfg(all(feature = "systemd", unix))]
    pub fn listen_on_handed_over(self) -> Result<Vec<Listener>> {
        let mut handed = listenfd::ListenFd::from_env();
        let count = handed.len();
        let take = |number| {
            let named = Endpoint::Unix(format!("LISTEN_FDS, number {number}").into());
            match handed.take_unix_listener(number) {
                Ok(Some(socket)) => return self.clone().listen_on_unix(socket),
                Ok(None) => return Err(failed(&named, io::ErrorKind::NotFound.into())),
                // It may be one of the other kind.
                Err(_) => {}
            }
            match handed.take_tcp_listener(number) {
                Ok(Some(socket)) => self.clone().listen_on_tcp(socket),
                Ok(None) => Err(failed(&named, io::ErrorKind::NotFound.into())),
                Err(error) => Err(failed(&named, error)),
            }
        };
        (0..count).map(take).collect()
    }

    fn start(self, socket: Socket, endpoint: Endpoint) -> Result<Listener> {
        let endpoint = match &socket {
            Socket::Tcp(listener) => {
                listener.local_addr().map_err(|error| failed(&endpoint, error))?.into()
            }
            #[cfg(unix)]
            Socket::Unix { .. } => endpoint,
        };
        let Self { sessions, admission, places, .. } = self;
        let socket = SharedSocket::new(socket);
        let (greeter, arrivals) =
            Greeter::start(Greeting { socket, endpoint, sessions, admission, places });
        Ok(Listener { arrivals, greeter, number: 0 })
    }

    /// The outer error is of an address that is not allowed.
    async fn bind_tcp(&self, address: &str) -> Result<io::Result<Socket>> {
        let found = match tokio::net::lookup_host(address).await {
            Ok(found) => found.collect::<Vec<_>>(),
            Err(error) => return Ok(Err(error)),
        };
        if !self.any_address && !found.iter().all(|address| address.ip().is_loopback()) {
            let problem = ArgumentProblem::Other(
                "can be reached by other machines, which `ListenerBuilder::any_address` has to allow",
            );
            return Err(invalid("listen", "address", problem));
        }
        Ok(TcpListener::bind(found.as_slice()).await.map(Socket::Tcp))
    }
}

fn failed(endpoint: &Endpoint, error: io::Error) -> Error {
    Error::Listen { endpoint: endpoint.to_string(), reason: Arc::new(error) }
}
