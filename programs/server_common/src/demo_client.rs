//! A user with a VPN client: what a person would type, typed by a program.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};
use openvpn_mgmt::events::{Password, UpDown};
use openvpn_mgmt::handler::{
    BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, Responder, ResponsePrompt,
    WebAuthPrompt,
};
use openvpn_mgmt::{Client, Event, Events, Secret, Signal, StateName, connect};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::console::Console;
use crate::demo_server::DemoServer;
use lab::{ClientOptions, Process};

/// What a user knows.
#[derive(Clone)]
pub struct Knowledge {
    /// The user name.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// What the user's device shows when it is looked at.
    pub code: Arc<dyn Fn() -> String + Send + Sync>,
}

impl fmt::Debug for Knowledge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knowledge").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What becomes of a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the tunnel, with its address and the routes that were pushed.
    Connected(String),
    /// It was turned away, with the words of the server.
    Denied(String),
    /// Its user is to open this page.
    Open(String),
}

/// A client that runs, with a user who answers what it asks.
#[derive(Debug)]
pub struct DemoClient {
    client: Client,
    events: Events,
    process: Process,
    routes: Vec<String>,
    /// What the user is to open.
    pages: mpsc::UnboundedReceiver<Secret>,
    // Ends the user with the client.
    _user: JoinSet<()>,
}

impl DemoClient {
    /// Starts a client, and lets it connect.
    ///
    /// # Errors
    /// It does not start, or cannot be connected to.
    pub async fn new(
        server: &DemoServer,
        console: &Arc<Console>,
        knows: Knowledge,
        options: impl FnOnce(ClientOptions) -> ClientOptions,
    ) -> Result<Self> {
        let name = knows.name.clone();
        let common = |to: ClientOptions| to.common_name(&name).auth_retry_interact().up_down();
        let process = server.client(|to| options(common(to))).await?;
        let (client, events, requests) = connect(process.socket()).await?.split();
        client.state_on().await?;
        let (to_open, pages) = mpsc::unbounded_channel();
        let (console, typed) = (Arc::clone(console), AtomicBool::new(false));
        let user = User { knows, console, typed, to_open };
        let mut users = JoinSet::new();
        users.spawn(async move {
            Responder::new().credentials(user).run(requests).await;
        });
        Ok(Self { client, events, process, routes: Vec::new(), pages, _user: users })
    }

    /// Waits for what becomes of the client next.
    ///
    /// # Errors
    /// Its connection ended; with its log.
    pub async fn outcome(&mut self) -> Result<Outcome> {
        loop {
            tokio::select! {
                biased;
                event = self.events.next() => {
                    let Some(event) = event.transpose()? else { break };
                    if let Some(outcome) = self.take(event) {
                        return Ok(outcome);
                    }
                }
                Some(page) = self.pages.recv() => {
                    return Ok(Outcome::Open(page.expose_str().unwrap_or_default().to_owned()));
                }
            }
        }
        let reason = self.client.closed().await;
        bail!("the client's connection ended: {reason}; its log:\n{}", self.process.log())
    }

    /// Has the client lose its connection, and connect again (`SIGUSR1`).
    ///
    /// # Errors
    /// Its connection ended.
    pub async fn reconnect(&self) -> Result<()> {
        Ok(self.client.signal(Signal::Sigusr1).await?)
    }

    /// Ends the client.
    ///
    /// # Errors
    /// Its connection ended before, or its process does not end.
    pub async fn leave(mut self) -> Result<()> {
        self.client.signal(Signal::Sigterm).await?;
        self.process.wait().await?;
        Ok(())
    }

    fn take(&mut self, event: Event) -> Option<Outcome> {
        match event {
            Event::UpDown(change) if change.is_up() => self.routes = routes(&change),
            Event::State(state) if state.name == StateName::Connected => {
                let mut tunnel = state.local_ipv4().map(|ip| ip.to_string()).unwrap_or_default();
                for route in &self.routes {
                    tunnel = format!("{tunnel}, route {route}");
                }
                return Some(Outcome::Connected(tunnel));
            }
            Event::Password(Password::VerificationFailed { reason, challenge: None, .. }) => {
                let reason = reason.map(|reason| reason.to_string());
                return Some(Outcome::Denied(reason.unwrap_or_default()));
            }
            _ => {}
        }
        None
    }
}

/// The routes that reached the client: `route_network_1`, `route_netmask_1`, and so on.
fn routes(up: &UpDown) -> Vec<String> {
    let value = |name: &str, number: u32| up.env.get(&format!("{name}_{number}"));
    let route = |number| {
        let (network, netmask) = (value("route_network", number)?, value("route_netmask", number)?);
        Some(format!("{network} {netmask}"))
    };
    (1..).map_while(route).collect()
}

/// Types what the client asks for: the password once, a code whenever there is a challenge.
struct User {
    knows: Knowledge,
    console: Arc<Console>,
    typed: AtomicBool,
    to_open: mpsc::UnboundedSender<Secret>,
}

impl User {
    fn does(&self, what: &str) {
        self.console.line(&self.knows.name, what);
    }
}

impl CredentialsProvider for User {
    async fn credentials(
        &self,
        prompt: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        let mut answer = CredentialsAnswer::default();
        if let Some(challenge) = prompt.challenge {
            self.does(&format!("is asked (CRV1): {:?}, and types a code", challenge.text()));
            answer.response = Secret::from((self.knows.code)());
        } else if self.typed.swap(true, Ordering::Relaxed) {
            // Asked again without a challenge: turned away, and this user gives up.
            return Ok(None);
        } else {
            self.does("types user name and password");
            answer.username = Secret::from(self.knows.name.as_str());
            answer.password = self.knows.password.clone();
        }
        Ok(Some(answer))
    }

    async fn response(&self, prompt: ResponsePrompt) -> Result<Option<Secret>, BoxError> {
        self.does(&format!("is asked (CR_TEXT): {:?}, and types a code", prompt.text));
        Ok(Some(Secret::from((self.knows.code)())))
    }

    async fn web_auth(&self, page: WebAuthPrompt) -> Result<(), BoxError> {
        // Nobody opens it any more where the visitor has left.
        self.to_open.send(page.url).ok();
        Ok(())
    }
}
