//! [`RemoteRequest`] and [`ProxyRequest`]: where a client is about to connect.

use crate::command::{ProxyAction, RemoteAction};
use crate::error::Result;
use crate::events;
use crate::requests::handle::Handle;
use crate::types::Text;

/// `>REMOTE:host,port,proto` (`management-query-remote`)
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RemoteRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    #[cfg_attr(feature = "serde", serde(flatten))]
    kind: events::RemoteQuery,
}

impl RemoteRequest {
    pub(crate) fn new(handle: Handle, kind: events::RemoteQuery) -> Self {
        Self { handle, kind }
    }

    /// Where the daemon would connect.
    #[must_use]
    pub fn remote(&self) -> &events::RemoteQuery {
        &self.kind
    }

    /// `remote ACCEPT`: connects there.
    pub async fn accept(self) -> Result<()> {
        self.act(&RemoteAction::Accept).await
    }

    /// `remote SKIP`: goes on to the next one.
    pub async fn skip(self) -> Result<()> {
        self.act(&RemoteAction::Skip).await
    }

    /// `remote MOD host port`: connects elsewhere; the host has at most 79 bytes.
    pub async fn modify(self, host: impl Into<String>, port: u16) -> Result<()> {
        self.act(&RemoteAction::Modify { host: host.into(), port }).await
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(crate) async fn act(&self, action: &RemoteAction) -> Result<()> {
        self.handle.settle(action).await
    }
}

/// `>PROXY:index,protocol,host` (`management-query-proxy`)
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ProxyRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    #[cfg_attr(feature = "serde", serde(flatten))]
    kind: events::ProxyQuery,
}

impl ProxyRequest {
    pub(crate) fn new(handle: Handle, kind: events::ProxyQuery) -> Self {
        Self { handle, kind }
    }

    /// The connection that may go through a proxy.
    #[must_use]
    pub fn connection(&self) -> &events::ProxyQuery {
        &self.kind
    }

    /// The host the daemon is about to connect to.
    #[must_use]
    pub fn host(&self) -> &Text {
        &self.kind.host
    }

    /// `proxy NONE`: connects directly.
    pub async fn none(self) -> Result<()> {
        self.act(&ProxyAction::None).await
    }

    /// `proxy HTTP host port [nct]`: through an HTTP proxy; TCP tunnels only. With
    /// `no_clear_text`, it gets no password in clear text.
    pub async fn http(self, host: impl Into<String>, port: u16, no_clear_text: bool) -> Result<()> {
        self.act(&ProxyAction::Http { host: host.into(), port, no_clear_text }).await
    }

    /// `proxy SOCKS host port`: through a SOCKS proxy.
    pub async fn socks(self, host: impl Into<String>, port: u16) -> Result<()> {
        self.act(&ProxyAction::Socks { host: host.into(), port }).await
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(crate) async fn act(&self, action: &ProxyAction) -> Result<()> {
        self.handle.settle(action).await
    }
}
