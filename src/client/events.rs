//! [`Events`]: a subscription to everything the daemon says unasked.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::client::broadcast::{Batch, Broadcast, Found, Published};
use crate::client::identity::{Peer, PeerIdentities};
use crate::error::Error;
use crate::events::Event;

/// A subscription to the events of a connection, in the order they came.
///
/// The one that a [`Session`](crate::Session) starts with misses nothing: it
/// exists before the first byte is read. A subscriber that falls behind by more
/// than the [event capacity](crate::Builder::event_capacity), or by more memory than
/// [may be held](crate::Builder::event_memory), loses the oldest
/// events and is told how many ([`Lagged`]); it never holds up the connection.
///
/// What came at once is shared by all subscribers in one piece, which a subscriber holds until it has read
/// the last event of it. An event shares memory with those that came with it; a field to be kept longer is
/// [detached](crate::Text::detach).
///
/// Ends (`None`) when the connection has, after the last event;
/// [`Client::closed`](crate::Client::closed) tells why. Also a
/// [`Stream`], for those who use combinators.
pub struct Events {
    broadcast: Arc<Broadcast>,
    id: usize,
    /// What was taken and not given out.
    rest: Rest,
    /// How many were lost before that, still to be told.
    lost: Option<u64>,
    /// The number of the event that comes next, counted from the start of the connection.
    number: u64,
    /// What tells this connection from others; `None` where it has no identities of clients.
    connection: Option<u64>,
    /// The client that the last event was about.
    peer: Option<Peer>,
    /// How often the daemon had restarted when the last event came.
    epoch: u64,
}

/// What a subscription gives next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Event,
    /// Some were lost.
    Lag,
    End,
}

/// The rest of a batch, which is not empty.
enum Rest {
    None,
    /// Nobody else reads it.
    Own(std::vec::IntoIter<Published>),
    Shared(Arc<Batch>, usize),
}

/// The subscriber fell behind, and this many events are lost to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this subscriber fell behind and lost {0} events")]
pub struct Lagged(
    /// How many events were lost.
    pub u64,
);

impl From<Lagged> for Error {
    fn from(Lagged(events): Lagged) -> Self {
        Self::Lagged { events }
    }
}

impl Events {
    pub(super) fn new(broadcast: &Arc<Broadcast>, connection: Option<u64>) -> Self {
        let (id, number) = broadcast.subscribe();
        let (broadcast, rest) = (Arc::clone(broadcast), Rest::None);
        Self { broadcast, id, rest, lost: None, number, connection, peer: None, epoch: 0 }
    }

    /// The identity of the client that the last event of this subscription was about, as it was
    /// when the event came: of a [`ClientEvent`](crate::events::ClientEvent) or a
    /// [`ByteCountClient`](crate::events::ByteCountClient). `None` for other events, and on a
    /// connection without [requests](crate::Builder::requests).
    #[must_use]
    pub fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// How often the daemon had restarted, as far as it was seen, when the last event of this subscription came.
    ///
    /// Client IDs of different epochs name different clients. Restarts are seen where states are on, as they
    /// are on a connection with [requests](crate::Builder::requests).
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether every event was given that came before the reply these identities
    /// [came with](crate::Client::status_with_peers), of the same connection: then the next one came behind it.
    ///
    /// A reply is there at once, events are read in their turn. Whoever holds a `status` against events takes those up
    /// to its place first.
    #[must_use]
    pub fn has_passed(&self, peers: &PeerIdentities) -> bool {
        self.number >= peers.number()
    }

    /// Whether the event that was given last came behind the reply of these identities, or may have been lost behind it.
    pub(crate) fn is_behind(&self, peers: &PeerIdentities) -> bool {
        self.number > peers.number()
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
        std::future::poll_fn(|cx| self.poll_event(Some(cx))).await
    }

    /// An event that is already there; `None` when there is none now.
    ///
    /// # Errors
    /// [`Lagged`], as [`next`](Self::next).
    pub fn try_next(&mut self) -> Option<Result<Event, Lagged>> {
        match self.poll_event(None) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// The number of the event that [comes next](Self::poll_fill), or where its loss is to be told.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn poll_event(
        &mut self,
        cx: Option<&mut Context<'_>>,
    ) -> Poll<Option<Result<Event, Lagged>>> {
        Poll::Ready(match ready!(self.poll_fill(cx)) {
            Next::Event => self.rest.next().map(|published| Ok(self.give(published))),
            Next::Lag => self.lost.take().map(|lost| {
                self.number += lost;
                Err(Lagged(lost))
            }),
            Next::End => None,
        })
    }

    /// What comes next, which stays where it is.
    pub(crate) fn poll_fill(&mut self, cx: Option<&mut Context<'_>>) -> Poll<Next> {
        if self.lost.is_some() {
            return Poll::Ready(Next::Lag);
        }
        if !matches!(self.rest, Rest::None) {
            return Poll::Ready(Next::Event);
        }
        Poll::Ready(match ready!(self.poll_batch(cx)) {
            Found::Batch { batch, at, number } => {
                self.number = number;
                self.rest = Rest::new(batch, at);
                Next::Event
            }
            Found::Lag(lost) => {
                self.lost = Some(lost);
                Next::Lag
            }
            Found::End => Next::End,
        })
    }

    /// Takes the next batch, unless the task has had its turn.
    fn poll_batch(&mut self, cx: Option<&mut Context<'_>>) -> Poll<Found> {
        let Some(cx) = cx else { return self.broadcast.poll_take(self.id, None) };
        let budget = std::pin::pin!(tokio::task::consume_budget());
        ready!(budget.poll(cx));
        self.broadcast.poll_take(self.id, Some(cx))
    }

    fn give(&mut self, published: Published) -> Event {
        self.peer = self.connection.and_then(|connection| published.peer(connection));
        self.epoch = published.epoch;
        self.number += 1;
        published.event
    }
}

impl Rest {
    fn new(batch: Arc<Batch>, at: usize) -> Self {
        match Arc::try_unwrap(batch) {
            Ok(Batch { mut events, .. }) => {
                events.drain(..at);
                Self::Own(events.into_iter())
            }
            Err(batch) => Self::Shared(batch, at),
        }
    }

    /// The next event. The last one leaves nothing behind that would hold the batch.
    fn next(&mut self) -> Option<Published> {
        let (next, is_over) = match self {
            Self::None => return None,
            Self::Own(events) => (events.next(), events.as_slice().is_empty()),
            Self::Shared(batch, at) => {
                let next = batch.events.get(*at).cloned();
                *at += 1;
                (next, *at >= batch.events.len())
            }
        };
        if is_over {
            *self = Self::None;
        }
        next
    }
}

impl Stream for Events {
    type Item = Result<Event, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(Some(cx))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.broadcast.unsubscribe(self.id);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_passes_through_the_question_mark() {
        fn read() -> crate::error::Result<()> {
            Err(Lagged(3))?
        }
        assert_eq!(read().unwrap_err().to_string(), Lagged(3).to_string());
    }
}
