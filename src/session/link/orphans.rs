//! [`Orphan`]: clients that wait for a decision that nobody was asked for.

use std::collections::HashSet;
use std::time::Duration;

use super::missed::session_of;
use crate::client::{Client, Peer, PeerIdentities, WeakClient};
use crate::error::{CloseReason, Error, Result};
use crate::reply::{Admission, Status, StatusClient};

/// A client of a server that waits for a decision, and whose `>CLIENT:CONNECT` this connection has not seen: it was
/// announced to a manager that is gone, and a daemon never announces it again.
///
/// Only [`kill`](Self::kill) helps it: `status` does not tell the KID that a decision would need. A client that is killed
/// comes back by itself, and is announced then.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Orphan {
    /// Its row in `status`.
    pub client: StatusClient,
    /// Who it is, on the connection that found it.
    pub peer: Peer,
}

impl Orphan {
    /// The clients that look like orphans at two sightings, `grace` apart; a session with
    /// [requests](crate::Builder::requests).
    ///
    /// One that is in its handshake looks the same, so that `grace` should be longer than that takes: 10 s suit most
    /// servers. So does one that was denied less than some 5 s ago.
    ///
    /// # Errors
    /// Those of [`Client::status_with_peers`]. A daemon that is not a server, or serves nobody yet, has none.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing but `status` is sent.
    pub async fn find(client: &Client, grace: Duration) -> Result<Vec<Self>> {
        Self::find_by(&client.downgrade(), grace).await
    }

    /// Ends its session, where it is still the one that was found: one of another CONNECT is [`Error::Stale`].
    ///
    /// # Errors
    /// As [`Client::client_kill`].
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn kill(&self, client: &Client) -> Result<()> {
        client.client_kill(&self.peer).await
    }

    /// Does not keep the connection between the sightings.
    pub(super) async fn find_by(client: &WeakClient, grace: Duration) -> Result<Vec<Self>> {
        let first = sighting(client).await?;
        if first.is_empty() {
            return Ok(first);
        }
        tokio::select! {
            biased;
            () = tokio::time::sleep(grace) => {}
            reason = client.closed() => return Err(Error::Closed(reason)),
        }
        let seen: HashSet<_> = first.iter().map(|orphan| session_of(&orphan.client)).collect();
        let again = sighting(client).await?;
        Ok(again.into_iter().filter(|orphan| seen.contains(&session_of(&orphan.client))).collect())
    }

    /// Finds them and kills them; gives what became of each.
    pub(super) async fn kill_all(
        client: &WeakClient,
        grace: Duration,
    ) -> Result<Vec<(Self, Result<()>)>> {
        let mut killed = Vec::new();
        for orphan in Self::find_by(client, grace).await? {
            let outcome = match client.upgrade() {
                Some(client) => orphan.kill(&client).await,
                None => Err(gone(client).await),
            };
            killed.push((orphan, outcome));
        }
        Ok(killed)
    }
}

/// Who looks like an orphan now.
async fn sighting(client: &WeakClient) -> Result<Vec<Orphan>> {
    let Some(handle) = client.upgrade() else { return Err(gone(client).await) };
    match handle.status_with_peers().await {
        Ok((Status::Server(server), peers)) => {
            Ok(server.clients.into_iter().filter_map(|client| orphan(client, &peers)).collect())
        }
        // A client's; or a hold, in which nobody is served.
        Ok(_) | Err(Error::Refused { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn orphan(client: StatusClient, peers: &PeerIdentities) -> Option<Orphan> {
    let peer = peers.peer(client.cid()?);
    let is_orphan = client.admission() == Admission::Waiting && peer.connect().is_none();
    is_orphan.then_some(Orphan { client, peer })
}

async fn gone(client: &WeakClient) -> Error {
    // Where nobody holds it any more its end is near, and this side's.
    let ended = tokio::time::timeout(Duration::ZERO, client.closed()).await;
    Error::Closed(ended.unwrap_or(CloseReason::Requested))
}
