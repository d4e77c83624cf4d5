//! [`RestartPolicy`]: when a daemon is started anew, and when no more.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ended::Ended;
use super::error::{StartError, StopError};
use crate::error::Error;
use crate::session::{Backoff, Pauses};

/// When a [`Supervisor`](super::Supervisor) starts a daemon anew, and when no more.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct RestartPolicy {
    backoff: Backoff,
    limit: Option<(usize, Duration)>,
}

impl RestartPolicy {
    /// Anew whenever it has ended, after [pauses](Self::backoff) that grow; no more when it has 5 times within a minute.
    pub fn new() -> Self {
        Self { backoff: Backoff::default(), limit: Some((5, Duration::from_secs(60))) }
    }

    /// How long to wait before it is started anew. Default: [`Backoff::default`]; after a daemon whose session lived for
    /// [long enough](Backoff::reset_after), not at all.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Gives up when the daemon has ended, or has not started, so many times within this time, from 1. Default: 5 times within
    /// 60 s.
    pub fn give_up_after(mut self, times: usize, within: Duration) -> Self {
        self.limit = Some((times.max(1), within));
        self
    }

    /// Never gives up, but for what is [permanent](StartError::is_permanent).
    pub fn never_give_up(mut self) -> Self {
        self.limit = None;
        self
    }
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a daemon is started anew.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Setback {
    /// It could not be started.
    NotStarted(StartError),
    /// It has ended.
    Ended(Ended),
}

impl fmt::Display for Setback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(error) => error.fmt(f),
            Self::Ended(ended) => ended.fmt(f),
        }
    }
}

/// Why a daemon is not started anew any more.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum GaveUp {
    /// It cannot be started, and trying again is of no use.
    #[error("{0}")]
    Permanent(StartError),

    /// It has ended, or could not be started, too often.
    #[error("{times} times within {within:?}, at last: {last}")]
    #[non_exhaustive]
    TooOften {
        /// So many times.
        times: usize,
        /// Within this time.
        within: Duration,
        /// What was last, with the daemon's last words.
        last: Box<Setback>,
    },

    /// The last one does not end.
    #[error("{0}")]
    Unstoppable(StopError),
}

impl From<GaveUp> for Error {
    fn from(error: GaveUp) -> Self {
        Self::Process { reason: Arc::new(error), permanent: true }
    }
}

impl From<StartError> for Error {
    fn from(error: StartError) -> Self {
        let permanent = error.is_permanent();
        Self::Process { reason: Arc::new(error), permanent }
    }
}

/// What has happened, held against a policy.
pub(super) struct Restarts {
    pauses: Pauses,
    limit: Option<(usize, Duration)>,
    /// When each of the last setbacks was.
    times: VecDeque<Instant>,
}

impl Restarts {
    pub(super) fn new(policy: RestartPolicy) -> Self {
        Self { pauses: Pauses::new(policy.backoff), limit: policy.limit, times: VecDeque::new() }
    }

    /// How long to wait behind a session that lived so long, or an attempt that came to none.
    pub(super) fn pause(
        &mut self,
        setback: &Setback,
        lived: Option<Duration>,
    ) -> Result<Duration, GaveUp> {
        if let Some((times, within)) = self.limit {
            self.times.push_back(Instant::now());
            self.times.retain(|time| time.elapsed() < within);
            if self.times.len() >= times {
                return Err(GaveUp::TooOften { times, within, last: Box::new(setback.clone()) });
            }
        }
        Ok(match lived {
            Some(lived) => self.pauses.after_session(lived),
            None => self.pauses.next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::LastWords;

    const SECOND: Duration = Duration::from_secs(1);

    fn silent() -> Setback {
        let last_words = LastWords::default();
        Setback::NotStarted(StartError::Silent { after: SECOND, last_words })
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_after_so_many_times_within_so_long() {
        let policy = RestartPolicy::new().give_up_after(3, 10 * SECOND);
        let mut restarts = Restarts::new(policy);
        for _ in 0..10 {
            restarts.pause(&silent(), None).unwrap();
            tokio::time::advance(6 * SECOND).await;
        }
        restarts.pause(&silent(), Some(SECOND)).unwrap();
        let gave_up = restarts.pause(&silent(), None).unwrap_err().to_string();
        assert!(
            gave_up.starts_with("3 times within 10s, at last: the daemon has not"),
            "{gave_up}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_begin_anew_behind_a_session_that_lived() {
        let backoff = Backoff::new(SECOND, 100 * SECOND).reset_after(60 * SECOND);
        let policy = RestartPolicy::new().backoff(backoff).never_give_up();
        let mut restarts = Restarts::new(policy);
        for least in [1, 2, 4, 8] {
            let pause = restarts.pause(&silent(), None).unwrap();
            assert!((least * SECOND..=2 * least * SECOND).contains(&pause), "{pause:?}");
        }
        assert_eq!(restarts.pause(&silent(), Some(60 * SECOND)).unwrap(), Duration::ZERO);
    }
}
