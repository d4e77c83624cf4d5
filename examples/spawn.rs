//! Runs an OpenVPN of its own: starts it, shows its states, starts it anew when it crashes, and ends it with Ctrl-C.
//!
//! Run, with a configuration of your own,
//!
//! ```text
//! cargo run --features process --example spawn -- client.ovpn
//! ```
//!
//! as root, or with a command in front of OpenVPN that makes it root:
//!
//! ```text
//! cargo run --features process --example spawn -- client.ovpn sudo -n
//! ```
//!
//! OpenVPN ends with this program, however that ends. `OPENVPN_BIN` names another one than that of `PATH`.

use std::error::Error;
use std::fmt::Display;
use std::time::Duration;

use openvpn_mgmt::process::{Process, RestartPolicy, Supervisor};
use openvpn_mgmt::{Event, Item, Request, Session};

// `println!` may wait for whoever reads it. Here only this function waits then: the daemon is served by tokio's own
// threads, and goes on. With the flavor `current_thread` it would not.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let configuration = arguments.next().ok_or("usage: spawn CONFIGURATION [COMMAND...]")?;
    let mut daemon = Process::new(configuration)
        .program(std::env::var_os("OPENVPN_BIN").unwrap_or_else(|| "openvpn".into()))
        .prefix(arguments)
        .directive("connect-timeout", ["10"])
        .hold(true)
        // No more when it has crashed three times within ten minutes.
        .supervise(RestartPolicy::new().give_up_after(3, Duration::from_secs(600)));
    tokio::select! {
        failed = run(&mut daemon) => return failed,
        signal = tokio::signal::ctrl_c() => signal?,
    }
    if let Some(ended) = daemon.stop().await? {
        show(ended);
    }
    Ok(())
}

/// One daemon after another, until there is no use in it.
async fn run(daemon: &mut Supervisor) -> Result<(), Box<dyn Error>> {
    loop {
        let mut attached = daemon.next().await?; // the error has the daemon's own last words
        if let Some(setback) = daemon.setback() {
            show(setback);
        }
        if let Some(child) = daemon.child() {
            show(format!("daemon {}: process {}", attached.number, child.pid()));
        }
        if let Err(error) = serve(&mut attached.session).await {
            show(error);
        }
    }
}

/// Serves a daemon to the end of its session.
async fn serve(session: &mut Session) -> openvpn_mgmt::Result<()> {
    let client = session.client().clone();
    client.state_on().await?;
    client.bytecount(Duration::from_secs(5)).await?;
    while let Some(item) = session.next().await {
        match item {
            Ok(Item::Event(Event::State(state))) => show(state),
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
    Ok(())
}

/// Text from the other side, without what would drive the terminal.
fn show(what: impl Display) {
    println!("{}", what.to_string().replace(char::is_control, "\u{fffd}"));
}
