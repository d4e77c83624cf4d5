//! A daemon of the lab with its connection, and waits that end.

use anyhow::{Context as _, Result, bail};
use openvpn_mgmt::events::{ClientEvent, Password, Realm};
use openvpn_mgmt::{
    Builder, Cid, Client, ClientRequest, CredentialsRequest, Event, Events, HoldRequest, Request,
    Requests, StateName, Text,
};

use lab::{ClientOptions, DEADLINE, Lab, Process, ServerOptions, within};

pub struct Daemon {
    pub process: Process,
    pub client: Client,
    pub events: Events,
    pub requests: Requests,
}

/// The next request, which must be of this kind.
macro_rules! request {
    ($daemon:expr, $kind:ident) => {
        match $daemon.request().await? {
            openvpn_mgmt::Request::$kind(request) => request,
            other => anyhow::bail!("asked {other:?}; its log:\n{}", $daemon.process.log()),
        }
    };
}
pub(crate) use request;

impl Daemon {
    pub async fn attach(process: Process) -> Result<Self> {
        Self::attach_with(Builder::new().event_capacity(16 * 1024), process).await
    }

    pub async fn attach_with(builder: Builder, process: Process) -> Result<Self> {
        let builder = builder.connect_timeout(DEADLINE).greeting_timeout(DEADLINE);
        let session = builder.command_timeout(DEADLINE).connect(process.socket()).await?;
        let (client, events, requests) = session.split();
        client.state_on().await?;
        Ok(Self { process, client, events, requests })
    }

    /// A client of the lab, in its hold.
    pub async fn client(lab: &Lab, options: ClientOptions) -> Result<Self> {
        Self::attach(lab.client(options).await?).await
    }

    /// A server of the lab, ready for clients.
    pub async fn server(lab: &Lab, options: ServerOptions) -> Result<Self> {
        let mut server = Self::attach(lab.server(options).await?).await?;
        server.release().await?;
        server.state(&StateName::Connected).await?;
        Ok(server)
    }

    pub async fn request(&mut self) -> Result<Request> {
        let request = within("request", self.requests.next()).await;
        let request = request.with_context(|| self.process.log())?;
        request.with_context(|| format!("the connection ended; its log:\n{}", self.process.log()))
    }

    /// The next request that is no hold; holds are released.
    pub async fn past_holds(&mut self) -> Result<Request> {
        loop {
            match self.request().await? {
                Request::Hold(hold) => hold.release().await?,
                other => return Ok(other),
            }
        }
    }

    pub async fn hold(&mut self) -> Result<HoldRequest> {
        Ok(request!(self, Hold))
    }

    pub async fn release(&mut self) -> Result<()> {
        Ok(self.hold().await?.release().await?)
    }

    pub async fn credentials(&mut self) -> Result<CredentialsRequest> {
        match self.past_holds().await? {
            Request::Credentials(ask) => Ok(ask),
            other => bail!("not credentials: {other:?}"),
        }
    }

    /// Answers the next request for credentials with a name of its own.
    pub async fn log_in(&mut self, username: &str) -> Result<()> {
        Ok(self.credentials().await?.answer(username, "s3cret").await?)
    }

    pub async fn connect(&mut self) -> Result<ClientRequest> {
        Ok(request!(self, ClientConnect))
    }

    /// The first event that `pick` takes.
    pub async fn event<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(&Event) -> Option<T>,
    ) -> Result<T> {
        let picked = within(what, async {
            while let Some(event) = self.events.next().await {
                if let Some(picked) = pick(&event?) {
                    return Ok(Some(picked));
                }
            }
            anyhow::Ok(None)
        });
        let picked = picked.await.with_context(|| self.process.log())??;
        picked.with_context(|| format!("it ended before {what}; its log:\n{}", self.process.log()))
    }

    pub async fn state(&mut self, name: &StateName) -> Result<Option<Text>> {
        let what = format!("state {name}");
        self.event(&what, |event| match event {
            Event::State(state) if state.name == *name => Some(state.detail()),
            _ => None,
        })
        .await
    }

    pub async fn connected(&mut self) -> Result<()> {
        self.state(&StateName::Connected).await.map(drop)
    }

    /// Why the credentials of this realm were not accepted.
    pub async fn refused(&mut self, of: &Realm) -> Result<Option<Text>> {
        self.event("failed verification", |event| match event {
            Event::Password(Password::VerificationFailed { realm, reason, .. }) if realm == of => {
                Some(reason.clone())
            }
            _ => None,
        })
        .await
    }

    pub async fn established(&mut self) -> Result<Cid> {
        self.event("established client", |event| match event {
            Event::Client(ClientEvent::Established { cid, .. }) => Some(*cid),
            _ => None,
        })
        .await
    }

    pub async fn disconnected(&mut self) -> Result<Cid> {
        self.event("disconnected client", |event| match event {
            Event::Client(ClientEvent::Disconnect { cid, .. }) => Some(*cid),
            _ => None,
        })
        .await
    }

    /// Whether a state came that says it is in, up to now.
    pub async fn is_connected(&self) -> Result<bool> {
        Ok(self.client.state().await?.name == StateName::Connected)
    }
}

/// A server, and a client of it that has been released.
pub async fn pair(
    lab: &Lab,
    adjust: impl FnOnce(ClientOptions) -> ClientOptions,
) -> Result<(Daemon, Daemon)> {
    pair_with(lab, ServerOptions::new(), adjust).await
}

pub async fn pair_with(
    lab: &Lab,
    options: ServerOptions,
    adjust: impl FnOnce(ClientOptions) -> ClientOptions,
) -> Result<(Daemon, Daemon)> {
    let server = Daemon::server(lab, options).await?;
    let options = adjust(ClientOptions::to(&server.process).common_name("alice"));
    let mut client = Daemon::client(lab, options).await?;
    client.release().await?;
    Ok((server, client))
}

/// A lab that can serve, or the end of the test.
macro_rules! serving {
    ($test:literal) => {
        match lab::Lab::serving_or_skip($test)? {
            Some(lab) => lab,
            None => return Ok(()),
        }
    };
}
pub(crate) use serving;
