//! Who is in at an OpenVPN server: prints who comes, changes and leaves, and now and then a table of all.
//!
//! ```text
//! cargo run --example peers                               # with a server and clients of its own
//! cargo run --example peers -- /run/openvpn/server.sock   # with a server of yours; --help says how to start one
//! ```

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications};
use openvpn_mgmt::peers::{Change, LivePeers, PeerRecord};
use openvpn_mgmt::{Builder, Endpoint, Item, Link, Request};
use program_common::screen::show;
use program_common::stop::until_stopped;

/// Prints who comes, changes and leaves at a server, and now and then a table of all.
///
/// It outlives the server's restarts and absence, and Ctrl-C ends it alone. A server in its hold is let out of it.
#[derive(Parser)]
#[command(name = "peers", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your server: the path of its socket, or host:port. Without it a server and a client
    /// are started on loopback
    address: Option<String>,
}

const YOUR_OPENVPN: &str = "\
A server of yours:
  openvpn --config server.ovpn --management /run/openvpn/server.sock unix

With --management-client-auth somebody has to decide about each client: here everybody is let in whom the server
itself has accepted, as by its certificate.";

/// How often the table is printed.
const OFTEN: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse().address {
        Some(address) => watch(address, false).await,
        None => alone().await,
    })
    .await
}

/// Ends only where trying again is of no use, as with a wrong password; or, if that is wanted, with the first client.
async fn watch(address: impl Into<Endpoint>, once: bool) -> Result<()> {
    // Restarts are told as states, and bytes every five seconds.
    let set_up = [
        AnyCommand::new(Notifications::on(Channel::State)),
        AnyCommand::new(Bytecount::every(Duration::from_secs(5))),
    ];
    let link = Builder::new().reconnect(address).set_up(set_up);
    // A server that does not tell who leaves is asked every two seconds.
    let peers = LivePeers::builder().interval(Duration::from_secs(2)).build();
    tokio::select! {
        () = print(&peers, once) => Ok(()),
        error = serve(link, peers.clone()) => Err(error.into()),
    }
}

/// Serves session after session; ends only where trying again is of no use, as with a wrong password.
async fn serve(mut link: Link, peers: LivePeers) -> openvpn_mgmt::Error {
    loop {
        let mut attached = match link.next().await {
            Ok(attached) => attached,
            Err(error) => return error,
        };
        show(format!("session {}", attached.number));
        peers.attach("server", &attached);
        while let Some(item) = attached.session.next().await {
            let Ok(Item::Request(request)) = item else { continue };
            let answered = match request {
                Request::Hold(hold) => hold.release().await,
                Request::ClientConnect(client) | Request::ClientReauth(client) => {
                    client.allow().await
                }
                other => other.decline().await,
            };
            if let Err(error) = answered {
                show(error);
            }
        }
    }
}

/// Shows changes as they come, and the table now and then.
async fn print(peers: &LivePeers, once: bool) {
    let (_, mut changes) = peers.subscribe();
    let mut often = tokio::time::interval(OFTEN);
    loop {
        tokio::select! {
            change = changes.next() => match change {
                Some(Ok(change)) => {
                    let is_over = once && matches!(change, Change::Left { .. });
                    show_change(change);
                    if is_over {
                        return;
                    }
                }
                // The table has all the same.
                Some(Err(lagged)) => show(lagged),
                None => return,
            },
            _ = often.tick() => {
                let table = peers.snapshot();
                show(format!("{} clients", table.len()));
                table.records().for_each(|record| show(row(record)));
            }
        }
    }
}

fn show_change(change: Change) {
    match change {
        Change::Joined(record) => show(format!("joined:  {}", row(&record))),
        Change::Changed(record) => show(format!("changed: {}", row(&record))),
        Change::Left { record, duration, how, .. } => {
            let lasted = duration.map(|lasted| format!(" after {} s", lasted.as_secs()));
            show(format!("left:    {}, {how}{}", row(&record), lasted.unwrap_or_default()));
        }
        // Bytes, which the table shows.
        _ => {}
    }
}

fn row(record: &PeerRecord) -> String {
    let name = record.name().map_or_else(|| "(no name)".to_owned(), ToString::to_string);
    let from = record.real_address().map_or_else(|| "?".to_owned(), |from| from.to_string());
    let addresses: Vec<_> = record.addresses.iter().map(ToString::to_string).collect();
    let (bytes_in, bytes_out) = (record.bytes_received, record.bytes_sent);
    let release = record.facts.iv_ver().map(ToString::to_string).unwrap_or_default();
    let (phase, addresses) = (record.phase, addresses.join(" "));
    format!("{name} {phase} {from} {addresses} {bytes_in} in, {bytes_out} out {release}")
}

/// A server, and a client that comes and leaves.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().auth_user_pass_optional()).await?;
    let client = ClientOptions::to(&server).common_name("alice").without_auth_user_pass();
    let visit = async {
        // Says when it leaves; else it would be missed only after a while.
        let client = client.without_hold().line("explicit-exit-notify 1");
        lab.client(client).await?.stop_when_up().await
    };
    tokio::try_join!(watch(server.socket(), true), visit)?;
    Ok(())
}
