//! A client's way to its server, and what the server does to it.

use std::time::Duration;

use super::clock::Due;
use super::flow::{Phase, Stage};
use super::prompt::Question;
use super::{Daemon, Mode};
use crate::personality::Personality;
use crate::set_up::{AuthRetry, Remote, Server, SetUp};

mod answers;
mod script;
mod server;
mod token;

pub use self::server::ServerAction;
pub(super) use self::token::ID;

/// What a client keeps from one connection to the next.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "what has happened, each on its own")]
pub(super) struct Tunnel {
    username: Option<String>,
    password: Option<String>,
    /// The password of the private key is known.
    has_key: bool,
    certificate: Option<String>,
    remotes: Vec<Remote>,
    /// Which of them is tried.
    current: usize,
    /// The remote as the manager changed it.
    changed: Option<Remote>,
    /// A proxy stands between, and none is there.
    pub(super) is_proxied: bool,
    /// Dialled, and the server has not decided.
    is_waiting: bool,
    has_asked: bool,
    pub(super) is_up: bool,
    /// What the server will push.
    pushed: Vec<String>,
    /// The last refusal was a challenge, which takes the place of a static one.
    was_challenged: bool,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
}

impl Tunnel {
    pub(super) fn new(set_up: &SetUp) -> Self {
        let proto = if set_up.tcp { "tcp-client" } else { "udp" };
        let mut remotes = vec![Remote { proto: proto.to_owned(), ..Remote::default() }];
        remotes.extend(set_up.remotes.iter().cloned());
        Self {
            username: None,
            password: None,
            has_key: false,
            certificate: None,
            remotes,
            current: 0,
            changed: None,
            is_proxied: false,
            is_waiting: false,
            has_asked: false,
            is_up: false,
            pushed: Vec::new(),
            was_challenged: false,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    fn remote(&self) -> Remote {
        self.remotes.get(self.current).cloned().unwrap_or_default()
    }

    /// Whether the remote that is dialled is the one where a server is.
    fn meets_its_server(&self) -> bool {
        let real = self.remotes.first();
        let dialled = self.changed.as_ref().or(self.remotes.get(self.current));
        dialled.zip(real).is_some_and(|(a, b)| (&a.host, &a.port) == (&b.host, &b.port))
    }

    pub(super) fn next_remote(&mut self, count: usize) {
        self.current = (self.current + count) % self.remotes.len().max(1);
    }
}

/// So long a client waits for a server that does not answer: `--server-poll-timeout`.
const SILENCE: Duration = Duration::from_secs(120);

impl Daemon {
    pub(super) fn forget_passwords(&mut self) {
        (self.tunnel.username, self.tunnel.password) = (None, None);
        self.tunnel.has_key = false;
    }

    /// The servers of its configuration.
    pub(super) fn remotes(&self) -> &[Remote] {
        &self.tunnel.remotes
    }

    /// Sends the first packets.
    pub(super) fn dial(&mut self) {
        let remote = self.tunnel.changed.clone().unwrap_or_else(|| self.tunnel.remote());
        let tcp = remote.proto.starts_with("tcp");
        if remote.host.parse::<std::net::IpAddr>().is_err() {
            self.plain_state("RESOLVE", "");
        }
        if tcp {
            self.plain_state("TCP_CONNECT", "");
        }
        self.log_dial(&remote);
        let answers = self.set_up.server != Server::Silent && self.tunnel.meets_its_server();
        if std::mem::take(&mut self.tunnel.is_proxied) || (!answers && tcp) {
            return self.cannot_connect();
        }
        self.plain_state("WAIT", "");
        (self.tunnel.bytes_in, self.tunnel.bytes_out) = (0, 14);
        if answers {
            self.plain_state("AUTH", "");
        } else {
            self.plan.clear();
            self.clock.after(SILENCE, Due::Silence);
        }
    }

    /// Gives up a server that does not answer, and dials the next.
    pub(super) fn dial_another(&mut self) {
        if self.phase == Phase::Running {
            self.tunnel.next_remote(1);
            self.restart("server_poll", Some(1));
        }
    }

    fn log_dial(&mut self, remote: &Remote) {
        let address = format!("[AF_INET]{}:{}", remote.host, remote.port);
        let proto = if remote.proto.starts_with("tcp") { "TCPv4_CLIENT" } else { "UDPv4" };
        self.log("I", &format!("TCP/UDP: Preserving recently used remote address: {address}"));
        self.log("", "Socket Buffers: R=[212992->212992] S=[212992->212992]");
        self.log("I", &format!("{proto} link local: (not bound)"));
        self.log("I", &format!("{proto} link remote: {address}"));
    }

    /// A TCP connection was refused: the next server is tried after a wait.
    fn cannot_connect(&mut self) {
        let (reason, wait) = match self.personality {
            Personality::V2_5 => ("init_instance", 1),
            Personality::V2_6 => ("connection-failed", 1),
            Personality::V2_7 => ("connection-failed", 2),
        };
        self.tunnel.next_remote(1);
        self.restart(reason, Some(wait));
    }

    /// Waits for what the server decides.
    pub(super) fn await_admission(&mut self) {
        (self.tunnel.bytes_in, self.tunnel.bytes_out) = (2956, 2847);
        if self.set_up.server == Server::Refuses {
            self.ask_for_config();
            return self.refused(None);
        }
        if self.set_up.query_passwords {
            self.tunnel.is_waiting = true;
            self.clock.after(Duration::from_secs(1), Due::GetConfig);
        } else {
            self.come_up();
        }
    }

    /// Asks the server for its configuration, once.
    pub(super) fn ask_for_config(&mut self) {
        if !self.tunnel.has_asked && !self.tunnel.is_up {
            self.tunnel.has_asked = true;
            self.plain_state("GET_CONFIG", "");
        }
    }

    /// The server lets it in.
    pub(super) fn come_up(&mut self) {
        if self.tunnel.is_waiting {
            self.ask_for_config();
        }
        self.tunnel.is_waiting = false;
        self.tunnel.is_up = true;
        if self.set_up.auth_token {
            self.say(format!(">PASSWORD:Auth-Token:SESS_ID_AT_{}", "A".repeat(88)));
        }
        for option in std::mem::take(&mut self.tunnel.pushed) {
            self.was_pushed(&option);
        }
        if self.set_up.up_down {
            self.tell_script("UP");
        }
        self.tell_connected();
    }

    fn was_pushed(&mut self, option: &str) {
        if let Some(text) = option.strip_prefix("echo ") {
            // It is read as a line of a configuration, and its words are put together again.
            self.echo(&text.replace('"', ""));
        }
    }

    fn tell_connected(&mut self) {
        let Remote { host, port, proto } =
            self.tunnel.changed.clone().unwrap_or_else(|| self.tunnel.remote());
        // Only a TCP connection has an address of its own.
        let local = if proto.starts_with("tcp") { "127.0.0.1,50000" } else { "," };
        self.state("CONNECTED", &format!("SUCCESS,10.8.0.2,{host},{port},{local}"));
    }

    /// The tunnel goes down.
    pub(super) fn take_down(&mut self) {
        if self.tunnel.is_up && self.set_up.up_down {
            self.tell_script("DOWN");
        }
        self.tunnel.is_up = false;
        self.tunnel.is_waiting = false;
        self.tunnel.has_asked = false;
        self.tunnel.changed = None;
    }

    /// The server turned it away, with a reason or without.
    pub(super) fn refused(&mut self, reason: Option<&str>) {
        self.say(match reason {
            Some(reason) => format!(">PASSWORD:Verification Failed: 'Auth' ['{reason}']"),
            None => ">PASSWORD:Verification Failed: 'Auth'".to_owned(),
        });
        self.tunnel.was_challenged = reason.is_some_and(|reason| reason.starts_with("CRV1:"));
        match self.settings.auth_retry {
            AuthRetry::None => {
                self.take_down();
                self.plain_state("EXITING", "auth-failure");
                return self.end();
            }
            AuthRetry::Interact => self.forget_passwords(),
            AuthRetry::NoInteract => {}
        }
        self.restart("auth-failure", Some(1));
        // Asked for before it dials again.
        if let Some(login) = self.plan.iter().position(|stage| *stage == Stage::Dial) {
            self.plan.insert(login, Stage::Login);
        }
    }

    /// Sets up a server, or one side of a tunnel.
    pub(super) fn serve(&mut self) {
        if self.is(Mode::Server) {
            self.state("CONNECTED", "SUCCESS,10.8.0.1,,,127.0.0.1,1194");
        } else {
            // It is up when the other side has been heard.
            if self.personality < Personality::V2_7 {
                self.plain_state("ASSIGN_IP", "");
            }
        }
        self.phase = Phase::Running;
    }
}

/// The kind of a prompt for the credentials of a user.
pub(super) const AUTH: &str = "Auth";
/// The kind of a prompt for the password of a key.
pub(super) const KEY: &str = "Private Key";

impl Question {
    pub(super) fn credentials(username_only: bool) -> Self {
        Self::Secret { kind: AUTH, username: true, password: !username_only }
    }
}
