//! `status`, `load-stats`, `nclients`.

use crate::client::{Client, PeerIdentities};
use crate::command::{self, Command, StatusFormat};
use crate::error::{Error, Result};
use crate::reply::{LoadStats, Status};

/// Who is connected, and how much was carried.
impl Client {
    /// `status 3`: clients and routes of a server, or the statistics of a client.
    pub async fn status(&self) -> Result<Status> {
        self.status_format(StatusFormat::V3).await
    }

    /// `status 3`, and with it the [identities](crate::Peer) that the clients' IDs stood for when
    /// the reply arrived.
    ///
    /// # Errors
    /// Besides those of [every command](Client#errors): [`Error::Unsupported`] on a connection without
    /// [requests](crate::Builder::requests), where a restart could go unnoticed.
    #[doc(alias = "status")]
    pub async fn status_with_peers(&self) -> Result<(Status, PeerIdentities)> {
        if !self.shared().watches_states() {
            let needs = "`Builder::requests(true)`, for the identities of clients";
            return Err(Error::Unsupported { command: "status", needs });
        }
        self.status_in_order().await
    }

    /// As [`status_with_peers`](Self::status_with_peers), for its place among the events alone where there are no
    /// identities.
    pub(crate) async fn status_in_order(&self) -> Result<(Status, PeerIdentities)> {
        let command = command::Status(StatusFormat::V3);
        let (reply, peers) = self.call_with_peers(command.encode(self.dialect())?).await?;
        Ok((command.read(&reply)?, peers))
    }

    /// `status N`: the status in a form of the caller's choice.
    ///
    /// Prefer [`status`](Self::status): the other forms are ambiguous where a name holds a comma.
    #[doc(alias = "status 2")]
    pub async fn status_format(&self, format: StatusFormat) -> Result<Status> {
        self.send(&command::Status(format)).await
    }

    /// `load-stats`: how many clients, and the bytes in and out of all of them.
    #[doc(alias = "load-stats")]
    pub async fn load_stats(&self) -> Result<LoadStats> {
        self.send(&command::LoadStats).await
    }

    /// `nclients`: how many clients are connected. In no manual; servers only.
    pub async fn nclients(&self) -> Result<u32> {
        self.send(&command::Nclients).await
    }
}
