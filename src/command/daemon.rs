//! Commands to the daemon as a whole: `pid`, `version`, `verb`, `mute`, `quit`…

use super::received::{Line, Parse, TOO_FEW, numeric, parse_bare_name, parse_name};
use super::writer::INT;
use super::{
    Command, Dialect, Effect, Encoded, Fence, Learned, ReplyShape, Sealed, Writer, in_range,
};
use crate::error::Result;
use crate::reply::{self, RawReply};
use crate::types::Text;
use crate::types::grammar::Problem;

/// `pid`: the daemon's process ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pid;

impl Command for Pid {
    type Reply = u32;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("pid").line(ReplyShape::Line).expect("pid="))
    }

    fn read(&self, reply: &RawReply) -> Result<u32> {
        reply::pid(reply)
    }
}

impl Sealed for Pid {}

parse_name! { Pid by "pid" }

/// `version`: the daemon's and the management interface's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version;

impl Command for Version {
    type Reply = reply::Version;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("version").line(ReplyShape::Block))
    }

    fn read(&self, reply: &RawReply) -> Result<reply::Version> {
        reply::Version::parse(reply)
    }
}

impl Sealed for Version {
    fn learned(&self, reply: &RawReply) -> Learned {
        self.read(reply).map_or(Learned::Nothing, |version| Learned::Version(Box::new(version)))
    }
}

parse_bare_name! { Version by "version" }

/// `version N`: tells the daemon which management version this program understands, from 1.
///
/// See [`Client::announce_version`](crate::Client::announce_version).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnounceVersion(pub u32);

impl Command for AnnounceVersion {
    type Reply = ();

    /// Some versions answer and others do not, so a fence tells the end.
    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let version = in_range("version", "version", self.0.into(), 1, INT)?;
        let encoded = Writer::new("version").number(version);
        Ok(encoded.line(ReplyShape::Fenced(Fence::AtOnce)).effect(Effect::Announces(self.0)))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for AnnounceVersion {}

impl Parse for AnnounceVersion {
    const NAMES: &[&str] = &["version"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [version, ..] => numeric(version, "has a version that is no number").map(Self),
            [] => Err(TOO_FEW),
        }
    }
}

/// `help`: the commands this daemon knows, in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Help;

impl Command for Help {
    type Reply = reply::Help;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("help").line(ReplyShape::Block))
    }

    fn read(&self, reply: &RawReply) -> Result<reply::Help> {
        reply::Help::parse(reply)
    }
}

impl Sealed for Help {}

parse_name! { Help by "help" }

/// `net`: network adapters and routes; Windows only, refused elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net;

impl Command for Net {
    type Reply = Vec<Text>;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("net").line(ReplyShape::Block))
    }

    fn read(&self, reply: &RawReply) -> Result<Vec<Text>> {
        Ok(reply::net(reply))
    }
}

impl Sealed for Net {}

parse_name! { Net by "net" }

/// `network-change`, `network-change samenetwork`: tells OpenVPN for Android that the network has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkChange {
    /// Another network: `network-change`.
    Changed,
    /// The same one again: `network-change samenetwork`.
    Same,
}

impl Command for NetworkChange {
    type Reply = reply::NetworkChange;

    /// The reply is a bare line, two, or none, so a fence tells the end.
    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let writer = Writer::new("network-change");
        let writer = match self {
            Self::Changed => writer,
            Self::Same => writer.word("samenetwork"),
        };
        Ok(writer.line(ReplyShape::Fenced(Fence::AtOnce)))
    }

    fn read(&self, reply: &RawReply) -> Result<reply::NetworkChange> {
        reply::NetworkChange::parse(reply)
    }
}

impl Sealed for NetworkChange {}

impl Parse for NetworkChange {
    const NAMES: &[&str] = &["network-change"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        Ok(if let [b"samenetwork", ..] = line.arguments { Self::Same } else { Self::Changed })
    }
}

/// `verb`: the log verbosity, 0 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb;

impl Command for Verb {
    type Reply = u32;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("verb").line(ReplyShape::Line).expect("verb="))
    }

    fn read(&self, reply: &RawReply) -> Result<u32> {
        reply::verb(reply)
    }
}

impl Sealed for Verb {}

parse_bare_name! { Verb by "verb" }

/// `verb LEVEL`: sets the log verbosity, 0 to 15; the daemon refuses more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetVerb(pub u8);

impl Command for SetVerb {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("verb").number(self.0).line(ReplyShape::Line).expect("verb level"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for SetVerb {}

impl Parse for SetVerb {
    const NAMES: &[&str] = &["verb"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [level, ..] => numeric(level, "has a level that is no number up to 255").map(Self),
            [] => Err(TOO_FEW),
        }
    }
}

/// `mute`: after how many messages of one kind in a row the log is silent; 0 is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mute;

impl Command for Mute {
    type Reply = u32;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("mute").line(ReplyShape::Line).expect("mute="))
    }

    fn read(&self, reply: &RawReply) -> Result<u32> {
        reply::mute(reply)
    }
}

impl Sealed for Mute {}

parse_bare_name! { Mute by "mute" }

/// `mute N`: silences the log after so many messages of one kind in a row; 0 is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetMute(pub u32);

impl Command for SetMute {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let messages = in_range("mute", "messages", self.0.into(), 0, INT)?;
        Ok(Writer::new("mute").number(messages).line(ReplyShape::Line).expect("mute level"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for SetMute {}

impl Parse for SetMute {
    const NAMES: &[&str] = &["mute"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [messages, ..] => numeric(messages, "has messages that are no number").map(Self),
            [] => Err(TOO_FEW),
        }
    }
}

/// `test N`: has the daemon send so many lines, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Test(pub u32);

impl Command for Test {
    type Reply = Vec<Text>;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        in_range("test", "lines", self.0.into(), 1, INT)?;
        Ok(Writer::new("test").number(self.0).line(ReplyShape::Count(self.0)))
    }

    fn read(&self, reply: &RawReply) -> Result<Vec<Text>> {
        Ok(reply.lines.iter().cloned().map(Text::from).collect())
    }
}

impl Sealed for Test {}

impl Parse for Test {
    const NAMES: &[&str] = &["test"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [lines, ..] => numeric(lines, "has lines that are no number").map(Self),
            [] => Err(TOO_FEW),
        }
    }
}

/// `quit`: ends the session; the daemon goes on, and takes the next manager.
///
/// See [`Client::quit`](crate::Client::quit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quit;

impl Command for Quit {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("quit").line(ReplyShape::Close))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for Quit {}

parse_name! { Quit by "quit" or "exit" }
