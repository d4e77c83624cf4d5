//! Where daemons run: the system's network, or a namespace of the lab's own.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Error, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, anyhow, bail};

use super::daemon::Version;
use super::process::spawn;

const CAP_NET_ADMIN: u32 = 12;
/// The first OpenVPN whose server accepts `dev null`.
const SERVES_WITHOUT_TUN: Version = Version::new(2, 7, 0);

/// What makes a new network namespace of use; `ip` is not in every user's PATH.
const LOOPBACK_UP: &str = "PATH=$PATH:/usr/sbin:/sbin; ip link set lo up";

/// How the daemons of one lab reach each other.
pub(crate) struct Network {
    kind: Kind,
    version: Version,
    namespace: OnceLock<Result<Namespace, String>>,
}

enum Kind {
    /// We may make tun devices.
    System,
    /// An unprivileged user is root in a user and network namespace.
    Namespace,
    /// Neither; the text says why.
    NoTun(String),
}

impl Network {
    /// The least isolated network in which a tun device can be made.
    /// `LAB_NAMESPACE=1` asks for a namespace also as root.
    pub(crate) fn new(version: Version) -> Self {
        Self { kind: Kind::detect(), version, namespace: OnceLock::new() }
    }

    /// Where daemons run, in words.
    pub(crate) fn name(&self) -> &'static str {
        match &self.kind {
            Kind::System => "the system's network",
            Kind::Namespace => "a user and network namespace",
            Kind::NoTun(_) => "no tun device",
        }
    }

    /// The configuration lines of a server's device, with a name of its own.
    ///
    /// # Errors
    /// This daemon needs a tun device and none can be made here.
    pub(crate) fn tun_device(&self) -> Result<String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if let Kind::NoTun(reason) = &self.kind {
            if self.version >= SERVES_WITHOUT_TUN {
                return Ok("dev null\n".to_owned());
            }
            bail!("a server of OpenVPN {} needs a tun device: {reason}", self.version);
        }
        // At most 15 bytes: a process id has up to 6 digits in base 16.
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Ok(format!("dev lab{:x}-{:x}\ndev-type tun\n", std::process::id(), count & 0xffff))
    }

    /// Whether this process reaches the TCP ports of the daemons.
    pub(crate) fn is_ours(&self) -> bool {
        !matches!(self.kind, Kind::Namespace)
    }

    /// A command that runs `program` in this network and ends with this process.
    ///
    /// # Errors
    /// The namespace cannot be made.
    pub(crate) fn command(&self, program: &Path) -> Result<Command> {
        let mut words: Vec<&OsStr> = Vec::new();
        let pid;
        if matches!(self.kind, Kind::Namespace) {
            pid = self.namespace()?.pid().to_string();
            words.extend(
                ["nsenter", "--user", "--net", "--preserve-credentials", "--target"]
                    .map(OsStr::new),
            );
            words.push(OsStr::new(&pid));
        }
        // Last, because entering a namespace clears the signal.
        if let Some(setpriv) = setpriv() {
            words.extend([setpriv.as_os_str(), OsStr::new("--pdeathsig"), OsStr::new("KILL")]);
        }
        words.push(program.as_os_str());
        let (first, rest) = words.split_first().context("no program")?;
        let mut command = Command::new(first);
        command.args(rest);
        Ok(command)
    }

    fn namespace(&self) -> Result<&Namespace> {
        let made =
            self.namespace.get_or_init(|| Namespace::new().map_err(|error| format!("{error:#}")));
        made.as_ref().map_err(|error| anyhow!("{error}"))
    }
}

impl Kind {
    fn detect() -> Self {
        if !cfg!(target_os = "linux") {
            return Self::NoTun("only Linux is supported".to_owned());
        }
        let device = std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun");
        if let Err(error) = device {
            return Self::NoTun(format!("/dev/net/tun cannot be opened: {error}"));
        }
        if std::env::var_os("LAB_NAMESPACE").is_none() && is_network_admin() {
            return Self::System;
        }
        let mut try_namespace = Command::new("unshare");
        try_namespace.args(["--user", "--map-root-user", "--net", "sh", "-c", LOOPBACK_UP]);
        match try_namespace
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
        {
            Ok(status) if status.success() => Self::Namespace,
            _ => {
                Self::NoTun("not root, and no user namespace with a network can be made".to_owned())
            }
        }
    }
}

/// Whether daemons die with this process even when it is killed.
#[must_use]
pub fn daemons_die_with_us() -> bool {
    setpriv().is_some()
}

fn is_network_admin() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << CAP_NET_ADMIN) != 0)
}

fn setpriv() -> Option<&'static PathBuf> {
    static SETPRIV: OnceLock<Option<PathBuf>> = OnceLock::new();
    SETPRIV
        .get_or_init(|| {
            let path = std::env::var_os("PATH")?;
            let found = std::env::split_paths(&path).map(|folder| folder.join("setpriv"));
            // BusyBox has a setpriv that lacks the option.
            found.filter(|path| path.is_file()).find(|path| {
                let mut probe = Command::new(path);
                probe
                    .args(["--pdeathsig", "KILL", "true"])
                    .stdin(Stdio::null())
                    .stderr(Stdio::null());
                probe.status().is_ok_and(|status| status.success())
            })
        })
        .as_ref()
}

/// A user and network namespace, kept by a process that waits on our pipe.
struct Namespace {
    keeper: Child,
}

impl Namespace {
    fn new() -> Result<Self> {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "sh", "-c"]);
        command.arg(format!("{LOOPBACK_UP} && echo up && read -r _"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut keeper = spawn(command).context("cannot start unshare")?;
        let output = keeper.stdout.take().context("unshare has no output")?;
        let made = Self { keeper };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.trim() != "up" {
            bail!("cannot bring up the loopback device of a network namespace");
        }
        Ok(made)
    }

    fn pid(&self) -> u32 {
        self.keeper.id()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.keeper.kill().ok();
        self.keeper.wait().ok();
    }
}

/// A port of 127.0.0.1, and of `::1` for UDP, that no other lab takes while this value lives.
///
/// A daemon in a hold has not bound its port yet, so a port that is merely free
/// could go to somebody else in between.
#[derive(Debug)]
pub struct Port {
    number: u16,
    #[cfg(target_os = "linux")]
    _claim: std::os::unix::net::UnixListener,
}

impl Port {
    /// Picks below 32768, where the kernel hands out no port by itself.
    ///
    /// # Errors
    /// None is left.
    pub fn reserve() -> Result<Self> {
        let start = std::process::id().wrapping_mul(97);
        for step in 0..22_000_u32 {
            let number = u16::try_from(10_000 + start.wrapping_add(step) % 22_000)?;
            if let Some(port) = Self::claim(number) {
                return Ok(port);
            }
        }
        bail!("no port is free")
    }

    /// The port.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    fn claim(number: u16) -> Option<Self> {
        #[cfg(target_os = "linux")]
        let claim = {
            use std::os::linux::net::SocketAddrExt as _;
            use std::os::unix::net::{SocketAddr, UnixListener};
            let name = format!("openvpn-mgmt-lab/{number}");
            UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).ok()?).ok()?
        };
        UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        // Not every machine has IPv6.
        let taken = |error: &Error| error.kind() == ErrorKind::AddrInUse;
        if UdpSocket::bind((Ipv6Addr::LOCALHOST, number)).as_ref().is_err_and(taken) {
            return None;
        }
        Some(Self {
            number,
            #[cfg(target_os = "linux")]
            _claim: claim,
        })
    }
}
