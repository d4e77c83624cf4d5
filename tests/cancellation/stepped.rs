//! Futures that are polled so many times, and dropped.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

/// A call that is made once, whose future any task may have.
pub(crate) type Call<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// So many polls find a daemon that answers at once; beyond that something waits for the clock.
const AT_ONCE: usize = 100;

/// No call takes more.
pub(crate) const MOST: usize = 2_000;

/// Polls a call so many times, all other tasks having a turn behind each, and drops it; gives what came of it.
pub(crate) async fn polled<T>(polls: usize, call: impl Future<Output = T> + Send) -> Option<T> {
    let mut call = pin!(call);
    for count in 0..polls {
        assert!(count < 10 * MOST, "it is not over");
        let poll = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        if let Poll::Ready(done) = poll {
            return Some(done);
        }
        // A paused clock stands still as long as a task is ready.
        if count < AT_ONCE { yield_now().await } else { sleep(Duration::from_millis(50)).await }
    }
    None
}

/// Checks what is left where a call is dropped after every count of polls: `check` makes a world of its own, drops the call
/// after so many, and tells whether that was over before.
pub(crate) async fn at_every_poll<F: Future<Output = bool>>(
    name: &str,
    check: impl Fn(usize) -> F,
) {
    for polls in 0..MOST {
        if check(polls).await {
            assert!(polls > 0, "{name} is over before it was polled");
            return;
        }
    }
    panic!("{name} is not over after {MOST} polls");
}

/// Waits until no task is left, a minute at most.
pub(crate) async fn no_task_is_left(what: &str) {
    let ended = async {
        while Handle::current().metrics().num_alive_tasks() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = timeout(Duration::from_secs(60), ended).await;
    assert!(in_time.is_ok(), "{what}: a task is left");
}
