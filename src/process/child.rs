//! [`Child`]: a daemon of the program's own.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, timeout, timeout_at};

use super::ended::{Ended, EndedBy};
use super::error::StopError;
use super::keeper::Keeper;
use super::memory::Memory;
use super::output::LastWords;
use crate::client::{Client, WeakClient, far};
use crate::command;

/// How long output may come behind the end, of what the daemon has started.
const REST: Duration = Duration::from_secs(1);

/// A daemon that was [started](super::Process::start).
///
/// Dropped, also by a panic or with its runtime, it ends the daemon, and waits for nothing: the management connection is
/// closed, and a thread waits for the end, sends SIGTERM after half of the [grace](super::Process::grace), SIGKILL after all
/// of it, and takes the exit status. Where the program ends before, the daemon still ends by the connection that is closed
/// with it. A daemon that [listens](super::Process::listens_at) is not ended, and runs on.
pub struct Child {
    keeper: Arc<Keeper>,
    session: Option<WeakClient>,
    listens: bool,
    grace: Duration,
    /// Read again when it restarts.
    _configuration: Option<Memory>,
}

impl Child {
    pub(super) fn new(
        keeper: Arc<Keeper>,
        listens: bool,
        grace: Duration,
        configuration: Option<Memory>,
    ) -> Self {
        Self { keeper, session: None, listens, grace, _configuration: configuration }
    }

    /// It is asked to end over this session.
    pub(super) fn has_session(&mut self, client: &Client) {
        self.session = Some(client.downgrade());
    }

    pub(super) fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    /// The number of its process; of the command in [front](super::Process::prefix) of it, where that does not become the
    /// daemon.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.keeper.pid()
    }

    /// What it has written last, until now.
    #[must_use]
    pub fn last_words(&self) -> LastWords {
        self.keeper.output().last_words()
    }

    /// How it has ended; `None` while it runs.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        self.keeper.exit().map(|_| self.end(EndedBy::Itself))
    }

    /// Waits until it has ended by itself: a fatal error, the server's farewell, or as its session was closed.
    ///
    /// # Cancel safety
    /// Cancel safe.
    ///
    /// # Panics
    /// Outside a tokio runtime with time enabled.
    pub async fn wait(&mut self) -> Ended {
        self.over(EndedBy::Itself).await
    }

    /// Ends it in good order, and tells how it has ended.
    ///
    /// It is told `signal SIGTERM` over its session, says its farewells, undoes its routes and ends. Where it has not after
    /// half of the [grace](super::Process::grace), or there is no session, it gets SIGTERM; after all of it, SIGKILL, with what
    /// it has started in its process group.
    ///
    /// # Errors
    /// It was not permitted to send it SIGKILL, as to one that `sudo` has started.
    ///
    /// # Cancel safety
    /// Dropping the future ends the daemon as dropping this does.
    ///
    /// # Panics
    /// Outside a tokio runtime with time enabled.
    pub async fn stop(self) -> Result<Ended, StopError> {
        if let Some(ended) = self.ended() {
            return Ok(ended);
        }
        let (half, end) = (after(self.grace / 2), after(self.grace));
        if self.ask(half).await && self.ends_until(half).await {
            return Ok(self.over(EndedBy::Management).await);
        }
        let signalled = self.keeper.signal(Signal::TERM);
        if self.ends_until(end).await {
            return Ok(self.over(EndedBy::Sigterm).await);
        }
        self.keeper.kill().and(signalled).map_err(|reason| self.cannot(reason))?;
        if !self.ends_until(after(self.grace)).await {
            return Err(self.cannot(io::ErrorKind::TimedOut.into()));
        }
        Ok(self.over(EndedBy::Sigkill).await)
    }

    /// Asks it to end over its session, or knows that it does as that has ended; `false` where it was not asked.
    async fn ask(&self, until: Instant) -> bool {
        let Some(session) = &self.session else { return false };
        match session.upgrade() {
            // That it has closed is an answer, too, and so is that it says nothing: it may be about to.
            Some(client) => {
                let asking = client.signal(command::Signal::Sigterm);
                tokio::select! {
                    _ = timeout_at(until, asking) => {}
                    () = self.keeper.exited() => {}
                }
                true
            }
            None => !self.listens,
        }
    }

    async fn ends_until(&self, until: Instant) -> bool {
        timeout_at(until, self.keeper.exited()).await.is_ok()
    }

    fn cannot(&self, reason: io::Error) -> StopError {
        StopError { pid: self.pid(), reason: Arc::new(reason) }
    }

    async fn over(&self, by: EndedBy) -> Ended {
        self.keeper.exited().await;
        // What it has started may hold its output open for as long as it likes.
        let _ = timeout(REST, self.keeper.output().over()).await;
        self.end(by)
    }

    fn end(&self, by: EndedBy) -> Ended {
        let status = self.keeper.exit().and_then(|exit| exit.status);
        Ended { status, by, last_words: self.last_words() }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.keeper.exit().is_some() || (self.listens && self.session.is_some()) {
            return;
        }
        if let Some(session) = &self.session {
            session.begin_close();
        }
        Arc::clone(&self.keeper).end_in_background(self.session.is_some(), self.grace);
    }
}

fn after(time: Duration) -> Instant {
    far(Instant::now(), time)
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("pid", &self.pid())
            .field("exit", &self.keeper.exit())
            .finish_non_exhaustive()
    }
}
