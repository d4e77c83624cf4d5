//! How a fake daemon is configured.

use std::sync::Arc;

use super::FakeDaemon;
use super::expectation::Expectations;
use super::shared::Shared;
use crate::daemon::Client;
use crate::faults::Faults;
use crate::personality::Personality;
use crate::set_up::{AuthRetry, Mode, Remote, Server, SetUp, SetUpError, StaticChallenge};

impl FakeDaemon {
    /// A client of OpenVPN 2.5.
    #[must_use]
    pub fn v2_5() -> Self {
        Self::of(Personality::V2_5)
    }

    /// A client of OpenVPN 2.6.
    #[must_use]
    pub fn v2_6() -> Self {
        Self::of(Personality::V2_6)
    }

    /// A client of OpenVPN 2.7.
    #[must_use]
    pub fn v2_7() -> Self {
        Self::of(Personality::V2_7)
    }

    /// A client of this release.
    #[must_use]
    pub fn of(personality: Personality) -> Self {
        let shared = Arc::new(Shared::new(personality));
        Self { shared, expectations: Expectations::default(), tasks: Vec::new(), paths: Vec::new() }
    }

    /// Configures it by the words of a conversation, e.g. `server, hold, client-auth`, in place of what
    /// was configured before.
    ///
    /// # Errors
    /// A word is none of a set-up.
    pub fn set_up(self, list: &str) -> Result<Self, SetUpError> {
        let parsed = SetUp::parse(list)?;
        Ok(self.configured(|set_up| *set_up = parsed))
    }

    /// Configures it by what was read elsewhere, in place of what was configured before.
    #[must_use]
    pub fn set_up_as(self, new: SetUp) -> Self {
        self.configured(|set_up| *set_up = new)
    }

    /// The process ID it has, as one that is started in the place of another. Default: 4711.
    #[must_use]
    pub fn pid(self, pid: u32) -> Self {
        self.configured(|set_up| set_up.pid = pid)
    }

    /// A server with `management-client-auth`.
    #[must_use]
    pub fn server(self) -> Self {
        self.configured(|set_up| (set_up.mode, set_up.client_auth) = (Mode::Server, true))
    }

    /// A server that lets every client in without asking its manager.
    #[must_use]
    pub fn server_without_client_auth(self) -> Self {
        self.configured(|set_up| (set_up.mode, set_up.client_auth) = (Mode::Server, false))
    }

    /// One side of a tunnel between two.
    #[must_use]
    pub fn point_to_point(self) -> Self {
        self.configured(|set_up| set_up.mode = Mode::PointToPoint)
    }

    /// `management-hold`.
    #[must_use]
    pub fn hold(self) -> Self {
        self.configured(|set_up| set_up.hold = true)
    }

    /// A password of the management interface.
    #[must_use]
    pub fn password(self, secret: &str) -> Self {
        self.configured(|set_up| set_up.password = Some(secret.to_owned()))
    }

    /// `management-query-passwords` and `auth-user-pass`; its server is to be told what to decide.
    #[must_use]
    pub fn query_passwords(self) -> Self {
        self.configured(|set_up| set_up.query_passwords = true)
    }

    /// `static-challenge`.
    #[must_use]
    pub fn static_challenge(self, text: &str, echo: bool) -> Self {
        let challenge = StaticChallenge { echo, text: text.to_owned() };
        self.query_passwords().configured(|set_up| set_up.static_challenge = Some(challenge))
    }

    /// `auth-retry`.
    #[must_use]
    pub fn auth_retry(self, how: AuthRetry) -> Self {
        self.configured(|set_up| set_up.auth_retry = how)
    }

    /// A private key with the password `sesame`.
    #[must_use]
    pub fn private_key_password(self) -> Self {
        self.configured(|set_up| set_up.key_password = true)
    }

    /// `management-query-remote`.
    #[must_use]
    pub fn query_remote(self) -> Self {
        self.configured(|set_up| set_up.query_remote = true)
    }

    /// `management-query-proxy`; beside `management-query-remote` nothing is asked by it.
    #[must_use]
    pub fn query_proxy(self) -> Self {
        self.configured(|set_up| set_up.query_proxy = true)
    }

    /// One more server in its configuration, which nobody is behind; the real one is the first.
    #[must_use]
    pub fn remote(self, host: &str, port: &str, proto: &str) -> Self {
        let [host, port, proto] = [host, port, proto].map(str::to_owned);
        self.configured(|set_up| set_up.remotes.push(Remote { host, port, proto }))
    }

    /// `management-external-key` with these formats, e.g. `pkcs1 pss`.
    #[must_use]
    pub fn external_key(self, formats: &str) -> Self {
        self.configured(|set_up| set_up.external_key = Some(formats.to_owned()))
    }

    /// `management-external-cert`.
    #[must_use]
    pub fn external_cert(self, hint: &str) -> Self {
        self.configured(|set_up| set_up.external_cert = Some(hint.to_owned()))
    }

    /// `management-up-down`.
    #[must_use]
    pub fn up_down(self) -> Self {
        self.configured(|set_up| set_up.up_down = true)
    }

    /// The VPN runs over TCP.
    #[must_use]
    pub fn tcp(self) -> Self {
        self.configured(|set_up| set_up.tcp = true)
    }

    /// The server of a client turns it away.
    #[must_use]
    pub fn refused(self) -> Self {
        self.configured(|set_up| set_up.server = Server::Refuses)
    }

    /// Nobody answers a client.
    #[must_use]
    pub fn unreachable(self) -> Self {
        self.configured(|set_up| set_up.server = Server::Silent)
    }

    /// A client of a server connects as soon as the server serves, and its manager has sent a command or has been
    /// there for five seconds: what a program sets first is in force then.
    #[must_use]
    pub fn client_connects(self, name: &str, describe: impl FnOnce(Client) -> Client) -> Self {
        self.shared.connects_later(describe(Client::new(name)));
        self
    }

    /// What is wrong with the connection, or with the daemon.
    #[must_use]
    pub fn faults(self, faults: Faults) -> Self {
        self.shared.set_faults(faults);
        self
    }

    /// Says these lines to commands that begin so, in place of an answer; none for silence.
    #[must_use]
    pub fn answers(self, command: &str, lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        self.shared.answers(command.to_owned(), lines);
        self
    }

    /// Expects a command line that begins with this text, before the fake daemon is dropped.
    #[must_use]
    pub fn expect(mut self, command: &str) -> Self {
        self.expectations.add(command);
        self
    }

    fn configured(self, change: impl FnOnce(&mut SetUp)) -> Self {
        self.shared.configure(change);
        self
    }
}
