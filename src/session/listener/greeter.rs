//! [`Greeter`]: accepts daemons and greets them, many at once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tracing::{debug, warn};

use super::builder::Admission;
use super::socket::SharedSocket;
use super::{AcceptError, Dialer};
use crate::error::{Error, Result};
use crate::session::endpoint::Stream;
use crate::session::{Builder, Endpoint, Session};

/// How long the system is left alone that could not accept.
const PAUSE: Duration = Duration::from_millis(100);

/// A daemon that has dialed in, or why it has no session.
pub(super) struct Arrival {
    pub(super) outcome: Result<Session, AcceptError>,
    /// Given back when it is taken.
    _place: OwnedSemaphorePermit,
}

/// The task that accepts; when this is dropped the socket is closed, and the task ends.
pub(super) struct Greeter {
    endpoint: Endpoint,
    socket: SharedSocket,
    task: JoinHandle<()>,
}

/// What the task works with.
pub(super) struct Greeting {
    pub(super) socket: SharedSocket,
    pub(super) endpoint: Endpoint,
    pub(super) sessions: Builder,
    pub(super) admission: Option<Admission>,
    /// How many daemons may be greeted or wait to be taken.
    pub(super) places: usize,
}

impl Greeter {
    pub(super) fn start(greeting: Greeting) -> (Self, mpsc::UnboundedReceiver<Arrival>) {
        let (endpoint, socket) = (greeting.endpoint.clone(), greeting.socket.clone());
        let (arrivals, receiver) = mpsc::unbounded_channel();
        let task = tokio::spawn(greeting.run(arrivals));
        (Self { endpoint, socket, task }, receiver)
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl Drop for Greeter {
    fn drop(&mut self) {
        self.socket.close();
        self.task.abort();
    }
}

impl Greeting {
    /// Accepts as long as anybody takes what arrives. Who finds no place waits in the system's queue.
    async fn run(self, arrivals: mpsc::UnboundedSender<Arrival>) {
        let places = Arc::new(Semaphore::new(self.places));
        let mut handshakes = JoinSet::new();
        loop {
            while handshakes.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Some(accepted) = self.socket.accept().await else { return };
            let is_pause_due = accepted.is_err();
            match self.admit(accepted) {
                Ok((stream, dialer)) => {
                    let (sessions, arrivals) = (self.sessions.clone(), arrivals.clone());
                    handshakes.spawn(async move {
                        let outcome = greet(&sessions, stream, dialer).await;
                        // Without a listener the session is dropped.
                        let _ = arrivals.send(Arrival { outcome, _place: place });
                    });
                }
                Err(error) => {
                    warn!(%error, "nobody was accepted");
                    let _ = arrivals.send(Arrival { outcome: Err(error), _place: place });
                }
            }
            if is_pause_due {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn admit(
        &self,
        accepted: io::Result<(Stream, Dialer)>,
    ) -> Result<(Stream, Dialer), AcceptError> {
        let (stream, dialer) = accepted.map_err(|error| {
            let (endpoint, reason) = (self.endpoint.to_string(), Arc::new(error));
            AcceptError { dialer: None, error: Error::Listen { endpoint, reason } }
        })?;
        if self.admission.as_ref().is_some_and(|admission| !admission.admits(&dialer)) {
            let error = Error::DialerRefused { dialer: dialer.to_string() };
            return Err(AcceptError { dialer: Some(Box::new(dialer)), error });
        }
        debug!(%dialer, "a daemon has dialed in");
        Ok((stream, dialer))
    }
}

async fn greet(sessions: &Builder, stream: Stream, dialer: Dialer) -> Result<Session, AcceptError> {
    match sessions.greet_dialer(stream, &dialer).await {
        Ok(session) => Ok(session.dialed_by(dialer)),
        Err(error) => Err(AcceptError { dialer: Some(Box::new(dialer)), error }),
    }
}
