//! [`ResumedClient`]: a decision that was taken before the connection was lost.

use std::fmt;

use super::Attached;
use crate::client::{Client, Peer};
use crate::command::{ClientAuth, ClientAuthNt, ClientDeny, IntoPeerConfig};
use crate::error::{Error, Result};
use crate::reply::{Admission, Status};
use crate::types::{Cid, Kid};

/// A client that was announced to a connection before this one, still waits, and is surely the same.
///
/// From [`Attached::resume`]. The daemon holds the KID against the client's own: where it has begun a new TLS session
/// meanwhile, the decision is refused and reaches nobody.
pub struct ResumedClient {
    client: Client,
    peer: Peer,
    kid: Kid,
}

impl Attached {
    /// A client that was announced, with these IDs, to the connection before, for a decision that was taken or kept since.
    ///
    /// Given only where it is proved that the IDs mean the same client: the daemon is the same process and has not
    /// restarted ([`Missed::restarted`](super::Missed::restarted) is `Some(false)`), `status` shows that client
    /// waiting, and the session watches for restarts from now on ([requests](crate::Builder::requests) are on). It is for
    /// a program that keeps what it was asked; without, such clients are [orphans](super::Orphan).
    ///
    /// # Errors
    /// [`Error::Stale`] where any of that is not so: nothing can be decided about this client, and `kill` is the only answer.
    pub fn resume(&self, cid: Cid, kid: Kid) -> Result<ResumedClient> {
        let client = self.session.client();
        let clients = self.now.status.as_ref().and_then(Status::as_server);
        let row = clients.and_then(|server| server.client(cid));
        let waits = row.is_some_and(|row| row.admission() == Admission::Waiting);
        let peer = client.peer_before_restarts(cid);
        match peer.filter(|_| waits && self.missed.restarted == Some(false)) {
            Some(peer) => Ok(ResumedClient { client: client.clone(), peer, kid }),
            None => Err(Error::Stale { command: "client-auth" }),
        }
    }
}

impl ResumedClient {
    /// Lets the client in, with no configuration of its own.
    ///
    /// # Errors
    /// [`Error::Stale`] where the daemon has restarted since, or the client came anew: nothing was sent.
    /// [`Error::Refused`] where the daemon does not wait for a decision about it any more.
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn allow(self) -> Result<()> {
        self.client.send_by(&self.peer, &ClientAuthNt::new(self.peer.cid(), self.kid)).await
    }

    /// Lets the client in with a configuration of its own, as [`Client::client_auth`].
    ///
    /// # Errors
    /// As [`allow`](Self::allow), and [`Error::InvalidArgument`] for a line the daemon would read differently.
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn allow_with(self, config: impl IntoPeerConfig) -> Result<()> {
        let command = ClientAuth::new(self.peer.cid(), self.kid, config)?;
        self.client.send_by(&self.peer, &command).await
    }

    /// Turns the client away: `reason` is for the server's log, `client_reason` for its user.
    ///
    /// # Errors
    /// As [`allow`](Self::allow), and [`Error::InvalidArgument`] for a text the daemon would read differently.
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn deny(self, reason: impl AsRef<[u8]>, client_reason: Option<&str>) -> Result<()> {
        let deny = ClientDeny::new(self.peer.cid(), self.kid, reason);
        let deny = match client_reason {
            Some(text) => deny.client_reason(text),
            None => deny,
        };
        self.client.send_by(&self.peer, &deny).await
    }
}

impl fmt::Debug for ResumedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumedClient")
            .field("peer", &self.peer)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
