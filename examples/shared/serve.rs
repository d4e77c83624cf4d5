//! Runs an authenticator on a server's session.

use anyhow::{Result, bail};
use openvpn_mgmt::handler::{AuthServer, Authenticator};
use openvpn_mgmt::{EnvFilter, Request, Requests};
use tracing::warn;

/// Decides about clients until the connection ends, which is an error.
///
/// A server that is in its hold, at its start or after a restart, is released.
pub(crate) async fn serve(requests: Requests, authenticator: impl Authenticator) -> Result<()> {
    // With a filter, a client can add names to its own ENV block that look as if they were
    // the daemon's. The daemon keeps the filter of whoever was connected before.
    requests.client().env_filter(EnvFilter::All).await?;
    let server = AuthServer::new(authenticator).others(release);
    let reason = server.run(requests).await;
    bail!("the connection to the server ended: {reason}")
}

fn release(request: Request) {
    tokio::spawn(async move {
        let done = match request {
            Request::Hold(hold) => hold.release().await,
            other => other.decline().await,
        };
        if let Err(error) = done {
            warn!(%error, "cannot answer the server");
        }
    });
}
