//! An exporter: states, restarts and bytes of many daemons, as a file that Prometheus' node exporter reads.
//!
//! ```text
//! cargo run --example exporter                                                       # with three daemons of its own
//! cargo run --example exporter -- --file /var/lib/node_exporter/openvpn.prom udp=/run/openvpn/udp.sock   # see --help
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications};
use openvpn_mgmt::{Builder, Endpoint, Event, Fleet, MemberItem, Request, StateName};
use program_common::screen::show;
use program_common::stop::until_stopped;
use tokio::time::{MissedTickBehavior, interval};

/// Writes states, restarts and bytes of many daemons to a file that Prometheus' node exporter reads.
#[derive(Parser)]
#[command(name = "exporter", after_help = YOUR_OPENVPN)]
struct Args {
    /// Where to write, again every five seconds; by default to the standard output
    #[arg(long)]
    file: Option<PathBuf>,

    /// Names, with the management interface of each: the path of its socket, or host:port. Without any, a server and two
    /// clients are started on loopback
    #[arg(value_name = "NAME=ADDRESS", value_parser = daemon)]
    daemons: Vec<(String, String)>,
}

const YOUR_OPENVPN: &str = "\
Daemons of yours, servers and clients:
  openvpn --config udp.ovpn --management /run/openvpn/udp.sock unix

Those in a hold are let out of it. The node exporter reads the folder that it is given by
--collector.textfile.directory.";

const OFTEN: Duration = Duration::from_secs(5);

/// What is known of a daemon.
#[derive(Default)]
struct Daemon {
    is_attached: bool,
    is_connected: bool,
    restarts: u64,
    bytes_in: u64,
    bytes_out: u64,
    events_lost: u64,
}

type Daemons = BTreeMap<String, Daemon>;
type Value = fn(&Daemon) -> u64;

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || {
        let Args { file, daemons } = Args::parse();
        if daemons.is_empty() {
            return alone().await;
        }
        collect(fleet(daemons)?, file.as_deref(), |_| false).await
    })
    .await
}

fn daemon(text: &str) -> Result<(String, String)> {
    let (name, address) = text.split_once('=').context("not NAME=ADDRESS")?;
    Ok((name.to_owned(), address.to_owned()))
}

fn fleet<N: Into<String>, A: Into<Endpoint>>(
    daemons: impl IntoIterator<Item = (N, A)>,
) -> Result<Fleet> {
    let mut fleet = Fleet::new();
    let counts = Bytecount::every(Duration::from_secs(1));
    for (name, address) in daemons {
        // Sent to each new session.
        let set_up = [AnyCommand::new(Notifications::on(Channel::State)), AnyCommand::new(counts)];
        fleet.add(name.into(), Builder::new().reconnect(address).set_up(set_up))?;
    }
    Ok(fleet)
}

/// Collects until it has what is wanted, or no daemon is left.
async fn collect(
    mut fleet: Fleet,
    file: Option<&Path>,
    is_enough: impl Fn(&Daemons) -> bool,
) -> Result<()> {
    let mut daemons = Daemons::new();
    let mut often = interval(OFTEN);
    often.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !is_enough(&daemons) {
        tokio::select! {
            _ = often.tick() => write(file, &page(&daemons))?,
            item = fleet.next() => {
                let Some(item) = item else { break };
                let daemon = daemons.entry(item.member.name().to_owned()).or_default();
                take(daemon, item.what).await;
            }
        }
    }
    write(file, &page(&daemons))
}

async fn take(daemon: &mut Daemon, what: MemberItem) {
    match what {
        MemberItem::Attached(attached) => {
            daemon.is_attached = true;
            daemon.restarts += u64::from(attached.missed.restarted == Some(true));
            let state = attached.now.states.last();
            daemon.is_connected = state.is_some_and(|state| state.name == StateName::Connected);
        }
        MemberItem::Detached(_) => (daemon.is_attached, daemon.is_connected) = (false, false),
        MemberItem::Event(Event::State(state)) => {
            daemon.is_connected = state.name == StateName::Connected;
            daemon.restarts += u64::from(state.name == StateName::Reconnecting);
        }
        MemberItem::Event(Event::ByteCount(count)) => {
            (daemon.bytes_in, daemon.bytes_out) = (count.bytes_in, count.bytes_out);
        }
        // Where it was not sent it comes again.
        MemberItem::Request(Request::Hold(hold)) => drop(hold.release().await),
        MemberItem::Lagged(lagged) => daemon.events_lost += lagged.0,
        _ => {}
    }
}

fn page(daemons: &Daemons) -> String {
    let families: [(&str, &str, Value); 6] = [
        ("openvpn_up", "gauge", |daemon| daemon.is_attached.into()),
        ("openvpn_connected", "gauge", |daemon| daemon.is_connected.into()),
        ("openvpn_restarts", "counter", |daemon| daemon.restarts),
        ("openvpn_received_bytes", "counter", |daemon| daemon.bytes_in),
        ("openvpn_sent_bytes", "counter", |daemon| daemon.bytes_out),
        ("openvpn_events_lost", "counter", |daemon| daemon.events_lost),
    ];
    let mut page = String::new();
    for (name, kind, value) in families {
        page.extend([format!("# TYPE {name} {kind}\n")]);
        let line = |(daemon, known)| format!("{name}{{daemon={daemon:?}}} {}\n", value(known));
        page.extend(daemons.iter().map(line));
    }
    page
}

/// Whoever reads the file sees a whole one: it is put in the place of the one before.
fn write(file: Option<&Path>, page: &str) -> Result<()> {
    let Some(file) = file else {
        page.lines().for_each(show);
        return Ok(());
    };
    let new = file.with_extension("new");
    std::fs::write(&new, page).and_then(|()| std::fs::rename(&new, file)).context("cannot write")
}

/// A server and two clients, until both are in.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().without_client_auth()).await?;
    let client = async |name| {
        let options = ClientOptions::to(&server).common_name(name).without_auth_user_pass();
        lab.client(options).await
    };
    let (one, two) = (client("one").await?, client("two").await?);
    let daemons = [("server", &server), ("one", &one), ("two", &two)];
    let fleet = fleet(daemons.map(|(name, daemon)| (name, daemon.socket())))?;
    collect(fleet, None, |daemons| {
        daemons.len() == 3 && daemons.values().all(|daemon| daemon.is_connected)
    })
    .await
}
