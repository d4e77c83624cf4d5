//! How a daemon is configured.

mod parse;

pub use self::parse::SetUpError;

/// What a daemon does when its manager is asked and the answer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AuthRetry {
    /// Ends.
    #[default]
    None,
    /// Asks again.
    Interact,
    /// Tries again with the same.
    NoInteract,
}

impl AuthRetry {
    pub(crate) fn parse(word: &[u8]) -> Option<Self> {
        match word {
            b"none" => Some(Self::None),
            b"interact" => Some(Self::Interact),
            b"nointeract" => Some(Self::NoInteract),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Interact => "interact",
            Self::NoInteract => "nointeract",
        }
    }
}

/// What kind of daemon it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// A client of a server.
    #[default]
    Client,
    /// A server of many clients.
    Server,
    /// One side of a tunnel between two.
    PointToPoint,
}

/// A server that a client may dial, as `remote` lines of its configuration say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// A name or an address.
    pub host: String,
    /// A number or a service's name.
    pub port: String,
    /// `udp` or `tcp-client`.
    pub proto: String,
}

impl Default for Remote {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: "1194".to_owned(), proto: "udp".to_owned() }
    }
}

/// What becomes of a client that dials its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Server {
    /// It is let in, by itself or by hand.
    #[default]
    Answers,
    /// It is turned away.
    Refuses,
    /// Nobody answers.
    Silent,
}

/// A static challenge of a client's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StaticChallenge {
    pub(crate) echo: bool,
    pub(crate) text: String,
}

/// The configuration of a fake daemon.
///
/// [`parse`](Self::parse) reads the words of a conversation's `daemon:` line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "switches of a configuration")]
pub struct SetUp {
    pub(crate) mode: Mode,
    pub(crate) hold: bool,
    pub(crate) password: Option<String>,
    pub(crate) query_passwords: bool,
    pub(crate) static_challenge: Option<StaticChallenge>,
    pub(crate) key_password: bool,
    pub(crate) query_remote: bool,
    pub(crate) query_proxy: bool,
    pub(crate) external_key: Option<String>,
    pub(crate) external_cert: Option<String>,
    pub(crate) up_down: bool,
    pub(crate) forget_disconnect: bool,
    pub(crate) signal: bool,
    pub(crate) client_auth: bool,
    pub(crate) client_pf: bool,
    pub(crate) verb: i32,
    pub(crate) echo: Vec<String>,
    pub(crate) log_history: usize,
    pub(crate) server: Server,
    pub(crate) pkcs11: bool,
    pub(crate) auth_retry: AuthRetry,
    pub(crate) tcp: bool,
    pub(crate) renews_keys: bool,
    pub(crate) auth_token: bool,
    pub(crate) username_only: bool,
    pub(crate) no_client_cert: bool,
    pub(crate) dials: bool,
    pub(crate) remotes: Vec<Remote>,
    pub(crate) pid: u32,
}

impl Default for SetUp {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            hold: false,
            password: None,
            query_passwords: false,
            static_challenge: None,
            key_password: false,
            query_remote: false,
            query_proxy: false,
            external_key: None,
            external_cert: None,
            up_down: false,
            forget_disconnect: false,
            signal: false,
            client_auth: false,
            client_pf: false,
            verb: 3,
            echo: Vec::new(),
            log_history: 250,
            server: Server::default(),
            pkcs11: false,
            auth_retry: AuthRetry::default(),
            tcp: false,
            renews_keys: false,
            auth_token: false,
            username_only: false,
            no_client_cert: false,
            dials: false,
            remotes: Vec::new(),
            pid: 4711,
        }
    }
}
