//! Where a client connects to.

use crate::client::Client;
use crate::command::{ProxyAction, RemoteAction, RemoteEntryCount, RemoteEntryGet};
use crate::error::Result;
use crate::reply::{RemoteEntry, UnreadRow};

/// Where a client connects to, and by which proxy.
impl Client {
    /// `remote ACCEPT|SKIP [n]|MOD host port`: answers `>REMOTE:`. `SKIP n` needs OpenVPN 2.6.
    pub async fn remote(&self, action: &RemoteAction) -> Result<()> {
        self.send(action).await
    }

    /// `remote-entry-count`: how many remotes the configuration has. OpenVPN 2.6; refused in a hold.
    #[doc(alias = "remote-entry-count")]
    pub async fn remote_entry_count(&self) -> Result<u32> {
        self.send(&RemoteEntryCount).await
    }

    /// `remote-entry-get all`: every remote of the configuration. OpenVPN 2.6; refused in a hold.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    #[doc(alias = "remote-entry-get")]
    pub async fn remote_entries(&self) -> Result<Vec<Result<RemoteEntry, UnreadRow>>> {
        self.send(&RemoteEntryGet::all()).await
    }

    /// `remote-entry-get N M`: the remotes `from` up to, not with, `to`. OpenVPN 2.6; refused in a hold.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    #[doc(alias = "remote-entry-get")]
    pub async fn remote_entry_get(
        &self,
        from: u32,
        to: u32,
    ) -> Result<Vec<Result<RemoteEntry, UnreadRow>>> {
        self.send(&RemoteEntryGet::range(from..to)).await
    }

    /// `proxy NONE`, `proxy HTTP host port [nct]`, `proxy SOCKS host port`: answers `>PROXY:`.
    pub async fn proxy(&self, action: &ProxyAction) -> Result<()> {
        self.send(action).await
    }
}
