//! [`ReplyTimer`]: notices that the daemon has been silent for too long.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::far;

/// Runs while a reply is awaited. It is set once in a while, not for every command.
pub(super) struct ReplyTimer {
    after: Duration,
    /// When the daemon was last heard or asked.
    progress: Instant,
    /// The same, without lines that are nobody's.
    sure: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// How many times over lines that are nobody's put off the end.
const PATIENCE: u32 = 10;

impl ReplyTimer {
    /// A timer that runs out `after` a silence.
    pub(super) fn new(after: Duration) -> Self {
        let now = Instant::now();
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
        if now.duration_since(self.sure) < self.after.saturating_mul(PATIENCE) {
            self.progress = now;
        }
    }

    /// Something goes out that has a reply, and nothing else is awaited.
    pub(super) fn begin(&mut self) {
        self.heard();
        if self.sleep.is_none() {
            self.sleep = Some(Box::pin(tokio::time::sleep_until(self.deadline())));
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
        let deadline = self.deadline();
        if awaited && deadline > Instant::now() {
            if let Some(sleep) = &mut self.sleep {
                sleep.as_mut().reset(deadline);
            }
            return false;
        }
        self.sleep = None;
        awaited
    }

    fn deadline(&self) -> Instant {
        far(self.progress, self.after)
    }
}
