//! What the conversations have in common: daemons, connections to them, and the results of both.

mod connection;
pub mod matchers;
pub mod results;

use anyhow::Result;
use openvpn_mgmt::Builder;

use lab::{ClientOptions, Lab, ServerOptions, Version, skip};

pub use connection::Connection;
pub use matchers::Peer;

/// A lab whose daemons are talked to through the crate.
pub struct Fixture {
    pub lab: Lab,
}

impl Fixture {
    /// A fixture for a test that starts clients only; `None` where it is skipped.
    pub fn new(test: &str) -> Result<Option<Self>> {
        Ok(Lab::or_skip(test)?.map(|lab| Self { lab }))
    }

    /// A fixture for a test that starts a server; `None` where it is skipped.
    pub fn serving(test: &str) -> Result<Option<Self>> {
        Ok(Lab::serving_or_skip(test)?.map(|lab| Self { lab }))
    }

    pub fn version(&self) -> Version {
        self.lab.daemon().version()
    }

    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        self.version() >= Version::new(major, minor, 0)
    }

    /// A server in its hold.
    pub async fn server(&self, options: ServerOptions) -> Result<Connection> {
        let daemon = self.lab.server(options).await?;
        Connection::open(daemon, &Builder::new(), self.version(), "conversation").await
    }

    /// A server that has left its hold and takes clients.
    pub async fn serving_server(&self, options: ServerOptions) -> Result<Connection> {
        let mut server = self.server(options).await?;
        server.release().await;
        server.connected().await;
        Ok(server)
    }

    /// A client in its hold.
    pub async fn client(&self, options: ClientOptions) -> Result<Connection> {
        let daemon = self.lab.client(options).await?;
        Connection::open(daemon, &Builder::new(), self.version(), "conversation").await
    }

    /// As [`client`](Self::client), with the secrets in its events that requests would have.
    pub async fn client_without_requests(&self, options: ClientOptions) -> Result<Connection> {
        let (daemon, builder) = (self.lab.client(options).await?, Builder::new().requests(false));
        Connection::open(daemon, &builder, self.version(), "conversation").await
    }

    /// A server and a client of it, both connected; the server asks its manager.
    pub async fn pair(
        &self,
        server: ServerOptions,
        client: impl FnOnce(ClientOptions) -> ClientOptions,
    ) -> Result<(Connection, Connection, Peer)> {
        let mut server = self.serving_server(server).await?;
        let options = client(ClientOptions::to(&server.daemon).common_name("alice"));
        let mut client = self.client(options).await?;
        client.release().await;
        client.log_in("alice", "secret").await;
        let peer = server.next_client().await;
        server.admit(&peer).await;
        client.connected().await;
        server.established(&peer).await;
        Ok((server, client, peer))
    }
}

/// Says that a part of the matrix cannot be reached here, and why.
pub fn not_here(test: &str, reason: &str) {
    skip(test, &reason);
}
