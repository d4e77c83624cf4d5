//! A server's decisions about its clients: `client-auth`, `client-auth-nt`, `client-deny`, `client-kill`.

use std::fmt;

use super::config::{IntoPeerConfig, PeerConfig};
use super::received::{Line, Parse, TOO_FEW, cid, kid};
use super::{Command, Dialect, Effect, Encoded, ReplyShape, Sealed, Writer, text};
use crate::error::{Result, invalid};
use crate::reply::RawReply;
use crate::types::grammar::Problem;
use crate::types::{ArgumentProblem, Cid, Kid, Masked, Text};

/// `client-auth CID KID`, configuration lines, `END`: lets a client in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientAuth {
    /// The client's ID.
    pub cid: Cid,
    /// The ID of its session's key.
    pub kid: Kid,
    /// What it is given.
    pub config: PeerConfig,
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

impl Parse for ClientAuth {
    const NAMES: &[&str] = &["client-auth"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [client, key, ..] = line.arguments else { return Err(TOO_FEW) };
        let config = PeerConfig::received(line.lines()?);
        Ok(Self { cid: cid(client)?, kid: kid(key)?, config })
    }
}

/// `client-auth-nt CID KID`: lets a client in, with no configuration of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientAuthNt {
    /// The client's ID.
    pub cid: Cid,
    /// The ID of its session's key.
    pub kid: Kid,
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

impl Parse for ClientAuthNt {
    const NAMES: &[&str] = &["client-auth-nt"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [client, key, ..] = line.arguments else { return Err(TOO_FEW) };
        Ok(Self::new(cid(client)?, kid(key)?))
    }
}

/// `client-deny CID KID "reason" ["client reason"]`: turns a client away.
///
/// At most 256 bytes each. `Debug` shows them up to a challenge.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientDeny {
    /// The client's ID.
    pub cid: Cid,
    /// The ID of its session's key.
    pub kid: Kid,
    /// What goes to the server's log.
    pub reason: Text,
    /// What goes to the client's user.
    pub client_reason: Option<Text>,
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

impl Parse for ClientDeny {
    const NAMES: &[&str] = &["client-deny"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [client, key, reason, more @ ..] = line.arguments else { return Err(TOO_FEW) };
        let deny = Self::new(cid(client)?, kid(key)?, reason);
        Ok(Self { client_reason: more.first().map(text), ..deny })
    }
}

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
#[non_exhaustive]
pub struct ClientKill {
    /// The client's ID.
    pub cid: Cid,
    /// What the client is told, as `HALT,bye`; `None` is `RESTART`.
    pub message: Option<Text>,
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

impl Parse for ClientKill {
    const NAMES: &[&str] = &["client-kill"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [client, more @ ..] = line.arguments else { return Err(TOO_FEW) };
        Ok(Self { cid: cid(client)?, message: more.first().map(text) })
    }
}

impl fmt::Debug for ClientKill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_ref().map(Masked);
        f.debug_struct("ClientKill").field("cid", &self.cid).field("message", &message).finish()
    }
}
