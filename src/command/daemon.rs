//! Commands to the daemon as a whole: `pid`, `version`, `signal`, `verb`, `mute`, `quit`…

use std::fmt;

use super::{Fence, Kind, ReplyShape, Wire, Writer, in_range};
use crate::error::Result;
use crate::types::Dialect;

/// A signal that the daemon can throw at itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// Restart, reading the configuration again. Client IDs restart at 0.
    Sighup,
    /// End.
    Sigterm,
    /// Restart with the configuration as it is. Client IDs restart at 0.
    Sigusr1,
    /// Write the status to the log. In a hold, or at a prompt, it ends the daemon.
    Sigusr2,
}

impl Signal {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sighup => "SIGHUP",
            Self::Sigterm => "SIGTERM",
            Self::Sigusr1 => "SIGUSR1",
            Self::Sigusr2 => "SIGUSR2",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(crate) fn pid() -> Wire {
    Writer::new("pid").line(ReplyShape::Line).expect("pid=")
}

pub(crate) fn version() -> Wire {
    Writer::new("version").line(ReplyShape::Block)
}

/// Answers on some versions and not on others, so a fence tells the end.
pub(crate) fn announce_version(version: u32) -> Result<Wire> {
    let version =
        in_range("version", "version", version.into(), 1, i32::MAX.unsigned_abs().into())?;
    Ok(Writer::new("version").number(version).line(ReplyShape::Fenced(Fence::AtOnce)))
}

pub(crate) fn help() -> Wire {
    Writer::new("help").line(ReplyShape::Block)
}

pub(crate) fn net() -> Wire {
    Writer::new("net").line(ReplyShape::Block)
}

/// Answers with a bare line, with two, or with none, so a fence tells the end.
pub(crate) fn network_change(same_network: bool) -> Wire {
    let writer = Writer::new("network-change");
    let writer = if same_network { writer.word("samenetwork") } else { writer };
    writer.line(ReplyShape::Fenced(Fence::AtOnce))
}

pub(crate) fn signal(signal: Signal, dialect: Dialect) -> Wire {
    let writer = Writer::new("signal").word(signal.as_str());
    if dialect.ignores_signals_silently() {
        return writer.line(ReplyShape::Fenced(Fence::AtOnce)).expect("signal ").kind(Kind::Signal);
    }
    writer.line(ReplyShape::Line).expect("signal ").kind(Kind::Signal)
}

pub(crate) fn verb() -> Wire {
    Writer::new("verb").line(ReplyShape::Line).expect("verb=")
}

pub(crate) fn set_verb(level: u8) -> Wire {
    Writer::new("verb").number(level).line(ReplyShape::Line).expect("verb level")
}

pub(crate) fn mute() -> Wire {
    Writer::new("mute").line(ReplyShape::Line).expect("mute=")
}

pub(crate) fn set_mute(messages: u32) -> Result<Wire> {
    let messages =
        in_range("mute", "messages", messages.into(), 0, i32::MAX.unsigned_abs().into())?;
    Ok(Writer::new("mute").number(messages).line(ReplyShape::Line).expect("mute level"))
}

pub(crate) fn test(lines: u32) -> Result<Wire> {
    in_range("test", "lines", lines.into(), 1, i32::MAX.unsigned_abs().into())?;
    Ok(Writer::new("test").number(lines).line(ReplyShape::Count(lines)))
}

pub(crate) fn quit() -> Wire {
    Writer::new("quit").line(ReplyShape::Close)
}
