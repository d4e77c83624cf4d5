//! [`Listener`]: daemons that dial in (`--management-client`).

mod builder;
mod dialer;
#[cfg(unix)]
mod file;
mod greeter;
mod socket;
mod source;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::session::{Endpoint, Session};
pub use builder::ListenerBuilder;
pub use dialer::Dialer;
use greeter::{Arrival, Greeter};

/// Sessions of daemons that dial in: OpenVPN with `--management ADDRESS … --management-client`.
///
/// Daemons are accepted and greeted by a task of its own, so that one which connects and says nothing holds up no
/// other, and nobody is lost between two calls of [`accept`](Self::accept), also where its future is dropped. It never
/// ends by itself. Also a [`Stream`], which ends with the runtime that the listener was made on.
///
/// ```no_run
/// # async fn example() -> openvpn_mgmt::Result<()> {
/// use openvpn_mgmt::Listener;
///
/// let mut listener = Listener::bind("/run/vpn/in.sock").await?;
/// loop {
///     match listener.accept().await {
///         Ok(session) => drop(tokio::spawn(async move {
///             session.client().hold_release().await
///         })),
///         Err(refused) => eprintln!("{refused}"),
///     }
/// }
/// # }
/// ```
///
/// # What OpenVPN does
/// - **Closing the session ends the daemon.** One that dialed takes the end of its management connection for SIGTERM, on
///   2.5, 2.6 and 2.7, in a hold too, and no option of it changes that. So a program that is to be restarted without its
///   VPN connects to the daemon, and does not have it dial in.
/// - A daemon dials once, at its start. Where nobody listens it ends at once, with status 0, so that a service manager takes
///   it for done: have the listener there first. While the queue of a unix socket is full it waits; over TCP it gives up
///   after 5 s.
/// - It keeps the connection when it restarts, by SIGUSR1 and by SIGHUP.
pub struct Listener {
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    /// Aborted when dropped, and with it the handshakes that it waits for.
    greeter: Greeter,
    /// How many were given as a source of requests.
    number: u64,
}

/// A daemon dialed in and there is no session, or the system accepts none; the listener goes on.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {error}", dialer.as_ref().map_or_else(|| "cannot accept".to_owned(), ToString::to_string))]
#[non_exhaustive]
pub struct AcceptError {
    /// Who it was, where somebody had connected.
    pub dialer: Option<Box<Dialer>>,
    /// Why.
    pub error: Error,
}

impl AcceptError {
    /// Of somebody who had connected, or of nobody.
    #[must_use]
    pub fn new(dialer: Option<Dialer>, error: Error) -> Self {
        Self { dialer: dialer.map(Box::new), error }
    }
}

impl From<AcceptError> for Error {
    fn from(error: AcceptError) -> Self {
        error.error
    }
}

impl Listener {
    /// Listens with the default settings, at a unix socket's path or at `host:port`.
    ///
    /// # Errors
    /// As [`ListenerBuilder::bind`].
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn bind(endpoint: impl Into<Endpoint>) -> Result<Self> {
        Self::builder().bind(endpoint).await
    }

    /// The settings of a listener.
    pub fn builder() -> ListenerBuilder {
        ListenerBuilder::new()
    }

    /// The session of the next daemon that has dialed in and said its greeting.
    ///
    /// # Errors
    /// [`AcceptError`]: a dialer was turned away, was none of OpenVPN's, or left; or the system has no more sockets, which
    /// is tried again after 100 ms. The listener goes on.
    ///
    /// # Cancel safety
    /// Cancel safe: no daemon is lost when the future is dropped.
    pub async fn accept(&mut self) -> Result<Session, AcceptError> {
        std::future::poll_fn(|cx| self.poll_accept(cx)).await.unwrap_or_else(|| {
            let error = Error::Closed(crate::error::CloseReason::DriverGone);
            Err(AcceptError { dialer: None, error })
        })
    }

    /// Where it listens: with the port that the system has chosen where that was 0.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        self.greeter.endpoint()
    }

    /// `None` where the task is gone, as its runtime has shut down.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Session, AcceptError>>> {
        self.arrivals.poll_recv(cx).map(|arrival| Some(arrival?.outcome))
    }
}

impl Stream for Listener {
    type Item = Result<Session, AcceptError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_accept(cx)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("endpoint", self.endpoint()).finish_non_exhaustive()
    }
}
