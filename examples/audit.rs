//! An audit log over all servers: who was in, from where, for how long, with how many bytes; a line of JSON each.
//!
//! ```text
//! cargo run --example audit                                                  # with a server and clients of its own
//! cargo run --example audit -- udp=/run/openvpn/udp.sock tcp=10.0.0.1:7505   # with servers of yours; see --help
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::command::{AnyCommand, Channel, Notifications};
use openvpn_mgmt::peers::{Change, Changes, LivePeers, PeerRecord, RecordId};
use openvpn_mgmt::{Builder, Endpoint, Fleet};
use program_common::printer;
use program_common::stop::until_stopped;
use serde_json::{Value, json};

/// Writes a line of JSON for each session of a client that begins or ends at one of your servers.
///
/// It outlives the servers' restarts and absence. What happened while it was not running is not in the log.
#[derive(Parser)]
#[command(name = "audit", after_help = YOUR_OPENVPN)]
struct Args {
    /// Names, with the management interface of each: the path of its socket, or host:port. Without any, a server and
    /// clients are started on loopback
    #[arg(value_name = "NAME=ADDRESS", value_parser = server)]
    servers: Vec<(String, String)>,
}

const YOUR_OPENVPN: &str = "\
Servers of yours:
  openvpn --config server.ovpn --management /run/openvpn/udp.sock unix

A server without --management-client-auth does not announce who comes and leaves; it is asked every ten seconds. One with
it needs a sign-in as well, in the same program (Fleet::requests).";

/// An object of JSON.
type Line = BTreeMap<&'static str, Value>;

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || {
        let Args { servers } = Args::parse();
        if servers.is_empty() {
            return alone().await;
        }
        audit(LivePeers::new().changes_of(fleet(servers)?)).await;
        Ok(())
    })
    .await
}

fn server(text: &str) -> Result<(String, String)> {
    let (name, address) = text.split_once('=').context("not NAME=ADDRESS")?;
    Ok((name.to_owned(), address.to_owned()))
}

fn fleet<N: Into<String>, A: Into<Endpoint>>(
    servers: impl IntoIterator<Item = (N, A)>,
) -> Result<Fleet> {
    let mut fleet = Fleet::new();
    for (name, address) in servers {
        // Restarts are told as states.
        let set_up = [AnyCommand::new(Notifications::on(Channel::State))];
        fleet.add(name.into(), Builder::new().reconnect(address).set_up(set_up))?;
    }
    Ok(fleet)
}

/// Ends when no server is left.
async fn audit(mut changes: Changes) {
    let mut open = BTreeSet::new();
    while let Some(change) = changes.next().await {
        match change {
            Ok(change) => {
                if let Some(line) = line(change, &mut open) {
                    write(&line);
                }
            }
            // Whoever reads the log should know that it has a hole.
            Err(lagged) => {
                write(&Line::from([("what", json!("lost")), ("changes", json!(lagged.0))]));
            }
        }
    }
}

/// `open`: the sessions that have begun.
fn line(change: Change, open: &mut BTreeSet<RecordId>) -> Option<Line> {
    match change {
        // A client is told of before it is let in.
        Change::Joined(peer) | Change::Changed(peer) => {
            (peer.is_in() && open.insert(peer.id)).then(|| about("begins", &peer))
        }
        Change::Left { record, duration, how, .. } if open.remove(&record.id) => {
            let mut line = about("ends", &record);
            line.extend([
                ("seconds", json!(duration.map(|duration| duration.as_secs()))),
                ("received", json!(record.bytes_received)),
                ("sent", json!(record.bytes_sent)),
                ("how", json!(how.to_string())),
            ]);
            Some(line)
        }
        _ => None,
    }
}

fn about(what: &str, peer: &PeerRecord) -> Line {
    Line::from([
        ("what", json!(what)),
        ("server", json!(&*peer.daemon)),
        ("name", json!(peer.name().map(ToString::to_string))),
        ("from", json!(peer.real_ip)),
        ("address", json!(peer.addresses.first().map(ToString::to_string))),
        ("since", json!(peer.since)),
        ("client", json!(peer.facts.iv_ver().map(ToString::to_string))),
    ])
}

/// JSON has no control bytes, whatever a client's name holds.
fn write(line: &Line) {
    printer::stdout().line(&json!(line).to_string());
}

/// A server, and two clients: one leaves, and one is there to the end.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let client = async |name| {
        let options = ClientOptions::to(&server).common_name(name).without_auth_user_pass();
        lab.client(options.without_hold().line("explicit-exit-notify 1")).await
    };
    let (mut alice, mut bob) = (client("alice").await?, client("bob").await?);
    let fleet = fleet([("server", server.socket())])?;
    let (peers, servers) = (LivePeers::new(), fleet.client());
    let changes = peers.clone().changes_of(fleet);
    let visits = async move {
        alice.wait_until_up().await?;
        bob.wait_until_up().await?;
        until(&peers, 2).await;
        alice.stop().await?;
        until(&peers, 1).await;
        Ok(servers.remove("server")?)
        // With the last handle of the table its changes end.
    };
    tokio::join!(audit(changes), visits).1
}

/// Waits until so many are in.
async fn until(peers: &LivePeers, wanted: usize) {
    while peers.snapshot().records().filter(|peer| peer.is_in()).count() != wanted {
        // The server is asked now, and not only in ten seconds; it may not be attached yet.
        peers.refresh("server").await.ok();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
