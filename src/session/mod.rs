//! Sessions: a connection that has been greeted, and how one comes about.

mod builder;
mod endpoint;
mod handshake;
mod item;
mod link;
mod listener;
mod source;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::{Client, Events};
use crate::error::Result;
use crate::requests::Requests;

pub use builder::Builder;
pub use endpoint::Endpoint;
pub use item::Item;
#[cfg(all(feature = "process", unix))]
pub(crate) use link::Pauses;
pub use link::{
    Attached, Backoff, FoundOrphan, Link, LinkClient, LinkStatus, LinkWatch, Missed, Orphan,
    OrphanPolicy, Picture, ResumedClient, Trouble, WhileAway,
};
pub(crate) use link::{AttachedParts, Current, Looking, found_orphans};
pub use listener::{AcceptError, Dialer, Listener, ListenerBuilder};
pub(crate) use source::requests_of;
pub use source::{IntoSessionSource, OneSession, SessionSource};

/// A connection that has been greeted.
///
/// [`next`](Self::next) gives what the daemon says and asks in one order; [`split`](Self::split) gives two streams for
/// two tasks. The daemon's first events (the greeting, and a prompt that follows it at
/// once) are waiting in its [`Events`] and [`Requests`].
#[derive(Debug)]
pub struct Session {
    client: Client,
    events: Events,
    requests: Requests,
    /// How often the daemon had restarted when the last item came.
    epoch: u64,
    dialer: Option<Dialer>,
}

impl Session {
    pub(crate) fn new(client: Client, events: Events, requests: Requests) -> Self {
        Self { client, events, requests, epoch: 0, dialer: None }
    }

    /// The handle for commands, the subscription that has missed nothing, and what the daemon asks.
    ///
    /// Dropping `events` or `requests` opts out of it; nothing then piles up.
    #[must_use]
    pub fn split(self) -> (Client, Events, Requests) {
        (self.client, self.events, self.requests)
    }

    fn dialed_by(self, dialer: Dialer) -> Self {
        Self { dialer: Some(dialer), ..self }
    }

    /// Who dialed in, where that is how it came about: by a [`Listener`].
    #[must_use]
    pub fn dialer(&self) -> Option<&Dialer> {
        self.dialer.as_ref()
    }

    /// The handle for commands.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the daemon asks.
    #[must_use]
    pub fn requests_mut(&mut self) -> &mut Requests {
        &mut self.requests
    }

    /// The subscription that has missed nothing.
    #[must_use]
    pub fn events_mut(&mut self) -> &mut Events {
        &mut self.events
    }
}

/// Connects to a management interface (a unix socket's path, or `host:port`) with the default settings.
///
/// ```no_run
/// # async fn example() -> openvpn_mgmt::Result<()> {
/// let (client, _, _) = openvpn_mgmt::connect("/run/openvpn/client.sock").await?.split();
/// client.hold_release().await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`Builder::connect`].
///
/// # Cancel safety
/// Cancel safe: dropping the future closes the connection.
///
/// # Panics
/// Outside a tokio runtime with I/O and time enabled.
pub async fn connect(endpoint: impl Into<Endpoint>) -> Result<Session> {
    Builder::new().connect(endpoint).await
}

/// Greets on a stream that is connected already, with the default settings.
///
/// # Errors
/// As [`Builder::attach`].
///
/// # Cancel safety
/// Cancel safe: dropping the future drops the stream.
///
/// # Panics
/// Outside a tokio runtime with time enabled.
pub async fn attach<S>(stream: S) -> Result<Session>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    Builder::new().attach(stream).await
}

#[cfg(test)]
mod tests;
