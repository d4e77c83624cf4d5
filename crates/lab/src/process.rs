//! A daemon that runs until its handle is dropped.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::network::Port;

/// How long anything of a daemon may take, on however busy a machine: a test that waits longer
/// has failed.
pub const DEADLINE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(5);

/// A running OpenVPN; killed and reaped when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    management: Management,
    log: PathBuf,
    port: Option<Port>,
}

/// Where the daemon's management interface is.
#[derive(Debug)]
pub enum Management {
    /// It listens at this path.
    Unix(PathBuf),
    /// It listens at this port of 127.0.0.1.
    Tcp(Port),
    /// It connects to this path (`management-client`).
    ConnectsTo(PathBuf),
    /// It has none.
    Nowhere,
}

impl Process {
    pub(super) fn spawn(
        mut command: Command,
        management: Management,
        log: PathBuf,
        port: Option<Port>,
    ) -> Result<Self> {
        let output = File::create(&log).context("cannot create the daemon's log")?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = spawn(command).context("cannot start the daemon")?;
        Ok(Self { child, management, log, port })
    }

    /// Ends it, and runs this in its place; the log goes on.
    pub(super) fn respawn(&mut self, mut command: Command) -> Result<()> {
        self.kill();
        let output = File::options().append(true).open(&self.log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        self.child = spawn(command).context("cannot start the daemon again")?;
        Ok(())
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where the daemon's management interface is.
    #[must_use]
    pub fn management(&self) -> &Management {
        &self.management
    }

    /// The path of the management socket; empty when it is not a unix socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        match &self.management {
            Management::Unix(path) | Management::ConnectsTo(path) => path,
            Management::Tcp(_) | Management::Nowhere => Path::new(""),
        }
    }

    /// The TCP address of the management interface, if it listens on one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.management {
            Management::Tcp(port) => Some((Ipv4Addr::LOCALHOST, port.number()).into()),
            _ => None,
        }
    }

    /// The port a server takes VPN connections on.
    pub fn port(&self) -> Option<u16> {
        self.port.as_ref().map(Port::number)
    }

    /// The file the daemon writes its output to.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// What the daemon wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether the process has not ended.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits until the daemon ended.
    ///
    /// # Errors
    /// It still runs after the deadline; with its log.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        let mut poll = Poll::new();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if !poll.again().await {
                bail!("the daemon did not end; its log:\n{}", self.log());
            }
        }
    }

    /// Waits until the tunnel of a client is up, or a server takes clients, by the words of its log; nobody need manage it.
    ///
    /// # Errors
    /// As [`wait_for_log`](Self::wait_for_log).
    pub async fn wait_until_up(&mut self) -> Result<()> {
        self.wait_for_log("Initialization Sequence Completed").await
    }

    /// Waits until its log holds this text.
    ///
    /// # Errors
    /// It ended before, or there is no such line after the deadline; with its log.
    pub async fn wait_for_log(&mut self, text: &str) -> Result<()> {
        self.wait_for_logs(text, 1).await
    }

    /// Waits until its log holds this text so many times.
    ///
    /// # Errors
    /// As [`wait_for_log`](Self::wait_for_log).
    pub async fn wait_for_logs(&mut self, text: &str, times: usize) -> Result<()> {
        let mut poll = Poll::new();
        loop {
            // Asked first, so that nothing is written behind the look at the log.
            let is_running = self.is_running()?;
            if self.log().matches(text).count() >= times {
                return Ok(());
            }
            if !is_running || !poll.again().await {
                bail!("the daemon did not say {text:?}; its log:\n{}", self.log());
            }
        }
    }

    /// Ends the daemon by SIGTERM, and waits until it ended.
    ///
    /// # Errors
    /// It still runs after the deadline; with its log.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        self.wait().await
    }

    /// [`wait_until_up`](Self::wait_until_up), then [`stop`](Self::stop).
    ///
    /// # Errors
    /// Those of both.
    pub async fn stop_when_up(&mut self) -> Result<()> {
        self.wait_until_up().await?;
        self.stop().await?;
        Ok(())
    }

    /// Sends a signal; to a process that has ended, none.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.is_running()? {
            nix::sys::signal::kill(Pid::from_raw(i32::try_from(self.pid())?), signal)?;
        }
        Ok(())
    }

    /// Sends SIGSTOP and waits until the daemon stands still: on a busy machine it may run on for a
    /// moment.
    ///
    /// # Errors
    /// The system refuses it, or the daemon still runs after the deadline.
    pub async fn freeze(&mut self) -> Result<()> {
        self.signal(Signal::SIGSTOP)?;
        let mut poll = Poll::new();
        let status = format!("/proc/{}/status", self.pid());
        while !std::fs::read_to_string(&status)?.contains("State:\tT") {
            if !poll.again().await {
                bail!("the daemon did not stop; its log:\n{}", self.log());
            }
        }
        Ok(())
    }

    /// Ends the daemon at once, without its farewells, and reaps it.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    pub(super) async fn wait_until_listening(&mut self) -> Result<()> {
        let mut poll = Poll::new();
        while !self.management.is_listening(self.child.id()) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the daemon ended ({status}) before it listened; its log:\n{}", self.log());
            }
            if !poll.again().await {
                bail!("the daemon did not listen; its log:\n{}", self.log());
            }
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Management {
    /// The kernel's tables, as the process sees them: connecting to find out would
    /// take the daemon's only management connection.
    fn is_listening(&self, pid: u32) -> bool {
        match self {
            Self::Unix(path) if cfg!(target_os = "linux") => {
                let table = std::fs::read_to_string(format!("/proc/{pid}/net/unix"));
                let end = format!(" {}", path.display());
                // The fourth column is the flags; this one is set by listen(2).
                let listens = |line: &str| line.split_whitespace().nth(3) == Some("00010000");
                table.unwrap_or_default().lines().any(|line| line.ends_with(&end) && listens(line))
            }
            Self::Tcp(port) if cfg!(target_os = "linux") => {
                let table = std::fs::read_to_string(format!("/proc/{pid}/net/tcp"));
                let local = format!("0100007F:{:04X}", port.number());
                let listens = |line: &str| {
                    let mut columns = line.split_whitespace().skip(1);
                    columns.next() == Some(&local) && columns.nth(1) == Some("0A")
                };
                table.unwrap_or_default().lines().any(listens)
            }
            Self::Unix(path) => path.exists(),
            Self::Tcp(_) | Self::ConnectsTo(_) | Self::Nowhere => true,
        }
    }
}

/// Starts a command from a thread that lives as long as this process.
///
/// A child that is to die with its parent dies with the *thread* that started it,
/// and the threads of tests and runtimes come and go.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static SPAWNER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                answer.send(command.spawn()).ok();
            }
        });
        orders
    });
    let (answer, child) = mpsc::channel();
    let gone = |_| io::Error::other("the thread that starts daemons has ended");
    SPAWNER.send((command, answer)).map_err(|_| gone(mpsc::RecvError))?;
    child.recv().map_err(gone)?
}

/// A condition looked at every few milliseconds until a deadline.
struct Poll {
    interval: tokio::time::Interval,
    deadline: Instant,
}

impl Poll {
    fn new() -> Self {
        let mut interval = interval(POLL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { interval, deadline: Instant::now() + DEADLINE }
    }

    /// Waits for the next look; false when the deadline is past.
    async fn again(&mut self) -> bool {
        self.interval.tick().await;
        Instant::now() < self.deadline
    }
}
