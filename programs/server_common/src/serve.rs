//! Runs an authenticator on a server's session.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use openvpn_mgmt::handler::{AuthServer, Authenticator, Delivery, Outcome, Verdict};
use openvpn_mgmt::{EnvFilter, Requests};

use crate::console::Console;

/// How long clients that wait may still be decided about when the program is to end.
const LAST_DECISIONS: Duration = Duration::from_secs(5);

/// Decides about clients until `stopped` is done; that the connection ends before is an error.
///
/// A server that is in its hold, at its start or after a restart, is released.
///
/// # Errors
/// The connection ended, or the server takes no `env-filter`.
pub async fn serve(
    requests: Requests,
    authenticator: impl Authenticator,
    console: Arc<Console>,
    stopped: impl Future<Output = ()>,
) -> Result<()> {
    // With a filter, a client can add names to its own ENV block that look as if they were
    // the daemon's. The daemon keeps the filter of whoever was connected before.
    requests.client().env_filter(EnvFilter::All).await?;
    let teller = Arc::clone(&console);
    let server = AuthServer::new(authenticator).outcomes(move |outcome| tell(&teller, &outcome));
    let drained = server.run_until(requests, stopped, LAST_DECISIONS).await;
    if let Some(reason) = drained.reason {
        bail!("the connection to the server ended: {reason}");
    }
    let (decided, denied) = (drained.finished, drained.denied);
    console
        .line("server", format!("ends: {decided} who waited were decided about, {denied} denied"));
    Ok(())
}

/// Prints what became otherwise than it was decided; clients that leave do so all the time.
fn tell(console: &Console, Outcome { peer, verdict, delivery, .. }: &Outcome) {
    let failed = matches!(
        verdict,
        Verdict::Failed(_) | Verdict::Panicked | Verdict::Late | Verdict::Unsendable(_)
    );
    if failed || !matches!(delivery, Delivery::Sent | Delivery::Stale) {
        console.line("server", format!("{peer}: {verdict}; {delivery}"));
    }
}
