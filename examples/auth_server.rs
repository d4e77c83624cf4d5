//! A small sign-in server: lets clients of an OpenVPN server in by user name and password.
//!
//! A SKETCH: passwords stand in a file as they are, and nobody counts wrong guesses. The program to start from is
//! `programs/auth_server`, which hashes passwords, takes a second factor and locks out who guesses.
//!
//! Start an OpenVPN server that asks its manager about each client (as root, with a configuration of your own):
//!
//! ```text
//! openvpn --config server.ovpn --management /run/openvpn/server.sock unix --management-client-auth
//! ```
//!
//! write a file with a line `name:password` for each user, and run
//!
//! ```text
//! cargo run --example auth_server -- /run/openvpn/server.sock users.txt
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Display;

use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::{ClientRequest, Request, Requests, Secret, connect};
use tokio::sync::mpsc;

const LOUD: &str = "THIS IS A SKETCH: its passwords are not hashed, and guesses are not counted. \
                    Use programs/auth_server.";

/// How many lines may wait to be printed.
const LINES: usize = 1000;

/// The password of each user.
type Users = HashMap<String, ClientPassword>;

// `println!` may wait for whoever reads it. Here only this function waits then: clients are decided about in
// tokio's own threads. With the flavor `current_thread` they would wait, too.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: auth_server SOCKET|HOST:PORT FILE".into());
    };
    let users = read_users(&std::fs::read_to_string(file)?)?;
    let (client, _, requests) = connect(address).await?.split();
    let (lines, mut printed) = mpsc::channel(LINES);
    let known = users.len();
    tokio::spawn(decide(requests, users, lines));
    eprintln!("{LOUD}");
    println!("connected; {known} users");
    while let Some(line) = printed.recv().await {
        println!("{line}");
    }
    println!("the connection ended: {}", client.closed().await);
    Ok(())
}

/// Reads lines of `name:password`.
fn read_users(text: &str) -> Result<Users, String> {
    let mut users = Users::new();
    for (number, line) in text.lines().enumerate() {
        match line.split_once(':') {
            Some((name, password)) if !name.is_empty() && !password.is_empty() => {
                users.insert(name.to_owned(), ClientPassword::Plain(Secret::from(password)));
            }
            // Without the line: a password may be in it.
            _ => return Err(format!("line {} is not name:password", number + 1)),
        }
    }
    Ok(users)
}

/// Decides about clients until the connection ends.
async fn decide(mut requests: Requests, users: Users, lines: mpsc::Sender<String>) {
    while let Some(request) = requests.next().await {
        let (what, answered) = match request {
            Request::Hold(hold) => ("out of its hold".to_owned(), hold.release().await),
            Request::ClientConnect(peer) => about("connects", peer, &users).await,
            // A client that is in renews its keys, with the password it connected with.
            Request::ClientReauth(peer) => about("renews its keys", peer, &users).await,
            other => ("something else was asked".to_owned(), other.decline().await),
        };
        // One client that left ends nothing.
        let line = match answered {
            Ok(()) => what,
            Err(error) => format!("{what}, but {error}"),
        };
        // Where nobody reads, lines are lost. Nobody who wants to sign in waits for them.
        lines.try_send(line).ok();
    }
}

/// Decides about one client; gives a line about it, and whether the daemon was told.
async fn about(
    does: &str,
    peer: ClientRequest,
    users: &Users,
) -> (String, openvpn_mgmt::Result<()>) {
    let name = peer.username().ok().flatten().map(harmless).unwrap_or_default();
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

/// Text from the other side, without what would drive the terminal.
fn harmless(text: impl Display) -> String {
    text.to_string().replace(char::is_control, "\u{fffd}")
}
