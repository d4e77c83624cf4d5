//! [`Login`]: a client daemon whose questions go to a person.

use anyhow::{Result, bail};
use openvpn_mgmt::handler::Responder;
use openvpn_mgmt::{AuthRetry, Client, Event, Events, Session, StateName};
use program_common::screen::show;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::person::Person;
use crate::questions::Questions;
use crate::token;

/// A client daemon whose questions are answered until its connection ends.
pub(crate) struct Login {
    pub(crate) client: Client,
    events: Events,
    failures: UnboundedReceiver<anyhow::Error>,
}

impl Login {
    /// Begins to answer.
    pub(crate) async fn open(session: Session, questions: Questions) -> Result<Self> {
        let (client, events, requests) = session.split();
        client.state_on().await?;
        // Else the daemon ends when it is refused, or challenged, which is a refusal to it.
        client.set_auth_retry(AuthRetry::Interact).await?;

        let (person, failures) = Person::new(questions);
        let (at_token, of_token) = (client.clone(), person.clone());
        let told = person.clone();
        let responder = Responder::new()
            .credentials(person)
            .others(move |request| {
                tokio::spawn(token::answer(request, at_token.clone(), of_token.clone()));
            })
            // Also where the daemon would not take the answer, as a password that is too long.
            .failed(move |failure| told.fail(anyhow::Error::from_boxed(failure.error)));
        // Ends with the connection.
        tokio::spawn(responder.run(requests));
        Ok(Self { client, events, failures })
    }

    /// Shows what happens until the tunnel is up.
    pub(crate) async fn connected(&mut self) -> Result<()> {
        while let Some(state) = self.next_state().await? {
            if state == StateName::Connected {
                return Ok(());
            }
        }
        bail!("the connection ended: {}", self.client.closed().await)
    }

    /// Goes on answering: the daemon asks again when it connects anew.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        while self.next_state().await?.is_some() {}
        show(self.client.closed().await);
        Ok(())
    }

    /// `None` at the end of the connection.
    async fn next_state(&mut self) -> Result<Option<StateName>> {
        loop {
            tokio::select! {
                biased;
                event = self.events.next() => {
                    let Some(event) = event.transpose()? else { return Ok(None) };
                    if let Some(state) = show_event(&event) {
                        return Ok(Some(state));
                    }
                }
                Some(failure) = self.failures.recv() => return Err(failure),
            }
        }
    }
}

/// Shows an event where it is for the user; gives its state.
fn show_event(event: &Event) -> Option<StateName> {
    let Event::State(state) = event else { return None };
    show(format!("  {state}"));
    Some(state.name.clone())
}
