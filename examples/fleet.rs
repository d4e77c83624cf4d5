//! Many daemons as one: shows the states and byte counts of all, and sends what is typed to one or all of them.
//!
//! Start OpenVPN a few times, each with a management socket (as root, with configurations of your own):
//!
//! ```text
//! openvpn --config udp.ovpn --management /run/openvpn/udp.sock unix
//! openvpn --config tcp.ovpn --management /run/openvpn/tcp.sock unix
//! ```
//!
//! run
//!
//! ```text
//! cargo run --example fleet -- udp=/run/openvpn/udp.sock tcp=/run/openvpn/tcp.sock
//! ```
//!
//! and type commands, with the name of a member or `all` before them: `all hold release`, `udp status`, `tcp signal SIGUSR1`.
//! It goes on without input. Ctrl-C ends it, and the daemons go on; what they ask needs `auth_server.rs` or `credentials.rs`.

use std::error::Error;
use std::fmt::Display;
use std::time::Duration;

use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications, RawCommand};
use openvpn_mgmt::{Builder, Event, Fleet, FleetClient, MemberItem, ReplyShape, Text};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::mpsc;

/// How many lines may wait to be printed.
const LINES: usize = 1000;

// `println!` may wait for whoever reads it. Here only this function waits then: daemons are served by tokio's own
// threads, and go on. With the flavor `current_thread` they would wait, too.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut fleet = Fleet::new();
    let counts = Bytecount::every(Duration::from_secs(5));
    for member in std::env::args().skip(1) {
        let (name, address) = member.split_once('=').ok_or("usage: fleet NAME=ADDRESS...")?;
        // Sent to each new session.
        let set_up = [AnyCommand::new(Notifications::on(Channel::State)), AnyCommand::new(counts)];
        fleet.add(name, Builder::new().reconnect(address).set_up(set_up))?;
    }
    let (lines, mut printed) = mpsc::channel(LINES);
    tokio::spawn(commands(fleet.client(), lines.clone()));
    let watching = tokio::spawn(watch(fleet, lines));
    let print = async {
        while let Some(line) = printed.recv().await {
            println!("{line}");
        }
    };
    tokio::select! {
        () = print => {}
        // Nobody is left.
        ended = watching => ended?,
        signal = tokio::signal::ctrl_c() => signal?,
    }
    Ok(())
}

/// Shows what the members say, until none is left.
async fn watch(mut fleet: Fleet, lines: mpsc::Sender<String>) {
    while let Some(item) = fleet.next().await {
        let name = item.member.name();
        match item.what {
            MemberItem::Attached(session) => {
                tell(&lines, name, format!("session {}", session.number));
            }
            MemberItem::Event(Event::State(state)) => tell(&lines, name, state),
            MemberItem::Event(Event::ByteCount(count)) => tell(&lines, name, count),
            MemberItem::Event(Event::ByteCountClient(count)) => tell(&lines, name, count),
            MemberItem::Request(request) => tell(&lines, name, format!("asks: {request:?}")),
            MemberItem::Lagged(lagged) => tell(&lines, name, lagged),
            MemberItem::Detached(reason) => tell(&lines, name, format!("session ended: {reason}")),
            MemberItem::Away(error) => tell(&lines, name, format!("away: {error}")),
            MemberItem::Ended(Some(error)) => tell(&lines, name, format!("given up: {error}")),
            _ => {}
        }
    }
}

/// Sends what is typed, line by line: each waits for its answers in a task of its own.
async fn commands(fleet: FleetClient, lines: mpsc::Sender<String>) {
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = input.next_line().await {
        if let Some((to, command)) = line.split_once(' ') {
            tokio::spawn(send(fleet.clone(), to.to_owned(), command.to_owned(), lines.clone()));
        }
    }
}

async fn send(fleet: FleetClient, to: String, line: String, lines: mpsc::Sender<String>) {
    let command = RawCommand::new(&line, shape(&line));
    let mut outcomes = fleet.some(|member| to == "all" || *to == *member.name, &command);
    while let Some((name, outcome)) = outcomes.next().await {
        match outcome {
            Ok(reply) => {
                let rows = reply.lines.into_iter().map(Text::from);
                reply.success.into_iter().chain(rows).for_each(|line| tell(&lines, &name, line));
            }
            Err(error) => tell(&lines, &name, error),
        }
    }
}

/// How the end of a reply is known.
fn shape(line: &str) -> ReplyShape {
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (Some("status" | "version" | "help" | "net"), _)
        | (Some("state" | "log" | "echo"), None | Some("all")) => ReplyShape::Block,
        _ => ReplyShape::Line,
    }
}

/// Where nobody reads, lines are lost. No daemon waits for them.
fn tell(lines: &mpsc::Sender<String>, name: &str, what: impl Display) {
    // Text from the other side, without what would drive the terminal.
    let line = format!("{name}: {what}").replace(char::is_control, "\u{fffd}");
    lines.try_send(line).ok();
}
