//! A server's decisions about its clients: `client-*`, `env-filter`, `push-update-*`.

use std::fmt;
use std::time::Duration;

use super::config::{IntoPeerConfig, PeerConfig};
use super::writer::whole_seconds;
use super::{Command, Dialect, Effect, Encoded, Fence, ReplyShape, Sealed, Writer, require, text};
use crate::error::{Result, invalid};
use crate::reply::{self, RawReply};
use crate::types::{ArgumentProblem, Cid, Feature, Kid, Masked, Text, limits};

/// `client-auth CID KID`, configuration lines, `END`: lets a client in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAuth {
    cid: Cid,
    kid: Kid,
    config: PeerConfig,
}

impl ClientAuth {
    /// `config` is a [`PeerConfig`], or lines that are each checked as by [`PeerConfig::directive`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a line that is refused.
    pub fn new(cid: Cid, kid: Kid, config: impl IntoPeerConfig) -> Result<Self> {
        Ok(Self { cid, kid, config: config.into_peer_config()? })
    }
}

impl Command for ClientAuth {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let block = Writer::new("client-auth").number(self.cid.0).number(self.kid.0).block();
        let encoded = self.config.write(block)?.end(ReplyShape::Line);
        Ok(encoded.expect("client-auth command").effect(Effect::Decides(self.cid, self.kid)))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for ClientAuth {}

/// `client-auth-nt CID KID`: lets a client in, with no configuration of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAuthNt {
    cid: Cid,
    kid: Kid,
}

impl ClientAuthNt {
    /// The client by its IDs.
    #[must_use]
    pub fn new(cid: Cid, kid: Kid) -> Self {
        Self { cid, kid }
    }
}

impl Command for ClientAuthNt {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let writer = Writer::new("client-auth-nt").number(self.cid.0).number(self.kid.0);
        // It answers with the same text as `client-auth`.
        let encoded = writer.line(ReplyShape::Line).expect("client-auth command");
        Ok(encoded.effect(Effect::Decides(self.cid, self.kid)))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for ClientAuthNt {}

/// `client-deny CID KID "reason" ["client reason"]`: turns a client away.
///
/// At most 256 bytes each. `Debug` shows them up to a challenge.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientDeny {
    cid: Cid,
    kid: Kid,
    reason: Text,
    client_reason: Option<Text>,
}

impl ClientDeny {
    /// `reason` goes to the server's log.
    pub fn new(cid: Cid, kid: Kid, reason: impl AsRef<[u8]>) -> Self {
        Self { cid, kid, reason: text(reason), client_reason: None }
    }

    /// Adds what goes to the client's user.
    #[must_use]
    pub fn client_reason(self, reason: impl AsRef<[u8]>) -> Self {
        Self { client_reason: Some(text(reason)), ..self }
    }
}

impl Command for ClientDeny {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let mut writer = Writer::new("client-deny").number(self.cid.0).number(self.kid.0);
        writer = writer.quoted("reason", &self.reason)?;
        if let Some(text) = &self.client_reason {
            writer = writer.quoted("client reason", text)?;
        }
        let encoded = writer.line(ReplyShape::Line).expect("client-deny command");
        Ok(encoded.effect(Effect::Decides(self.cid, self.kid)))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for ClientDeny {}

impl fmt::Debug for ClientDeny {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientDeny")
            .field("cid", &self.cid)
            .field("kid", &self.kid)
            .field("reason", &Masked(&self.reason))
            .field("client_reason", &self.client_reason.as_ref().map(Masked))
            .finish()
    }
}

/// `client-kill CID [MESSAGE]`: ends the session of whoever has this ID.
///
/// [`Client::client_kill`](crate::Client::client_kill) reaches the client that is meant, or nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientKill {
    cid: Cid,
    message: Option<Text>,
}

impl ClientKill {
    /// Without a message the client tries again (`RESTART`).
    #[must_use]
    pub fn new(cid: Cid) -> Self {
        Self { cid, message: None }
    }

    /// Adds a message, of at most 256 bytes, as `HALT,bye` (give up) or `RESTART,later` (try again).
    #[must_use]
    pub fn message(self, message: impl AsRef<[u8]>) -> Self {
        Self { message: Some(text(message)), ..self }
    }
}

impl Command for ClientKill {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        const NAME: &str = "client-kill";
        let writer = Writer::new(NAME).number(self.cid.0);
        let writer = match &self.message {
            None => writer,
            Some(message) if message.is_empty() => {
                return Err(invalid(NAME, "message", ArgumentProblem::Empty));
            }
            Some(message) => writer.quoted("message", message)?,
        };
        Ok(writer.line(ReplyShape::Line).expect("client-kill command"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for ClientKill {}

impl fmt::Debug for ClientKill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_ref().map(Masked);
        f.debug_struct("ClientKill").field("cid", &self.cid).field("message", &message).finish()
    }
}

/// `client-pending-auth CID KID "EXTRA" TIMEOUT`: has a client wait, and tells its user what to do meanwhile. OpenVPN 2.5.
///
/// See [`Client::client_pending_auth`](crate::Client::client_pending_auth). `Debug` shows of `EXTRA` only what it is.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientPendingAuth {
    cid: Cid,
    kid: Kid,
    extra: Text,
    timeout: Duration,
}

impl ClientPendingAuth {
    const NAME: &str = "client-pending-auth";

    /// `extra` is `WEB_AUTH:flags:url`, `OPEN_URL:url` or `CR_TEXT:flags:text`, at most 246 bytes; `timeout` whole
    /// seconds, from 1.
    pub fn new(cid: Cid, kid: Kid, extra: impl AsRef<[u8]>, timeout: Duration) -> Self {
        Self { cid, kid, extra: text(extra), timeout }
    }

    fn asks_response(&self) -> bool {
        self.extra.as_bytes().starts_with(b"CR_TEXT:")
    }
}

impl Command for ClientPendingAuth {
    type Reply = ();

    /// The parameters by version: 2.5 `CID EXTRA`, 2.6.0 and 2.6.1 `CID EXTRA TIMEOUT`, later `CID KID EXTRA TIMEOUT`.
    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        let why = "longer ones do not reach the user of an OpenVPN 2.x client";
        let seconds = whole_seconds(Self::NAME, "timeout", self.timeout, 1, u32::MAX.into())?;
        require(Self::NAME, dialect, Feature::PendingAuth)?;
        if self.extra.is_empty() {
            return Err(invalid(Self::NAME, "extra", ArgumentProblem::Empty));
        }
        let mut writer = Writer::new(Self::NAME).number(self.cid.0);
        if dialect.pending_auth_takes_kid() {
            writer = writer.number(self.kid.0);
        }
        writer = writer.quoted_within("extra", &self.extra, limits::PENDING_EXTRA, why)?;
        if dialect.pending_auth_takes_timeout() {
            writer = writer.number(seconds);
        }
        let encoded = writer.line(ReplyShape::Line).expect("client-pending-auth command");
        // 2.5.0 to 2.5.6 say SUCCESS and then, in words, that it failed.
        let encoded = encoded.failure("command failed");
        let asks = Effect::AsksResponse(self.cid, self.kid);
        Ok(if self.asks_response() { encoded.effect(asks) } else { encoded })
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for ClientPendingAuth {}

impl fmt::Debug for ClientPendingAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without a colon it has no kind, and may be anything.
        let colon = self.extra.as_bytes().iter().position(|byte| *byte == b':');
        let what = self.extra.as_bytes().get(..colon.unwrap_or_default()).unwrap_or_default();
        f.debug_struct("ClientPendingAuth")
            .field("cid", &self.cid)
            .field("kid", &self.kid)
            .field("extra", &String::from_utf8_lossy(what))
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// `client-pf CID`, filter lines, `END`: sets the packet filter of whoever has this ID. OpenVPN 2.5 and earlier.
///
/// See [`Client::client_pf`](crate::Client::client_pf).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientPf {
    cid: Cid,
    filter: Vec<Text>,
}

impl ClientPf {
    /// The lines of a packet filter file, each at most 255 bytes.
    pub fn new<L: AsRef<[u8]>>(cid: Cid, filter: impl IntoIterator<Item = L>) -> Self {
        Self { cid, filter: filter.into_iter().map(text).collect() }
    }
}

impl Command for ClientPf {
    type Reply = ();

    /// Each line begins with `[`, `+` or `-`: a daemon that does not want the block runs its lines as
    /// commands, and no command begins so.
    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        const NAME: &str = "client-pf";
        const FILTER: &str = "filter";
        let why = "the daemon loses longer lines that stand among others";
        require(NAME, dialect, Feature::PacketFilters)?;
        let mut block = Writer::new(NAME).number(self.cid.0).block();
        for line in self.filter.iter().map(Text::as_bytes) {
            block = block.line(FILTER, line, limits::CONFIG_LINE, why)?;
            if !line.starts_with(b"[") && !line.starts_with(b"+") && !line.starts_with(b"-") {
                let problem = "has a line that begins with none of `[`, `+` and `-`";
                return Err(invalid(NAME, FILTER, ArgumentProblem::Other(problem)));
            }
        }
        Ok(block.end(ReplyShape::Fenced(Fence::AfterRefusal)).expect("client-pf command"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for ClientPf {}

/// `env-filter LEVEL`: how much of a client's environment the daemon sends. Kept for later managers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EnvFilter {
    /// Everything (level 0, the daemon's default).
    All,
    /// What a script that authenticates needs (level 1).
    Reduced,
    /// As `Reduced`, without the digests of deeper certificates and the common name's alias (level 2).
    Minimal,
}

impl Command for EnvFilter {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let level: u8 = match self {
            Self::All => 0,
            Self::Reduced => 1,
            Self::Minimal => 2,
        };
        let encoded = Writer::new("env-filter").number(level).line(ReplyShape::Line);
        Ok(encoded.expect("env_filter_level=").effect(Effect::FiltersEnv { zero: level == 0 }))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for EnvFilter {}

/// `push-update-broad "options"`, `push-update-cid CID "options"`: changes the pushed options of clients. OpenVPN 2.7.
#[derive(Clone, PartialEq, Eq)]
pub struct PushUpdate {
    cid: Option<Cid>,
    options: Text,
}

impl PushUpdate {
    /// Of every client.
    pub fn broad(options: impl AsRef<[u8]>) -> Self {
        Self { cid: None, options: text(options) }
    }

    /// Of whoever has this ID.
    pub fn cid(cid: Cid, options: impl AsRef<[u8]>) -> Self {
        Self { cid: Some(cid), options: text(options) }
    }

    fn name(&self) -> &'static str {
        if self.cid.is_some() { "push-update-cid" } else { "push-update-broad" }
    }
}

impl Command for PushUpdate {
    type Reply = reply::PushUpdate;

    /// Two lines for one answer, so a fence tells the end.
    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        let writer = Writer::new(self.name());
        let writer = match self.cid {
            Some(cid) => writer.number(cid.0),
            None => writer,
        };
        if self.options.is_empty() {
            return Err(invalid(self.name(), "options", ArgumentProblem::Empty));
        }
        let writer = writer.quoted("options", &self.options)?;
        require(self.name(), dialect, Feature::PushUpdate)?;
        Ok(writer.line(ReplyShape::Fenced(Fence::AfterFirst)))
    }

    fn read(&self, reply: &RawReply) -> Result<reply::PushUpdate> {
        reply::parse_push_update(self.name(), &reply.lines)
    }
}

impl fmt::Debug for PushUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("PushUpdate");
        shown.field("cid", &self.cid).field("options", &Masked(&self.options)).finish()
    }
}

impl Sealed for PushUpdate {
    fn needs_version(&self, dialect: Dialect) -> bool {
        dialect.has(Feature::PushUpdate).is_none()
    }
}
