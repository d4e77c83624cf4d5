//! [`FakeDaemon`]: a simulated daemon behind streams.

mod builder;
mod driver;
mod expectation;
mod listen;
mod shared;
mod transcript;
mod world;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::DuplexStream;

use self::expectation::Expectations;
use self::shared::{Core, Shared};
use crate::daemon::{Client, ClientError, Daemon, ServerAction};
use crate::personality::Personality;

/// A fake OpenVPN daemon, for the tests of a program that manages one.
///
/// It is configured by its methods that take `self`, until the first manager connects, and told what
/// happens by those that take `&self`. Its time is tokio's, so that paused tests work. When it is
/// dropped it ends, and its connections with it.
///
/// # Panics
/// Dropping it panics where something was [expected](Self::expect) and did not come, with what was
/// said, unless the thread panics already.
#[derive(Debug)]
pub struct FakeDaemon {
    shared: Arc<Shared>,
    expectations: Expectations,
    tasks: Vec<tokio::task::AbortHandle>,
    /// Sockets to remove.
    paths: Vec<PathBuf>,
}

/// A program under test did not do what was waited for.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{missing}:\n{said}")]
pub struct NotHeard {
    missing: String,
    said: String,
}

/// As `Display`: it is what a test shows that unwraps it.
impl fmt::Debug for NotHeard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How long a fake daemon waits for a program under test.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many bytes an in-memory connection holds, as a Unix socket of Linux does about.
const BUFFER: usize = 200 * 1024;

impl FakeDaemon {
    /// Connects a manager to it, in memory.
    ///
    /// As on a Unix socket, the second and the third manager wait until the one before has left, and
    /// the fourth is refused.
    ///
    /// # Errors
    /// `WouldBlock` where two wait already, `ConnectionRefused` where the daemon has ended.
    ///
    /// # Panics
    /// It is not called within a tokio runtime.
    pub fn connect(&self) -> io::Result<DuplexStream> {
        let (theirs, ours) = tokio::io::duplex(BUFFER);
        self.shared.offer(Box::new(ours))?;
        Ok(theirs)
    }

    /// Does something to the simulated daemon itself, and what follows from it.
    ///
    /// What it has to say goes to its manager afterwards, as ever. Within `act` this fake daemon cannot be asked for
    /// anything else: that waits for `act`.
    pub fn with<T>(&self, act: impl FnOnce(&mut Daemon) -> T) -> T {
        self.shared.with(act)
    }

    /// The release it behaves as.
    #[must_use]
    pub fn personality(&self) -> Personality {
        self.with(|daemon| daemon.personality())
    }

    /// A client connects to a server, and gives its CID.
    ///
    /// # Errors
    /// The daemon is no server, or serves nobody yet.
    pub fn connects(&self, client: Client) -> Result<u64, ClientError> {
        self.with(|daemon| daemon.client_connects(client))
    }

    /// A client of a server leaves.
    ///
    /// # Errors
    /// Nobody of this name is connected.
    pub fn leaves(&self, name: &str) -> Result<(), ClientError> {
        self.with(|daemon| daemon.client_leaves(name))
    }

    /// A client of a server begins anew from its port.
    ///
    /// # Errors
    /// Nobody of this name is connected.
    pub fn restarts(&self, name: &str) -> Result<(), ClientError> {
        self.with(|daemon| daemon.client_restarts(name))
    }

    /// The keys of a client of a server are renewed.
    ///
    /// # Errors
    /// Nobody of this name is connected.
    pub fn renegotiates(&self, name: &str) -> Result<(), ClientError> {
        self.with(|daemon| daemon.client_renegotiates(name))
    }

    /// The server of a client does something.
    ///
    /// # Errors
    /// It cannot now.
    pub fn server_does(&self, action: &ServerAction) -> Result<(), ClientError> {
        self.with(|daemon| daemon.server_does(action))
    }

    /// Waits for a command line that begins with this text, also one that has come already, for a
    /// minute at most.
    ///
    /// # Errors
    /// None comes; with what was said.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is taken.
    pub async fn hears(&self, command: &str) -> Result<String, NotHeard> {
        let missing = || format!("no command came that begins with {command:?}");
        self.wait(|core| core.command(command), missing).await
    }

    /// Waits until something holds of the simulated daemon, for a minute at most.
    ///
    /// For what a program under test brings about, e.g. `daemon.is_client_in("alice")`.
    ///
    /// # Errors
    /// It does not; with what was said.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is changed.
    pub async fn until(&self, holds: impl Fn(&Daemon) -> bool) -> Result<(), NotHeard> {
        let missing = || "what was waited for did not come".to_owned();
        self.wait(|core| holds(core.daemon()).then_some(()), missing).await
    }

    async fn wait<T>(
        &self,
        ready: impl Fn(&mut Core) -> Option<T>,
        missing: impl FnOnce() -> String,
    ) -> Result<T, NotHeard> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let more = self.shared.happened.notified();
            tokio::pin!(more);
            // From here on it tells, so that nothing comes between.
            more.as_mut().enable();
            if let Some(ready) = ready(&mut self.shared.lock()) {
                return Ok(ready);
            }
            if tokio::time::timeout_at(deadline, more).await.is_err() {
                return Err(NotHeard { missing: missing(), said: self.conversation() });
            }
        }
    }

    /// Moves the daemon's time on, beyond that of tokio.
    pub fn time_passes(&self, time: Duration) {
        self.shared.skip(time);
    }

    /// What was said so far: the last lines, for a message of a test that fails.
    #[must_use]
    pub fn conversation(&self) -> String {
        self.shared.conversation()
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::AbortHandle::abort);
        self.shared.abort();
        for path in &self.paths {
            std::fs::remove_file(path).ok();
        }
        if !std::thread::panicking() {
            self.expectations.check(&self.shared);
        }
    }
}

#[cfg(test)]
mod tests;
