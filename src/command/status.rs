//! `status`, `load-stats`, `nclients`.

use super::received::{Line, Parse, TOO_FEW, parse_name};
use super::{Command, Dialect, Encoded, ReplyShape, Sealed, Writer};
use crate::error::Result;
use crate::reply::{self, RawReply};
use crate::types::grammar::Problem;

pub use crate::reply::StatusFormat;

/// `status N`: clients and routes of a server, or the statistics of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status(pub StatusFormat);

impl Command for Status {
    type Reply = reply::Status;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("status").number(self.0.number()).line(ReplyShape::BreakableBlock))
    }

    fn read(&self, reply: &RawReply) -> Result<reply::Status> {
        reply::Status::parse(reply)
    }
}

impl Sealed for Status {}

impl Parse for Status {
    const NAMES: &[&str] = &["status"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [b"1", ..] => Ok(Self(StatusFormat::V1)),
            [b"2", ..] => Ok(Self(StatusFormat::V2)),
            [b"3", ..] => Ok(Self(StatusFormat::V3)),
            [] => Err(TOO_FEW),
            _ => Err(Problem("has a format that is none of 1, 2 and 3")),
        }
    }
}

/// `load-stats`: how many clients, and the bytes in and out of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadStats;

impl Command for LoadStats {
    type Reply = reply::LoadStats;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("load-stats").line(ReplyShape::Line).expect("nclients="))
    }

    fn read(&self, reply: &RawReply) -> Result<reply::LoadStats> {
        reply::LoadStats::parse(reply)
    }
}

impl Sealed for LoadStats {}

parse_name! { LoadStats by "load-stats" }

/// `nclients`: how many clients are connected. In no manual; servers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nclients;

impl Command for Nclients {
    type Reply = u32;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("nclients").line(ReplyShape::Line).expect("nclients="))
    }

    fn read(&self, reply: &RawReply) -> Result<u32> {
        reply::nclients(reply)
    }
}

impl Sealed for Nclients {}

parse_name! { Nclients by "nclients" }
