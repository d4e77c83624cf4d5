//! The rows of `status 3`, checked to be UTF-8 and borrowed.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::fields::{number, socket_address};

/// Counts line ends and tabs, a step each.
pub(crate) fn lines_and_tabs(bytes: &[u8]) -> usize {
    memchr::memchr2_iter(b'\n', b'\t', bytes).fold(0, |count, at| {
        std::hint::black_box(at);
        count + 1
    })
}

/// A row with what its typed value has.
#[derive(Debug)]
pub(crate) enum Row<'a> {
    Client {
        common_name: &'a str,
        real_address: SocketAddrV4,
        virtual_address: Ipv4Addr,
        bytes: (u64, u64),
        since: (&'a str, u64),
        username: &'a str,
        ids: (u64, u64),
        cipher: &'a str,
    },
    Route {
        virtual_address: Ipv4Addr,
        common_name: &'a str,
        real_address: SocketAddrV4,
        last_ref: (&'a str, u64),
    },
    Other(&'a str),
}

/// More than any row of a corpus has.
const FIELDS: usize = 16;

/// Reads every row; one that cannot be read ends it, as no corpus has any.
pub(crate) fn rows<'a>(bytes: &'a [u8], mut take: impl FnMut(Row<'a>)) -> Option<()> {
    let (mut start, mut ends, mut count) = (0, [0; FIELDS], 0);
    for at in memchr::memchr2_iter(b'\n', b'\t', bytes) {
        *ends.get_mut(count)? = at - start;
        count += 1;
        if bytes.get(at) == Some(&b'\n') {
            // Without the CR.
            let line = std::str::from_utf8(bytes.get(start..at - 1)?).ok()?;
            *ends.get_mut(count - 1)? -= 1;
            take(row(Fields { line, start: 0, ends: ends.get(..count)?.iter() })?);
            (start, count) = (at + 1, 0);
        }
    }
    Some(())
}

fn row<'a>(mut fields: Fields<'a, '_>) -> Option<Row<'a>> {
    let line = fields.line;
    match fields.text()? {
        "CLIENT_LIST" => client(fields),
        "ROUTING_TABLE" => route(fields),
        _ => Some(Row::Other(line)),
    }
}

fn client<'a>(mut fields: Fields<'a, '_>) -> Option<Row<'a>> {
    let common_name = fields.text()?;
    let (real_address, virtual_address) =
        (socket_address(fields.text()?)?, fields.text()?.parse().ok()?);
    let _virtual_ipv6 = fields.text()?;
    Some(Row::Client {
        common_name,
        real_address,
        virtual_address,
        bytes: (fields.number()?, fields.number()?),
        since: (fields.text()?, fields.number()?),
        username: fields.text()?,
        ids: (fields.number()?, fields.number()?),
        cipher: fields.text()?,
    })
}

fn route<'a>(mut fields: Fields<'a, '_>) -> Option<Row<'a>> {
    Some(Row::Route {
        virtual_address: fields.text()?.parse().ok()?,
        common_name: fields.text()?,
        real_address: socket_address(fields.text()?)?,
        last_ref: (fields.text()?, fields.number()?),
    })
}

/// The fields of a row, by where they end.
struct Fields<'a, 'b> {
    line: &'a str,
    start: usize,
    ends: std::slice::Iter<'b, usize>,
}

impl<'a> Fields<'a, '_> {
    fn text(&mut self) -> Option<&'a str> {
        let end = *self.ends.next()?;
        let start = std::mem::replace(&mut self.start, end + 1);
        self.line.get(start..end)
    }

    fn number(&mut self) -> Option<u64> {
        number(self.text()?.as_bytes())
    }
}
