//! A whole flow on a real server and a real client, both of which tell their log.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openvpn_mgmt::challenge::{ClientPassword, Crv1};
use openvpn_mgmt::{
    Builder, Client, ClientRequest, Event, Events, History, PendingAuth, Request, Requests,
    StateName,
};

use crate::leak_check::LeakCheck;
use lab::{ClientOptions, DEADLINE, KeyKind, Lab, Process, ServerOptions};

/// How long the client may wait for a decision: longer than the test takes.
const PATIENCE: Duration = Duration::from_secs(600);

struct Daemon {
    process: Process,
    client: Client,
    events: Events,
    requests: Requests,
    /// What unlocks the private key, which is asked for at each start.
    phrase: String,
}

impl Daemon {
    async fn attach(leaks: &mut LeakCheck, process: Process, password: &str) -> Result<Self> {
        let builder = Builder::new().password(password).event_capacity(16 * 1024);
        let builder = builder.connect_timeout(DEADLINE).greeting_timeout(DEADLINE);
        let session = builder.command_timeout(DEADLINE).connect(process.socket()).await?;
        leaks.show(&session);
        let (client, events, requests) = session.split();
        client.log_on().await?;
        client.state_on().await?;
        Ok(Self { process, client, events, requests, phrase: String::new() })
    }

    /// The next request that is neither a hold nor for the private key.
    async fn request(&mut self, leaks: &mut LeakCheck) -> Result<Request> {
        loop {
            let request = tokio::time::timeout(DEADLINE, self.requests.next()).await;
            let request = request.with_context(|| format!("no request; {}", self.process.log()))?;
            let request = request.with_context(|| format!("ended; {}", self.process.log()))?;
            leaks.show(&request);
            match request {
                Request::Hold(hold) => hold.release().await?,
                Request::PrivateKeyPassword(ask) => ask.answer(self.phrase.as_str()).await?,
                other => return Ok(other),
            }
        }
    }

    /// The next client, which has its key unlocked meanwhile.
    async fn connect(&mut self, leaks: &mut LeakCheck, client: &mut Self) -> Result<ClientRequest> {
        let mut asked = LeakCheck::new();
        tokio::select! {
            request = self.request(leaks) => match request? {
                Request::ClientConnect(peer) => Ok(peer),
                other => bail!("not a client: {other:?}"),
            },
            request = client.request(&mut asked) => bail!("asked {:?}", request?),
        }
    }

    async fn event<T>(
        &mut self,
        leaks: &mut LeakCheck,
        what: &str,
        pick: impl Fn(&Event) -> Option<T>,
    ) -> Result<T> {
        let picked = tokio::time::timeout(DEADLINE, async {
            loop {
                let event = self.events.next().await.context("ended")??;
                leaks.broadcast(&event);
                if let Some(picked) = pick(&event) {
                    return Ok(picked);
                }
            }
        });
        picked.await.with_context(|| format!("no {what}; {}", self.process.log()))?
    }

    async fn state(&mut self, leaks: &mut LeakCheck, name: StateName) -> Result<()> {
        let pick = |event: &Event| match event {
            Event::State(state) if state.name == name => Some(()),
            _ => None,
        };
        self.event(leaks, &name.to_string(), pick).await
    }

    /// Shows what is left of the events, and what the daemon remembers.
    async fn shows(&mut self, leaks: &mut LeakCheck) -> Result<()> {
        leaks.show(&self.client.log_history(History::All).await?);
        leaks.show(&self.client.state_history(History::All).await?);
        leaks.show(&self.client.status().await?);
        leaks.show(&self.client.version().await?);
        while let Some(event) = self.events.try_next() {
            leaks.broadcast(&event?);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_whole_flow() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("a_whole_flow")? else { return Ok(()) };
    let leaks = &mut LeakCheck::new();
    let management = leaks.plain("management");
    let options = ServerOptions::new().management_password(&management).verb(4);
    let process = lab.server(options.line("auth-gen-token 3600 external-auth")).await?;
    let mut server = Daemon::attach(leaks, process, &management).await?;
    let Request::Hold(hold) = server.requests.next().await.context("no hold")? else { panic!() };
    hold.release().await?;
    server.state(leaks, StateName::Connected).await?;
    let phrase = leaks.plain("phrase");
    let options = ClientOptions::to(&server.process).key(KeyKind::Encrypted(phrase.clone()));
    let options = options.static_challenge("PIN", true).auth_retry_interact().verb(4);
    let options = options.line("setenv IV_SSO webauth,crtext").management_password(&management);
    let mut client = Daemon::attach(leaks, lab.client(options).await?, &management).await?;

    client.phrase = phrase;
    let state = log_in(leaks, &mut server, &mut client).await?;
    second_factor(leaks, &mut server, &mut client, &state).await?;
    client.state(leaks, StateName::Connected).await?;
    reconnect(leaks, &mut server, &mut client).await?;
    server.shows(leaks).await?;
    client.shows(leaks).await?;
    leaks.check();
    Ok(())
}

/// User name, password and response; the server sets a challenge, whose ID this gives.
async fn log_in(leaks: &mut LeakCheck, server: &mut Daemon, client: &mut Daemon) -> Result<String> {
    let (password, response) = (leaks.secret("password"), leaks.secret("response"));
    let Request::Credentials(ask) = client.request(leaks).await? else { panic!() };
    ask.answer_with_response("alice", password, response).await?;
    let peer = server.connect(leaks, client).await?;
    assert!(matches!(peer.password()?, Some(ClientPassword::Static { .. })));
    let state = leaks.plain("state");
    peer.challenge(&Crv1::new(state.as_str(), "alice", "Code")?).await?;
    Ok(state)
}

/// The response to the challenge, a web page and a response while the client waits.
async fn second_factor(
    leaks: &mut LeakCheck,
    server: &mut Daemon,
    client: &mut Daemon,
    state: &str,
) -> Result<()> {
    let Request::Credentials(ask) = client.request(leaks).await? else { panic!() };
    ask.respond(leaks.plain("dynamic")).await?;
    let peer = server.connect(leaks, client).await?;
    match peer.password()? {
        Some(ClientPassword::Dynamic { state_id, .. }) => {
            assert_eq!(state_id.expose(), state.as_bytes());
        }
        other => bail!("not a response: {other:?}"),
    }
    let proxy = STANDARD.encode(leaks.secret("proxy"));
    let flags = format!("proxy=p.example.com;8080;dXNlcg==;{proxy}");
    let link = format!("https://sso.example.com/{}", leaks.plain("link"));
    let pending = peer.pending(&PendingAuth::web_auth_with(flags, &link), PATIENCE).await?;
    leaks.show(&pending);
    let Request::WebAuth(page) = client.request(leaks).await? else { panic!() };
    assert_eq!(page.url().expose_str(), Some(&*link));
    let pending = pending.resume().pending(&PendingAuth::cr_text("Code", true), PATIENCE).await?;
    let Request::Challenge(ask) = client.request(leaks).await? else { panic!() };
    ask.answer(leaks.secret("pending")).await?;
    let Request::ClientResponse(response) = server.request(leaks).await? else { panic!() };
    leaks.show(&response.response());
    response.allow().await?;
    drop(pending);
    Ok(())
}

/// With the token that the server gave.
async fn reconnect(leaks: &mut LeakCheck, server: &mut Daemon, client: &mut Daemon) -> Result<()> {
    let Request::AuthToken(given) = client.request(leaks).await? else { panic!() };
    leaks.keep("token", given.token().expose());
    client.client.signal(openvpn_mgmt::Signal::Sigusr1).await?;
    let peer = server.connect(leaks, client).await?;
    let Some(ClientPassword::Plain(sent)) = peer.password()? else { panic!() };
    assert_eq!(&sent, given.token());
    assert!(sent.expose().starts_with(b"SESS_ID_"));
    peer.allow().await?;
    client.state(leaks, StateName::Connected).await
}
