//! The least that can be done with the same bytes, by hand: their line ends, and the fields
//! that the crate's typed events have, borrowed and not kept.
#![allow(dead_code, reason = "each bench takes some of it")]

mod fields;
pub(crate) mod status;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fields::{Fields, name_and_body, number};

/// Counts the line ends, a step a line.
pub(crate) fn lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).fold(0, |count, at| {
        std::hint::black_box(at);
        count + 1
    })
}

/// A line with what its typed event has.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    Log { time: u64, flags: &'a [u8], text: &'a [u8] },
    ByteCount { cid: u64, bytes_in: u64, bytes_out: u64 },
    State(State<'a>),
    Client { kind: &'a [u8], cid: u64 },
    Env { name: &'a [u8], value: &'a [u8] },
    EnvEnd,
}

#[derive(Debug)]
pub(crate) struct State<'a> {
    time: u64,
    name: &'a [u8],
    detail: &'a [u8],
    local_ipv4: Option<Ipv4Addr>,
    remote: (Option<IpAddr>, Option<u16>),
    local: (Option<IpAddr>, Option<u16>),
    local_ipv6: Option<Ipv6Addr>,
}

/// Reads every line; one that cannot be read ends it, as no corpus has any.
pub(crate) fn typed<'a>(bytes: &'a [u8], mut take: impl FnMut(Line<'a>)) -> Option<()> {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        take(read(bytes.get(start + 1..end - 1)?)?);
        start = end + 1;
    }
    Some(())
}

fn read(line: &[u8]) -> Option<Line<'_>> {
    let (name, body) = name_and_body(line)?;
    let mut fields = Fields::new(body, b',');
    match name {
        b"LOG" => Some(Line::Log {
            time: number(fields.next()?)?,
            flags: fields.next()?,
            text: fields.rest(),
        }),
        b"BYTECOUNT_CLI" => Some(Line::ByteCount {
            cid: number(fields.next()?)?,
            bytes_in: number(fields.next()?)?,
            bytes_out: number(fields.next()?)?,
        }),
        b"STATE" => state(fields).map(Line::State),
        b"CLIENT" => client(fields),
        _ => None,
    }
}

fn client(mut fields: Fields<'_>) -> Option<Line<'_>> {
    match fields.next()? {
        b"ENV" => match fields.rest() {
            b"END" => Some(Line::EnvEnd),
            pair => {
                let mut pair = Fields::new(pair, b'=');
                Some(Line::Env { name: pair.next()?, value: pair.rest() })
            }
        },
        kind => Some(Line::Client { kind, cid: number(fields.next()?)? }),
    }
}

fn state(mut fields: Fields<'_>) -> Option<State<'_>> {
    let (time, name) = (number(fields.next()?)?, fields.next()?);
    let detail = fields.next().unwrap_or_default();
    let mut next = || fields.next().and_then(|field| std::str::from_utf8(field).ok());
    let mut text = || next().unwrap_or_default();
    Some(State {
        time,
        name,
        detail,
        local_ipv4: text().parse().ok(),
        remote: (text().parse().ok(), text().parse().ok()),
        local: (text().parse().ok(), text().parse().ok()),
        local_ipv6: text().parse().ok(),
    })
}

impl Line<'_> {
    /// A number that two readers of the same lines agree on only where they read the same.
    pub(crate) fn weight(&self) -> u64 {
        let size = |text: &[u8]| text.len() as u64;
        match self {
            Self::Log { time, flags, text } => time + size(flags) + size(text),
            Self::ByteCount { cid, bytes_in, bytes_out } => cid ^ bytes_in ^ bytes_out,
            Self::State(state) => state.weight(),
            Self::Client { cid, .. } => *cid,
            Self::Env { name, value } => size(name) + size(value),
            Self::EnvEnd => 0,
        }
    }
}

impl State<'_> {
    fn weight(&self) -> u64 {
        let ports = [self.remote.1, self.local.1].into_iter().flatten().map(u64::from);
        let addresses = usize::from(self.local_ipv4.is_some())
            + usize::from(self.local_ipv6.is_some())
            + usize::from(self.remote.0.is_some())
            + usize::from(self.local.0.is_some());
        self.time + ports.sum::<u64>() + (self.detail.len() + addresses) as u64
    }
}
