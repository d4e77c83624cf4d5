//! Who is in at an OpenVPN server: prints who comes, changes and leaves, and now and then a table of all.
//!
//! Start a server with a management socket (as root, with a configuration of your own):
//!
//! ```text
//! openvpn --config server.ovpn --management /run/openvpn/server.sock unix
//! ```
//!
//! and run
//!
//! ```text
//! cargo run --example peers -- /run/openvpn/server.sock
//! ```
//!
//! It outlives the server's restarts and absence, and Ctrl-C ends it alone. A server in its hold is let out of it. With
//! `--management-client-auth` somebody has to decide about each client: here everybody is let in whom the server itself
//! has accepted, as by its certificate.

use std::error::Error;
use std::fmt::Display;
use std::time::Duration;

use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications};
use openvpn_mgmt::peers::{Change, LivePeers, PeerRecord};
use openvpn_mgmt::{Builder, Item, Link, Request};
use tokio::sync::mpsc::{self, Sender};

/// How many lines may wait to be printed; more are lost, for no daemon waits for a reader.
const LINES: usize = 1000;
/// How often the table is printed.
const OFTEN: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "/run/openvpn/server.sock".to_owned());
    // Restarts are told as states, and bytes every five seconds.
    let set_up = [
        AnyCommand::new(Notifications::on(Channel::State)),
        AnyCommand::new(Bytecount::every(Duration::from_secs(5))),
    ];
    let link = Builder::new().reconnect(address).set_up(set_up);
    // A server that does not tell who leaves is asked every two seconds.
    let peers = LivePeers::builder().interval(Duration::from_secs(2)).build();
    let (lines, mut printed) = mpsc::channel(LINES);
    tokio::spawn(show(peers.clone(), lines.clone()));
    let serving = tokio::spawn(serve(link, peers, lines));
    // `println!` may wait for whoever reads it; the rest goes on in tokio's own threads.
    let print = async {
        while let Some(line) = printed.recv().await {
            println!("{line}");
        }
    };
    tokio::select! {
        () = print => {}
        error = serving => return Err(error?.into()),
        signal = tokio::signal::ctrl_c() => signal?,
    }
    Ok(())
}

/// Serves session after session; ends only where trying again is of no use, as with a wrong password.
async fn serve(mut link: Link, peers: LivePeers, lines: Sender<String>) -> openvpn_mgmt::Error {
    loop {
        let mut attached = match link.next().await {
            Ok(attached) => attached,
            Err(error) => return error,
        };
        tell(&lines, format!("session {}", attached.number));
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
                tell(&lines, error);
            }
        }
    }
}

/// Shows changes as they come, and the table now and then; ends with the table.
async fn show(peers: LivePeers, lines: Sender<String>) {
    let (_, mut changes) = peers.subscribe();
    let mut often = tokio::time::interval(OFTEN);
    loop {
        tokio::select! {
            change = changes.next() => match change {
                Some(Ok(change)) => tell_change(&lines, change),
                // The table has all the same.
                Some(Err(lagged)) => tell(&lines, lagged),
                None => return,
            },
            _ = often.tick() => {
                let table = peers.snapshot();
                tell(&lines, format!("{} clients", table.len()));
                table.records().for_each(|record| tell(&lines, row(record)));
            }
        }
    }
}

fn tell_change(lines: &Sender<String>, change: Change) {
    match change {
        Change::Joined(record) => tell(lines, format!("joined:  {}", row(&record))),
        Change::Changed(record) => tell(lines, format!("changed: {}", row(&record))),
        Change::Left { record, duration, how, .. } => {
            let lasted = duration.map(|lasted| format!(" after {} s", lasted.as_secs()));
            tell(lines, format!("left:    {}, {how}{}", row(&record), lasted.unwrap_or_default()));
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

fn tell(lines: &Sender<String>, what: impl Display) {
    // Text from the other side, without what would drive the terminal.
    lines.try_send(what.to_string().replace(char::is_control, "\u{fffd}")).ok();
}
