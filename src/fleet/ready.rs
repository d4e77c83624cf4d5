//! [`Ready`]: who has something to give, in turns.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Those that may have something to give, each once, in the order in which they came to it. What it costs does not grow
/// with how many there are.
pub(super) struct Ready<T>(Mutex<Waiting<T>>);

struct Waiting<T> {
    queue: VecDeque<Arc<T>>,
    waker: Option<Waker>,
    is_closed: bool,
}

/// What stands in a [`Ready`].
pub(super) trait Queued {
    /// Whether it does; changed under its lock alone.
    fn is_queued(&self) -> &AtomicBool;
}

impl<T: Queued> Ready<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Waiting { queue: VecDeque::new(), waker: None, is_closed: false }))
    }

    /// Puts it at the end, unless it is in already: when this returns it is before all that are put in later.
    pub(super) fn push(&self, one: &Arc<T>) {
        let mut waiting = self.lock();
        if waiting.is_closed || one.is_queued().swap(true, Ordering::Relaxed) {
            return;
        }
        waiting.queue.push_back(Arc::clone(one));
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the first; where there is none, `cx` is woken when there is. From here on it can be put in again.
    pub(super) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Arc<T>> {
        let mut waiting = self.lock();
        if let Some(one) = waiting.queue.pop_front() {
            one.is_queued().store(false, Ordering::Relaxed);
            return Poll::Ready(one);
        }
        let old = waiting.waker.replace(cx.waker().clone());
        drop(waiting);
        // It may drop anything, so where nothing is locked.
        drop(old);
        Poll::Pending
    }

    /// Lets go of all, and takes no more.
    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        waiting.is_closed = true;
        let left = (std::mem::take(&mut waiting.queue), waiting.waker.take());
        drop(waiting);
        drop(left);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
