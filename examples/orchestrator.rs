//! An orchestrator: runs many daemons of its own, starts them anew when they end, and watches them as one.
//!
//! ```text
//! cargo run --features process --example orchestrator                            # two clients of its own server
//! cargo run --features process --example orchestrator -- office.ovpn home.ovpn   # yours, as root; see --help
//! ```
//!
//! The guide of the documentation, `guide::orchestrator`, says which daemons are started how.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use lab::{ClientOptions, KeyKind, Lab, ServerOptions};
use openvpn_mgmt::command::{LoadStats, Pid, State};
use openvpn_mgmt::process::{Process, RestartPolicy};
use openvpn_mgmt::{
    Event, Fleet, FleetClient, FleetItem, MemberItem, Request, Signal, StateName, WhileAway,
};
use program_common::screen::show;
use program_common::stop::until_stopped;
use program_common::typed;
use tokio::sync::mpsc::{self, Receiver};

/// Runs an OpenVPN for each configuration, starts it anew when it ends, and shows what all of them say.
///
/// Type `start FILE`, `stop NAME`, `restart NAME` or `load`. Ctrl-C ends this program, and its daemons with it.
#[derive(Parser)]
#[command(name = "orchestrator", after_help = YOUR_OPENVPN)]
struct Args {
    /// Your configurations. Without any, a server is started on loopback, and two clients of it are run
    #[arg(value_name = "CONFIGURATION")]
    configurations: Vec<PathBuf>,
}

const YOUR_OPENVPN: &str = "\
Nothing of OpenVPN's is to be started: this program does. The configurations need no `management` directive.

Environment:
  OPENVPN_BIN    the openvpn program, by default that of PATH";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || {
        let Args { configurations } = Args::parse();
        if configurations.is_empty() {
            return alone().await;
        }
        let mut fleet = Fleet::new();
        for file in configurations {
            start(&mut fleet, &file)?;
        }
        run(fleet, typed::lines()).await;
        Ok(())
    })
    .await
}

/// Adds an OpenVPN that is named after its configuration.
fn start(fleet: &mut Fleet, file: &Path) -> Result<()> {
    let name = file.file_stem().context("this names no file")?.to_string_lossy().into_owned();
    let program = std::env::var_os("OPENVPN_BIN").unwrap_or_else(|| "openvpn".into());
    let process = Process::new(file).program(program).hold(true);
    Ok(fleet.add(name, process.supervise(RestartPolicy::new()))?)
}

/// Ends when no daemon is left.
async fn run(mut fleet: Fleet, mut typed: Receiver<String>) {
    loop {
        tokio::select! {
            item = fleet.next() => match item {
                Some(item) => show_item(item).await,
                None => return,
            },
            Some(line) = typed.recv() => {
                if let Err(error) = obey(&mut fleet, &line).await {
                    show(format!("{line}: {error:#}"));
                }
            }
        }
    }
}

async fn obey(fleet: &mut Fleet, line: &str) -> Result<()> {
    match line.split_once(' ').unwrap_or((line, "")) {
        ("start", file) => start(fleet, Path::new(file))?,
        // Gone at once, and not started anew.
        ("stop", name) => fleet.remove(name)?,
        // Ends in good order, and is started anew like one that crashed.
        ("restart", name) => fleet.client().to(name)?.send(&Signal::Sigterm).await?,
        // All are asked at the same time.
        ("load", _) => {
            for (name, load) in fleet.client().all(&LoadStats).await {
                show(format!("{name}: {load:?}"));
            }
        }
        _ => bail!("start FILE, stop NAME, restart NAME or load"),
    }
    Ok(())
}

async fn show_item(item: FleetItem) {
    let name = item.member.name();
    match item.what {
        MemberItem::Attached(session) => {
            show(format!("{name}: started, {}", session.number));
            if let Err(error) = session.client.state_on().await {
                show(format!("{name}: {error}"));
            }
        }
        // What has to be set up before the tunnel is, is set up here.
        MemberItem::Request(Request::Hold(hold)) => {
            if let Err(error) = hold.release().await {
                show(format!("{name}: {error}"));
            }
        }
        MemberItem::Request(request) => show(format!("{name}: nobody answers {request:?}")),
        MemberItem::Event(Event::State(state)) => show(format!("{name}: {state}")),
        MemberItem::Lagged(lagged) => show(format!("{name}: {lagged}")),
        MemberItem::Detached(reason) => show(format!("{name}: {reason}")),
        // The daemon's own last words are in it.
        MemberItem::Away(error) => show(format!("{name}: {error}")),
        MemberItem::Ended(error) => show(format!("{name}: given up: {error:?}")),
        MemberItem::Removed => show(format!("{name}: stopped")),
        _ => {}
    }
}

/// A server, and two clients that this program runs; one is restarted, then both are stopped.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    ensure!(
        lab.reaches_tcp(),
        "without root the server is in a network that this program is not in"
    );
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let mut fleet = Fleet::new();
    for name in ["one", "two"] {
        let options = ClientOptions::to(&server).common_name(name).without_auth_user_pass();
        let identity = lab.identity(name, &KeyKind::Ec)?;
        let text = options.config(lab.dir(), &identity, lab.daemon().version());
        let process = Process::from_text(text).program(lab.daemon().path()).hold(true);
        fleet.add(name, process.supervise(RestartPolicy::new()))?;
    }
    let clients = fleet.client().while_away(WhileAway::Wait);
    let (keyboard, lines) = mpsc::channel(8);
    let drive = async {
        let first = up(&clients, "one", 0).await?;
        up(&clients, "two", 0).await?;
        keyboard.send("restart one".to_owned()).await?;
        up(&clients, "one", first).await?;
        for line in ["load", "stop one", "stop two"] {
            keyboard.send(line.to_owned()).await?;
        }
        Ok(())
    };
    tokio::join!(run(fleet, lines), drive).1
}

/// Waits for the tunnel of a daemon that is another process than this.
async fn up(clients: &FleetClient, name: &str, not: u32) -> Result<u32> {
    loop {
        let client = clients.to(name)?;
        match (client.send(&Pid).await, client.send(&State).await) {
            (Ok(pid), Ok(state)) if pid != not && state.name == StateName::Connected => {
                return Ok(pid);
            }
            // An error: it ended meanwhile.
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
