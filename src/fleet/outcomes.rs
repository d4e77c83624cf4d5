//! [`Outcomes`]: what comes of one command to many members.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use futures_core::Stream;

use super::member::Member;
use super::ready::{Queued, Ready};
use crate::command::Command;
use crate::error::Result;
use crate::session::WhileAway;

/// What comes of one command to many members, each by its name, as soon as it is there.
///
/// Nothing is sent before the first [`next`](Self::next), or `.await`, which waits for all and gives a map:
///
/// ```no_run
/// # async fn example(fleet: openvpn_mgmt::FleetClient) {
/// use openvpn_mgmt::command::{HoldRelease, LoadStats};
///
/// for (name, outcome) in fleet.all(&HoldRelease).await {
///     println!("{name}: {outcome:?}");
/// }
/// let mut loads = fleet.all(&LoadStats);
/// while let Some((name, load)) = loads.next().await {
///     println!("{name}: {load:?}"); // one that answers nothing comes last, and keeps no other
/// }
/// # }
/// ```
///
/// Each has the time of its own session's commands ([`Builder::command_timeout`](crate::Builder::command_timeout)), and a
/// member that is away under [`WhileAway::Wait`] as long as that takes. There is no bound on how many are
/// under way: whoever waits holds its place in memory, and nothing else.
///
/// # Cancel safety
/// [`next`](Self::next) loses nothing when it is dropped. When this is dropped, so is every command that was not
/// answered, each [as every command](crate::Client#cancel-safety).
#[must_use = "nothing is sent before it is waited for"]
pub struct Outcomes<'c, R> {
    /// The mutex is never locked; it makes this `Sync`.
    calls: Mutex<Vec<Option<Call<'c, R>>>>,
    left: usize,
    ready: Arc<Ready<Place>>,
}

type Call<'c, R> = Pin<Box<dyn Future<Output = (Arc<str>, Result<R>)> + Send + 'c>>;

/// Which of the calls it is.
struct Place {
    at: usize,
    is_queued: AtomicBool,
    ready: Arc<Ready<Place>>,
}

impl<'c, R: Send + 'c> Outcomes<'c, R> {
    pub(super) fn new<C: Command<Reply = R>>(
        members: impl IntoIterator<Item = Arc<Member>>,
        away: WhileAway,
        command: &'c C,
    ) -> Self {
        let ready = Arc::new(Ready::new());
        let calls = members.into_iter().enumerate().map(|(at, member)| {
            let is_queued = AtomicBool::new(false);
            ready.push(&Arc::new(Place { at, is_queued, ready: Arc::clone(&ready) }));
            let (name, client) = (Arc::clone(member.name()), member.client(away));
            Some(Box::pin(async move { (name, client.send(command).await) }) as Call<'c, R>)
        });
        let calls: Vec<_> = calls.collect();
        Self { left: calls.len(), calls: Mutex::new(calls), ready }
    }

    /// The next outcome, with the member's name; `None` once all have been given.
    ///
    /// # Cancel safety
    /// Cancel safe: no outcome is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<(Arc<str>, Result<R>)> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn poll_call(&mut self, place: Arc<Place>) -> Poll<(Arc<str>, Result<R>)> {
        let calls = self.calls.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = calls.get_mut(place.at) else { return Poll::Pending };
        // One that panics or is over is not kept.
        let Some(mut call) = entry.take() else { return Poll::Pending };
        let waker = Waker::from(place);
        let polled = call.as_mut().poll(&mut Context::from_waker(&waker));
        match &polled {
            Poll::Pending => *entry = Some(call),
            Poll::Ready(_) => self.left -= 1,
        }
        polled
    }
}

impl<'c, R: Send + 'c> Stream for Outcomes<'c, R> {
    type Item = (Arc<str>, Result<R>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while self.left > 0 {
            if !tokio::task::coop::has_budget_remaining() {
                // Calls that cannot go on in this turn would be asked again and again.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let place = ready!(self.ready.poll_pop(cx));
            if let Poll::Ready(outcome) = self.poll_call(place) {
                return Poll::Ready(Some(outcome));
            }
        }
        Poll::Ready(None)
    }
}

/// Waits for all.
impl<'c, R: Send + 'c> IntoFuture for Outcomes<'c, R> {
    type Output = BTreeMap<Arc<str>, Result<R>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut all = BTreeMap::new();
            while let Some((name, outcome)) = self.next().await {
                all.insert(name, outcome);
            }
            all
        })
    }
}

impl<R> Drop for Outcomes<'_, R> {
    fn drop(&mut self) {
        self.ready.close();
    }
}

impl<R> fmt::Debug for Outcomes<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcomes").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Queued for Place {
    fn is_queued(&self) -> &AtomicBool {
        &self.is_queued
    }
}

impl Wake for Place {
    fn wake(self: Arc<Self>) {
        self.ready.push(&self);
    }
}
