//! [`Builder`]: the settings of a connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{broadcast, mpsc};
use tracing::debug;

use super::driver::{Driver, Parts};
use super::endpoint::{Endpoint, Stream};
use super::handshake::Handshake;
use super::outlet::Outlet;
use super::requests::{Desk, DroppedRequest, Requests};
use super::session::Session;
use super::shared::{CloseGuard, Shared};
use super::transport::{Foreign, Transport};
use super::{Client, Events};
use crate::demux::DEFAULT_LINE_LIMIT;
use crate::events::Event;
use crate::{Error, Result, Secret};

/// How many commands of this connection's handles may wait for the driver before a caller waits too.
const SUBMISSIONS: usize = 64;

/// The settings of a connection; each has a default that suits most programs.
///
/// ```no_run
/// # async fn example() -> openvpn_mgmt::Result<()> {
/// use std::time::Duration;
///
/// let session = openvpn_mgmt::Builder::new()
///     .password("management password")
///     .greeting_timeout(Duration::from_secs(2))
///     .connect("/run/openvpn/client.sock")
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    password: Option<Secret>,
    connect_timeout: Duration,
    greeting_timeout: Duration,
    command_timeout: Duration,
    close_timeout: Duration,
    pipeline: usize,
    line_limit: usize,
    reply_limit: usize,
    event_capacity: usize,
    requests: bool,
    request_limit: usize,
    dropped: DroppedRequest,
}

impl Builder {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            password: None,
            connect_timeout: Duration::from_secs(10),
            greeting_timeout: Duration::from_secs(10),
            command_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            pipeline: 1,
            line_limit: DEFAULT_LINE_LIMIT,
            reply_limit: 256 * 1024 * 1024,
            event_capacity: 1024,
            requests: true,
            request_limit: 4096,
            dropped: DroppedRequest::Warn,
        }
    }

    /// The password of the management socket (last argument of `--management`).
    ///
    /// It is sent once; a daemon that does not accept it gives
    /// [`Error::PasswordRejected`]. Default: none.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The time a connection may take to come about. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The time from connecting to the greeting, the password included. Default: 10 s.
    ///
    /// OpenVPN serves one management client at a time; a second one connects and
    /// then hears nothing until the first has left.
    pub fn greeting_timeout(mut self, timeout: Duration) -> Self {
        self.greeting_timeout = timeout;
        self
    }

    /// The time a call may take, waiting behind other commands included. Default: 30 s.
    ///
    /// Past it the caller gets [`Error::Timeout`]. The connection goes on, and a
    /// reply that still comes is thrown away.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = timeout;
        self
    }

    /// The time the daemon may take to close after `quit`. Default: 5 s.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// How many commands may be in flight at once, from 1. Default: 1.
    ///
    /// A Unix daemon answers pipelined commands in order and completely; a
    /// Windows daemon can lose replies. Commands whose reply may come late, not
    /// at all or more than once, and lines too long to share the daemon's input
    /// buffer, are never pipelined.
    pub fn pipeline(mut self, commands: usize) -> Self {
        self.pipeline = commands.max(1);
        self
    }

    /// The longest line accepted from the daemon, in bytes. Default: 1 MiB.
    ///
    /// A longer one ends the connection with [`CloseReason::LineTooLong`](crate::CloseReason::LineTooLong).
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.line_limit = bytes;
        self
    }

    /// The largest reply accepted, in bytes of memory. Default: 256 MiB.
    ///
    /// A larger one ends the connection with [`CloseReason::ReplyTooLarge`](crate::CloseReason::ReplyTooLarge).
    pub fn reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// How many events a subscriber may fall behind before it loses the oldest, from 1. Default: 1024.
    pub fn event_capacity(mut self, events: usize) -> Self {
        self.event_capacity = events.max(1);
        self
    }

    /// Whether what the daemon asks is collected in [`Requests`]. Default: `true`.
    ///
    /// For that the daemon is told `state on`, of which the user sees nothing;
    /// with `false` nothing is sent, and the session's `Requests` is at its end at once.
    pub fn requests(mut self, collect: bool) -> Self {
        self.requests = collect;
        self
    }

    /// How many clients may wait to be decided about, from 1. Default: 4096.
    ///
    /// Over it the oldest is denied, and [`Request::Overflow`](crate::Request::Overflow) tells so.
    pub fn request_limit(mut self, clients: usize) -> Self {
        self.request_limit = clients.max(1);
        self
    }

    /// What becomes of a client whose request is dropped without an answer. Default:
    /// [`DroppedRequest::Warn`]; a panic always denies.
    pub fn dropped_request(mut self, policy: DroppedRequest) -> Self {
        self.dropped = policy;
        self
    }

    /// Connects to a management interface and waits for its greeting.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::NoGreeting`], [`Error::NotOpenVpn`],
    /// [`Error::PasswordRequired`], [`Error::PasswordRejected`], or
    /// [`Error::Closed`] when the daemon hangs up.
    ///
    /// # Cancel safety
    /// Cancel safe: dropping the future closes the connection.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn connect(&self, endpoint: impl Into<Endpoint>) -> Result<Session> {
        let endpoint = endpoint.into();
        let connecting = tokio::time::timeout(self.connect_timeout, endpoint.connect());
        let stream = connecting.await.unwrap_or_else(|_| Err(endpoint.timed_out()));
        debug!(%endpoint, connected = stream.is_ok(), "connecting");
        match stream {
            #[cfg(unix)]
            Ok(Stream::Unix(stream)) => self.greet(stream).await,
            Ok(Stream::Tcp(stream)) => self.greet(stream).await,
            Err(error) => {
                let endpoint = endpoint.to_string();
                Err(Error::Connect { endpoint, reason: Arc::new(error) })
            }
        }
    }

    /// Waits for the greeting on a stream that is connected already.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), without [`Error::Connect`].
    ///
    /// # Cancel safety
    /// Cancel safe: dropping the future drops the stream.
    ///
    /// # Panics
    /// Outside a tokio runtime with time enabled.
    pub async fn attach<S>(&self, stream: S) -> Result<Session>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.greet(Foreign(Box::pin(stream))).await
    }

    async fn greet<S>(&self, mut stream: S) -> Result<Session>
    where
        S: Transport + Send + 'static,
    {
        // The first subscription exists before the first read, so it misses nothing.
        let (events, first) = broadcast::channel(self.event_capacity);
        let mut handshake = Handshake::new(self.line_limit, self.password.as_ref());
        let greeting = tokio::time::timeout(self.greeting_timeout, handshake.run(&mut stream));
        let management_version = match greeting.await {
            Ok(result) => result?,
            Err(_) => return Err(Error::NoGreeting { after: self.greeting_timeout }),
        };
        debug!(management_version, "connected");
        let shared = Shared::new(management_version, self.command_timeout, self.requests);
        let shared = Arc::new(shared);
        let desk = Arc::new(Desk::new(self.request_limit));
        let client = self.drive(stream, handshake, (events, shared), Arc::clone(&desk));
        let requests = Requests::new(client.clone(), desk, self.dropped);
        Ok(Session::new(client, Events::new(first), requests))
    }

    /// Starts the driver.
    fn drive<S>(
        &self,
        stream: S,
        handshake: Handshake<'_>,
        (events, shared): (broadcast::Sender<Event>, Arc<Shared>),
        desk: Arc<Desk>,
    ) -> Client
    where
        S: Transport + Send + 'static,
    {
        let (submit, submissions) = mpsc::channel(SUBMISSIONS);
        let (demuxer, early) = handshake.into_parts();
        let client = Client::new(submit, events.downgrade(), Arc::clone(&shared));
        let guard = CloseGuard(Arc::clone(&shared));
        if !self.requests {
            desk.leave();
        }
        let driver = Driver::new(Parts {
            stream,
            demuxer,
            submissions,
            outlet: Outlet { events, desk, shared, announced: None },
            pipeline: self.pipeline,
            reply_limit: self.reply_limit,
            close_timeout: self.close_timeout,
        });
        tokio::spawn(async move {
            let _guard = guard;
            driver.run(early).await;
        });
        client
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
