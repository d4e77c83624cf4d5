//! Runs an OpenVPN of its own: starts it, shows its states, starts it anew when it crashes, and ends it in good order.
//!
//! ```text
//! cargo run --features process --example spawn                  # a client of its own server
//! cargo run --features process --example spawn -- client.ovpn   # a configuration of yours; see --help
//! ```

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use lab::{ClientOptions, KeyKind, Lab, ServerOptions};
use openvpn_mgmt::process::{Process, RestartPolicy, Supervisor};
use openvpn_mgmt::{Event, Item, Request, Session, StateName};
use program_common::screen::show;
use program_common::stop::until_ended;
use tokio::sync::oneshot;

/// Runs an OpenVPN of its own: starts it, shows its states, starts it anew when it crashes, and ends it with Ctrl-C.
///
/// OpenVPN ends with this program, however that ends.
#[derive(Parser)]
#[command(name = "spawn", after_help = YOUR_OPENVPN)]
struct Args {
    /// Your configuration. Without it a server is started on loopback, and a client of it
    configuration: Option<PathBuf>,

    /// What makes OpenVPN root, where this program is not, as `sudo -n`
    #[arg(requires = "configuration", trailing_var_arg = true, value_name = "COMMAND")]
    prefix: Vec<OsString>,
}

const YOUR_OPENVPN: &str = "\
Nothing of OpenVPN's is to be started: this program does. The configuration needs no `management` directive.

Environment:
  OPENVPN_BIN    the openvpn program, by default that of PATH";

#[tokio::main]
async fn main() -> ExitCode {
    until_ended(async |told| {
        let Args { configuration, prefix } = Args::parse();
        let Some(configuration) = configuration else { return alone(told).await };
        let program = std::env::var_os("OPENVPN_BIN").unwrap_or_else(|| "openvpn".into());
        run(Process::new(configuration).program(program).prefix(prefix), false, told).await
    })
    .await
}

/// Runs daemons until it is told to end; `once`: until there is a tunnel.
async fn run(process: Process, once: bool, told: oneshot::Receiver<()>) -> Result<()> {
    let mut daemon = process
        .directive("connect-timeout", ["10"])
        .hold(true)
        // No more when it has crashed three times within ten minutes.
        .supervise(RestartPolicy::new().give_up_after(3, Duration::from_secs(600)));
    tokio::select! {
        ended = one_after_another(&mut daemon, once) => ended?,
        Ok(()) = told => {}
    }
    if let Some(ended) = daemon.stop().await? {
        show(ended);
    }
    Ok(())
}

async fn one_after_another(daemon: &mut Supervisor, once: bool) -> Result<()> {
    loop {
        let mut attached = daemon.next().await?; // the error has the daemon's own last words
        if let Some(setback) = daemon.setback() {
            show(setback);
        }
        if let Some(child) = daemon.child() {
            show(format!("daemon {}: process {}", attached.number, child.pid()));
        }
        match serve(&mut attached.session, once).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => show(error),
        }
    }
}

/// Serves a daemon to the end of its session; `once`: until there is a tunnel, and says whether there is.
async fn serve(session: &mut Session, once: bool) -> openvpn_mgmt::Result<bool> {
    let client = session.client().clone();
    client.state_on().await?;
    client.bytecount(Duration::from_secs(5)).await?;
    while let Some(item) = session.next().await {
        match item {
            Ok(Item::Event(Event::State(state))) => {
                show(&state);
                if once && state.name == StateName::Connected {
                    return Ok(true);
                }
            }
            Ok(Item::Event(Event::ByteCount(count))) => {
                show(format!("{} in, {} out", count.bytes_in, count.bytes_out));
            }
            // What has to be set up before the tunnel is, is by now.
            Ok(Item::Request(Request::Hold(hold))) => hold.release().await?,
            Ok(Item::Request(other)) => {
                show(format!("nobody here answers {other:?}; `credentials` does"));
                other.decline().await?;
            }
            Ok(_) => {}
            Err(lagged) => show(lagged), // told, and the loop goes on
        }
    }
    show(format!("the session has ended: {}", client.closed().await));
    Ok(false)
}

/// A server, and a client of it that this program runs.
async fn alone(told: oneshot::Receiver<()>) -> Result<()> {
    let lab = Lab::new()?;
    ensure!(
        lab.reaches_tcp(),
        "without root the server is in a network that this program is not in"
    );
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let options = ClientOptions::to(&server).without_auth_user_pass();
    let identity = lab.identity("client", &KeyKind::Ec)?;
    let client = options.config(lab.dir(), &identity, lab.daemon().version());
    run(Process::from_text(client).program(lab.daemon().path()), true, told).await
}
