//! A real server on loopback, for a demonstration.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use openvpn_mgmt::{Event, Request, Session, StateName, connect};

use lab::{ClientOptions, Lab, Process, ServerOptions};

/// A server that runs, and the lab that its clients are started in.
#[derive(Debug)]
pub struct DemoServer {
    // Dropped before the lab: the server writes into its folder.
    server: Process,
    lab: Lab,
    address: Ipv4Addr,
}

impl DemoServer {
    /// Starts a server, and connects to it; what it asks from then on is in the session.
    ///
    /// # Errors
    /// No server can run here, or it does not start; with its log.
    pub async fn open(options: ServerOptions) -> Result<(Self, Session)> {
        let lab = Lab::new()?;
        let server = lab.server(options).await?;
        let mut session = connect(server.socket()).await?;
        let started = start(&mut session).await;
        let address = started.with_context(|| format!("the server's log:\n{}", server.log()))?;
        Ok((Self { server, lab, address }, session))
    }

    /// The server in words.
    #[must_use]
    pub fn title(&self) -> String {
        let version = self.lab.daemon().version();
        let port = self.server.port().unwrap_or_default();
        format!("OpenVPN {version} at UDP port {port} of 127.0.0.1, in {}", self.lab.network())
    }

    /// The server's own address in the tunnel, of a network of 24 bits.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Starts a client of this server, in its hold.
    ///
    /// # Errors
    /// It does not start; with its log.
    pub async fn client(
        &self,
        options: impl FnOnce(ClientOptions) -> ClientOptions,
    ) -> Result<Process> {
        self.lab.client(options(ClientOptions::to(&self.server))).await
    }
}

/// Releases the server from its hold, and waits until it takes clients.
async fn start(session: &mut Session) -> Result<Ipv4Addr> {
    session.client().state_on().await?;
    match session.requests_mut().next().await {
        Some(Request::Hold(hold)) => hold.release().await?,
        other => bail!("the server is not in its hold, but asks {other:?}"),
    }
    while let Some(event) = session.events_mut().next().await {
        match event? {
            Event::State(state) if state.name == StateName::Connected => {
                return state.local_ipv4().context("the server does not tell its tunnel address");
            }
            _ => {}
        }
    }
    bail!("the server's connection ended: {}", session.client().closed().await)
}
