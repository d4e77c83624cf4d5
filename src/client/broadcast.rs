//! [`Broadcast`]: events on their way to every subscription, in batches.
//!
//! What one read brought is one batch: parsed once, shared by all subscriptions, behind one lock and one
//! wake-up. A subscription keeps its place by counting events, so that one which does not read holds nothing.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

use crate::client::identity::Peer;
use crate::events::Event;

/// An event as its subscribers get it, with what tells which client it was about when it came.
#[derive(Debug, Clone)]
pub(super) struct Published {
    pub(super) event: Event,
    /// How often the daemon had restarted.
    pub(super) epoch: u64,
    /// The CONNECT of the client it is about, where this connection saw it.
    pub(super) connect: Option<NonZeroU64>,
}

impl Published {
    /// The client it is about.
    pub(super) fn peer(&self, connection: u64) -> Option<Peer> {
        Peer::of_event(connection, self.epoch, &self.event, self.connect.map(NonZeroU64::get))
    }
}

/// What one read brought.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) events: Vec<Published>,
    /// How much memory it holds.
    pub(super) bytes: usize,
}

impl Batch {
    /// What one costs beside its events and their lines: its place, its owner, and that of the lines' memory.
    pub(super) const OVERHEAD: usize = 256;
}

/// The events that were not read by all, between the driver and the subscriptions.
pub(super) struct Broadcast {
    kept: Mutex<Kept>,
    /// How many subscriptions there are.
    subscriptions: AtomicUsize,
    /// Told when the last of them is dropped.
    deserted: Notify,
    limits: BroadcastLimits,
}

/// How much is kept for those that read slowly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BroadcastLimits {
    pub(crate) events: usize,
    /// Of memory, the newest batch not counted.
    pub(crate) bytes: usize,
}

#[derive(Default)]
struct Kept {
    /// The oldest first.
    batches: VecDeque<KeptBatch>,
    /// The number of the next event.
    end: u64,
    events: usize,
    bytes: usize,
    readers: Vec<Option<Reader>>,
    closed: bool,
}

struct KeptBatch {
    /// The number of its first event.
    first: u64,
    batch: Arc<Batch>,
    /// How many subscriptions have not taken it.
    unread: usize,
}

/// A subscription's place.
struct Reader {
    /// The number of the event it is to read next.
    next: u64,
    waker: Option<Waker>,
}

/// What a subscription finds at its place.
pub(super) enum Found {
    /// A batch, from its event `at` on, which has this number.
    Batch { batch: Arc<Batch>, at: usize, number: u64 },
    /// So many events were given up before it came.
    Lag(u64),
    /// The end of the connection.
    End,
}

impl Broadcast {
    pub(super) fn new(limits: BroadcastLimits) -> Self {
        let (kept, subscriptions, deserted) = Default::default();
        Self { kept, subscriptions, deserted, limits }
    }

    /// A new subscription, to what comes from now on: its ID, and the number of the event that it reads next.
    pub(super) fn subscribe(&self) -> (usize, u64) {
        let mut kept = self.lock();
        let next = kept.end;
        let reader = Some(Reader { next, waker: None });
        self.subscriptions.fetch_add(1, Ordering::Relaxed);
        let free = kept.readers.iter().position(Option::is_none);
        let id = free.unwrap_or(kept.readers.len());
        if free.is_none() {
            kept.readers.push(None);
        }
        if let Some(place) = kept.readers.get_mut(id) {
            *place = reader;
        }
        (id, next)
    }

    /// Ends a subscription; what only it had not read is dropped.
    pub(super) fn unsubscribe(&self, id: usize) {
        let mut kept = self.lock();
        let reader = kept.readers.get_mut(id).and_then(Option::take);
        if let Some(reader) = &reader {
            kept.leave(reader.next);
        }
        drop(kept);
        // What a waker drops may be anything, a subscription too.
        drop(reader);
        if self.subscriptions.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.deserted.notify_one();
        }
    }

    /// Waits until there is no subscription.
    pub(super) async fn deserted(&self) {
        while self.subscriptions.load(Ordering::Acquire) > 0 {
            self.deserted.notified().await;
        }
    }

    /// Hands a batch to every subscription there is. Gives whether half of what may be kept is unread, so that
    /// those who read should have their turn.
    pub(super) fn publish(&self, batch: Batch) -> bool {
        let mut kept = self.lock();
        kept.push(batch);
        kept.give_up(self.limits);
        let is_half_full =
            kept.events > self.limits.events / 2 || kept.bytes > self.limits.bytes / 2;
        let wakers = kept.take_wakers();
        drop(kept);
        wakers.into_iter().for_each(Waker::wake);
        is_half_full
    }

    /// No more events come.
    pub(super) fn close(&self) {
        let mut kept = self.lock();
        kept.closed = true;
        let wakers = kept.take_wakers();
        drop(kept);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// What there is for a subscription; where there is nothing, `cx` is woken when there is.
    pub(super) fn poll_take(&self, id: usize, cx: Option<&mut Context<'_>>) -> Poll<Found> {
        let mut kept = self.lock();
        let oldest = kept.oldest(self.limits);
        let (end, closed) = (kept.end, kept.closed);
        let Some(reader) = kept.readers.get_mut(id).and_then(Option::as_mut) else {
            return Poll::Ready(Found::End);
        };
        if reader.next >= end {
            if closed {
                return Poll::Ready(Found::End);
            }
            let old = cx.and_then(|cx| wake_by(&mut reader.waker, cx.waker()));
            drop(kept);
            drop(old);
            return Poll::Pending;
        }
        if reader.next < oldest {
            let lost = oldest - reader.next;
            reader.next = oldest;
            return Poll::Ready(Found::Lag(lost));
        }
        Poll::Ready(kept.take(id).unwrap_or(Found::End))
    }

    /// The state behind the lock is valid at every point, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, batch: Batch) {
        let (first, count) = (self.end, batch.events.len());
        self.end += count as u64;
        let unread = self.readers.iter().flatten().count();
        if unread == 0 || count == 0 {
            return;
        }
        self.events += count;
        self.bytes = self.bytes.saturating_add(batch.bytes);
        self.batches.push_back(KeptBatch { first, batch: Arc::new(batch), unread });
    }

    /// Gives up the oldest batches where more is kept than may be, but for the newest.
    fn give_up(&mut self, limits: BroadcastLimits) {
        while self.batches.len() > 1 {
            let oldest = self.batches.front().map_or(0, KeptBatch::len);
            let fits = self.events - oldest < limits.events && self.bytes <= limits.bytes;
            if fits {
                return;
            }
            self.pop();
        }
    }

    /// The number of the oldest event that is still to be had.
    fn oldest(&self, limits: BroadcastLimits) -> u64 {
        let kept = self.batches.front().map_or(self.end, |batch| batch.first);
        kept.max(self.end.saturating_sub(limits.events as u64))
    }

    /// What stands at a reader's place, which moves behind it.
    fn take(&mut self, id: usize) -> Option<Found> {
        let reader = self.readers.get_mut(id)?.as_mut()?;
        let number = reader.next;
        let place = self.batches.partition_point(|batch| batch.end() <= number);
        let found = self.batches.get_mut(place)?;
        reader.next = found.end();
        found.unread = found.unread.saturating_sub(1);
        let at = usize::try_from(number.saturating_sub(found.first)).ok()?;
        // The last one to read it gets it for its own.
        let is_last = place == 0 && found.unread == 0;
        let batch = if is_last { self.pop()? } else { Arc::clone(&found.batch) };
        Some(Found::Batch { batch, at, number })
    }

    /// A reader at `next` is gone, which all batches from there on still waited for.
    fn leave(&mut self, next: u64) {
        for batch in self.batches.iter_mut().filter(|batch| batch.end() > next) {
            batch.unread = batch.unread.saturating_sub(1);
        }
        // Whoever waits for a batch waits for those behind it, too.
        while self.batches.front().is_some_and(|batch| batch.unread == 0) {
            self.pop();
        }
    }

    fn pop(&mut self) -> Option<Arc<Batch>> {
        let KeptBatch { batch, .. } = self.batches.pop_front()?;
        self.events -= batch.events.len();
        self.bytes = self.bytes.saturating_sub(batch.bytes);
        if self.batches.is_empty() {
            // What slow readers have made it grow to.
            self.batches.shrink_to(4);
        }
        Some(batch)
    }

    fn take_wakers(&mut self) -> Vec<Waker> {
        self.readers.iter_mut().flatten().filter_map(|reader| reader.waker.take()).collect()
    }
}

/// Has this waker woken; gives the old one, to be dropped where no lock is held: it may drop anything.
fn wake_by(place: &mut Option<Waker>, waker: &Waker) -> Option<Waker> {
    if place.as_ref().is_some_and(|old| old.will_wake(waker)) {
        return None;
    }
    place.replace(waker.clone())
}

impl KeptBatch {
    fn len(&self) -> usize {
        self.batch.events.len()
    }

    fn end(&self) -> u64 {
        self.first + self.len() as u64
    }
}

#[cfg(test)]
#[path = "broadcast/tests.rs"]
mod tests;
