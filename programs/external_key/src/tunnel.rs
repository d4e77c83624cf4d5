//! [`Tunnel`]: a client daemon that is signed for.

use anyhow::{Result, bail};
use openvpn_mgmt::events::State;
use openvpn_mgmt::handler::{Failure, Responder};
use openvpn_mgmt::{Client, Event, Events, Session, StateName};
use program_common::screen::show;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::key::Key;
use crate::signer::KeySigner;

/// A client daemon whose requests are answered until its connection ends.
pub(crate) struct Tunnel {
    pub(crate) client: Client,
    events: Events,
    failures: UnboundedReceiver<anyhow::Error>,
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

        let (failed, failures) = mpsc::unbounded_channel();
        // The daemon would go on waiting for the signature.
        let tell = move |failure: Failure| {
            failed.send(anyhow::Error::from_boxed(failure.error)).ok();
        };
        let mut responder = Responder::new().signer(KeySigner(key)).failed(tell);
        if let Some(pem) = certificate {
            responder = responder.certificate(pem);
        }
        // Ends with the connection.
        tokio::spawn(responder.run(requests));
        Ok(Self { client, events, failures })
    }

    /// Shows each state until the tunnel is up.
    pub(crate) async fn connected(&mut self) -> Result<()> {
        while let Some(state) = self.next_state().await? {
            match state.name {
                StateName::Connected => return Ok(()),
                StateName::Reconnecting if is_tls_error(&state) => bail!(
                    "the TLS handshake failed: the server may not accept the signature; \
                     does the key belong to the certificate?"
                ),
                _ => {}
            }
        }
        bail!("the connection ended: {}", self.client.closed().await)
    }

    /// Goes on answering, because each renewal of the tunnel's keys is signed too.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        while self.next_state().await?.is_some() {}
        show(self.client.closed().await);
        Ok(())
    }

    /// `None` at the end of the connection.
    async fn next_state(&mut self) -> Result<Option<State>> {
        loop {
            tokio::select! {
                biased;
                Some(failure) = self.failures.recv() => return Err(failure),
                event = self.events.next() => match event.transpose()? {
                    Some(Event::State(state)) => {
                        show(format!("  {state}"));
                        return Ok(Some(state));
                    }
                    Some(_) => {}
                    None => return Ok(None),
                },
            }
        }
    }
}

fn is_tls_error(state: &State) -> bool {
    state.detail().is_some_and(|detail| detail == "tls-error")
}
