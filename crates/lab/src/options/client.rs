//! What a client is configured to do.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::super::certificates::{Identity, KeyKind, write_private};
use super::super::daemon::Version;
use super::super::network::Port;
use super::super::process::Process;
use super::{Common, ManagementKind, Proto, write_file_options};

/// A client: `dev null`, so that it needs no privileges and changes no network.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    common: Common,
    name: String,
    key: KeyKind,
    remotes: Vec<String>,
    auth_user_pass: bool,
    login: Option<(String, String)>,
    external_key: Option<String>,
    external_cert: Option<String>,
    pkcs11: bool,
    renewed_by_server: bool,
    local_port: Option<u16>,
    program: Option<PathBuf>,
}

impl ClientOptions {
    /// A client with no server: add one with [`remote`](Self::remote).
    #[must_use]
    pub fn new() -> Self {
        Self {
            common: Common::new(),
            name: "client".to_owned(),
            key: KeyKind::Ec,
            remotes: Vec::new(),
            auth_user_pass: true,
            login: None,
            external_key: None,
            external_cert: None,
            pkcs11: false,
            renewed_by_server: false,
            local_port: None,
            program: None,
        }
    }

    /// A client of this (UDP) server that asks its manager for user name and password.
    #[must_use]
    pub fn to(server: &Process) -> Self {
        Self::new().remote("127.0.0.1", server.port().unwrap_or(1194), Proto::Udp)
    }

    /// A client of this TCP server.
    #[must_use]
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

    /// `lport PORT`, without `nobind`: a client that is started again with the same options
    /// comes from the same address. Keep the [`Port`] as long as any of them runs.
    #[must_use]
    pub fn local_port(mut self, port: &Port) -> Self {
        self.local_port = Some(port.number());
        self
    }

    /// Runs this program in place of the lab's own OpenVPN.
    #[must_use]
    pub fn program(mut self, path: &Path) -> Self {
        self.program = Some(path.to_owned());
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

    /// `auth-user-pass FILE`: signs in by itself, and asks its manager for nothing. [`Lab::client`](crate::Lab::client)
    /// writes the file.
    #[must_use]
    pub fn login(mut self, name: &str, password: &str) -> Self {
        self.login = Some((name.to_owned(), password.to_owned()));
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

    /// A client of a server that [`renews_keys`](super::ServerOptions::renews_keys).
    ///
    /// It drops its old keys soon, so that its pings count for the new ones. A server of
    /// OpenVPN 2.5 takes nothing that comes with new keys its manager decided about, so there
    /// the client itself begins, by the clock.
    #[must_use]
    pub fn renewed_by_server(mut self) -> Self {
        self.renewed_by_server = true;
        self
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

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn own_program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    pub(crate) fn key_kind(&self) -> &KeyKind {
        &self.key
    }

    /// The lines of its configuration file.
    #[must_use]
    pub fn config(&self, dir: &Path, identity: &Identity, version: Version) -> String {
        let mut config = "client\ndev null\nroute-noexec\nremote-cert-tls server\n\
                          connect-retry 1 1\nmanagement-query-passwords\n"
            .to_owned();
        match self.local_port {
            Some(port) => writeln!(config, "local 127.0.0.1\nlport {port}").ok(),
            None => writeln!(config, "nobind").ok(),
        };
        config.extend(self.remotes.iter().map(String::as_str));
        if self.remotes.is_empty() && !self.common.lines.contains("remote ") {
            // A client without any server does not start.
            config.push_str("remote 127.0.0.1 9 udp\n");
        }
        if self.login.is_some() {
            writeln!(config, "auth-user-pass \"{}\"", self.login_file(dir).display()).ok();
        } else if self.auth_user_pass {
            config.push_str("auth-user-pass\n");
        }
        if self.renewed_by_server {
            let old = version < Version::new(2, 6, 0);
            config.push_str(if old { "reneg-sec 10\n" } else { "reneg-sec 0\ntran-window 2\n" });
        }
        self.common.write(&mut config, dir, version);
        self.write_identity(&mut config, identity);
        config
    }

    pub(crate) fn write_login(&self, dir: &Path) -> Result<()> {
        let Some((name, password)) = &self.login else { return Ok(()) };
        write_private(&self.login_file(dir), &format!("{name}\n{password}\n"))
    }

    fn login_file(&self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.login", self.name))
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
