//! What the tests of this folder share.

use anyhow::{Context as _, Result, bail};
use openvpn_mgmt::events::{ClientEvent, Password};
use openvpn_mgmt::{
    Builder, Cid, Client, Endpoint, Event, Events, Request, Requests, Secret, StateName,
};
use tokio::time::timeout;

use lab::{ClientOptions, DEADLINE, Lab, Process, ServerOptions};

/// With time for a daemon, and for many callers, on a busy machine.
pub(crate) fn patient(builder: Builder) -> Builder {
    let builder = builder.connect_timeout(DEADLINE).greeting_timeout(DEADLINE);
    builder.command_timeout(DEADLINE).close_timeout(DEADLINE)
}

pub(crate) async fn open(endpoint: impl Into<Endpoint>) -> Result<(Client, Events)> {
    open_with(&Builder::new(), endpoint).await
}

pub(crate) async fn open_with(
    builder: &Builder,
    endpoint: impl Into<Endpoint>,
) -> openvpn_mgmt::Result<(Client, Events), anyhow::Error> {
    let (client, events, _) = patient(builder.clone()).connect(endpoint).await?.split();
    Ok((client, events))
}

/// Reads on until `pick` takes an event. What has no type fails the test.
pub(crate) async fn until<T>(
    events: &mut Events,
    what: &str,
    mut pick: impl FnMut(Event) -> Option<T>,
) -> Result<T> {
    let picking = async {
        loop {
            let event = events.next().await.context("the connection ended")??;
            if matches!(event, Event::Unknown(_) | Event::Malformed(_) | Event::Stray(_)) {
                bail!("an event without a type: {event:?}");
            }
            if let Some(picked) = pick(event) {
                return Ok(picked);
            }
        }
    };
    let picked = timeout(DEADLINE, picking).await.context("too late").and_then(|result| result);
    picked.with_context(|| format!("waiting for {what}"))
}

pub(crate) async fn until_state(events: &mut Events, name: StateName) -> Result<()> {
    let wanted = |event| matches!(event, Event::State(state) if state.name == name).then_some(());
    until(events, &format!("{name:?}"), wanted).await
}

pub(crate) async fn until_client(
    events: &mut Events,
    what: &str,
    wanted: impl Fn(&ClientEvent) -> bool,
) -> Result<ClientEvent> {
    let pick = |event| match event {
        Event::Client(client) if wanted(&client) => Some(client),
        _ => None,
    };
    until(events, what, pick).await
}

pub(crate) async fn until_prompt(events: &mut Events) -> Result<()> {
    let asked =
        |event| matches!(event, Event::Password(Password::NeedUserPass { .. })).then_some(());
    until(events, "a request for user name and password", asked).await
}

/// A server and a client of it, both in their hold.
pub(crate) struct Tunnel {
    pub(crate) server: Process,
    pub(crate) client: Process,
    pub(crate) at_server: Client,
    pub(crate) server_events: Events,
    pub(crate) server_requests: Requests,
    pub(crate) at_client: Client,
    pub(crate) client_events: Events,
}

impl Tunnel {
    pub(crate) async fn new(lab: &Lab, options: ServerOptions) -> Result<Self> {
        Self::with(lab, options, |client| client).await
    }

    /// With a client that has options of its own.
    pub(crate) async fn with(
        lab: &Lab,
        options: ServerOptions,
        client: impl FnOnce(ClientOptions) -> ClientOptions,
    ) -> Result<Self> {
        let server = lab.server(options).await?;
        let client = client(ClientOptions::to(&server).common_name("alice"));
        let client = lab.client(client).await?;
        let session = patient(Builder::new()).connect(server.socket()).await?;
        let (at_server, server_events, server_requests) = session.split();
        let (at_client, client_events) = open(client.socket()).await?;
        Ok(Self {
            server,
            client,
            at_server,
            server_events,
            server_requests,
            at_client,
            client_events,
        })
    }

    /// Lets both go on, and answers what the client is asked.
    pub(crate) async fn release(&mut self, username: &[u8], password: &[u8]) -> Result<()> {
        for client in [&self.at_server, &self.at_client] {
            client.state_on().await?;
            client.hold_release().await?;
        }
        until_state(&mut self.server_events, StateName::Connected).await?;
        self.answer(username, password).await
    }

    /// Answers the request for user name and password.
    pub(crate) async fn answer(&mut self, username: &[u8], password: &[u8]) -> Result<()> {
        until_prompt(&mut self.client_events).await?;
        self.at_client.username("Auth", username).await?;
        self.at_client.password("Auth", password).await?;
        Ok(())
    }

    /// The client that asks to be let in.
    pub(crate) async fn asks_to_connect(&mut self) -> Result<ClientEvent> {
        let is_connect = |event: &ClientEvent| matches!(event, ClientEvent::Connect { .. });
        until_client(&mut self.server_events, "CONNECT", is_connect).await
    }

    /// The password of a client that asks to be let in, which its request alone has.
    pub(crate) async fn password_of(&mut self, cid: Cid) -> Result<Secret> {
        loop {
            let request = timeout(DEADLINE, self.server_requests.next()).await?;
            match request.context("the connection ended")? {
                Request::ClientConnect(asked) if asked.cid() == cid => {
                    return asked.env().password()?.context("no password");
                }
                _ => {}
            }
        }
    }
}

/// A client daemon in its hold: the cheapest daemon that answers.
pub(crate) async fn idle(lab: &Lab) -> Result<Process> {
    lab.client(ClientOptions::new()).await
}
