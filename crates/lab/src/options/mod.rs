//! What a server or a client of the lab is configured to do.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::certificates::write_private;
use super::daemon::Version;
use super::network::Port;
use super::process::Management;

/// The protocol VPN packets travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Proto {
    #[default]
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// What servers and clients have in common.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    verb: u32,
    hold: bool,
    kind: ManagementKind,
    password: Option<String>,
    lines: String,
}

#[derive(Clone, Debug)]
enum ManagementKind {
    Unix,
    Tcp,
    ConnectsTo(PathBuf),
}

macro_rules! common_options {
    () => {
        /// Any other configuration line; may be called again.
        #[must_use]
        pub fn line(mut self, line: &str) -> Self {
            self.common.lines.push_str(line);
            self.common.lines.push('\n');
            self
        }

        /// The daemon's log level; 3 unless set.
        #[must_use]
        pub fn verb(mut self, level: u32) -> Self {
            self.common.verb = level;
            self
        }

        /// Starts without `management-hold`.
        #[must_use]
        pub fn without_hold(mut self) -> Self {
            self.common.hold = false;
            self
        }

        /// Asks whoever connects to the management socket for this password.
        #[must_use]
        pub fn management_password(mut self, password: &str) -> Self {
            self.common.password = Some(password.to_owned());
            self
        }

        /// The management interface listens at a TCP port of 127.0.0.1.
        #[must_use]
        pub fn management_tcp(mut self) -> Self {
            self.common.kind = ManagementKind::Tcp;
            self
        }

        /// `management-client`: the daemon connects to this unix socket.
        #[must_use]
        pub fn management_client(mut self, socket: &Path) -> Self {
            self.common.kind = ManagementKind::ConnectsTo(socket.to_owned());
            self
        }

        pub(crate) fn management(&self) -> &Common {
            &self.common
        }
    };
}

// Below the macro, which they use.
mod client;
mod server;

pub use self::client::ClientOptions;
pub use self::server::ServerOptions;

impl Common {
    fn new() -> Self {
        let (lines, kind) = (String::new(), ManagementKind::Unix);
        Self { verb: 3, hold: true, kind, password: None, lines }
    }

    fn write(&self, config: &mut String, dir: &Path, version: Version) {
        let ca = dir.join("ca.crt");
        writeln!(config, "ca \"{}\"\nverb {}\nifconfig-noexec", ca.display(), self.verb).ok();
        config.push_str("data-ciphers AES-256-GCM:AES-128-GCM\n");
        // Not a minute: so long may a handshake take, and whoever is to decide about a client.
        config.push_str("hand-window 600\n");
        if version >= Version::new(2, 6, 0) {
            config.push_str("disable-dco\n");
        }
        if self.hold {
            config.push_str("management-hold\n");
        }
        config.push_str(&self.lines);
    }

    /// Chooses the address and says it as a configuration line.
    pub(super) fn prepare(&self, dir: &Path, name: &str) -> Result<(Management, String)> {
        let mut line = String::from("management ");
        let management = match &self.kind {
            ManagementKind::Unix => Management::Unix(dir.join(format!("{name}.sock"))),
            ManagementKind::Tcp => Management::Tcp(Port::reserve()?),
            ManagementKind::ConnectsTo(path) => Management::ConnectsTo(path.clone()),
        };
        match &management {
            Management::Tcp(port) => write!(line, "127.0.0.1 {}", port.number())?,
            Management::Unix(path) | Management::ConnectsTo(path) => {
                write!(line, "\"{}\" unix", path.display())?;
            }
            Management::Nowhere => line.clear(),
        }
        if let Some(password) = &self.password {
            let file = dir.join(format!("{name}.password"));
            write_private(&file, &format!("{password}\n")).context("cannot write the password")?;
            write!(line, " \"{}\"", file.display())?;
        }
        if matches!(management, Management::ConnectsTo(_)) {
            line.push_str("\nmanagement-client");
        }
        line.push('\n');
        Ok((management, line))
    }
}

fn write_file_options(config: &mut String, cert: Option<&Path>, key: Option<&Path>) {
    if let Some(cert) = cert {
        writeln!(config, "cert \"{}\"", cert.display()).ok();
    }
    if let Some(key) = key {
        writeln!(config, "key \"{}\"", key.display()).ok();
    }
}
