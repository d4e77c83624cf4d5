//! [`Process`]: the settings of a daemon that is started from here.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::directive::Directive;
use super::error::StartError;
use crate::session::Builder;
use crate::types::Secret;

/// A daemon to start: an `openvpn` of the program's own.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use openvpn_mgmt::process::{Process, Started};
///
/// let Started { session, child, .. } = Process::new("client.ovpn")
///     .directive("remote", ["vpn.example", "1194"])
///     .hold(true)
///     .start()
///     .await?;
/// session.client().hold_release().await?;
/// // …
/// println!("{}", child.stop().await?);
/// # Ok(()) }
/// ```
///
/// Its standard input is empty, its output is read, and it is in a process group of its own, so that a terminal's Ctrl-C
/// reaches the program alone, which ends it in good order. It inherits the environment and the working directory.
#[derive(Debug, Clone)]
#[must_use]
pub struct Process {
    program: PathBuf,
    prefix: Prefix,
    configuration: Configuration,
    directives: Vec<Directive>,
    management: Management,
    hold: bool,
    query_passwords: bool,
    environment: Environment,
    folder: Option<PathBuf>,
    socket_folder: Option<PathBuf>,
    sessions: Builder,
    start_timeout: Duration,
    grace: Duration,
}

/// What the daemon is configured by, beside its directives.
#[derive(Debug, Clone)]
pub(super) enum Configuration {
    None,
    File(PathBuf),
    Text(Secret),
}

/// Who connects.
#[derive(Debug, Clone)]
pub(super) enum Management {
    /// The daemon, to a private socket.
    Dials,
    /// We, to this path.
    Listens(PathBuf),
}

/// A command and its arguments, which may be secrets as in `env NAME=VALUE`.
#[derive(Clone, Default)]
struct Prefix(Vec<OsString>);

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_first() {
            Some((command, arguments)) => write!(f, "{command:?} (arguments: {})", arguments.len()),
            None => f.write_str("none"),
        }
    }
}

/// Names and values; what has to be kept secret is often in one.
#[derive(Clone, Default)]
struct Environment(Vec<(OsString, OsString)>);

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Process {
    /// A daemon with this configuration file.
    ///
    /// It and all that it includes is looked at first: what does not go with being managed from here is
    /// [refused](StartError::Conflicts), or [overridden](super::Started::overridden).
    pub fn new(configuration: impl Into<PathBuf>) -> Self {
        Self { configuration: Configuration::File(configuration.into()), ..Self::without_config() }
    }

    /// A daemon with this text as its configuration, also with keys in it: it is in sealed memory, wiped with this, and no file
    /// is ever written. Linux only.
    ///
    /// The daemon reads it as a file of this process (`/proc/PID/fd/N`), also when it restarts by SIGHUP. So it has to see
    /// this process (not from another container), to be of this user or root, and not to outlive it
    /// ([`listens_at`](Self::listens_at)). One that has become another user (`user`) ends at SIGHUP.
    #[cfg(target_os = "linux")]
    pub fn from_text(configuration: impl Into<Secret>) -> Self {
        Self { configuration: Configuration::Text(configuration.into()), ..Self::without_config() }
    }

    /// A daemon without a configuration file: of [directives](Self::directive) alone.
    pub fn without_config() -> Self {
        Self {
            program: PathBuf::from("openvpn"),
            prefix: Prefix::default(),
            configuration: Configuration::None,
            directives: Vec::new(),
            management: Management::Dials,
            hold: false,
            query_passwords: true,
            environment: Environment::default(),
            folder: None,
            socket_folder: None,
            sessions: Builder::new(),
            start_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(10),
        }
    }

    /// The program. Default: `openvpn`, looked for in `PATH`. A script in its place has to become the daemon (`exec`), or
    /// wait for it.
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// A command that starts the daemon, with its arguments: `["sudo", "-n"]`, `["systemd-run", "--scope"]`, `["ip", "netns",
    /// "exec", "blue"]`. Default: none.
    ///
    /// It may start the daemon as root or as this user; as another one it cannot reach the private socket, and
    /// [that is told](super::MissingPrivilege::Socket). A configuration that only the daemon can read is not looked at then.
    /// A daemon of root cannot be signalled by others, but it ends with its session.
    pub fn prefix(mut self, words: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.prefix = Prefix(words.into_iter().map(Into::into).collect());
        self
    }

    /// One more directive, behind the configuration: of those that can be there once, the last wins.
    ///
    /// It goes onto the command line, where a daemon that reads its configuration again (SIGHUP) finds it, and where **every
    /// user of the machine sees it**: secrets belong into files, or are answered over the session. Parameters are taken as
    /// they are, without quotes. What a daemon would read otherwise, inline files, and what does not go with being managed
    /// from here is refused by [`start`](Self::start).
    pub fn directive(
        mut self,
        name: &str,
        parameters: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        let parameters = parameters.into_iter().map(Into::into).collect();
        self.directives.push(Directive::new(name, parameters));
        self
    }

    /// Whether it waits before each start until it is [released](crate::Client::hold_release) (`--management-hold`). Default:
    /// `false`; what the configuration says stays.
    pub fn hold(mut self, hold: bool) -> Self {
        self.hold = hold;
        self
    }

    /// Whether it asks for passwords over the session (`--management-query-passwords`). Default: `true`, as it has nobody
    /// else to ask, and ends where it needs one; what the configuration says stays.
    pub fn query_passwords(mut self, query: bool) -> Self {
        self.query_passwords = query;
        self
    }

    /// Has the daemon listen at this path (`--management PATH unix`), and connects to it. Default: it dials, to a private
    /// socket.
    ///
    /// **It then outlives the program**, also one that is killed, and its [`Child`](super::Child) that is dropped; a later
    /// program [connects](Builder::reconnect) to the path. What is at the path may be a socket that nobody listens on, which is
    /// replaced.
    pub fn listens_at(mut self, path: impl Into<PathBuf>) -> Self {
        self.management = Management::Listens(path.into());
        self
    }

    /// Sets a variable of its environment. Default: the program's own.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.0.push((name.into(), value.into()));
        self
    }

    /// Its working directory, which files of its configuration are relative to. Default: the program's own.
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Where the folder of the private socket is made. Default: the system's folder for temporary files. A socket's path has
    /// at most 107 bytes, of which this may have 79.
    ///
    /// It is there from the start until the daemon has dialed, some 50 ms.
    pub fn socket_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.socket_folder = Some(folder.into());
        self
    }

    /// The settings of the session. Default: those of [`Builder::new`].
    pub fn sessions(mut self, sessions: Builder) -> Self {
        self.sessions = sessions;
        self
    }

    /// The time until the daemon has connected, or listens. Default: 30 s; without a [prefix](Self::prefix) that waits for
    /// something it takes less than a second. Reading the configuration before that has as much time.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// The time that the daemon has to end. Default: 10 s.
    ///
    /// It is asked over its session first; after half of the time it gets SIGTERM, after all of it SIGKILL. A client with
    /// `explicit-exit-notify` takes a second and more to say its farewells, and scripts have a time of their own.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

/// What a start reads of them.
impl Process {
    pub(super) fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    pub(super) fn directives(&self) -> &[Directive] {
        &self.directives
    }

    pub(super) fn management(&self) -> &Management {
        &self.management
    }

    pub(super) fn builder(&self) -> &Builder {
        &self.sessions
    }

    pub(super) fn has_prefix(&self) -> bool {
        !self.prefix.0.is_empty()
    }

    pub(super) fn prefix_words(&self) -> impl Iterator<Item = &OsStr> {
        self.prefix.0.iter().map(OsString::as_os_str)
    }

    pub(super) fn program_path(&self) -> &Path {
        &self.program
    }

    /// What its sessions are named after.
    pub(super) fn name(&self) -> String {
        match &self.configuration {
            Configuration::File(path) => path.display().to_string(),
            Configuration::Text(_) | Configuration::None => self.program.display().to_string(),
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.hold
    }

    pub(super) fn queries_passwords(&self) -> bool {
        self.query_passwords
    }

    pub(super) fn patience(&self) -> Duration {
        self.start_timeout
    }

    pub(super) fn grace_period(&self) -> Duration {
        self.grace
    }

    pub(super) fn socket_folder(&self) -> PathBuf {
        self.socket_folder.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// The working directory, with nothing left to be relative to.
    pub(super) fn folder(&self) -> Result<PathBuf, StartError> {
        let folder = self.folder.as_deref().unwrap_or(Path::new("."));
        std::path::absolute(folder).map_err(|reason| StartError::Config {
            path: folder.to_owned(),
            reason: Arc::new(reason),
        })
    }

    /// A path as the daemon has to find it wherever it is, also where `cd` has moved it.
    pub(super) fn absolute(&self, path: &Path) -> Result<PathBuf, StartError> {
        Ok(self.folder()?.join(path))
    }

    /// Where and with what it runs.
    pub(super) fn prepare(&self, command: &mut Command) {
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.envs(self.environment.0.iter().map(|(name, value)| (name, value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let process = Process::without_config().env("TOKEN", "hunter2");
        let process = process.directive("setenv", ["TOKEN", "hunter2"]);
        let process = process.prefix(["env", "TOKEN=hunter2"]);
        #[cfg(target_os = "linux")]
        let process =
            Process { configuration: Process::from_text("hunter2").configuration, ..process };
        let shown = format!("{process:?}");
        assert!(shown.contains("TOKEN") && !shown.contains("hunter2"), "{shown}");
    }
}
