//! [`Pauses`]: how long a link waits before it tries again.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

/// How long a [`Link`](super::Link) waits before it tries again: longer each time, with jitter, so that programs which
/// lost one daemon do not all come back at once.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Backoff {
    least: Duration,
    most: Duration,
    lived: Duration,
}

impl Backoff {
    /// From `least`, at least 1 ms, twice as long each time, up to `most`; with up to as much again as jitter.
    ///
    /// Default: from 200 ms to 30 s. A daemon that restarts is back in less than a second; one that is down is asked for
    /// twice a minute.
    pub fn new(least: Duration, most: Duration) -> Self {
        // Without any pause a link would take all of the processor where nobody listens.
        let least = least.max(Duration::from_millis(1));
        Self { least, most: most.max(least), lived: Duration::from_secs(10) }
    }

    /// Sets how long a session must live to begin it anew. Default: 10 s: a daemon that drops each session at once is not
    /// asked ever faster.
    pub fn reset_after(mut self, lived: Duration) -> Self {
        self.lived = lived;
        self
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(200), Duration::from_secs(30))
    }
}

/// The pauses of one link, or of whatever else is tried again.
pub(crate) struct Pauses {
    backoff: Backoff,
    left: ExponentialBackoff,
}

impl Pauses {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self { backoff, left: begin(backoff) }
    }

    /// A session has ended that lived so long; how long to wait.
    pub(crate) fn after_session(&mut self, lived: Duration) -> Duration {
        if lived < self.backoff.lived {
            return self.next();
        }
        self.left = begin(self.backoff);
        Duration::ZERO
    }

    /// An attempt has failed; how long to wait.
    pub(crate) fn next(&mut self) -> Duration {
        self.left.next().unwrap_or(self.backoff.most)
    }
}

fn begin(Backoff { least, most, .. }: Backoff) -> ExponentialBackoff {
    let pauses = ExponentialBuilder::new().with_min_delay(least).with_max_delay(most);
    pauses.without_max_times().with_jitter().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_grow_and_begin_anew_behind_a_session_that_lived() {
        let mut pauses = Pauses::new(Backoff::new(SECOND, 8 * SECOND).reset_after(60 * SECOND));
        for least in [1, 2, 4, 8, 8, 8] {
            let pause = pauses.next();
            assert!((least * SECOND..=2 * least * SECOND).contains(&pause), "{pause:?} {least}");
        }
        let pause = pauses.after_session(SECOND);
        assert!(pause >= 8 * SECOND, "{pause:?}");
        assert_eq!(pauses.after_session(60 * SECOND), Duration::ZERO);
        assert!(pauses.next() < 2 * SECOND + SECOND / 10);
    }

    #[test]
    fn the_most_is_never_less_than_the_least() {
        let mut pauses = Pauses::new(Backoff::new(SECOND, Duration::ZERO));
        assert!((0..5).map(|_| pauses.next()).all(|pause| (SECOND..=2 * SECOND).contains(&pause)));
    }
}
