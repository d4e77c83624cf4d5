//! One sign-in for several OpenVPN servers, which may restart, stop and come back.
//!
//! A SKETCH, as `auth_server` is: one password for everybody. The program to start from is `programs/auth_server`.
//!
//! Start servers that ask their manager about each client (as root, with configurations of your own):
//!
//! ```text
//! openvpn --config udp.ovpn --management /run/openvpn/udp.sock unix --management-client-auth
//! openvpn --config tcp.ovpn --management /run/openvpn/tcp.sock unix --management-client-auth
//! ```
//!
//! and run, with the password as a line of its input:
//!
//! ```text
//! cargo run --example two_servers -- /run/openvpn/udp.sock /run/openvpn/tcp.sock
//! ```
//!
//! It ends in good order at the end of its input: who waits is still decided about, who comes is denied.

use std::error::Error;
use std::time::Duration;

use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision, Outcome};
use openvpn_mgmt::{Builder, OrphanPolicy, Secret, Sources};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::mpsc;

/// How many lines may wait to be printed; more are lost, for clients do not wait for a reader.
const LINES: usize = 1000;

/// Clients that came while this program was away wait for somebody who is gone. After two sightings so far apart they
/// are killed, come back at once, and are asked about then.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let addresses: Vec<String> = std::env::args().skip(1).collect();
    if addresses.is_empty() {
        return Err("usage: two_servers SOCKET|HOST:PORT...".into());
    }
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    let password = input.next_line().await?.ok_or("no password")?;
    let password = ClientPassword::Plain(Secret::from(password));

    let mut servers = Sources::new();
    for address in addresses {
        let link = Builder::new().reconnect(&address);
        servers.add(address, link.orphans(OrphanPolicy::Kill { grace: GRACE }));
    }
    let (lines, mut printed) = mpsc::channel(LINES);
    let errors = lines.clone();
    let signing_in =
        AuthServer::new(move |attempt| std::future::ready(decide(&attempt, &password)))
            .outcomes(move |outcome| drop(lines.try_send(line(&outcome))))
            .source_errors(move |error| drop(errors.try_send(error.to_string())));
    // Whatever else it says is nothing to us.
    let end_of_input = async move { while let Ok(Some(_)) = input.next_line().await {} };
    let serving = tokio::spawn(signing_in.serve(servers, end_of_input, Duration::from_secs(10)));
    println!("serving");
    // `println!` may wait for whoever reads it; the clients are decided about in tokio's own threads.
    while let Some(line) = printed.recv().await {
        println!("{line}");
    }
    let drained = serving.await?;
    println!("ended in good order; {} were denied because of that", drained.denied);
    Ok(())
}

fn decide(attempt: &Attempt, password: &ClientPassword) -> Result<Decision, BoxError> {
    // An error denies: a client could have forged what cannot be read.
    if attempt.password()?.as_ref() == Some(password) {
        return Ok(Decision::Allow);
    }
    Ok(Decision::deny("wrong password"))
}

fn line(outcome: &Outcome) -> String {
    let origin = outcome.origin.as_ref().map(ToString::to_string).unwrap_or_default();
    let user = outcome.username.as_ref().map(ToString::to_string).unwrap_or_default();
    let said = format!("{origin}: {user} {}, {}", outcome.verdict, outcome.delivery);
    // The name is a client's own, and may hold what drives the terminal.
    said.replace(char::is_control, "\u{fffd}")
}
