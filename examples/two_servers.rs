//! One sign-in for several OpenVPN servers, which may restart, stop and come back.
//!
//! ```text
//! cargo run --example two_servers                                                    # with two servers of its own
//! cargo run --example two_servers -- /run/openvpn/udp.sock /run/openvpn/tcp.sock     # with servers of yours; see --help
//! ```
//!
//! A SKETCH, as `auth_server` is: one password for everybody. The program to start from is `programs/auth_server`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use lab::{ClientOptions, Lab, Process, ServerOptions};
use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision, Outcome};
use openvpn_mgmt::{Builder, OrphanPolicy, Secret, Sources};
use program_common::screen::show;
use program_common::stop::until_stopped;
use program_common::typed;
use tokio::sync::oneshot;

/// Signs in for several servers, which may restart, stop and come back: one password for everybody.
///
/// The password is the first line of the standard input. It ends in good order at the end of its input: who waits is
/// still decided about, who comes is denied.
#[derive(Parser)]
#[command(name = "two_servers", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interfaces of your servers: paths of sockets, or host:port. Without any, two servers and clients
    /// are started on loopback
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
}

const YOUR_OPENVPN: &str = "\
Servers of yours, which ask this program about each client:
  openvpn --config udp.ovpn --management /run/openvpn/udp.sock unix --management-client-auth
  openvpn --config tcp.ovpn --management /run/openvpn/tcp.sock unix --management-client-auth

What OpenVPN asks: Request::ClientConnect, Request::ClientReauth";

/// Clients that came while this program was away wait for somebody who is gone. After two sightings so far apart they
/// are killed, come back at once, and are asked about then.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || {
        let Args { addresses } = Args::parse();
        if addresses.is_empty() {
            return alone().await;
        }
        let mut input = typed::lines();
        let password = input.recv().await.context("there is no password")?;
        // Whatever else is typed is nothing to us.
        let end_of_input = async move { while input.recv().await.is_some() {} };
        serve(addresses, password, end_of_input).await
    })
    .await
}

async fn serve(
    addresses: Vec<String>,
    password: String,
    until: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let mut servers = Sources::new();
    for address in addresses {
        let link = Builder::new().reconnect(&address);
        servers.add(address, link.orphans(OrphanPolicy::Kill { grace: GRACE }));
    }
    let password = ClientPassword::Plain(Secret::from(password));
    let signing_in =
        AuthServer::new(move |attempt| std::future::ready(decide(&attempt, &password)))
            .outcomes(|outcome| show(line(&outcome)))
            .source_errors(show);
    show("serving");
    let drained = signing_in.serve(servers, until, Duration::from_secs(10)).await;
    show(format!("ended in good order; {} were denied because of that", drained.denied));
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
    format!("{origin}: {user} {}, {}", outcome.verdict, outcome.delivery)
}

/// Two servers and a client of each. One of the servers stops, and comes back.
async fn alone() -> Result<()> {
    const PASSWORD: &str = "open sesame";
    let lab = Lab::new()?;
    let mut first = lab.server(ServerOptions::new()).await?;
    let second = lab.server(ServerOptions::new()).await?;
    let addresses = [&first, &second].map(|server| server.socket().display().to_string());
    let visit = async |server: &Process, name: &str| {
        let client = ClientOptions::to(server).common_name(name).login(name, PASSWORD);
        lab.client(client.without_hold()).await?.stop_when_up().await
    };
    let (end, ended) = oneshot::channel::<()>();
    let visits = async {
        visit(&first, "alice").await?;
        visit(&second, "bob").await?;
        lab.start_again(&mut first).await?;
        visit(&first, "carol").await?;
        drop(end);
        Ok(())
    };
    let until_ended = async move { drop(ended.await) };
    tokio::try_join!(serve(addresses.to_vec(), PASSWORD.to_owned(), until_ended), visits)?;
    Ok(())
}
