//! Real OpenVPN servers and clients on loopback, for tests, benches, examples and programs.
//!
//! A [`Lab`] is a temporary
//! folder with certificates of its own; the daemons it starts are gone, with
//! everything they made, when their [`Process`] handles and the lab are dropped:
//!
//! ```ignore
//! let lab = Lab::new()?;
//! let server = lab.server(ServerOptions::new()).await?;
//! let client = lab.client(ClientOptions::to(&server).common_name("alice")).await?;
//! // connect to server.socket() and client.socket()
//! ```
mod certificates;
mod daemon;
mod network;
mod options;
mod process;
mod program;
mod raw;
mod token;
mod wait;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tempfile::TempDir;

use self::certificates::Authority;
use self::network::Network;

pub use self::certificates::{Identity, KeyKind};
pub use self::daemon::{Daemon, Version, skip};
pub use self::network::{Port, daemons_die_with_us};
pub use self::options::{ClientOptions, Proto, ServerOptions};
pub use self::process::{DEADLINE, Management, Process};
pub use self::program::{End, Program, full_pipe};
pub use self::raw::Raw;
pub use self::token::Token;
pub use self::wait::{until, within};

/// One temporary folder with an authority, and the daemons started in it.
pub struct Lab {
    // Dropped before the folder: the daemons in the network write into it.
    network: Network,
    authority: Mutex<Authority>,
    daemon: Daemon,
    started: AtomicU32,
    dir: TempDir,
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab").field("dir", &self.dir.path()).finish_non_exhaustive()
    }
}

impl Lab {
    /// A lab for the installed OpenVPN, or the one `OPENVPN_BIN` names.
    ///
    /// # Errors
    /// There is no OpenVPN, or the folder or the certificates cannot be made.
    pub fn new() -> Result<Self> {
        Self::with(Daemon::find()?)
    }

    /// A lab for one daemon of the matrix.
    ///
    /// # Errors
    /// The folder or the certificates cannot be made.
    pub fn with(daemon: Daemon) -> Result<Self> {
        let dir = TempDir::with_prefix("ovpn-").context("cannot make the lab's folder")?;
        let authority = Mutex::new(Authority::new(dir.path())?);
        let network = Network::new(daemon.version());
        Ok(Self { network, authority, daemon, started: AtomicU32::new(0), dir })
    }

    /// A lab, or `None` and a line on the terminal that says why a test is skipped:
    /// no OpenVPN is installed.
    ///
    /// # Errors
    /// `OPENVPN_BIN` names one that does not run, or the lab cannot be made.
    pub fn or_skip(test: &str) -> Result<Option<Self>> {
        match Daemon::find() {
            Ok(daemon) => Self::with(daemon).map(Some),
            Err(error) if Daemon::is_asked_for() => Err(error),
            Err(error) => {
                skip(test, &error);
                Ok(None)
            }
        }
    }

    /// As [`or_skip`](Self::or_skip), for a test that needs a server: skipped also
    /// where no server can run.
    ///
    /// # Errors
    /// As [`or_skip`](Self::or_skip).
    pub fn serving_or_skip(test: &str) -> Result<Option<Self>> {
        let Some(lab) = Self::or_skip(test)? else { return Ok(None) };
        if let Err(error) = lab.can_serve() {
            skip(test, &error);
            return Ok(None);
        }
        Ok(Some(lab))
    }

    /// The folder that holds configurations, keys, sockets and logs.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The OpenVPN this lab starts.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// Whether a server can run here, or why not: it needs a tun device.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn can_serve(&self) -> Result<()> {
        self.network.tun_device().map(|_| ())
    }

    /// Where daemons run, in words: the system's network or a namespace.
    pub fn network(&self) -> &'static str {
        self.network.name()
    }

    /// Whether a TCP port of a daemon can be reached from here: not when this lab has a
    /// network of its own.
    pub fn reaches_tcp(&self) -> bool {
        self.network.is_ours()
    }

    /// The certificate and key of a common name, made on first use.
    ///
    /// # Errors
    /// They cannot be made; RSA and encrypted keys need the `openssl` program.
    pub fn identity(&self, name: &str, kind: &KeyKind) -> Result<Identity> {
        self.authority.lock().unwrap_or_else(PoisonError::into_inner).identity(name, kind)
    }

    /// A SoftHSM token that holds an RSA certificate and key of this common name.
    ///
    /// # Errors
    /// `softhsm2-util`, `pkcs11-tool` or `openssl` is missing or fails.
    pub fn token(&self, name: &str) -> Result<Token> {
        let identity = self.identity(name, &KeyKind::Rsa)?;
        Token::new(self.dir.path(), &identity, self.daemon.softhsm_module())
    }

    /// Starts a server and waits until its management socket listens.
    ///
    /// # Errors
    /// No server can run here, or the daemon ended; then with its log.
    pub async fn server(&self, options: ServerOptions) -> Result<Process> {
        let tun = self.network.tun_device()?;
        let port = Port::reserve()?;
        let identity = self.identity("server", &KeyKind::Ec)?;
        let lines = options.config(self.dir.path(), &identity, &tun, &port, self.daemon.version());
        let name = self.next_name("server");
        let (management, line) = options.management().prepare(self.dir.path(), &name)?;
        self.start(&name, &[lines, line].concat(), management, Some(port)).await
    }

    /// Starts a client and waits until its management socket listens.
    ///
    /// # Errors
    /// Keys cannot be made as asked, or the daemon ended; then with its log.
    pub async fn client(&self, options: ClientOptions) -> Result<Process> {
        let identity = self.identity(options.name(), options.key_kind())?;
        let lines = options.config(self.dir.path(), &identity, self.daemon.version());
        let name = self.next_name("client");
        let (management, line) = options.management().prepare(self.dir.path(), &name)?;
        options.write_login(self.dir.path())?;
        let program = options.own_program().unwrap_or(self.daemon.path());
        self.run(program, &name, &[lines, line].concat(), management, None).await
    }

    /// Starts the daemon with a configuration of the caller's own.
    ///
    /// # Errors
    /// The daemon ended before its management socket listened; with its log.
    pub async fn start(
        &self,
        name: &str,
        config: &str,
        management: Management,
        port: Option<Port>,
    ) -> Result<Process> {
        self.run(self.daemon.path(), name, config, management, port).await
    }

    async fn run(
        &self,
        program: &Path,
        name: &str,
        config: &str,
        management: Management,
        port: Option<Port>,
    ) -> Result<Process> {
        let path = self.dir.path().join(format!("{name}.conf"));
        std::fs::write(&path, config).with_context(|| format!("cannot write {name}.conf"))?;
        let log = self.dir.path().join(format!("{name}.log"));
        let command = self.configured(program, &path)?;
        let mut process = Process::spawn(command, management, log, port)?;
        process.wait_until_listening().await?;
        Ok(process)
    }

    /// Ends a daemon, where it still runs, and starts it anew: with the same configuration, at the same addresses; its log
    /// goes on. Waits until its management socket listens.
    ///
    /// # Errors
    /// The daemon ended before its management socket listened; with its log.
    pub async fn start_again(&self, process: &mut Process) -> Result<()> {
        let path = process.log_path().with_extension("conf");
        process.respawn(self.configured(self.daemon.path(), &path)?)?;
        process.wait_until_listening().await
    }

    fn configured(&self, program: &Path, configuration: &Path) -> Result<Command> {
        let mut command = self.network.command(program)?;
        command.env("SOFTHSM2_CONF", self.dir.path().join(token::CONFIGURATION));
        command.current_dir(self.dir.path()).arg("--config").arg(configuration);
        Ok(command)
    }

    /// A command that runs in the network of this lab's daemons.
    ///
    /// # Errors
    /// The network namespace cannot be made.
    pub fn command(&self, program: impl AsRef<Path>) -> Result<Command> {
        self.network.command(program.as_ref())
    }

    fn next_name(&self, role: &str) -> String {
        format!("{role}{}", self.started.fetch_add(1, Ordering::Relaxed))
    }
}
