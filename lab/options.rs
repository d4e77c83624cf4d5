//! What a server or a client of the lab is configured to do.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::certificates::{Identity, KeyKind, write_private};
use super::daemon::Version;
use super::network::Port;
use super::process::{Management, Process};

/// The protocol VPN packets travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Proto {
    #[default]
    Udp,
    Tcp,
}

/// A server: one certificate, a tun device and a port of its own.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    common: Common,
    proto: Proto,
    client_auth: bool,
}

/// A client: `dev null`, so that it needs no privileges and changes no network.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    common: Common,
    name: String,
    key: KeyKind,
    remotes: Vec<String>,
    auth_user_pass: bool,
    external_key: Option<String>,
    external_cert: Option<String>,
    pkcs11: bool,
}

/// What servers and clients have in common.
#[derive(Clone, Debug)]
pub(super) struct Common {
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

        pub(super) fn management(&self) -> &Common {
            &self.common
        }
    };
}

impl ServerOptions {
    /// A UDP server with `management-hold` and `management-client-auth`.
    pub fn new() -> Self {
        Self { common: Common::new(), proto: Proto::Udp, client_auth: true }
    }

    common_options!();

    /// Takes VPN connections over TCP.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.proto = Proto::Tcp;
        self
    }

    /// Admits every client with a certificate, without asking the manager.
    #[must_use]
    pub fn without_client_auth(mut self) -> Self {
        self.client_auth = false;
        self
    }

    /// `auth-user-pass-optional`: a client need not send a user name and password.
    #[must_use]
    pub fn auth_user_pass_optional(self) -> Self {
        self.line("auth-user-pass-optional")
    }

    pub(super) fn config(
        &self,
        dir: &Path,
        identity: &Identity,
        tun: &str,
        port: &Port,
        version: Version,
    ) -> String {
        let port = port.number();
        let (third, second) = (port & 0xff, port >> 8);
        let proto = match self.proto {
            Proto::Udp => "udp",
            Proto::Tcp => "tcp-server",
        };
        let mut config = format!(
            "{tun}server 10.{second}.{third}.0 255.255.255.0\ntopology subnet\ndh none\n\
             local 127.0.0.1\nport {port}\nproto {proto}\nkeepalive 10 60\n"
        );
        self.common.write(&mut config, dir, version);
        write_file_options(&mut config, Some(&identity.cert), Some(&identity.key));
        if self.client_auth {
            config.push_str("management-client-auth\n");
        }
        config
    }
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientOptions {
    /// A client with no server: add one with [`remote`](Self::remote).
    pub fn new() -> Self {
        Self {
            common: Common::new(),
            name: "client".to_owned(),
            key: KeyKind::Ec,
            remotes: Vec::new(),
            auth_user_pass: true,
            external_key: None,
            external_cert: None,
            pkcs11: false,
        }
    }

    /// A client of this (UDP) server that asks its manager for user name and password.
    pub fn to(server: &Process) -> Self {
        Self::new().remote("127.0.0.1", server.port().unwrap_or(1194), Proto::Udp)
    }

    /// A client of this TCP server.
    pub fn to_tcp(server: &Process) -> Self {
        Self::new().remote("127.0.0.1", server.port().unwrap_or(1194), Proto::Tcp)
    }

    common_options!();

    /// One more server to try.
    #[must_use]
    pub fn remote(mut self, host: &str, port: u16, proto: Proto) -> Self {
        let proto = match proto {
            Proto::Udp => "udp",
            Proto::Tcp => "tcp-client",
        };
        self.remotes.push(format!("remote {host} {port} {proto}\n"));
        self
    }

    /// The common name in the client's certificate.
    #[must_use]
    pub fn common_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The kind of the client's key.
    #[must_use]
    pub fn key(mut self, kind: KeyKind) -> Self {
        self.key = kind;
        self
    }

    /// Sends no user name and password, so asks for none.
    #[must_use]
    pub fn without_auth_user_pass(mut self) -> Self {
        self.auth_user_pass = false;
        self
    }

    /// `static-challenge TEXT ECHO`.
    #[must_use]
    pub fn static_challenge(self, text: &str, echo: bool) -> Self {
        self.line(&format!("static-challenge \"{text}\" {}", u8::from(echo)))
    }

    /// `auth-retry interact`: asks again after a refusal, as CRV1 needs.
    #[must_use]
    pub fn auth_retry_interact(self) -> Self {
        self.line("auth-retry interact")
    }

    /// `management-query-remote`.
    #[must_use]
    pub fn query_remote(self) -> Self {
        self.line("management-query-remote")
    }

    /// `management-query-proxy`.
    #[must_use]
    pub fn query_proxy(self) -> Self {
        self.line("management-query-proxy")
    }

    /// `management-up-down`.
    #[must_use]
    pub fn up_down(self) -> Self {
        self.line("management-up-down")
    }

    /// `management-external-key FORMATS`, e.g. `nopadding pkcs1 pss digest`; empty
    /// for the oldest form. The key's file is then not given to the daemon.
    #[must_use]
    pub fn external_key(mut self, formats: &str) -> Self {
        self.external_key = Some(formats.to_owned());
        self
    }

    /// `management-external-cert HINT`. Needs [`external_key`](Self::external_key).
    #[must_use]
    pub fn external_cert(mut self, hint: &str) -> Self {
        self.external_cert = Some(hint.to_owned());
        self
    }

    /// `pkcs11-providers MODULE` and `pkcs11-id-management`: the certificate and key
    /// are on a token.
    #[must_use]
    pub fn pkcs11(mut self, module: &Path) -> Self {
        self.pkcs11 = true;
        self.line(&format!("pkcs11-providers \"{}\"\npkcs11-id-management", module.display()))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn key_kind(&self) -> &KeyKind {
        &self.key
    }

    pub(super) fn config(&self, dir: &Path, identity: &Identity, version: Version) -> String {
        let mut config = "client\ndev null\nnobind\nroute-noexec\nremote-cert-tls server\n\
                          connect-retry 1 1\nmanagement-query-passwords\n"
            .to_owned();
        config.extend(self.remotes.iter().map(String::as_str));
        if self.remotes.is_empty() && !self.common.lines.contains("remote ") {
            // A client without any server does not start.
            config.push_str("remote 127.0.0.1 9 udp\n");
        }
        if self.auth_user_pass {
            config.push_str("auth-user-pass\n");
        }
        self.common.write(&mut config, dir, version);
        self.write_identity(&mut config, identity);
        config
    }

    fn write_identity(&self, config: &mut String, identity: &Identity) {
        if self.pkcs11 {
            return;
        }
        let key = self.external_key.is_none().then_some(identity.key.as_path());
        let cert = self.external_cert.is_none().then_some(identity.cert.as_path());
        write_file_options(config, cert, key);
        if let Some(formats) = &self.external_key {
            writeln!(config, "management-external-key {formats}").ok();
        }
        if let Some(hint) = &self.external_cert {
            writeln!(config, "management-external-cert \"{hint}\"").ok();
        }
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl Common {
    fn new() -> Self {
        let (lines, kind) = (String::new(), ManagementKind::Unix);
        Self { verb: 3, hold: true, kind, password: None, lines }
    }

    fn write(&self, config: &mut String, dir: &Path, version: Version) {
        let ca = dir.join("ca.crt");
        writeln!(config, "ca \"{}\"\nverb {}\nifconfig-noexec", ca.display(), self.verb).ok();
        config.push_str("data-ciphers AES-256-GCM:AES-128-GCM\n");
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
