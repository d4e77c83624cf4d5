//! [`Tunnel`]: a client daemon that is signed for.

use anyhow::{Result, bail};
use openvpn_mgmt::events::State;
use openvpn_mgmt::handler::Responder;
use openvpn_mgmt::{Client, CloseReason, Event, Events, Session, StateName};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use crate::key::Key;
use crate::signer::KeySigner;

/// A client daemon whose questions are answered until its connection ends.
pub(crate) struct Tunnel {
    pub(crate) client: Client,
    events: Events,
    answering: JoinHandle<CloseReason>,
    failures: UnboundedReceiver<String>,
}

impl Tunnel {
    /// Begins to answer; `certificate` is for `management-external-cert`, in PEM.
    pub(crate) async fn open(
        session: Session,
        key: Key,
        certificate: Option<String>,
        announce: u32,
    ) -> Result<Self> {
        let (client, events, requests) = session.split();
        if announce > 1 {
            client.announce_version(announce).await?;
        }
        client.state_on().await?;

        let (signer, failures) = KeySigner::new(key);
        let mut responder = Responder::new().signer(signer);
        if let Some(pem) = certificate {
            responder = responder.certificate(pem);
        }
        let answering = tokio::spawn(responder.run(requests));
        Ok(Self { client, events, answering, failures })
    }

    /// Shows each state until the tunnel is up.
    pub(crate) async fn connected(&mut self) -> Result<()> {
        loop {
            let state = self.next_state().await?;
            match state.name {
                StateName::Connected => return Ok(()),
                StateName::Reconnecting if is_tls_error(&state) => bail!(
                    "the TLS handshake failed: the server may not accept the signature; \
                     does the key belong to the certificate?"
                ),
                _ => {}
            }
        }
    }

    /// Goes on answering, because each renewal of the tunnel's keys is signed too.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        loop {
            self.next_state().await?;
        }
    }

    async fn next_state(&mut self) -> Result<State> {
        loop {
            tokio::select! {
                Some(event) = self.events.next() => if let Event::State(state) = event? {
                    println!("  {state}");
                    return Ok(state);
                },
                Some(failure) = self.failures.recv() => bail!("cannot sign: {failure}"),
                reason = &mut self.answering => bail!("the connection ended: {}", reason?),
            }
        }
    }
}

fn is_tls_error(state: &State) -> bool {
    state.detail.as_ref().is_some_and(|detail| *detail == "tls-error")
}
