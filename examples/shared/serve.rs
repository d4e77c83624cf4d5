//! Runs an authenticator on a server's session.

use anyhow::{Result, bail};
use openvpn_mgmt::handler::{AuthServer, Authenticator};
use openvpn_mgmt::{EnvFilter, Requests};

/// Decides about clients until the connection ends, which is an error.
///
/// A server that is in its hold, at its start or after a restart, is released.
pub(crate) async fn serve(requests: Requests, authenticator: impl Authenticator) -> Result<()> {
    // With a filter, a client can add names to its own ENV block that look as if they were
    // the daemon's. The daemon keeps the filter of whoever was connected before.
    requests.client().env_filter(EnvFilter::All).await?;
    let reason = AuthServer::new(authenticator).run(requests).await;
    bail!("the connection to the server ended: {reason}")
}
