//! [`Login`]: a client daemon whose questions go to a person.

use anyhow::{Result, bail};
use openvpn_mgmt::events::InfoMsg;
use openvpn_mgmt::handler::Responder;
use openvpn_mgmt::{AuthRetry, Client, CloseReason, Event, Events, Session, StateName};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use crate::person::Person;
use crate::questions::Questions;
use crate::token;

/// A client daemon whose questions are answered until its connection ends.
pub(crate) struct Login {
    pub(crate) client: Client,
    events: Events,
    answering: JoinHandle<CloseReason>,
    failures: UnboundedReceiver<anyhow::Error>,
}

impl Login {
    /// Begins to answer.
    pub(crate) async fn open(session: Session, questions: Questions) -> Result<Self> {
        let (client, events, requests) = session.split();
        client.state_on().await?;
        // Else the daemon ends when it is refused, or challenged, which is a refusal to it.
        client.set_auth_retry(AuthRetry::Interact).await?;

        let (person, failures) = Person::new(&client, questions);
        let (at_token, of_token) = (client.clone(), person.clone());
        let responder = Responder::new().credentials(person).others(move |request| {
            tokio::spawn(token::answer(request, at_token.clone(), of_token.clone()));
        });
        let answering = tokio::spawn(responder.run(requests));
        Ok(Self { client, events, answering, failures })
    }

    /// Shows what happens until the tunnel is up.
    pub(crate) async fn connected(&mut self) -> Result<()> {
        while self.next_state().await? != StateName::Connected {}
        Ok(())
    }

    /// Goes on answering: the daemon asks again when it connects anew.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        loop {
            self.next_state().await?;
        }
    }

    async fn next_state(&mut self) -> Result<StateName> {
        loop {
            tokio::select! {
                biased;
                Some(event) = self.events.next() => if let Some(state) = show(&event?) {
                    return Ok(state);
                },
                Some(failure) = self.failures.recv() => return Err(failure),
                reason = &mut self.answering => bail!("the connection ended: {}", reason?),
            }
        }
    }
}

/// Shows an event where it is for the user; gives its state.
fn show(event: &Event) -> Option<StateName> {
    match event {
        Event::State(state) => {
            println!("  {state}");
            return Some(state.name.clone());
        }
        Event::InfoMsg(InfoMsg::WebAuth(page)) => println!("Open this page: {}", page.url),
        Event::InfoMsg(InfoMsg::OpenUrl(url)) => println!("Open this page: {url}"),
        _ => {}
    }
    None
}
