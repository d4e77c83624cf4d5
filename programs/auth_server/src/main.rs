//! An OpenVPN server's clients, let in by password and a code: a list of users with
//! Argon2 hashes, TOTP as the second factor, and each user's own address and routes.
//!
//! ```text
//! cargo run -p auth_server            # shows it on a server and clients of its own
//! cargo run -p auth_server -- --help
//! ```
//!
//! `accounts.rs` is the program to read: an [`Authenticator`](openvpn_mgmt::handler::Authenticator).
//! What it decides by has a file each; `sessions.rs` tells what a client sends that renews
//! its keys.

mod accounts;
mod challenges;
mod codes;
mod demo;
mod lockout;
mod make_user;
mod network;
mod passwords;
mod private;
mod sessions;
mod store;
mod terminal;
mod users;

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{ArgGroup, Parser, ValueEnum};
use openvpn_mgmt::handler::{Attempt, Authenticator as _};
use openvpn_mgmt::{Event, Events, Session};
use program_common::stop::until_ended;
use server_common::console::Console;
use server_common::serve::serve;
use server_common::target::Target;
use tokio::sync::{mpsc, oneshot};

use crate::accounts::{Accounts, Decided};
use crate::store::Store;
use crate::users::Users;

/// How long a user may take to type a code that is asked for by `CR_TEXT`.
const TIME_FOR_CODE: Duration = Duration::from_secs(60);

const RENEWALS: &str = "users asked by CR_TEXT are asked again at each renewal, unless the server \
                        has auth-gen-token N external-auth";

/// Lets clients of an OpenVPN server in by password and a code (TOTP).
///
/// Without --connect it starts a server and clients on loopback (which needs root, or user
/// namespaces) and shows: a user who comes in by password and code, comes back after a lost
/// connection and renews the keys without being asked again; a wrong code and an unknown
/// user, both denied; and a user asked by `CR_TEXT`.
#[derive(Parser)]
#[command(name = "auth_server", after_help = AFTER_HELP)]
#[command(group = ArgGroup::new("purpose").args(["connect", "make_user"]))]
struct Args {
    #[command(flatten)]
    target: Target,

    /// The file of users, open to nobody else (mode 0600); needed with --connect
    #[arg(long, value_name = "FILE", requires = "purpose")]
    users: Option<PathBuf>,

    /// Where to keep who is in and which codes were used, over restarts of this program; that
    /// of the users with .state behind it where it is not given
    #[arg(long, value_name = "FILE", requires = "connect")]
    state: Option<PathBuf>,

    /// How the code is asked for
    #[arg(long, value_enum, default_value_t = Ask::Auto)]
    ask: Ask,

    /// In the demonstration, a server without auth-gen-token
    #[arg(long, conflicts_with = "connect")]
    without_tokens: bool,

    /// Make a new user with a new secret for codes, add it to the file that --users names, or
    /// print it, and end. The password is asked for, or is the first line of the input
    #[arg(long, value_name = "NAME")]
    make_user: Option<String>,
}

const AFTER_HELP: &str = "\
The file of users is TOML, a table for each user; --make-user makes one:
  [alice]
  password = \"$argon2id$v=19$m=19456,t=2,p=1$...\"  # the hash of the password
  totp = \"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\"        # the secret of the codes, in base32
  address = \"10.8.0.7/24\"                          # in the tunnel; may be left out
  routes = [\"10.1.0.0/16\", \"10.2.0.0/16\"]          # pushed to the client; may be left out

Your own server's configuration needs:
  management /run/openvpn/server.sock unix
  management-client-auth
  auth-gen-token 43200 external-auth               # so that nobody is asked twice

Your own clients' needs auth-user-pass, and auth-retry interact to be asked for the code.

Without auth-gen-token a user who was asked by CR_TEXT is asked again each time the keys are
renewed (reneg-sec): the client then sends the password alone, and so could anybody who
knows it. A user who does not answer within a minute is turned away.

Who is in outlives a restart of this program, in the state file. It holds hashes that let
nobody in. A session ends where its user's password or secret changes. Clients with a static
challenge and without a token have to sign in again after a restart.

  auth_server --make-user alice --users users.toml
  auth_server --connect /run/openvpn/server.sock --users users.toml";

/// How the code is asked for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ask {
    /// By `CR_TEXT` where the client can (it says so in `IV_SSO`), else by CRV1
    Auto,
    /// By a dynamic challenge: the client is denied, and connects again with the code
    Crv1,
    /// While the client waits (OpenVPN 2.5)
    CrText,
}

impl Ask {
    fn by_cr_text(self, attempt: &Attempt) -> bool {
        match self {
            Self::Auto => attempt.env().iv_sso().any(|way| way == "crtext"),
            Self::Crv1 => false,
            Self::CrText => true,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    args.target.start_tracing();
    until_ended(|stopped| run(&args, stopped)).await
}

async fn run(args: &Args, stopped: oneshot::Receiver<()>) -> Result<()> {
    if let Some(name) = &args.make_user {
        drop(stopped);
        return make_user::run(name, args.users.as_deref()).await;
    }
    let console = Arc::new(Console::new());
    if let Some(address) = &args.target.connect {
        return attach(args, address, &console, stopped).await;
    }
    drop(stopped);
    demo::run(args.ask, !args.without_tokens, &console).await
}

/// Serves a server of the user's own.
async fn attach(
    args: &Args,
    address: &str,
    console: &Arc<Console>,
    stopped: oneshot::Receiver<()>,
) -> Result<()> {
    let (decided, mut decisions) = mpsc::unbounded_channel();
    let accounts = accounts(args, decided).await?;
    let session = args.target.open(address).await?;
    let (users, sessions) = accounts.count();
    console.line("server", format!("connected to {address}; {users} users, {sessions} sessions"));
    console.line("server", RENEWALS);
    let tell = async {
        while let Some(decision) = decisions.recv().await {
            console.line("server", decision);
        }
        Ok(())
    };
    let stopped = async { drop(stopped.await) };
    tokio::try_join!(decide(session, accounts, console, stopped), tell).map(drop)
}

/// Reads the users, and what was known about them when this program ended.
async fn accounts(args: &Args, decided: mpsc::UnboundedSender<Decided>) -> Result<Arc<Accounts>> {
    let file = args.users.as_deref().context("--connect needs --users FILE")?;
    let users = Users::load(file)?;
    let path = args.state.clone().unwrap_or_else(|| private::beside(file, ".state"));
    let (store, state) = Store::open(&path, accounts::now()?)?;
    let accounts = Accounts::new(users, args.ask, (Some(store), state), decided)?;
    // A disk that cannot be written is to be known before anybody signs in.
    accounts.save().await?;
    Ok(accounts)
}

/// Has the accounts decide about the clients of a server until `stopped` is done.
async fn decide(
    session: Session,
    accounts: Arc<Accounts>,
    console: &Arc<Console>,
    stopped: impl Future<Output = ()>,
) -> Result<()> {
    let (_client, events, requests) = session.split();
    let authenticator = {
        let accounts = Arc::clone(&accounts);
        move |attempt| {
            let accounts = Arc::clone(&accounts);
            async move { accounts.authenticate(attempt).await }
        }
    };
    tokio::select! {
        ended = serve(requests, authenticator, Arc::clone(console), stopped) => ended,
        never = watch(events, &accounts) => match never {},
    }
}

/// Shows the accounts what became of clients. Calls may go on when the connection has ended.
async fn watch(mut events: Events, accounts: &Accounts) -> Infallible {
    while let Some(event) = events.next().await {
        if let Ok(Event::Client(event)) = event {
            accounts.see(&event);
        }
    }
    std::future::pending().await
}
