//! The demonstration: a real server, and users who come in or do not.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use openvpn_mgmt::Secret;
use openvpn_mgmt::handler::AttemptKind;
use server_common::console::Console;
use server_common::demo_client::{DemoClient, Knowledge, Outcome};
use server_common::demo_server::DemoServer;
use tokio::sync::mpsc;
use totp_rs::TOTP;

use crate::accounts::{Accounts, Decided};
use crate::make_user::Account;
use crate::users::Users;
use crate::{Ask, codes, decide};
use lab::{ClientOptions, ServerOptions};

/// Only a daemon that is broken takes this long.
const DEADLINE: Duration = Duration::from_secs(120);
const PASSWORD: &str = "correct horse battery staple";

/// Everything there is, while the demonstration runs.
struct Demo {
    server: DemoServer,
    console: Arc<Console>,
    /// What was decided, after it was printed.
    decisions: mpsc::UnboundedReceiver<Decided>,
    alice: TOTP,
    bob: TOTP,
}

/// Runs it; `tokens`: whether the server gives them.
pub(crate) async fn run(ask: Ask, tokens: bool, console: &Arc<Console>) -> Result<()> {
    let mut options = ServerOptions::new();
    if tokens {
        options = options.line("auth-gen-token 0 external-auth");
    }
    let (server, session) = DemoServer::open(options).await?;
    console.heading(server.title());
    let (alice, bob) = (Account::new("alice", PASSWORD)?, Account::new("bob", PASSWORD)?);
    let [a, b, c, _] = server.address().octets();
    let (address, route) = (format!("{a}.{b}.{c}.77/24"), "10.1.0.0/16");
    console.line("server", format!("has users alice (with {address}, route {route}) and bob"));
    let own = format!("address = \"{address}\"\nroutes = [\"{route}\"]\n");
    let users = Users::parse(&format!("{alice}{own}{bob}"))?;
    let (decided, inbox) = mpsc::unbounded_channel();
    let accounts = Accounts::new(users, ask, (None, None), decided)?;
    let (told, decisions) = mpsc::unbounded_channel();
    let (alice, bob) = (totp(&alice)?, totp(&bob)?);
    let demo = Demo { server, console: Arc::clone(console), decisions, alice, bob };
    tokio::select! {
        ended = decide(session, accounts, console, pending()) => ended,
        () = tell(console, inbox, told) => bail!("nobody decides any more"),
        played = tokio::time::timeout(DEADLINE, demo.play(tokens)) => {
            played.with_context(|| format!("not done after {DEADLINE:?}"))?
        }
    }
}

/// Prints decisions as they come, and passes them on.
async fn tell(
    console: &Console,
    mut inbox: mpsc::UnboundedReceiver<Decided>,
    told: mpsc::UnboundedSender<Decided>,
) {
    while let Some(decision) = inbox.recv().await {
        console.line("server", &decision);
        told.send(decision).ok();
    }
}

impl Demo {
    async fn play(mut self, tokens: bool) -> Result<()> {
        self.is_let_in_once_for_all(tokens).await?;

        self.console.heading("Right password, wrong code");
        let wrong = wrong_code(&self.alice);
        self.is_denied("alice", move || wrong.clone()).await?;

        self.console.heading("A user who is not in the file");
        self.is_denied("mallory", || "123456".to_owned()).await?;

        self.is_asked_while_waiting().await
    }

    /// Password, code by CRV1; then no more questions, whatever happens to the connection.
    async fn is_let_in_once_for_all(&mut self, tokens: bool) -> Result<()> {
        self.console.heading("Right password, right code");
        // By default it is every hour.
        let renews = |to: ClientOptions| to.line("reneg-sec 5 5");
        let mut alice = self.visit("alice", shown(&self.alice), renews).await?;
        let first = connected(alice.outcome().await?)?;
        ensure!(first.contains(".77, route 10.1.0.0 255.255.0.0"), "alice got {first}");
        self.console.line("alice", format!("CONNECTED as {first}"));
        self.console.ok("the user is in, with an address and a route of her own");

        self.console.heading("The keys are renewed");
        self.renewal().await?;
        self.console.ok("nobody was asked");
        if tokens {
            self.console.heading("The connection is lost, and comes back");
            alice.reconnect().await?;
            let again = connected(alice.outcome().await?)?;
            ensure!(again == first, "alice had {first}, and now {again}");
            self.console.line("alice", format!("CONNECTED as {again}"));
            self.console.ok("nobody was asked; address and route are the same");
        }
        alice.leave().await
    }

    async fn is_asked_while_waiting(&self) -> Result<()> {
        self.console.heading("A client that can be asked while it waits (CR_TEXT)");
        let can = |to: ClientOptions| to.line("setenv IV_SSO crtext");
        let mut bob = self.visit("bob", shown(&self.bob), can).await?;
        let got = connected(bob.outcome().await?)?;
        self.console.line("bob", format!("CONNECTED as {got}"));
        self.console.ok("the user is in, at the first attempt");
        bob.leave().await
    }

    async fn is_denied(
        &self,
        name: &str,
        code: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<()> {
        let mut client = self.visit(name, code, |to| to).await?;
        match client.outcome().await? {
            Outcome::Denied(reason) => self.console.line(name, format!("DENIED: {reason}")),
            other => bail!("{name} is to be denied, but got {other:?}"),
        }
        self.console.ok("denied, without a word about what was wrong");
        client.leave().await
    }

    async fn visit(
        &self,
        name: &str,
        code: impl Fn() -> String + Send + Sync + 'static,
        options: impl FnOnce(ClientOptions) -> ClientOptions,
    ) -> Result<DemoClient> {
        let (name, password) = (name.to_owned(), Secret::from(PASSWORD));
        let knows = Knowledge { name, password, code: Arc::new(code) };
        DemoClient::new(&self.server, &self.console, knows, options).await
    }

    /// Waits until a client that is in was let in again.
    async fn renewal(&mut self) -> Result<()> {
        loop {
            let decision = self.decisions.recv().await.context("nobody decides any more")?;
            if decision.kind == AttemptKind::Reauth {
                ensure!(decision.verdict.starts_with("let in"), "at the renewal: {decision}");
                return Ok(());
            }
        }
    }
}

fn connected(outcome: Outcome) -> Result<String> {
    match outcome {
        Outcome::Connected(how) => Ok(how),
        other => bail!("the client is to be connected, but got {other:?}"),
    }
}

fn totp(account: &Account) -> Result<TOTP> {
    let secret = totp_rs::Secret::Encoded(account.secret().to_owned()).to_bytes();
    codes::totp(secret.ok().context("the secret is not base32")?)
}

/// What an authenticator app shows.
fn shown(totp: &TOTP) -> impl Fn() -> String + Send + Sync + 'static {
    let totp = totp.clone();
    move || totp.generate(now())
}

/// A code that is none of those that are good now or soon.
fn wrong_code(totp: &TOTP) -> String {
    let now = now();
    let good: Vec<_> =
        (0..6).map(|step| totp.generate(now.saturating_sub(60) + 30 * step)).collect();
    let codes = (0..10).map(|number| format!("{number:06}"));
    codes.into_iter().find(|code| !good.contains(code)).unwrap_or_default()
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs())
}
