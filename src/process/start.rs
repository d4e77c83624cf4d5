//! How a daemon is started, and comes to a session.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, warn};

use super::child::Child;
use super::conflict::Conflict;
use super::error::StartError;
use super::keeper::Keeper;
use super::leftover::Leftover;
use super::memory::Memory;
use super::scan::Scan;
use super::settings::{Configuration, Management, Process};
use super::socket::{PrivateSocket, connect, is_free, is_ours};
use crate::client::far;
use crate::error::Error;
use crate::session::{Listener, Session, Trouble};

/// How long a daemon has to end whose connection did not come to a session.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How often a daemon is tried that does not listen yet.
const POLL: Duration = Duration::from_millis(10);

/// A daemon that was started.
#[derive(Debug)]
#[non_exhaustive]
pub struct Started {
    /// The session with it. One with a daemon that dialed is the daemon's life: when it has ended, so does the daemon.
    pub session: Session,
    /// The daemon.
    pub child: Child,
    /// Directives of its configuration that are not in force, as it is managed from here.
    pub overridden: Vec<Conflict>,
}

impl Process {
    /// Starts the daemon, and waits until there is a session with it.
    ///
    /// Nothing is started where a directive does not go with it. The daemon's set-up behind that, as of its tunnel device, is
    /// not waited for: the session tells of it, and [`Child::wait`] how it has ended.
    ///
    /// # Errors
    /// [`StartError`]. Nothing is left then: no process, file or folder, but for a moment in which a process ends.
    ///
    /// # Cancel safety
    /// Dropping the future ends the daemon, as [`Child`] does when it is dropped.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn start(&self) -> Result<Started, StartError> {
        let overridden = self.check().await?;
        match self.management() {
            Management::Dials => self.start_dialing(overridden).await,
            Management::Listens(path) => self.start_listening(path, overridden).await,
        }
    }

    /// What of the configuration is overridden; an error for what cannot be.
    ///
    /// A thread reads it, as it may be large, or on a disk that is slow or gone: no other task waits for that.
    async fn check(&self) -> Result<Vec<Conflict>, StartError> {
        let (process, (tell, told)) = (self.clone(), oneshot::channel());
        let scan = move || drop(tell.send(process.scan()));
        let unread = |reason: io::Error| StartError::Config {
            path: PathBuf::from(self.name()),
            reason: reason.into(),
        };
        thread::Builder::new().name("openvpn-scan".to_owned()).spawn(scan).map_err(unread)?;
        let gone = |_| Err(unread(io::Error::other("the thread that reads it has ended")));
        match timeout(self.patience(), told).await {
            Ok(told) => told.unwrap_or_else(gone),
            Err(_) => Err(unread(io::ErrorKind::TimedOut.into())),
        }
    }

    fn scan(&self) -> Result<Vec<Conflict>, StartError> {
        let listens = matches!(self.management(), Management::Listens(_));
        let own = self.directives().iter().filter_map(|directive| directive.check(listens).err());
        let mut refused: Vec<Conflict> = own.collect();
        let folder = self.folder()?;
        let mut scan = Scan::new(folder, listens, self.has_prefix());
        match self.configuration() {
            Configuration::None => {}
            Configuration::File(path) => scan.file(path)?,
            Configuration::Text(text) => scan.text(text.expose())?,
        }
        for directive in self.directives() {
            scan.command_line(&directive.read())?;
        }
        refused.append(&mut scan.refused);
        if refused.is_empty() { Ok(scan.overridden) } else { Err(StartError::Conflicts(refused)) }
    }

    async fn start_dialing(&self, overridden: Vec<Conflict>) -> Result<Started, StartError> {
        let socket = PrivateSocket::bind(&self.socket_folder())?;
        let (mut command, memory) = self.command(&overridden)?;
        command.arg("--management").arg(socket.path()).args(["unix", "--management-client"]);
        let mut child = self.spawn(command, false, memory).await?;
        let session = self.accept(&socket, &mut child).await?;
        child.has_session(session.client());
        Ok(Started { session, child, overridden })
    }

    /// Accepts the daemon, and nobody else; its socket is gone when this returns.
    async fn accept(
        &self,
        socket: &PrivateSocket,
        child: &mut Child,
    ) -> Result<Session, StartError> {
        let (pid, has_prefix) = (child.pid(), self.has_prefix());
        let mut listener = Listener::builder()
            .sessions(self.builder().clone())
            .admit(move |dialer| is_ours(dialer, pid, has_prefix))
            .listen_on_unix(socket.listener()?)
            .map_err(|error| failed(error, child))?;
        let deadline = far(Instant::now(), self.patience());
        loop {
            tokio::select! {
                biased;
                accepted = listener.accept() => match accepted.map_err(Error::from) {
                    Ok(session) => return Ok(session),
                    Err(error @ Error::DialerRefused { .. }) => {
                        warn!(%error, "somebody else connected to the socket of a daemon");
                    }
                    Err(error) => return Err(no_session(error, child).await),
                },
                ended = child.wait() => return Err(StartError::Ended(ended)),
                () = sleep_until(deadline) => return Err(self.silent(child)),
            }
        }
    }

    async fn start_listening(
        &self,
        path: &Path,
        overridden: Vec<Conflict>,
    ) -> Result<Started, StartError> {
        let path = self.absolute(path)?;
        let refused =
            |reason: io::Error| StartError::Socket { path: path.clone(), reason: reason.into() };
        is_free(&path).map_err(refused)?;
        let (mut command, memory) = self.command(&overridden)?;
        command.arg("--management").arg(&path).arg("unix");
        let mut child = self.spawn(command, true, memory).await?;
        let session = self.connect(&path, &mut child).await?;
        if let Some(leftover) = Leftover::at(&path) {
            child.keeper().leaves(leftover);
        }
        child.has_session(session.client());
        Ok(Started { session, child, overridden })
    }

    /// Connects to the daemon once it listens.
    async fn connect(&self, path: &Path, child: &mut Child) -> Result<Session, StartError> {
        let deadline = far(Instant::now(), self.patience());
        loop {
            let attempt = self.attempt(path, child.pid());
            let error = tokio::select! {
                biased;
                ended = child.wait() => return Err(StartError::Ended(ended)),
                connected = attempt => match connected {
                    Ok(session) => return Ok(session),
                    Err(error) => error,
                },
                () = sleep_until(deadline) => return Err(self.silent(child)),
            };
            if !matches!(Trouble::of(&error), Trouble::Refused | Trouble::NoSuchPath) {
                return Err(no_session(error, child).await);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Connects to the daemon, and nobody else: who may write into the folder can be there before it. Behind a command in
    /// front of it, it may be any process.
    async fn attempt(&self, path: &Path, pid: u32) -> Result<Session, Error> {
        let endpoint = path.display().to_string();
        let failed = |reason: io::Error| Error::Connect { endpoint, reason: reason.into() };
        match connect(path).await {
            Ok((_, who)) if !self.has_prefix() && !is_ours(&who, pid, false) => {
                Err(failed(io::Error::other(format!("{who} listens there, and not the daemon"))))
            }
            Ok((stream, _)) => self.builder().attach(stream).await,
            Err(error) => Err(failed(error)),
        }
    }

    /// The command line, but for where the management interface is, and the memory that it names.
    fn command(&self, overridden: &[Conflict]) -> Result<(Command, Option<Memory>), StartError> {
        let mut words = self.prefix_words().chain([self.program_path().as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or(OsStr::new("")));
        command.args(words);
        self.prepare(&mut command);
        if overridden.iter().any(|conflict| is_log(&conflict.directive)) {
            // In front of the configuration, as the first one wins.
            command.args(["--log", "/dev/stdout"]);
        }
        let memory = match self.configuration() {
            Configuration::Text(text) => Some(Memory::holding(text.expose())?),
            _ => None,
        };
        if let Some(path) = self.configuration_path(memory.as_ref())? {
            command.arg("--config").arg(path);
        }
        for directive in self.directives() {
            command.args(directive.words());
        }
        if self.holds() {
            command.arg("--management-hold");
        }
        if self.queries_passwords() {
            command.arg("--management-query-passwords");
        }
        Ok((command, memory))
    }

    fn configuration_path(&self, memory: Option<&Memory>) -> Result<Option<PathBuf>, StartError> {
        match (self.configuration(), memory) {
            (_, Some(memory)) => Ok(Some(memory.path())),
            (Configuration::File(path), _) => self.absolute(path).map(Some),
            _ => Ok(None),
        }
    }

    async fn spawn(
        &self,
        command: Command,
        listens: bool,
        memory: Option<Memory>,
    ) -> Result<Child, StartError> {
        let program = PathBuf::from(command.get_program());
        debug!(program = %program.display(), "starting a daemon");
        let grace = self.grace_period();
        let spawned =
            Keeper::spawn(command, move |keeper| Child::new(keeper, listens, grace, memory));
        spawned.await.map_err(|reason| StartError::Spawn { program, reason: reason.into() })
    }

    fn silent(&self, child: &Child) -> StartError {
        StartError::Silent { after: self.patience(), last_words: child.last_words() }
    }
}

/// A connection did not come to a session. The daemon ends with it, and its own words tell more.
async fn no_session(error: Error, child: &mut Child) -> StartError {
    match timeout(LAST_WORDS, child.wait()).await {
        Ok(ended) => StartError::Ended(ended),
        Err(_) => failed(error, child),
    }
}

fn failed(error: Error, child: &Child) -> StartError {
    StartError::Session { error, last_words: child.last_words() }
}

fn is_log(directive: &str) -> bool {
    matches!(directive, "log" | "log-append" | "syslog")
}
