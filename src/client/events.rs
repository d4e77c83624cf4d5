//! [`Events`]: a subscription to everything the daemon says unasked.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};

use crate::client::dispatcher::Published;
use crate::client::identity::Peer;
use crate::events::Event;

/// A subscription to the events of a connection, in the order they came.
///
/// The one that a [`Session`](crate::Session) starts with misses nothing: it
/// exists before the first byte is read. A subscriber that falls behind by more
/// than the [event capacity](crate::Builder::event_capacity) loses the oldest
/// events and is told how many ([`Lagged`]); it never holds up the connection.
///
/// Ends (`None`) when the connection has, after the last event;
/// [`Client::closed`](crate::Client::closed) tells why. Also a
/// [`Stream`], for those who use combinators.
pub struct Events {
    receiver: Option<Receiver<Published>>,
    /// The client that the last event was about.
    peer: Option<Peer>,
    /// The stream's wait, while there is one; it holds the receiver meanwhile.
    waiting: Option<Waiting>,
}

type Received = (Result<Published, RecvError>, Receiver<Published>);
type Waiting = Pin<Box<dyn Future<Output = Received> + Send + Sync>>;

/// The subscriber fell behind, and this many events are lost to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this subscriber fell behind and lost {0} events")]
pub struct Lagged(
    /// How many events were lost.
    pub u64,
);

impl Events {
    pub(super) fn new(receiver: Receiver<Published>) -> Self {
        Self { receiver: Some(receiver), peer: None, waiting: None }
    }

    /// The identity of the client that the last event of this subscription was about, as it was
    /// when the event came: of a [`ClientEvent`](crate::events::ClientEvent) or a
    /// [`ByteCountClient`](crate::events::ByteCountClient). `None` for other events, and on a
    /// connection without [requests](crate::Builder::requests).
    #[must_use]
    pub fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// The next event, `Err` where some were lost, or `None` at the end of the connection.
    ///
    /// # Errors
    /// [`Lagged`] when this subscriber fell behind; the next call goes on with
    /// the oldest event that is left.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Event, Lagged>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// An event that is already there; `None` when there is none now.
    ///
    /// # Errors
    /// [`Lagged`], as [`next`](Self::next).
    pub fn try_next(&mut self) -> Option<Result<Event, Lagged>> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(self).poll_next(&mut cx) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }
}

impl Events {
    fn take(&mut self, published: Published) -> Event {
        self.peer = published.peer;
        published.event
    }
}

impl Stream for Events {
    type Item = Result<Event, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(receiver) = &mut self.receiver {
            match receiver.try_recv() {
                Ok(published) => return Poll::Ready(Some(Ok(self.take(published)))),
                Err(TryRecvError::Lagged(lost)) => return Poll::Ready(Some(Err(Lagged(lost)))),
                Err(TryRecvError::Closed) => return Poll::Ready(None),
                Err(TryRecvError::Empty) => self.waiting = self.receiver.take().map(wait),
            }
        }
        let Some(waiting) = &mut self.waiting else {
            return Poll::Ready(None);
        };
        let (result, receiver) = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        self.receiver = Some(receiver);
        Poll::Ready(match result {
            Ok(published) => Some(Ok(self.take(published))),
            Err(RecvError::Lagged(lost)) => Some(Err(Lagged(lost))),
            Err(RecvError::Closed) => None,
        })
    }
}

/// `recv` borrows its receiver, so the future takes it along and gives it back.
fn wait(mut receiver: Receiver<Published>) -> Waiting {
    Box::pin(async move {
        let result = receiver.recv().await;
        (result, receiver)
    })
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}
