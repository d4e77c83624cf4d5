//! Where a client connects to: `remote`, `remote-entry-*`, `proxy`.

use super::{ReplyShape, Wire, Writer, in_range};
use crate::error::Result;
use crate::error::invalid;
use crate::types::ArgumentProblem;
use crate::types::limits;

/// What to do about the remote that the daemon is about to use (`>REMOTE:`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RemoteAction {
    /// Use it.
    Accept,
    /// Go on to the next one.
    Skip,
    /// Go on by so many entries, from 1.
    SkipBy(u32),
    /// Use another host and port in its place.
    Modify {
        /// Host name or address.
        host: String,
        /// Port, from 1.
        port: u16,
    },
}

/// Which proxy a client goes through (`>PROXY:`).
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

pub(crate) fn remote(action: &RemoteAction) -> Result<Wire> {
    const NAME: &str = "remote";
    let writer = Writer::new(NAME);
    let writer = match action {
        RemoteAction::Accept => writer.word("ACCEPT"),
        RemoteAction::Skip => writer.word("SKIP"),
        RemoteAction::SkipBy(count) => {
            in_range(NAME, "count", (*count).into(), 1, i32::MAX.unsigned_abs().into())?;
            writer.word("SKIP").number(*count)
        }
        RemoteAction::Modify { host, port } => {
            address(writer.word("MOD"), host, limits::REMOTE_HOST, *port)?
        }
    };
    Ok(writer.line(ReplyShape::Line).expect("remote command"))
}

pub(crate) fn proxy(action: &ProxyAction) -> Result<Wire> {
    let writer = Writer::new("proxy");
    let writer = match action {
        ProxyAction::None => writer.word("NONE"),
        ProxyAction::Http { host, port, no_clear_text } => {
            let writer = address(writer.word("HTTP"), host, limits::PARAMETER, *port)?;
            if *no_clear_text { writer.word("nct") } else { writer }
        }
        ProxyAction::Socks { host, port } => {
            address(writer.word("SOCKS"), host, limits::PARAMETER, *port)?
        }
    };
    Ok(writer.line(ReplyShape::Line).expect("proxy command"))
}

pub(crate) fn remote_entry_count() -> Wire {
    Writer::new("remote-entry-count").line(ReplyShape::Block)
}

pub(crate) fn remote_entry_get_all() -> Wire {
    Writer::new("remote-entry-get").word("all").line(ReplyShape::Block)
}

/// Entries `from..to`.
pub(crate) fn remote_entry_get(from: u32, to: u32) -> Wire {
    let writer = Writer::new("remote-entry-get").number(from);
    writer.number(to).line(ReplyShape::Block)
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
