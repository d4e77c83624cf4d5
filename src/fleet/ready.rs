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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    struct One(u32, AtomicBool);

    impl Queued for One {
        fn is_queued(&self) -> &AtomicBool {
            &self.1
        }
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn pop(ready: &Ready<One>, woken: &Arc<Woken>) -> Option<u32> {
        let waker = Waker::from(Arc::clone(woken));
        match ready.poll_pop(&mut Context::from_waker(&waker)) {
            Poll::Ready(one) => Some(one.0),
            Poll::Pending => None,
        }
    }

    #[test]
    fn each_stands_in_it_once_and_in_turn() {
        let (ready, woken) = (Ready::new(), Arc::default());
        let ones: Vec<_> = (0..3).map(|n| Arc::new(One(n, AtomicBool::new(false)))).collect();
        for _ in 0..2 {
            for one in &ones {
                ready.push(one);
            }
        }
        assert_eq!(pop(&ready, &woken), Some(0));
        ready.push(&ones[0]);
        let rest: Vec<_> = std::iter::from_fn(|| pop(&ready, &woken)).collect();
        assert_eq!(rest, [1, 2, 0]);
    }

    #[test]
    fn who_waits_is_woken_once_by_the_first() {
        let (ready, woken) = (Ready::new(), Arc::<Woken>::default());
        let one = Arc::new(One(7, AtomicBool::new(false)));
        assert_eq!(pop(&ready, &woken), None);
        ready.push(&one);
        ready.push(&one);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert_eq!(pop(&ready, &woken), Some(7));
    }

    #[test]
    fn a_closed_one_holds_nobody() {
        let (ready, woken) = (Ready::new(), Arc::<Woken>::default());
        let ones = [0, 1].map(|n| Arc::new(One(n, AtomicBool::new(false))));
        ready.push(&ones[0]);
        ready.close();
        ready.push(&ones[1]);
        assert_eq!(pop(&ready, &woken), None);
        assert!(ones.iter().all(|one| Arc::strong_count(one) == 1));
    }
}
