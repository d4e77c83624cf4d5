//! Where a client connects to: `remote`, `remote-entry-*`, `proxy`.

use std::ops::Range;

use super::received::{Line, Parse, TOO_FEW, numeric, parse_name, utf8};
use super::writer::INT;
use super::{Command, Dialect, Encoded, ReplyShape, Sealed, Writer, in_range, require};
use crate::error::{Result, invalid};
use crate::reply::{self, RawReply, UnreadRow};
use crate::types::grammar::Problem;
use crate::types::{ArgumentProblem, Feature, limits};

/// `remote ACTION`: what to do about the remote that the daemon is about to use (`>REMOTE:`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RemoteAction {
    /// Use it.
    Accept,
    /// Go on to the next one.
    Skip,
    /// Go on by so many entries, from 1. OpenVPN 2.6.
    SkipBy(u32),
    /// Use another host and port in its place.
    Modify {
        /// Host name or address.
        host: String,
        /// Port, from 1.
        port: u16,
    },
}

impl Command for RemoteAction {
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        const NAME: &str = "remote";
        let writer = Writer::new(NAME);
        let writer = match self {
            Self::Accept => writer.word("ACCEPT"),
            Self::Skip => writer.word("SKIP"),
            Self::SkipBy(count) => {
                in_range(NAME, "count", (*count).into(), 1, INT)?;
                require(NAME, dialect, Feature::SkipMany)?;
                writer.word("SKIP").number(*count)
            }
            Self::Modify { host, port } => {
                address(writer.word("MOD"), host, limits::REMOTE_HOST, *port)?
            }
        };
        Ok(writer.line(ReplyShape::Line).expect("remote command"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for RemoteAction {}

impl Parse for RemoteAction {
    const NAMES: &[&str] = &["remote"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [b"ACCEPT", ..] => Ok(Self::Accept),
            [b"SKIP", count, ..] if line.dialect.has(Feature::SkipMany) == Some(true) => {
                numeric(count, "has a count that is no number").map(Self::SkipBy)
            }
            [b"SKIP", ..] => Ok(Self::Skip),
            [b"MOD", host, port, ..] => {
                Ok(Self::Modify { host: utf8(host)?, port: port_of(port)? })
            }
            _ => Err(Problem("is none of `ACCEPT`, `SKIP` and `MOD` with host and port")),
        }
    }
}

/// `proxy ACTION`: which proxy a client goes through (`>PROXY:`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyAction {
    /// None.
    None,
    /// An HTTP proxy; TCP tunnels only.
    Http {
        /// Host name or address.
        host: String,
        /// Port, from 1.
        port: u16,
        /// Allow encrypted authentication only (`nct`): no password in clear text.
        no_clear_text: bool,
    },
    /// A SOCKS proxy.
    Socks {
        /// Host name or address.
        host: String,
        /// Port, from 1.
        port: u16,
    },
}

impl Command for ProxyAction {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let writer = Writer::new("proxy");
        let writer = match self {
            Self::None => writer.word("NONE"),
            Self::Http { host, port, no_clear_text } => {
                let writer = address(writer.word("HTTP"), host, limits::PARAMETER, *port)?;
                if *no_clear_text { writer.word("nct") } else { writer }
            }
            Self::Socks { host, port } => {
                address(writer.word("SOCKS"), host, limits::PARAMETER, *port)?
            }
        };
        Ok(writer.line(ReplyShape::Line).expect("proxy command"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for ProxyAction {}

impl Parse for ProxyAction {
    const NAMES: &[&str] = &["proxy"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [b"NONE", ..] => Ok(Self::None),
            [b"HTTP", host, port, more @ ..] => Ok(Self::Http {
                host: utf8(host)?,
                port: port_of(port)?,
                no_clear_text: matches!(more, [b"nct", ..]),
            }),
            [b"SOCKS", host, port, ..] => {
                Ok(Self::Socks { host: utf8(host)?, port: port_of(port)? })
            }
            _ => Err(Problem("is none of `NONE`, and `HTTP` and `SOCKS` with host and port")),
        }
    }
}

/// `remote-entry-count`: how many remotes the configuration has. OpenVPN 2.6; refused in a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteEntryCount;

impl Command for RemoteEntryCount {
    type Reply = u32;

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        const NAME: &str = "remote-entry-count";
        require(NAME, dialect, Feature::RemoteEntries)?;
        Ok(Writer::new(NAME).line(ReplyShape::Block))
    }

    fn read(&self, reply: &RawReply) -> Result<u32> {
        reply::remote_entry_count(reply)
    }
}

impl Sealed for RemoteEntryCount {}

parse_name! { RemoteEntryCount by "remote-entry-count" }

/// `remote-entry-get all`, `remote-entry-get N M`: remotes of the configuration. OpenVPN 2.6; refused in a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteEntryGet {
    /// Which ones, by index from 0; `None` is all.
    pub range: Option<Range<u32>>,
}

impl RemoteEntryGet {
    /// Every one.
    #[must_use]
    pub fn all() -> Self {
        Self { range: None }
    }

    /// Those from one index, from 0, up to another, which is not among them.
    #[must_use]
    pub fn range(range: Range<u32>) -> Self {
        Self { range: Some(range) }
    }
}

impl Command for RemoteEntryGet {
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    type Reply = Vec<Result<reply::RemoteEntry, UnreadRow>>;

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        const NAME: &str = "remote-entry-get";
        require(NAME, dialect, Feature::RemoteEntries)?;
        let writer = match &self.range {
            None => Writer::new(NAME).word("all"),
            Some(Range { start, end }) => Writer::new(NAME).number(*start).number(*end),
        };
        Ok(writer.line(ReplyShape::Block))
    }

    fn read(&self, reply: &RawReply) -> Result<Self::Reply> {
        Ok(reply::RemoteEntry::parse(reply))
    }
}

impl Sealed for RemoteEntryGet {}

impl Parse for RemoteEntryGet {
    const NAMES: &[&str] = &["remote-entry-get"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        const INDEX: &str = "has an index that is no number";
        match line.arguments {
            [b"all", ..] => Ok(Self::all()),
            [start, end, ..] => Ok(Self::range(numeric(start, INDEX)?..numeric(end, INDEX)?)),
            [index] => {
                let index: u32 = numeric(index, INDEX)?;
                Ok(Self::range(index..index.saturating_add(1)))
            }
            [] => Err(TOO_FEW),
        }
    }
}

fn address(writer: Writer, host: &str, limit: usize, port: u16) -> Result<Writer> {
    let name = writer.name();
    if host.is_empty() {
        return Err(invalid(name, "host", ArgumentProblem::Empty));
    }
    in_range(name, "port", port.into(), 1, u16::MAX.into())?;
    let why = "the daemon refuses longer ones";
    Ok(writer.quoted_within("host", host, limit, why)?.number(port))
}

fn port_of(field: &[u8]) -> Result<u16, Problem> {
    numeric(field, "has a port that is no number up to 65535")
}
