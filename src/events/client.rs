//! `>CLIENT:`

mod address;
mod build;
#[cfg(feature = "serde")]
mod json;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use address::{address_event, write_address};

use super::{BadField, Env, SecretText};
use crate::types::grammar::{Problem, number, split_once};
use crate::types::{Cid, Kid, Line, Secret, Text, VirtualAddress, WriteError, base64};

/// `>CLIENT:`: what happens to a client of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// `CONNECT,cid,kid` and ENV: a new client waits to be let in.
    #[non_exhaustive]
    Connect {
        /// The client.
        cid: Cid,
        /// Its TLS session.
        kid: Kid,
        /// Who it is.
        env: Env,
        /// The fields behind those known here, as newer daemons may send; no known daemon does.
        extra: Option<SecretText>,
    },
    /// `REAUTH,cid,kid` and ENV: a client waits to be let in again.
    #[non_exhaustive]
    Reauth {
        /// The client.
        cid: Cid,
        /// Its new TLS session.
        kid: Kid,
        /// Who it is.
        env: Env,
        /// The fields behind those known here, as newer daemons may send; no known daemon does.
        extra: Option<SecretText>,
    },
    /// `ESTABLISHED,cid` and ENV: a client was let in, its session has begun.
    #[non_exhaustive]
    Established {
        /// The client.
        cid: Cid,
        /// Who it is.
        env: Env,
        /// The fields behind those known here, as newer daemons may send; no known daemon does.
        extra: Option<SecretText>,
    },
    /// `DISCONNECT,cid` and ENV: a client left. It can come for a client that was never
    /// announced, with an empty ENV.
    #[non_exhaustive]
    Disconnect {
        /// The client.
        cid: Cid,
        /// Who it was, and what its session carried.
        env: Env,
        /// The fields behind those known here, as newer daemons may send; no known daemon does.
        extra: Option<SecretText>,
    },
    /// `CR_RESPONSE,cid,kid,base64` and ENV: a client answers a challenge of
    /// `client-pending-auth` (OpenVPN 2.5).
    #[non_exhaustive]
    CrResponse {
        /// The client.
        cid: Cid,
        /// Its TLS session.
        kid: Kid,
        /// Its answer.
        response: CrResponse,
        /// Who it is.
        env: Env,
    },
    /// `ADDRESS,cid,address,primary`: a tunnel address or network leads to a client now.
    #[non_exhaustive]
    Address {
        /// The client.
        cid: Cid,
        /// The address or network.
        address: VirtualAddress,
        /// The same as the daemon wrote it, where that is not how it is shown: `10.1.0.0/255.255.0.0`.
        text: Option<Arc<Text>>,
        /// Whether it is the client's own address, and not a network behind it (`iroute`).
        primary: bool,
        /// The fields behind those known here, as newer daemons may send; no known daemon does.
        extra: Option<SecretText>,
    },
}

impl ClientEvent {
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, NAME).raw(self.kind()).raw(",").number(self.cid());
        let line = match self.kid() {
            Some(kid) => line.raw(",").number(kid),
            None => line,
        };
        let line = match self {
            Self::CrResponse { response, .. } => line.raw(",").secret("response", &response.0),
            Self::Address { address, text, primary, .. } => {
                let line = write_address(line.raw(","), address, text.as_deref());
                line.raw(if *primary { ",1" } else { ",0" })
            }
            _ => line,
        };
        let line = match self.extra() {
            Some(extra) => line.raw(",").secret("further fields", extra),
            None => line,
        };
        line.end()?;
        self.env().map_or(Ok(()), |env| env.write(out, NAME))
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "CONNECT",
            Self::Reauth { .. } => "REAUTH",
            Self::Established { .. } => "ESTABLISHED",
            Self::Disconnect { .. } => "DISCONNECT",
            Self::CrResponse { .. } => "CR_RESPONSE",
            Self::Address { .. } => "ADDRESS",
        }
    }

    /// The client.
    #[must_use]
    pub fn cid(&self) -> Cid {
        match self {
            Self::Connect { cid, .. }
            | Self::Reauth { cid, .. }
            | Self::Established { cid, .. }
            | Self::Disconnect { cid, .. }
            | Self::CrResponse { cid, .. }
            | Self::Address { cid, .. } => *cid,
        }
    }

    /// The TLS session, where the event is about one.
    #[must_use]
    pub fn kid(&self) -> Option<Kid> {
        match self {
            Self::Connect { kid, .. } | Self::Reauth { kid, .. } | Self::CrResponse { kid, .. } => {
                Some(*kid)
            }
            Self::Established { .. } | Self::Disconnect { .. } | Self::Address { .. } => None,
        }
    }

    /// The ENV block, where the event has one.
    #[must_use]
    pub fn env(&self) -> Option<&Env> {
        match self {
            Self::Connect { env, .. }
            | Self::Reauth { env, .. }
            | Self::Established { env, .. }
            | Self::Disconnect { env, .. }
            | Self::CrResponse { env, .. } => Some(env),
            Self::Address { .. } => None,
        }
    }

    /// The fields behind those known here, separated by commas, as newer daemons may send; no known daemon
    /// does. Those of a `CR_RESPONSE` are part of the response. Withheld while
    /// [requests](crate::Builder::requests) are on, see [`ClientRequest::extra`](crate::ClientRequest::extra).
    #[must_use]
    pub fn extra(&self) -> Option<&SecretText> {
        match self {
            Self::Connect { extra, .. }
            | Self::Reauth { extra, .. }
            | Self::Established { extra, .. }
            | Self::Disconnect { extra, .. }
            | Self::Address { extra, .. } => extra.as_ref(),
            Self::CrResponse { .. } => None,
        }
    }

    /// The same without a response, which the request has, and fields that may hold one.
    pub(super) fn withhold_secrets(mut self) -> Self {
        match &mut self {
            Self::Connect { env, extra, .. }
            | Self::Reauth { env, extra, .. }
            | Self::Established { env, extra, .. }
            | Self::Disconnect { env, extra, .. } => {
                *extra = extra.take().map(|extra| extra.withheld());
                withhold_env(env);
            }
            Self::CrResponse { response, env, .. } => {
                response.0 = response.0.withheld();
                withhold_env(env);
            }
            Self::Address { address, text, extra, .. } => {
                *extra = extra.take().map(|extra| extra.withheld());
                // They stand in the line that the rest is withheld of.
                *text = text.take().map(|text| Arc::new(Text::clone(&text).detach()));
                if let VirtualAddress::Other(other) = address {
                    *other = std::mem::take(other).detach();
                }
            }
        }
        self
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connects",
            Self::Reauth { .. } => "authenticates again",
            Self::Established { .. } => "is connected",
            Self::Disconnect { .. } => "disconnected",
            Self::CrResponse { .. } => "answers its challenge",
            Self::Address { .. } => "has address",
        }
    }
}

const NAME: &str = "CLIENT";

impl fmt::Display for ClientEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.cid())?;
        let name = |env: &Env| {
            let (name, user) = (env.common_name().ok().flatten(), env.username().ok().flatten());
            name.or(user)
        };
        if let Some(name) = self.env().and_then(name) {
            write!(f, " ({name})")?;
        }
        write!(f, " {}", self.what())?;
        match self {
            Self::Address { address, .. } => write!(f, " {address}"),
            _ => Ok(()),
        }
    }
}

/// Leaves the secrets of an ENV block to the request that has them.
pub(super) fn withhold_env(env: &mut Env) {
    *env = env.withhold_secrets();
}

/// What a client answered to a challenge.
///
/// Withheld from events while [requests](crate::Builder::requests) are on: it is in
/// [`Request::ClientResponse`](crate::Request::ClientResponse), where it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrResponse(SecretText);

impl CrResponse {
    /// The answer as the client sent it, which should be base64.
    #[must_use]
    pub fn raw(&self) -> &SecretText {
        &self.0
    }

    /// The answer, decoded.
    ///
    /// # Errors
    /// Where it is not base64 (the daemon does not check what the client sends), or
    /// [withheld](BadField::is_withheld).
    pub fn decode(&self) -> Result<Secret, BadField> {
        let response = self.0.expose().ok_or(BadField::withheld("response"))?;
        base64::decode(response).ok_or(BadField::new("response", "base64"))
    }
}

/// The first line of a `>CLIENT:` event.
pub(super) enum Header {
    /// It is a whole event by itself.
    Whole(ClientEvent),
    /// An ENV block follows.
    Block(BlockHeader),
    /// A kind this crate does not know.
    Unknown,
}

/// Whether the first line of a `>CLIENT:` event is known to hold no secret: it has no fields but known ones.
pub(super) fn is_plain(body: &[u8]) -> bool {
    let (kind, rest) = split_once(body, b",").unwrap_or((body, b""));
    let ids = match kind {
        b"CONNECT" | b"REAUTH" => 2,
        b"ESTABLISHED" | b"DISCONNECT" => 1,
        b"ADDRESS" => return true,
        _ => return false,
    };
    let fields = rest.split(|byte| *byte == b',');
    fields.clone().count() == ids && fields.flatten().all(u8::is_ascii_digit)
}

/// The first line of a block, without its ENV.
pub(super) enum BlockHeader {
    Connect(Cid, Kid, Option<SecretText>),
    Reauth(Cid, Kid, Option<SecretText>),
    Established(Cid, Option<SecretText>),
    Disconnect(Cid, Option<SecretText>),
    CrResponse(Cid, Kid, CrResponse),
}

impl Header {
    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let (kind, rest) = split_once(body, b",").unwrap_or((body, b""));
        let header = match kind {
            b"CONNECT" => cid_kid(rest)
                .map(|(cid, kid, extra)| BlockHeader::Connect(cid, kid, text(line, extra))),
            b"REAUTH" => cid_kid(rest)
                .map(|(cid, kid, extra)| BlockHeader::Reauth(cid, kid, text(line, extra))),
            b"ESTABLISHED" => first(rest, cid)
                .map(|(cid, extra)| BlockHeader::Established(cid, text(line, extra))),
            b"DISCONNECT" => {
                first(rest, cid).map(|(cid, extra)| BlockHeader::Disconnect(cid, text(line, extra)))
            }
            b"CR_RESPONSE" => cr_response(line, rest),
            b"ADDRESS" => return address_event(line, rest).map(Self::Whole),
            _ => return Ok(Self::Unknown),
        };
        header.map(Self::Block)
    }
}

/// Who has a client's ID behind a block that could not be read to its end, or of which no more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Whoever has connected by it.
    Connect(Cid),
    /// Nobody.
    Disconnect(Cid),
}

impl Unread {
    pub(crate) fn cid(self) -> Cid {
        match self {
            Self::Connect(cid) | Self::Disconnect(cid) => cid,
        }
    }

    /// What the first line of a block tells, without its ENV: its CID suffices.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        let (kind, rest) = split_once(line.strip_prefix(b"CLIENT:")?, b",")?;
        let (cid, _) = first(rest, cid).ok()?;
        match kind {
            b"CONNECT" => Some(Self::Connect(cid)),
            b"DISCONNECT" => Some(Self::Disconnect(cid)),
            _ => None,
        }
    }
}

impl BlockHeader {
    pub(super) fn with(self, env: Env) -> ClientEvent {
        match self {
            Self::Connect(cid, kid, extra) => ClientEvent::Connect { cid, kid, env, extra },
            Self::Reauth(cid, kid, extra) => ClientEvent::Reauth { cid, kid, env, extra },
            Self::Established(cid, extra) => ClientEvent::Established { cid, env, extra },
            Self::Disconnect(cid, extra) => ClientEvent::Disconnect { cid, env, extra },
            Self::CrResponse(cid, kid, response) => {
                ClientEvent::CrResponse { cid, kid, response, env }
            }
        }
    }
}

fn cid(field: &[u8]) -> Result<Cid, Problem> {
    number(field).map(Cid).ok_or(Problem("the CID is not a number"))
}

fn kid(field: &[u8]) -> Result<Kid, Problem> {
    number(field).map(Kid).ok_or(Problem("the KID is not a number"))
}

/// The first field, and what stands behind its comma.
fn first<T>(
    fields: &[u8],
    read: impl FnOnce(&[u8]) -> Result<T, Problem>,
) -> Result<(T, Option<&[u8]>), Problem> {
    let (field, rest) =
        split_once(fields, b",").map_or((fields, None), |(field, rest)| (field, Some(rest)));
    Ok((read(field)?, rest))
}

fn cid_kid(fields: &[u8]) -> Result<(Cid, Kid, Option<&[u8]>), Problem> {
    let (cid, rest) = first(fields, cid)?;
    let (kid, rest) = first(rest.ok_or(Problem("the KID is missing"))?, kid)?;
    Ok((cid, kid, rest))
}

/// Fields that nobody knows may hold a secret.
fn text(line: &Bytes, extra: Option<&[u8]>) -> Option<SecretText> {
    extra.map(|extra| SecretText::new(Text::slice_of(line, extra)))
}

fn cr_response(line: &Bytes, rest: &[u8]) -> Result<BlockHeader, Problem> {
    let missing = Problem("the KID or response is missing");
    let (cid_field, rest) = split_once(rest, b",").ok_or(missing)?;
    let (kid_field, response) = split_once(rest, b",").ok_or(missing)?;
    let response = CrResponse(SecretText::new(Text::slice_of(line, response)));
    Ok(BlockHeader::CrResponse(cid(cid_field)?, kid(kid_field)?, response))
}

#[cfg(test)]
mod tests;
