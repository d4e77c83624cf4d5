//! [`ReplyTimer`]: notices that the daemon has been silent for too long.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// Runs while a reply is awaited. It is set once in a while, not for every command.
pub(super) struct ReplyTimer {
    /// `None` where it never runs out.
    after: Option<Duration>,
    /// When the daemon was last heard or asked.
    progress: Instant,
    /// The same, without lines that are nobody's.
    sure: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// How many times over lines that are nobody's put off the end.
const PATIENCE: u32 = 10;

impl ReplyTimer {
    /// A timer that runs out `after` a silence, or never where no clock can hold that.
    pub(super) fn new(after: Duration) -> Self {
        let now = Instant::now();
        let after = now.checked_add(after).map(|_| after);
        Self { after, progress: now, sure: now, sleep: None }
    }

    /// A line of a reply came, or the daemon took some of what is written.
    pub(super) fn heard(&mut self) {
        self.progress = Instant::now();
        self.sure = self.progress;
    }

    /// A line came that is nobody's: the daemon lives, but that is not the reply.
    pub(super) fn heard_stray(&mut self) {
        let now = Instant::now();
        let limit = self.after.and_then(|after| after.checked_mul(PATIENCE));
        if limit.is_none_or(|limit| now.duration_since(self.sure) < limit) {
            self.progress = now;
        }
    }

    /// Something goes out that has a reply, and nothing else is awaited.
    pub(super) fn asked(&mut self) {
        self.heard();
        if self.sleep.is_none() {
            let deadline = self.after.and_then(|after| self.progress.checked_add(after));
            self.sleep = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.sleep.is_some()
    }

    /// Waits until the timer fires; [`is_over`](Self::is_over) then tells whether it ran out.
    ///
    /// Cancel safe.
    pub(super) async fn fired(&mut self) {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().await,
            None => std::future::pending().await,
        }
    }

    /// Whether there was no progress for the whole time. The timer goes on with the rest of it where
    /// there was, while something is `awaited`.
    pub(super) fn is_over(&mut self, awaited: bool) -> bool {
        let deadline = self.after.and_then(|after| self.progress.checked_add(after));
        match deadline.filter(|_| awaited) {
            Some(deadline) if deadline <= Instant::now() => {
                self.sleep = None;
                true
            }
            Some(deadline) => {
                if let Some(sleep) = &mut self.sleep {
                    sleep.as_mut().reset(deadline);
                }
                false
            }
            None => {
                self.sleep = None;
                false
            }
        }
    }
}
