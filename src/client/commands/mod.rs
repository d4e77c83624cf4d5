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

use crate::client::Client;
use crate::error::{Error, Result};
use crate::events::Problem;
use crate::reply::{RawReply, UnreadRow, read_rows};

/// The first management versions of OpenVPN 2.5 and 2.6.
const V2_5: u32 = 3;
const V2_6: u32 = 4;
const NEEDS_2_5: &str = "OpenVPN 2.5 or later";
const NEEDS_2_6: &str = "OpenVPN 2.6 or later";

impl Client {
    /// Refuses what a daemon of this management version does not know; nothing is sent.
    fn require(&self, command: &'static str, version: u32, needs: &'static str) -> Result<()> {
        if self.management_version() >= version {
            return Ok(());
        }
        Err(Error::Unsupported { command, needs })
    }
}

/// Reads the rows of a history.
fn rows<T>(
    reply: &RawReply,
    parse: impl Fn(&Bytes) -> Result<T, Problem>,
) -> Vec<Result<T, UnreadRow>> {
    read_rows(reply, |row| parse(row).map_err(|Problem(problem)| problem))
}
