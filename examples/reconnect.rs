//! A monitor that outlives what it watches: shows states and clients, over restarts of OpenVPN and its absence.
//!
//! Start an OpenVPN with a management socket (as root, with a configuration of your own):
//!
//! ```text
//! openvpn --config server.ovpn --management /run/openvpn/server.sock unix
//! ```
//!
//! run
//!
//! ```text
//! cargo run --example reconnect -- /run/openvpn/server.sock
//! ```
//!
//! and restart OpenVPN, stop it, connect another manager. Ctrl-C ends the monitor, and OpenVPN goes on. One in its hold
//! (`--management-hold`) is let out of it; what else it asks, as with `--management-client-auth`, needs `auth_server.rs`.

use std::error::Error;
use std::fmt::Display;

use openvpn_mgmt::command::{AnyCommand, Channel, Notifications};
use openvpn_mgmt::{Attached, Builder, Event, Item, Link, Request, Text};
use tokio::sync::mpsc;

/// How many lines may wait to be printed.
const LINES: usize = 1000;

// `println!` may wait for whoever reads it. Here only this function waits then: the daemon is served by tokio's own
// threads, and goes on. With the flavor `current_thread` it would wait, too.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "/run/openvpn/server.sock".to_owned());
    // Sent to each new session.
    let set_up = [AnyCommand::new(Notifications::on(Channel::State))];
    let link = Builder::new().reconnect(address).set_up(set_up);
    let (lines, mut printed) = mpsc::channel(LINES);
    let monitoring = tokio::spawn(monitor(link, lines));
    let print = async {
        while let Some(line) = printed.recv().await {
            println!("{line}");
        }
    };
    tokio::select! {
        // The link has ended.
        () = print => Err(monitoring.await?.into()),
        signal = tokio::signal::ctrl_c() => Ok(signal?),
    }
}

/// Shows session after session; ends only where trying again is of no use, as with a wrong password.
async fn monitor(mut link: Link, lines: mpsc::Sender<String>) -> openvpn_mgmt::Error {
    loop {
        let mut attached = match attach(&mut link, &lines).await {
            Ok(attached) => attached,
            Err(error) => return error,
        };
        tell_missed(&lines, &attached);
        while let Some(item) = attached.session.next().await {
            match item {
                Ok(Item::Event(Event::State(state))) => tell(&lines, state),
                Ok(Item::Event(Event::Client(client))) => tell(&lines, client),
                Ok(Item::Request(Request::Hold(hold))) => {
                    // One that could not be sent comes again, from this session or the next.
                    if let Err(error) = hold.release().await {
                        tell(&lines, format!("not out of its hold: {error}"));
                    }
                }
                Ok(_) => {}
                Err(lagged) => tell(&lines, lagged), // told, and the loop goes on
            }
        }
    }
}

/// The next session; tells what keeps it away.
async fn attach(link: &mut Link, lines: &mpsc::Sender<String>) -> openvpn_mgmt::Result<Attached> {
    let mut watch = link.watch();
    let next = link.next();
    tokio::pin!(next);
    loop {
        tokio::select! {
            attached = &mut next => return attached,
            Some(status) = watch.changed() => tell(lines, status),
        }
    }
}

/// Tells what happened since the session before.
fn tell_missed(lines: &mpsc::Sender<String>, attached: &Attached) {
    tell(lines, format!("session {}", attached.number));
    if let Some(reason) = &attached.last_end {
        tell(lines, format!("the last one ended: {reason}"));
    }
    match attached.missed.restarted {
        Some(true) => tell(lines, "OpenVPN has restarted"),
        Some(false) => tell(lines, "OpenVPN has not restarted"),
        // As the first time.
        None => tell(lines, "OpenVPN may have restarted"),
    }
    let name = |name: Option<Text>| name.unwrap_or_default();
    for client in &attached.missed.joined {
        tell(lines, format!("joined: {}", name(client.common_name())));
    }
    for client in &attached.missed.left {
        tell(lines, format!("left: {}", name(client.common_name())));
    }
}

/// Where nobody reads, lines are lost. No daemon waits for them.
fn tell(lines: &mpsc::Sender<String>, what: impl Display) {
    // Text from the other side, without what would drive the terminal.
    lines.try_send(what.to_string().replace(char::is_control, "\u{fffd}")).ok();
}
