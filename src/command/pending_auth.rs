//! `client-pending-auth`: has a client wait for a decision.

use std::fmt;
use std::time::Duration;

use super::received::{Line, Parse, TOO_FEW, cid, kid, numeric};
use super::writer::whole_seconds;
use super::{Command, Dialect, Effect, Encoded, ReplyShape, Sealed, Writer, require, text};
use crate::error::{Result, invalid};
use crate::reply::RawReply;
use crate::types::grammar::Problem;
use crate::types::{ArgumentProblem, Cid, Feature, Kid, Text, limits};

/// `client-pending-auth CID KID "EXTRA" TIMEOUT`: has a client wait, and tells its user what to do meanwhile. OpenVPN 2.5.
///
/// See [`Client::client_pending_auth`](crate::Client::client_pending_auth). `Debug` shows of `EXTRA` only what it is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientPendingAuth {
    /// The client's ID.
    pub cid: Cid,
    /// The ID of its session's key; `None` as a daemon before OpenVPN 2.6.2 receives it.
    pub kid: Option<Kid>,
    /// What its user is told: `WEB_AUTH:…`, `OPEN_URL:…` or `CR_TEXT:…`.
    pub extra: Text,
    /// How long it waits; `None` as a daemon before OpenVPN 2.6 receives it.
    pub timeout: Option<Duration>,
}

impl ClientPendingAuth {
    const NAME: &str = "client-pending-auth";

    /// `extra` is `WEB_AUTH:flags:url`, `OPEN_URL:url` or `CR_TEXT:flags:text`, at most 246 bytes; `timeout` whole
    /// seconds, from 1.
    pub fn new(cid: Cid, kid: Kid, extra: impl AsRef<[u8]>, timeout: Duration) -> Self {
        Self { cid, kid: Some(kid), extra: text(extra), timeout: Some(timeout) }
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
        let seconds = self
            .timeout
            .map(|timeout| whole_seconds(Self::NAME, "timeout", timeout, 1, u32::MAX.into()));
        let seconds = seconds.transpose()?;
        require(Self::NAME, dialect, Feature::PendingAuth)?;
        if self.extra.is_empty() {
            return Err(invalid(Self::NAME, "extra", ArgumentProblem::Empty));
        }
        let mut writer = Writer::new(Self::NAME).number(self.cid.0);
        if dialect.pending_auth_takes_kid() {
            writer = writer.number(told(self.kid, "key ID")?.0);
        }
        writer = writer.quoted_within("extra", &self.extra, limits::PENDING_EXTRA, why)?;
        if dialect.pending_auth_takes_timeout() {
            writer = writer.number(told(seconds, "timeout")?);
        }
        let encoded = writer.line(ReplyShape::Line).expect("client-pending-auth command");
        // 2.5.0 to 2.5.6 say SUCCESS and then, in words, that it failed.
        let encoded = encoded.failure("command failed");
        Ok(match self.kid {
            Some(kid) if self.asks_response() => {
                encoded.effect(Effect::AsksResponse(self.cid, kid))
            }
            _ => encoded,
        })
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for ClientPendingAuth {}

impl Parse for ClientPendingAuth {
    const NAMES: &[&str] = &["client-pending-auth"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let (client, key, extra, timeout) = match line.arguments {
            [client, key, extra, timeout, ..] if line.dialect.pending_auth_takes_kid() => {
                (client, Some(key), extra, Some(timeout))
            }
            [client, extra, timeout, ..] if takes_timeout_alone(line.dialect) => {
                (client, None, extra, Some(timeout))
            }
            [client, extra, ..] if !line.dialect.pending_auth_takes_timeout() => {
                (client, None, extra, None)
            }
            _ => return Err(TOO_FEW),
        };
        Ok(Self {
            cid: cid(client)?,
            kid: key.map(|key| kid(key)).transpose()?,
            extra: text(extra),
            timeout: timeout.map(|timeout| seconds(timeout)).transpose()?,
        })
    }
}

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

/// `CID EXTRA TIMEOUT`, as in 2.6.0 and 2.6.1.
fn takes_timeout_alone(dialect: Dialect) -> bool {
    dialect.pending_auth_takes_timeout() && !dialect.pending_auth_takes_kid()
}

fn seconds(field: &[u8]) -> Result<Duration, Problem> {
    let seconds: u32 = numeric(field, "has a timeout that is no number")?;
    Ok(Duration::from_secs(seconds.into()))
}

/// What this daemon needs, and a command that was read from the line of an older one does not have.
fn told<T>(value: Option<T>, argument: &'static str) -> Result<T> {
    value.ok_or(invalid(ClientPendingAuth::NAME, argument, ArgumentProblem::Empty))
}
