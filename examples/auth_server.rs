//! A small sign-in server: lets clients of an OpenVPN server in by user name and password.
//!
//! ```text
//! cargo run --example auth_server                                         # with a server and clients of its own
//! cargo run --example auth_server -- /run/openvpn/server.sock users.txt   # with a server of yours; see --help
//! ```
//!
//! A SKETCH: passwords stand in a file as they are, and nobody counts wrong guesses. The program to start from is
//! `programs/auth_server`, which hashes passwords, takes a second factor and locks out who guesses.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::{ClientRequest, Endpoint, Request, Secret, connect};
use program_common::printer;
use program_common::screen::show;
use program_common::stop::until_stopped;

/// Lets clients of a server in by user name and password. A sketch, as its output says.
#[derive(Parser)]
#[command(name = "auth_server", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your server: the path of its socket, or host:port. Without it a server and clients
    /// are started on loopback
    #[arg(requires = "users")]
    address: Option<String>,

    /// A file with a line `name:password` for each user
    users: Option<PathBuf>,
}

const YOUR_OPENVPN: &str = "\
A server of yours, which asks this program about each client:
  openvpn --config server.ovpn --management /run/openvpn/server.sock unix --management-client-auth

Its clients need `auth-user-pass`.
What OpenVPN asks: Request::ClientConnect, Request::ClientReauth";

const LOUD: &str = "THIS IS A SKETCH: its passwords are not hashed, and guesses are not counted. \
                    Use programs/auth_server.";

/// The password of each user.
type Users = HashMap<String, ClientPassword>;

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse() {
        Args { address: Some(address), users: Some(users) } => serve(address, &users).await,
        _ => alone().await,
    })
    .await
}

/// Decides about clients until the connection ends.
async fn serve(address: impl Into<Endpoint>, users: &Path) -> Result<()> {
    let text = std::fs::read_to_string(users)
        .with_context(|| format!("cannot read {}", users.display()))?;
    let users = read_users(&text)?;
    let (client, _, mut requests) = connect(address).await?.split();
    printer::stderr().line(LOUD);
    show(format!("connected; {} users", users.len()));
    while let Some(request) = requests.next().await {
        let (what, answered) = match request {
            Request::Hold(hold) => ("out of its hold".to_owned(), hold.release().await),
            Request::ClientConnect(peer) => about("connects", peer, &users).await,
            // A client that is in renews its keys, with the password it connected with.
            Request::ClientReauth(peer) => about("renews its keys", peer, &users).await,
            other => ("something else was asked".to_owned(), other.decline().await),
        };
        match answered {
            Ok(()) => show(what),
            // One client that left ends nothing.
            Err(error) => show(format!("{what}, but {error}")),
        }
    }
    show(format!("the connection ended: {}", client.closed().await));
    Ok(())
}

/// Reads lines of `name:password`.
fn read_users(text: &str) -> Result<Users> {
    let mut users = Users::new();
    for (number, line) in text.lines().enumerate() {
        match line.split_once(':') {
            Some((name, password)) if !name.is_empty() && !password.is_empty() => {
                users.insert(name.to_owned(), ClientPassword::Plain(Secret::from(password)));
            }
            // Without the line: a password may be in it.
            _ => bail!("line {} is not name:password", number + 1),
        }
    }
    Ok(users)
}

/// Decides about one client; gives a line about it, and whether the daemon was told.
async fn about(
    does: &str,
    peer: ClientRequest,
    users: &Users,
) -> (String, openvpn_mgmt::Result<()>) {
    let name = peer.username().ok().flatten().unwrap_or_default();
    if knows(users, &peer) {
        return (format!("{name} {does}: let in"), peer.allow().await);
    }
    // One text for every reason: what was wrong is nobody's business.
    let denied = peer.deny("wrong user name or password", Some("Wrong user name or password"));
    (format!("{name} {does}: denied"), denied.await)
}

/// Whether this is the password of a user. They are compared in constant time, as secrets are.
fn knows(users: &Users, peer: &ClientRequest) -> bool {
    // Errors: a client could have forged it, or it cannot be read.
    let (Ok(Some(name)), Ok(Some(given))) = (peer.username(), peer.password()) else {
        return false;
    };
    name.to_str().is_ok_and(|name| users.get(name) == Some(&given))
}

/// A server, and two clients of it: one has a wrong password.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let users = lab.dir().join("users.txt");
    std::fs::write(&users, "alice:open sesame\nbob:s3cret\n")?;
    let mut server = lab.server(ServerOptions::new()).await?;
    let client = |name| ClientOptions::to(&server).common_name(name).without_hold();
    let clients =
        [client("bob").login("bob", "a guess"), client("alice").login("alice", "open sesame")];
    let socket = server.socket().to_owned();
    let come = async {
        let [bob, alice] = clients;
        lab.client(bob).await?.wait_for_log("AUTH_FAILED").await?;
        lab.client(alice).await?.stop_when_up().await?;
        server.stop().await
    };
    tokio::try_join!(serve(socket, &users), come)?;
    Ok(())
}
