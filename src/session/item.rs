//! [`Item`]: events and requests in one order.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::Session;
use crate::client::{Lagged, Next};
use crate::events::Event;
use crate::requests::Request;

/// What a daemon says or asks, in the order of the wire.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be in the way of patterns, and none is kept"
)]
pub enum Item {
    /// What it says.
    Event(Event),
    /// What it asks, behind the event that asks it.
    Request(Request),
}

impl Session {
    /// The next event or request, in the order in which the daemon sent them.
    ///
    /// A request comes right behind the event that asked it, and before the event that followed. One whose answer
    /// could not be sent comes again at once, and so does [`Request::Overflow`]. Where events were lost,
    /// [`Lagged`] stands in their place, and the requests they asked come all the same, before what follows.
    ///
    /// The two streams, after a [`split`](Session::split), are each in this order, and in none with the other:
    /// a request may be taken before the event that asked it is there.
    ///
    /// Ends (`None`) when the connection has, after the last event.
    ///
    /// ```no_run
    /// # async fn example(mut session: openvpn_mgmt::Session) -> openvpn_mgmt::Result<()> {
    /// use openvpn_mgmt::{Event, Item, Request};
    ///
    /// session.client().state_on().await?;
    /// while let Some(item) = session.next().await {
    ///     match item {
    ///         Ok(Item::Event(Event::State(state))) => println!("{state}"),
    ///         Ok(Item::Request(Request::Hold(hold))) => hold.release().await?,
    ///         Ok(_) => {}
    ///         Err(lagged) => eprintln!("{lagged}"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Lagged`] where this session fell behind, as for [`Events`](crate::Events).
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Item, Lagged>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// How often the daemon had restarted, as far as it was seen, when the last item came; see [`Events::epoch`](crate::Events::epoch).
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The request that comes before the event with this number; before none where there is no more.
    fn poll_request(&mut self, cx: &mut Context<'_>, number: Option<u64>) -> Option<Request> {
        match self.requests.poll_before(cx, number.unwrap_or(u64::MAX)) {
            Poll::Ready(request) => request,
            Poll::Pending => None,
        }
    }
}

impl Stream for Session {
    type Item = Result<Item, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // A request that comes again at once must not keep the connection from being read.
        ready!(std::pin::pin!(tokio::task::consume_budget()).poll(cx));
        let next = self.events.poll_fill(Some(cx));
        let is_over = matches!(next, Poll::Ready(Next::End));
        let number = self.events.number();
        if let Some(request) = self.poll_request(cx, (!is_over).then_some(number)) {
            self.epoch = request.epoch().unwrap_or(self.epoch);
            return Poll::Ready(Some(Ok(Item::Request(request))));
        }
        ready!(next);
        let event = ready!(self.events.poll_event(Some(cx)));
        self.epoch = self.epoch.max(self.events.epoch());
        Poll::Ready(event.map(|event| event.map(Item::Event)))
    }
}
