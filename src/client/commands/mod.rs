//! Every command as a method of [`Client`](super::Client), one group a file.

mod clients;
mod credentials;
mod daemon;
mod keys;
mod pkcs11;
mod raw;
mod realtime;
mod remote;
mod status;

use bytes::Bytes;

use crate::Text;
use crate::error::{Error, Result};
use crate::reply::RawReply;

/// Reads each row of a block, or names the first that cannot be read.
fn rows<T, P>(
    command: &'static str,
    reply: &RawReply,
    parse: impl Fn(&Bytes) -> Result<T, P>,
) -> Result<Vec<T>> {
    let unexpected = |row: &Bytes| {
        let line = Text::from(row.clone());
        Error::UnexpectedReply { command, expected: "a history row", line }
    };
    reply.lines.iter().map(|row| parse(row).map_err(|_| unexpected(row))).collect()
}
