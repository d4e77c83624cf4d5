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
use crate::types::{Dialect, Feature};

impl Client {
    /// Refuses what this daemon does not have; nothing is sent.
    fn require(&self, command: &'static str, feature: Feature) -> Result<()> {
        if self.dialect().has(feature) == Some(true) {
            return Ok(());
        }
        Err(Error::Unsupported { command, needs: feature.needs() })
    }

    /// What `known` says of this daemon, which is asked for its release where that has to be known.
    async fn ask_dialect(&self, known: impl Fn(Dialect) -> Option<bool>) -> Result<bool> {
        if let Some(known) = known(self.dialect()) {
            return Ok(known);
        }
        let version = self.daemon_version().await?;
        known(self.dialect()).ok_or(Error::UnexpectedReply {
            command: "version",
            expected: "`OpenVPN Version: OpenVPN N.N`",
            line: version.daemon,
        })
    }
}

/// Reads the rows of a history.
fn rows<T>(
    reply: &RawReply,
    parse: impl Fn(&Bytes) -> Result<T, Problem>,
) -> Vec<Result<T, UnreadRow>> {
    read_rows(reply, |row| parse(row).map_err(|Problem(problem)| problem))
}
