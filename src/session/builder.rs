//! [`Builder`]: the settings of a connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{Instrument as _, debug, info_span};

use super::Session;
use super::endpoint::{Endpoint, Stream, prepare_tcp};
use super::handshake::Handshake;
use super::listener::Dialer;
use crate::client::{self, BroadcastLimits, Foreign, Greeted, Limits, Settings, Transport};
use crate::demux::DEFAULT_LINE_LIMIT;
use crate::error::{CloseReason, Error, Result};
use crate::events::Assembler;
use crate::requests::{DroppedRequest, Requests};
use crate::types::Secret;

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
    pub(super) connect_timeout: Duration,
    greeting_timeout: Duration,
    line_limit: usize,
    tcp_keepalive: Option<Duration>,
    settings: Settings,
    dropped: DroppedRequest,
}

impl Builder {
    /// The greatest [event capacity](Self::event_capacity): 65,536.
    pub const MAX_EVENT_CAPACITY: usize = 65_536;

    /// The defaults.
    pub fn new() -> Self {
        Self {
            password: None,
            connect_timeout: Duration::from_secs(10),
            greeting_timeout: Duration::from_secs(10),
            line_limit: DEFAULT_LINE_LIMIT,
            tcp_keepalive: Some(Duration::from_secs(60)),
            dropped: DroppedRequest::Warn,
            settings: Settings {
                command_timeout: Duration::from_secs(30),
                reply_timeout: Duration::from_secs(60),
                close_timeout: Duration::from_secs(5),
                pipeline: 1,
                reply_limit: 256 * 1024 * 1024,
                broadcast: BroadcastLimits { events: 4096, bytes: 4 * 1024 * 1024 },
                env_limit: Assembler::DEFAULT_ENV_LIMIT,
                requests: true,
                limits: Limits { clients: 512, clients_per_address: usize::MAX },
            },
        }
    }

    /// Sets the password of the management socket (last argument of `--management`).
    ///
    /// It is sent once; a daemon that does not accept it gives
    /// [`Error::PasswordRejected`]. Default: none.
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the time a connection may take to come about. Default: 10 s, in which a TCP handshake succeeds also where three of
    /// its packets are lost.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the time from connecting to the greeting, the password included. Default: 10 s; a daemon that is free greets at
    /// once.
    ///
    /// OpenVPN serves one management client at a time; a second one connects and
    /// then hears nothing until the first has left.
    pub fn greeting_timeout(mut self, timeout: Duration) -> Self {
        self.greeting_timeout = timeout;
        self
    }

    /// Sets the time a call may take, waiting behind other commands included. Default: 30 s.
    ///
    /// Past it the caller gets [`Error::Timeout`]. The connection goes on, and a
    /// reply that still comes is thrown away. [`Client::with_timeout`](crate::Client::with_timeout) sets another time for some calls.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.settings.command_timeout = timeout;
        self
    }

    /// Sets the time the daemon may say nothing to a command it was sent, before the command is given up.
    /// From 100 ms; default: 60 s. `Duration::MAX` is for ever. Events do not count as something said.
    ///
    /// Then a fence is sent, a command whose reply nothing else has, and nothing more until that has
    /// come: it proves that the command has no reply, which costs its own call ([`Error::NoReply`]), and what
    /// came meanwhile is told as [`Event::Stray`](crate::Event::Stray). Where the fence has no reply in the same time
    /// either, the connection ends with [`CloseReason::Desynchronized`].
    ///
    /// A daemon that looks up a name answers nothing meanwhile. With three name servers that do not
    /// answer that is 30 s for each name, so less than that ends connections that only wait.
    pub fn reply_timeout(mut self, timeout: Duration) -> Self {
        self.settings.reply_timeout = timeout.max(Duration::from_millis(100));
        self
    }

    /// Sets the time from [`quit`](crate::Client::quit) to the end of the connection. Default: 5 s, as the end of a program
    /// should not wait for a daemon that hangs.
    ///
    /// It holds the replies that are waited for, and the daemon's own closing. What is not over then
    /// is cut off.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.settings.close_timeout = timeout;
        self
    }

    /// Sets how many commands may be in flight at once, from 1. Default: 1.
    ///
    /// A Unix daemon answers pipelined commands in order and completely; a
    /// Windows daemon can lose replies. Commands whose reply may come late, not
    /// at all or more than once, those whose lines are counted (`test`), those of [`raw_command`](crate::Client::raw_command),
    /// and lines too long to share the daemon's input buffer, are never pipelined. Where one reply is missing or in other words,
    /// every call in flight fails ([`Error::UnexpectedReply`], [`Error::NoReply`]), as no line is surely its own. A block
    /// whose first line is an odd one cannot be told from a good one, and takes the rows of a block behind it up to its `END`.
    pub fn pipeline(mut self, commands: usize) -> Self {
        self.settings.pipeline = commands.max(1);
        self
    }

    /// Sets the longest line accepted from the daemon, in bytes. Default: 1 MiB.
    ///
    /// A longer one ends the connection with [`CloseReason::LineTooLong`].
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.line_limit = bytes;
        self
    }

    /// Sets the largest reply accepted, in bytes of memory. Default: 256 MiB.
    ///
    /// A larger one ends the connection with [`CloseReason::ReplyTooLarge`].
    pub fn reply_limit(mut self, bytes: usize) -> Self {
        self.settings.reply_limit = bytes;
        self
    }

    /// Sets how many events a subscriber may fall behind before it loses the oldest, from 1 to
    /// [`MAX_EVENT_CAPACITY`](Self::MAX_EVENT_CAPACITY); more is taken for that. Default: 4096.
    ///
    /// Memory is taken as they come; see [`event_memory`](Self::event_memory).
    pub fn event_capacity(mut self, events: usize) -> Self {
        self.settings.broadcast.events = events.clamp(1, Self::MAX_EVENT_CAPACITY);
        self
    }

    /// Sets how many bytes of memory the events may hold that subscribers have not read, before those that are
    /// behind lose the oldest. What came last at once is kept in any case. Default: 4 MiB.
    ///
    /// Counted is what was received, with the lines that came together with them, and the events
    /// themselves. A subscriber that reads holds what it took last, and the events that the program keeps.
    pub fn event_memory(mut self, bytes: usize) -> Self {
        self.settings.broadcast.bytes = bytes;
        self
    }

    /// Sets how many bytes of memory an ENV block may hold while it comes; a larger one is an
    /// [`Event::Malformed`](crate::Event::Malformed). Default: 256 KiB, of which a daemon fills some 3.
    pub fn env_limit(mut self, bytes: usize) -> Self {
        self.settings.env_limit = bytes;
        self
    }

    /// Sets after how long without traffic a TCP connection is probed, so that a daemon whose machine is gone ends
    /// it as [`CloseReason::Io`]; `None` for never. Default: 60 s.
    ///
    /// From 1 to 32,767 s, less or more is taken for these; a fraction of a second is dropped. How many probes there are,
    /// and how far apart, is the system's setting. It is for the connections made by [`connect`](Self::connect)
    /// and those of a [`Listener`](crate::Listener), and not for streams that are given to [`attach`](Self::attach).
    pub fn tcp_keepalive(mut self, idle: impl Into<Option<Duration>>) -> Self {
        let range = Duration::from_secs(1)..=Duration::from_secs(32_767);
        self.tcp_keepalive = idle.into().map(|idle| idle.clamp(*range.start(), *range.end()));
        self
    }

    /// Sets whether what the daemon asks is collected in [`Requests`]. Default: `true`.
    ///
    /// For that the daemon is told `env-filter 0` and `state on`, of which the user sees nothing:
    /// a filter that some manager has set lets clients forge what the daemon says of them, and the
    /// states tell of restarts. A daemon that does not know `env-filter` is served, but the
    /// [environments](crate::events::Env::is_trusted) of its clients are not trusted. With `false` nothing is
    /// sent, the session's `Requests` is at its end at once, and there are no [`Peer`](crate::Peer)s.
    ///
    /// With `true`, passwords, tokens, responses and links to sign in with are in the requests alone, also where
    /// those are dropped: events tell only that there was one. With `false` events hold them, and do not show
    /// them in `Debug`.
    pub fn requests(mut self, collect: bool) -> Self {
        self.settings.requests = collect;
        self
    }

    /// Sets how many clients may wait to be decided about, from 1. Default: 512, half of what OpenVPN
    /// admits at all (`--max-clients`, 1024).
    ///
    /// Over it one is denied that nobody has taken from [`Requests`] yet: the newest of the address
    /// that has the most of those, before clients that renew their keys. Clients that somebody decides
    /// about, or that wait before a sign-in page, stay. [`Request::Overflow`](crate::Request::Overflow) tells so.
    pub fn request_limit(mut self, clients: usize) -> Self {
        self.settings.limits.clients = clients.max(1);
        self
    }

    /// Sets how many clients of one address may wait to be decided about, from 1, those that wait before a
    /// sign-in page included. Default: no limit of its own.
    ///
    /// An IPv6 address counts with its /64 network. Over it the newest is denied that is not in yet and
    /// that nobody has taken, and [`Request::Overflow`](crate::Request::Overflow) tells so. Many clients can
    /// share an address behind a router.
    pub fn request_limit_per_address(mut self, clients: usize) -> Self {
        self.settings.limits.clients_per_address = clients.max(1);
        self
    }

    /// Sets what becomes of a client whose request is dropped without an answer. Default:
    /// [`DroppedRequest::Warn`]; a panic always denies.
    pub fn dropped_request(mut self, policy: DroppedRequest) -> Self {
        self.dropped = policy;
        self
    }

    /// Connects to a management interface and waits for its greeting.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::NoGreeting`], [`Error::NotOpenVpn`],
    /// [`Error::PasswordRequired`], [`Error::PasswordRejected`], [`Error::StatesRefused`],
    /// [`Error::Timeout`] when it greets and then answers nothing, or [`Error::Closed`] when the
    /// daemon hangs up.
    ///
    /// # Cancel safety
    /// Cancel safe: dropping the future closes the connection.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn connect(&self, endpoint: impl Into<Endpoint>) -> Result<Session> {
        let endpoint = endpoint.into();
        let connecting =
            tokio::time::timeout(self.connect_timeout, endpoint.connect(self.tcp_keepalive));
        let stream = connecting.await.unwrap_or_else(|_| Err(endpoint.timed_out()));
        debug!(%endpoint, connected = stream.is_ok(), "connecting");
        match stream {
            Ok(stream) => self.greet_stream(stream, &endpoint).await,
            Err(error) => {
                let endpoint = endpoint.to_string();
                Err(Error::Connect { endpoint, reason: Arc::new(error) })
            }
        }
    }

    /// Waits for the greeting on a stream that is connected already.
    ///
    /// Before an answer goes out, all that has arrived is read, which may make it wrong. A tokio
    /// [`TcpStream`](tokio::net::TcpStream) or `UnixStream` is asked what has arrived; of other streams
    /// (TLS) only what a read gives is known, and the runtime may learn of it a moment later.
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
        self.greet(Foreign(Box::pin(stream)), &"a stream").await
    }

    async fn greet_stream(
        &self,
        stream: Stream,
        daemon: &(impl fmt::Display + Sync),
    ) -> Result<Session> {
        match stream {
            #[cfg(unix)]
            Stream::Unix(stream) => self.greet(stream, daemon).await,
            Stream::Tcp(stream) => self.greet(stream, daemon).await,
        }
    }

    /// As [`connect`](Self::connect) does with a stream that it has made.
    pub(super) async fn greet_dialer(&self, stream: Stream, dialer: &Dialer) -> Result<Session> {
        let prepared = match &stream {
            #[cfg(unix)]
            Stream::Unix(_) => Ok(()),
            Stream::Tcp(stream) => prepare_tcp(stream, self.tcp_keepalive),
        };
        prepared.map_err(|error| Error::Closed(CloseReason::Io(Arc::new(error))))?;
        self.greet_stream(stream, dialer).await
    }

    /// Its span is that of the driver, too.
    async fn greet<S>(&self, stream: S, daemon: &(impl fmt::Display + Sync)) -> Result<Session>
    where
        S: Transport + Send + 'static,
    {
        let span = info_span!("connection", %daemon);
        self.open(stream).instrument(span).await
    }

    async fn open<S>(&self, mut stream: S) -> Result<Session>
    where
        S: Transport + Send + 'static,
    {
        let mut handshake = Handshake::new(self.line_limit, self.password.as_ref());
        let greeting = tokio::time::timeout(self.greeting_timeout, handshake.run(&mut stream));
        let management_version = match greeting.await {
            Ok(result) => result?,
            Err(_) => return Err(handshake.timed_out(self.greeting_timeout)),
        };
        debug!(management_version, "connected");
        let (demuxer, early) = handshake.into_parts();
        let greeted = Greeted { stream, demuxer, early, management_version };
        let started = client::start(&self.settings, greeted);
        // Dropped on failure, which closes the connection.
        let requests = Requests::new(started.client.clone(), started.registry, self.dropped);
        let session = Session::new(started.client, started.events, requests);
        if self.settings.requests {
            started.set_up.wait(self.settings.command_timeout, session.client()).await?;
        }
        Ok(session)
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[path = "builder/tests.rs"]
mod tests;
