//! What clients of a server are given while they are in, and what is told of them: `client-pf`, `env-filter`,
//! `push-update-*`.

use std::fmt;

use super::received::{Line, Parse, TOO_FEW, cid};
use super::{Command, Dialect, Effect, Encoded, Fence, ReplyShape, Sealed, Writer, require, text};
use crate::error::{Result, invalid};
use crate::reply::{self, RawReply};
use crate::types::grammar::Problem;
use crate::types::{ArgumentProblem, Cid, Feature, Masked, ParseError, Text, limits};

/// `client-pf CID`, filter lines, `END`: sets the packet filter of whoever has this ID. OpenVPN 2.5 and earlier.
///
/// See [`Client::client_pf`](crate::Client::client_pf).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientPf {
    /// The client's ID.
    pub cid: Cid,
    /// The lines of a packet filter file.
    pub filter: Vec<Text>,
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

impl Parse for ClientPf {
    const NAMES: &[&str] = &["client-pf"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [client, ..] = line.arguments else { return Err(TOO_FEW) };
        Ok(Self::new(cid(client)?, line.lines()?))
    }
}

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

impl EnvFilter {
    /// Its level, 0 to 2.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::All => 0,
            Self::Reduced => 1,
            Self::Minimal => 2,
        }
    }
}

impl From<EnvFilter> for u8 {
    fn from(filter: EnvFilter) -> Self {
        filter.level()
    }
}

impl TryFrom<u8> for EnvFilter {
    type Error = ParseError;

    fn try_from(level: u8) -> Result<Self, ParseError> {
        let filter = [Self::All, Self::Reduced, Self::Minimal].into_iter();
        let filter = filter.into_iter().find(|filter| filter.level() == level);
        filter.ok_or(ParseError::new("a level of `env-filter`", "it is none of 0, 1 and 2"))
    }
}

impl Command for EnvFilter {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let level = self.level();
        let encoded = Writer::new("env-filter").number(level).line(ReplyShape::Line);
        Ok(encoded.expect("env_filter_level=").effect(Effect::FiltersEnv { zero: level == 0 }))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for EnvFilter {}

impl Parse for EnvFilter {
    const NAMES: &[&str] = &["env-filter"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            // Without a level the daemon takes 0.
            [] | [b"0", ..] => Ok(Self::All),
            [b"1", ..] => Ok(Self::Reduced),
            [b"2", ..] => Ok(Self::Minimal),
            _ => Err(Problem("has a level that is none of 0, 1 and 2")),
        }
    }
}

/// `push-update-broad "options"`, `push-update-cid CID "options"`: changes the pushed options of clients. OpenVPN 2.7.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushUpdate {
    /// The client's ID; `None` is every client.
    pub cid: Option<Cid>,
    /// The options, as `route 10.0.0.0 255.0.0.0,echo x`.
    pub options: Text,
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

impl Parse for PushUpdate {
    const NAMES: &[&str] = &["push-update-broad", "push-update-cid"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match (line.name, line.arguments) {
            (b"push-update-broad", [options, ..]) => Ok(Self::broad(options)),
            (b"push-update-cid", [client, options, ..]) => Ok(Self::cid(cid(client)?, options)),
            _ => Err(TOO_FEW),
        }
    }
}
