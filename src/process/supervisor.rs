//! [`Supervisor`]: a daemon that is started anew whenever it has ended.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use super::child::Child;
use super::conflict::Conflict;
use super::ended::Ended;
use super::error::{StartError, StopError};
use super::policy::{GaveUp, RestartPolicy, Restarts, Setback};
use super::settings::Process;
use super::start::Started;
use crate::client::{WeakClient, far};
use crate::error::{CloseReason, Error, Result};
use crate::requests::{RequestSource, SourceError, Sourced};
use crate::session::{Attached, SessionSource, requests_of};

type Running<T> = Mutex<Pin<Box<dyn Future<Output = T> + Send>>>;

/// One session after another with a daemon that is started anew whenever it has ended.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use openvpn_mgmt::process::{Process, RestartPolicy};
///
/// let mut daemon = Process::new("server.conf").supervise(RestartPolicy::new());
/// loop {
///     let mut attached = daemon.next().await?; // ends where the daemon does too often
///     println!("daemon {}; the one before: {:?}", attached.number, daemon.setback());
///     while let Some(item) = attached.session.next().await {
///         println!("{item:?}");
///     }
/// }
/// # }
/// ```
///
/// It is a [source of sessions](SessionSource) and of [requests](RequestSource), as a [`Link`](crate::Link) is. Nothing is done
/// but in [`next`](Self::next). When a session has ended, so has its daemon, or it is ended, before there is another. Dropped,
/// it ends its daemon as a [`Child`] does.
pub struct Supervisor {
    process: Process,
    restarts: Restarts,
    phase: Phase,
    number: u64,
    last_end: Option<CloseReason>,
    setback: Option<Setback>,
    overridden: Vec<Conflict>,
}

/// What it is about. The mutexes are never locked; they make it `Sync`.
enum Phase {
    Waiting(Option<Instant>),
    Starting(Running<Result<Started, StartError>>),
    /// There is a session, since then.
    Attached(Child, WeakClient, Instant),
    /// There was one that lived so long.
    Ending(Running<Result<Ended, StopError>>, Duration),
    Over(GaveUp),
}

impl Process {
    /// One daemon after another with these settings; nothing is started before [`Supervisor::next`].
    #[must_use]
    pub fn supervise(self, policy: RestartPolicy) -> Supervisor {
        Supervisor {
            process: self,
            restarts: Restarts::new(policy),
            phase: Phase::Waiting(None),
            number: 0,
            last_end: None,
            setback: None,
            overridden: Vec::new(),
        }
    }
}

impl Supervisor {
    /// The session with the next daemon: waits until the last one has ended, and then for as long as the
    /// [policy](RestartPolicy) says.
    ///
    /// # Errors
    /// [`GaveUp`], where trying again is of no use, or was tried too often. Then every later call gives the same.
    ///
    /// # Cancel safety
    /// Cancel safe: the next call goes on where this one was.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn next(&mut self) -> Result<Attached, GaveUp> {
        loop {
            match &mut self.phase {
                Phase::Over(gave_up) => return Err(gave_up.clone()),
                Phase::Waiting(due) => {
                    if let Some(due) = *due {
                        sleep_until(due).await;
                    }
                    let process = self.process.clone();
                    let starting = async move { process.start().await };
                    self.phase = Phase::Starting(Mutex::new(Box::pin(starting)));
                }
                Phase::Starting(starting) => match current(starting).await {
                    Ok(started) => return Ok(self.give(started)),
                    Err(error) => self.failed(error),
                },
                Phase::Attached(_, session, since) => {
                    let (reason, lived) = (session.closed().await, since.elapsed());
                    self.detached(reason, lived);
                }
                Phase::Ending(ending, lived) => {
                    let (lived, ended) = (*lived, current(ending).await);
                    self.ended(ended, lived);
                }
            }
        }
    }

    /// What went wrong last: how the last daemon ended, or why there was none.
    #[must_use]
    pub fn setback(&self) -> Option<&Setback> {
        self.setback.as_ref()
    }

    /// Directives of its configuration that are not in force, as it is managed from here; those of the last daemon.
    #[must_use]
    pub fn overridden(&self) -> &[Conflict] {
        &self.overridden
    }

    /// The daemon, while there is a session with it.
    #[must_use]
    pub fn child(&self) -> Option<&Child> {
        match &self.phase {
            Phase::Attached(child, ..) => Some(child),
            _ => None,
        }
    }

    /// Ends the daemon in good order, where there is one, as [`Child::stop`] does.
    ///
    /// # Errors
    /// Those of [`Child::stop`].
    ///
    /// # Cancel safety
    /// Dropping the future ends the daemon as dropping this does.
    ///
    /// # Panics
    /// Outside a tokio runtime with time enabled.
    pub async fn stop(self) -> Result<Option<Ended>, StopError> {
        match self.phase {
            Phase::Attached(child, ..) => child.stop().await.map(Some),
            Phase::Ending(mut ending, _) => current(&mut ending).await.map(Some),
            // A start that is under way is dropped.
            Phase::Waiting(_) | Phase::Starting(_) | Phase::Over(_) => Ok(None),
        }
    }

    fn give(&mut self, Started { session, child, overridden }: Started) -> Attached {
        self.number += 1;
        self.overridden = overridden;
        self.phase = Phase::Attached(child, session.client().downgrade(), Instant::now());
        Attached::new(session, self.number, self.last_end.take())
    }

    /// The session has ended, and the daemon does, by itself or by being told.
    fn detached(&mut self, reason: CloseReason, lived: Duration) {
        let before = std::mem::replace(&mut self.phase, Phase::Waiting(None));
        let Phase::Attached(mut child, ..) = before else { return };
        info!(pid = child.pid(), %reason, "the session with a daemon has ended");
        self.last_end = Some(reason);
        let grace = self.process.grace_period();
        let ending = async move {
            match timeout(grace, child.wait()).await {
                Ok(ended) => Ok(ended),
                Err(_) => child.stop().await,
            }
        };
        self.phase = Phase::Ending(Mutex::new(Box::pin(ending)), lived);
    }

    fn ended(&mut self, ended: Result<Ended, StopError>, lived: Duration) {
        match ended {
            Ok(ended) => self.set_back(Setback::Ended(ended), Some(lived)),
            Err(error) => self.phase = Phase::Over(GaveUp::Unstoppable(error)),
        }
    }

    fn failed(&mut self, error: StartError) {
        if error.is_permanent() {
            self.phase = Phase::Over(GaveUp::Permanent(error));
        } else {
            self.set_back(Setback::NotStarted(error), None);
        }
    }

    fn set_back(&mut self, setback: Setback, lived: Option<Duration>) {
        warn!(%setback, "a daemon is started anew");
        self.phase = match self.restarts.pause(&setback, lived) {
            Ok(pause) => Phase::Waiting(Some(far(Instant::now(), pause))),
            Err(gave_up) => Phase::Over(gave_up),
        };
        self.setback = Some(setback);
    }

    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }
}

/// What is under way; a call that is dropped does not begin it anew.
async fn current<T>(running: &mut Running<T>) -> T {
    running.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).as_mut().await
}

/// Its sessions; that it gave up is told once.
impl SessionSource for Supervisor {
    async fn next_session(&mut self) -> Option<Result<Attached>> {
        if self.is_over() {
            return None;
        }
        Some(self.next().await.map_err(Error::from))
    }
}

/// Its sessions' requests, named after the configuration; their events are dropped. That it gave up is told once.
impl RequestSource for Supervisor {
    async fn next_connection(&mut self) -> Option<Result<Sourced, SourceError>> {
        let next = self.next_session().await?;
        Some(requests_of(next, self.process.name()))
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor")
            .field("process", &self.process)
            .field("number", &self.number)
            .field("child", &self.child())
            .finish_non_exhaustive()
    }
}
