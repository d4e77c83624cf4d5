//! From a connected management interface to a connected tunnel.

use anyhow::{Result, bail};
use openvpn_mgmt::events::State;
use openvpn_mgmt::handler::Responder;
use openvpn_mgmt::{Client, Event, Events, Session, StateName};

use crate::key::Key;
use crate::signer::KeySigner;

/// Answers what the client daemon asks until its tunnel is up.
///
/// `certificate` is for a daemon with `management-external-cert`, in PEM.
pub(crate) async fn connect(
    session: Session,
    key: Key,
    certificate: Option<String>,
    announce: u32,
) -> Result<Client> {
    let (client, mut events, requests) = session.split();
    if announce > 1 {
        client.announce_version(announce).await?;
    }
    client.state_on().await?;

    let (signer, mut failures) = KeySigner::new(key);
    let mut responder = Responder::new().signer(signer);
    if let Some(pem) = certificate {
        responder = responder.certificate(pem);
    }
    tokio::select! {
        reason = responder.run(requests) => bail!("the management connection ended: {reason}"),
        Some(failure) = failures.recv() => bail!("cannot sign: {failure}"),
        result = until_connected(&mut events) => result?,
    }
    Ok(client)
}

/// Shows each state until the tunnel is up.
async fn until_connected(events: &mut Events) -> Result<()> {
    while let Some(event) = events.next().await {
        let Event::State(state) = event? else { continue };
        println!("  {state}");
        match state.name {
            StateName::Connected => return Ok(()),
            StateName::Reconnecting if is_tls_error(&state) => bail!(
                "the TLS handshake failed: the server may not accept the signature; \
                 does the key belong to the certificate?"
            ),
            _ => {}
        }
    }
    // The responder ends with the events, and knows why.
    std::future::pending().await
}

fn is_tls_error(state: &State) -> bool {
    state.detail.as_ref().is_some_and(|detail| *detail == "tls-error")
}
