//! What a server is configured to do.

use std::path::Path;

use super::super::certificates::Identity;
use super::super::daemon::Version;
use super::super::network::Port;
use super::{Common, ManagementKind, Proto, write_file_options};

/// A server: one certificate, a tun device and a port of its own.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    common: Common,
    proto: Proto,
    ipv6: bool,
    client_auth: bool,
    /// The lines of its kind of device.
    device: &'static str,
    /// What `server` says of addresses for clients.
    pool: &'static str,
}

impl ServerOptions {
    /// A UDP server with `management-hold` and `management-client-auth`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            common: Common::new(),
            proto: Proto::Udp,
            ipv6: false,
            client_auth: true,
            device: "topology subnet\n",
            pool: "",
        }
    }

    common_options!();

    /// Takes VPN connections over TCP.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.proto = Proto::Tcp;
        self
    }

    /// Takes VPN connections at `::1`, not at 127.0.0.1.
    #[must_use]
    pub fn ipv6(mut self) -> Self {
        self.ipv6 = true;
        self
    }

    /// Carries Ethernet frames: a TAP server.
    #[must_use]
    pub fn tap(mut self) -> Self {
        self.device = "dev-type tap\n";
        self
    }

    /// Has no addresses to give to clients.
    #[must_use]
    pub fn without_pool(mut self) -> Self {
        self.pool = " nopool";
        self
    }

    /// Admits every client with a certificate, without asking the manager.
    #[must_use]
    pub fn without_client_auth(mut self) -> Self {
        self.client_auth = false;
        self
    }

    /// Renews the keys of a client again and again, each time a few seconds after its manager
    /// has let the client go on. For clients with
    /// [`renewed_by_server`](super::ClientOptions::renewed_by_server).
    ///
    /// A short `reneg-sec` would give the manager half of it to decide. Here the packets are
    /// counted, which are the pings of both sides.
    #[must_use]
    pub fn renews_keys(self) -> Self {
        self.line("reneg-sec 0\nreneg-pkts 3\nkeepalive 1 600")
    }

    /// `auth-user-pass-optional`: a client need not send a user name and password.
    #[must_use]
    pub fn auth_user_pass_optional(self) -> Self {
        self.line("auth-user-pass-optional")
    }

    pub(crate) fn config(
        &self,
        dir: &Path,
        identity: &Identity,
        tun: &str,
        port: &Port,
        version: Version,
    ) -> String {
        let port = port.number();
        let (third, second) = (port & 0xff, port >> 8);
        let (local, proto) = match (self.ipv6, self.proto) {
            (false, Proto::Udp) => ("127.0.0.1", "udp"),
            (false, Proto::Tcp) => ("127.0.0.1", "tcp-server"),
            (true, Proto::Udp) => ("::1", "udp6"),
            (true, Proto::Tcp) => ("::1", "tcp6-server"),
        };
        let (device, pool) = (self.device, self.pool);
        let mut config = format!(
            "{tun}{device}server 10.{second}.{third}.0 255.255.255.0{pool}\ndh none\n\
             local {local}\nport {port}\nproto {proto}\nkeepalive 10 60\n"
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
