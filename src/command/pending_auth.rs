//! `client-pending-auth`: has a client wait for a decision.

use std::fmt;
use std::time::Duration;

use super::writer::whole_seconds;
use super::{Command, Dialect, Effect, Encoded, ReplyShape, Sealed, Writer, require, text};
use crate::error::{Result, invalid};
use crate::reply::RawReply;
use crate::types::{ArgumentProblem, Cid, Feature, Kid, Text, limits};

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
