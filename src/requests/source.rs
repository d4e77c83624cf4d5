//! [`RequestSource`]: connections that come and go, and what is asked on each.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Requests;
use crate::error::Error;

/// Which daemon something came from, and by which of its connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    name: Arc<str>,
    number: u64,
}

impl Origin {
    /// The connection with this number, from 1, to the daemon of this name.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, number: u64) -> Self {
        Self { name: name.into(), number }
    }

    /// The daemon's name: as it was [added](Sources::add), or else where it was connected to, or who dialed in.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which connection to it it is, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.number)
    }
}

/// What is asked on one connection of a [`RequestSource`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Sourced {
    /// Where it comes from.
    pub origin: Origin,
    /// What is asked, to the end of that connection. It has the [handle](Requests::client) for commands.
    pub requests: Requests,
}

impl Sourced {
    /// What is asked on this connection.
    #[must_use]
    pub fn new(origin: Origin, requests: Requests) -> Self {
        Self { origin, requests }
    }
}

/// Why there is no connection.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{name}: {error}")]
#[non_exhaustive]
pub struct SourceError {
    /// The daemon's name, as that of an [`Origin`].
    pub name: Arc<str>,
    /// Why.
    pub error: Error,
}

impl SourceError {
    /// There is no connection to the daemon of this name.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, error: Error) -> Self {
        Self { name: name.into(), error }
    }
}

/// Connections that come and go: a [`Link`](crate::Link), a [`Listener`](crate::Listener), or [many](Sources).
pub trait RequestSource: Send + 'static {
    /// The next connection; `None` where there will never be another. An error is told, and the next call goes on.
    ///
    /// Cancel safe: no connection is lost when the future is dropped.
    fn next_connection(
        &mut self,
    ) -> impl Future<Output = Option<Result<Sourced, SourceError>>> + Send;
}

/// Several sources as one; the first error of one delays no other.
///
/// ```no_run
/// use openvpn_mgmt::{Builder, Sources};
///
/// # fn example() {
/// let mut daemons = Sources::new();
/// daemons.add("udp", Builder::new().reconnect("/run/openvpn/udp.sock"));
/// daemons.add("tcp", Builder::new().reconnect("/run/openvpn/tcp.sock"));
/// # }
/// ```
pub struct Sources {
    arrivals: mpsc::Receiver<Result<Sourced, SourceError>>,
    arrive: mpsc::Sender<Result<Sourced, SourceError>>,
    /// One for each source; they end with this.
    tasks: JoinSet<()>,
}

impl Sources {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        // One waits in its own task until the one before it is taken.
        let (arrive, arrivals) = mpsc::channel(1);
        Self { arrivals, arrive, tasks: JoinSet::new() }
    }

    /// Adds a source, whose daemon has this name from now on; it is waited for at once.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn add(&mut self, name: impl Into<Arc<str>>, mut source: impl RequestSource) {
        let (name, arrive) = (name.into(), self.arrive.clone());
        self.tasks.spawn(async move {
            while let Some(arrival) = source.next_connection().await {
                let name = Arc::clone(&name);
                let named = match arrival {
                    Ok(Sourced { origin, requests }) => {
                        Ok(Sourced { origin: Origin { name, ..origin }, requests })
                    }
                    Err(error) => Err(SourceError { name, ..error }),
                };
                if arrive.send(named).await.is_err() {
                    return;
                }
            }
        });
    }
}

impl RequestSource for Sources {
    async fn next_connection(&mut self) -> Option<Result<Sourced, SourceError>> {
        loop {
            if self.tasks.is_empty() {
                return self.arrivals.try_recv().ok();
            }
            tokio::select! {
                biased;
                arrival = self.arrivals.recv() => return arrival,
                ended = self.tasks.join_next() => if let Some(Err(error)) = ended {
                    tracing::error!(%error, "a source of requests has failed");
                }
            }
        }
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("sources", &self.tasks.len()).finish_non_exhaustive()
    }
}
