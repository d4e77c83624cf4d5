//! A manager's connection to one daemon.

use std::collections::VecDeque;
use std::future::Future;

use anyhow::{Context as _, Result};
use openvpn_mgmt::events::{Event, Realm};
use openvpn_mgmt::{
    Builder, Client, Endpoint, Error, Events, Request, Requests, StateName, Status,
};
use tokio::time::timeout;

use super::{Peer, matchers, results};
use crate::catalogue::event_key;
use lab::{DEADLINE, Process, Version};

/// A connection to a daemon: what is asked and what it says is recorded.
pub struct Connection {
    pub client: Client,
    pub daemon: Process,
    pub version: Version,
    /// Under which mode the answers are recorded.
    pub mode: &'static str,
    events: Events,
    requests: Requests,
    recent: VecDeque<String>,
}

impl Connection {
    /// Connects to a daemon that was just started.
    pub async fn open(
        daemon: Process,
        builder: &Builder,
        version: Version,
        mode: &'static str,
    ) -> Result<Self> {
        let (client, events, requests) = dial(&daemon, builder).await?;
        let recent = VecDeque::new();
        Ok(Self { client, daemon, version, mode, events, requests, recent })
    }

    /// Leaves, and comes back as the next manager.
    pub async fn next_manager(&mut self, builder: &Builder) -> Result<()> {
        self.answered("quit", self.client.quit()).await;
        self.drain();
        (self.client, self.events, self.requests) = dial(&self.daemon, builder).await?;
        Ok(())
    }

    /// A command that the daemon answers.
    pub async fn answered<T>(
        &self,
        command: &str,
        call: impl Future<Output = openvpn_mgmt::Result<T>>,
    ) -> T {
        let answer = call.await;
        let answer = answer.unwrap_or_else(|error| {
            panic!("`{command}` ({}): {error}\n{}", self.mode, self.daemon.log())
        });
        results::record_command(self.version, command, self.mode, "answered");
        answer
    }

    /// A command that the daemon refuses; the commands after it get their own answers.
    pub async fn refused<T>(
        &self,
        command: &str,
        call: impl Future<Output = openvpn_mgmt::Result<T>>,
    ) -> String {
        let text = match call.await {
            Err(Error::Refused { text, .. }) => text.to_string(),
            Err(error) => panic!("`{command}` ({}): {error}", self.mode),
            Ok(_) => panic!("`{command}` ({}) is answered, not refused", self.mode),
        };
        self.is_in_step().await;
        results::record_command(self.version, command, self.mode, "refused");
        text
    }

    /// A command that this daemon does not have: refused here, with nothing sent.
    pub async fn unsupported<T>(
        &mut self,
        command: &str,
        call: impl AsyncFnOnce(&Client) -> openvpn_mgmt::Result<T>,
    ) {
        // What the daemon is may be asked, once; and whatever it logged is out of the way.
        self.client.daemon_version().await.expect("version");
        self.client.log_on().await.expect("log on");
        self.client.pid().await.expect("pid");
        self.drain();
        match call(&self.client).await {
            Err(Error::Unsupported { .. }) => {}
            Err(error) => panic!("`{command}` ({}): {error}", self.mode),
            Ok(_) => panic!("`{command}` ({}) is answered", self.mode),
        }
        self.is_in_step().await;
        let sent = self.until("the log of the next command", matchers::log_with("MANAGEMENT: CMD"));
        assert_eq!(sent.await, "MANAGEMENT: CMD 'pid'", "`{command}` was sent");
        self.client.log_off().await.expect("log off");
        results::record_command(self.version, command, self.mode, "unsupported");
    }

    /// An argument that is refused here; the connection has not noticed.
    pub async fn invalid<T>(&self, call: impl Future<Output = openvpn_mgmt::Result<T>>) {
        let error = call.await.err().expect("refused here");
        assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
        self.is_in_step().await;
    }

    /// The next commands get the answers that are theirs.
    pub async fn is_in_step(&self) {
        let pid = self.client.pid().await;
        let pid = pid.unwrap_or_else(|error| panic!("`pid`: {error}\n{}", self.daemon.log()));
        assert_eq!(pid, self.daemon.pid(), "`pid` got another's answer");
        match self.client.status().await {
            Ok(Status::Client(statistics)) => {
                assert!(statistics.tun_tap_read_bytes.is_some(), "{statistics:?}");
                assert!(statistics.unparsed.is_empty(), "{statistics:?}");
            }
            Ok(Status::Server(status)) => {
                let title = format!("OpenVPN {} ", self.version);
                let is_ours =
                    status.title.as_ref().is_some_and(|t| t.to_string().starts_with(&title));
                assert!(is_ours && status.unparsed.is_empty(), "{status:?}");
            }
            // Where it holds or waits for a password, there is nothing to tell yet.
            Err(Error::Refused { text, .. }) => {
                assert!(text.to_string().contains("current daemon mode"), "{text}");
            }
            other => panic!("`status` got another's answer: {other:?}"),
        }
    }

    /// Reads events until one is what is awaited.
    pub async fn until<T>(&mut self, awaited: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        let found = timeout(DEADLINE, async {
            while let Some(event) = self.events.next().await {
                let event = event.expect("no event is lost");
                self.note(&event);
                if let Some(found) = pick(&event) {
                    return Some(found);
                }
            }
            None
        });
        let found = found.await;
        let Ok(Some(found)) = found else {
            let what = if found.is_err() { "did not come" } else { "did not come before the end" };
            let (mode, recent) = (self.mode, Vec::from(self.recent.clone()).join("\n  "));
            panic!("{mode}: {awaited} {what}, after:\n  {recent}\n{}", self.daemon.log());
        };
        found
    }

    /// Reads what is left after the end of the connection.
    pub async fn end(&mut self) -> openvpn_mgmt::CloseReason {
        let end = timeout(DEADLINE, self.client.closed()).await.expect("the connection ends");
        self.drain();
        end
    }

    /// Notes the events that have come and nobody waits for.
    pub fn drain(&mut self) {
        while let Some(event) = self.events.try_next() {
            self.note(&event.expect("no event is lost"));
        }
    }

    fn note(&mut self, event: &Event) {
        let unread = matches!(event, Event::Unknown(_) | Event::Malformed(_) | Event::Stray(_));
        assert!(!unread, "{}: {event:?}", self.mode);
        if let Event::State(state) = event {
            assert_eq!(state.unread().next(), None, "{}: {state:?}", self.mode);
        }
        results::record_event(self.version, &event_key(event));
        if self.recent.len() == 30 {
            self.recent.pop_front();
        }
        self.recent.push_back(event.to_string());
    }
}

/// The steps that most conversations begin with.
impl Connection {
    /// Lets the daemon go on, with its states told.
    pub async fn release(&mut self) {
        self.until("a hold", matchers::hold).await;
        self.answered("state on", self.client.state_on()).await;
        self.answered("hold release", self.client.hold_release()).await;
    }

    pub async fn connected(&mut self) -> openvpn_mgmt::events::State {
        self.until("CONNECTED", matchers::state(StateName::Connected)).await
    }

    /// Answers the next prompt for user name and password.
    pub async fn log_in(
        &mut self,
        username: impl AsRef<[u8]>,
        password: impl AsRef<[u8]>,
    ) -> Realm {
        let realm =
            self.until("a prompt for user name and password", matchers::need_user_pass).await;
        let kind = realm.as_bytes();
        self.answered("username", self.client.username(kind, username.as_ref())).await;
        self.answered("password", self.client.password(kind, password.as_ref())).await;
        realm
    }

    /// The next client that wants to come in.
    pub async fn next_client(&mut self) -> Peer {
        let peer = self.until("a client", matchers::connect).await;
        self.with_secrets(peer).await
    }

    pub async fn next_renewal(&mut self) -> Peer {
        let peer = self.until("a renewal", matchers::reauth).await;
        self.with_secrets(peer).await
    }

    /// The client with its password, which its request alone has.
    async fn with_secrets(&mut self, peer: Peer) -> Peer {
        let is_its = |(cid, kid)| (cid, kid) == (peer.cid, peer.kid);
        loop {
            let request = timeout(DEADLINE, self.requests.next()).await.expect("its request comes");
            match request.expect("its request comes") {
                Request::ClientConnect(asked) | Request::ClientReauth(asked)
                    if is_its((asked.cid(), asked.kid())) =>
                {
                    return Peer { env: asked.env().clone(), ..peer };
                }
                _ => {}
            }
        }
    }

    pub async fn admit(&self, peer: &Peer) {
        self.answered("client-auth-nt", self.client.client_auth_nt(peer.cid, peer.kid)).await;
    }

    pub async fn established(&mut self, peer: &Peer) {
        let (cid, _) = self.until("the client's session", matchers::established).await;
        assert_eq!(cid, peer.cid);
    }

    pub async fn gone(&mut self, peer: &Peer) {
        let (cid, _) = self.until("the client's end", matchers::disconnect).await;
        assert_eq!(cid, peer.cid);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.drain();
        }
    }
}

async fn dial(daemon: &Process, builder: &Builder) -> Result<(Client, Events, Requests)> {
    let builder = builder.clone().connect_timeout(DEADLINE).greeting_timeout(DEADLINE);
    let builder = builder.command_timeout(DEADLINE).event_capacity(100_000);
    let endpoint = match daemon.address() {
        Some(address) => Endpoint::from(address),
        None => Endpoint::from(daemon.socket()),
    };
    Ok(builder.connect(endpoint).await.with_context(|| daemon.log())?.split())
}
