//! Many daemons as one: shows the states and byte counts of all, and sends what is typed to one or all of them.
//!
//! ```text
//! cargo run --example fleet                                     # with three daemons of its own
//! cargo run --example fleet -- udp=/run/udp.sock tcp=/run/tcp.sock   # with daemons of yours; see --help
//! ```

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions};
use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications, RawCommand};
use openvpn_mgmt::{
    Builder, Endpoint, Event, Fleet, FleetClient, MemberItem, ReplyShape, Text, WhileAway,
};
use program_common::screen::show;
use program_common::stop::until_stopped;
use program_common::typed;

/// Shows the states and byte counts of many daemons, and sends what is typed to one or all of them.
///
/// Type commands with the name of a member or `all` before them: `all hold release`, `udp status`, `tcp signal SIGUSR1`.
/// It goes on without input. Ctrl-C ends it, and the daemons go on.
#[derive(Parser)]
#[command(name = "fleet", after_help = YOUR_OPENVPN)]
struct Args {
    /// Names, with the management interface of each: the path of its socket, or host:port. Without any, a server and two
    /// clients are started on loopback
    #[arg(value_name = "NAME=ADDRESS", value_parser = member)]
    members: Vec<(String, String)>,
}

const YOUR_OPENVPN: &str = "\
Daemons of yours, servers and clients:
  openvpn --config udp.ovpn --management /run/udp.sock unix
  openvpn --config tcp.ovpn --management /run/tcp.sock unix

What they ask needs the examples `auth_server` or `credentials`.";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || {
        let Args { members } = Args::parse();
        if members.is_empty() {
            return alone().await;
        }
        let fleet = fleet(members)?;
        tokio::spawn(commands(fleet.client()));
        watch(fleet).await;
        Ok(())
    })
    .await
}

fn member(text: &str) -> Result<(String, String)> {
    let (name, address) = text.split_once('=').context("not NAME=ADDRESS")?;
    Ok((name.to_owned(), address.to_owned()))
}

fn fleet<N: Into<String>, A: Into<Endpoint>>(
    members: impl IntoIterator<Item = (N, A)>,
) -> Result<Fleet> {
    let mut fleet = Fleet::new();
    let counts = Bytecount::every(Duration::from_secs(5));
    for (name, address) in members {
        // Sent to each new session.
        let set_up = [AnyCommand::new(Notifications::on(Channel::State)), AnyCommand::new(counts)];
        fleet.add(name.into(), Builder::new().reconnect(address).set_up(set_up))?;
    }
    Ok(fleet)
}

/// Shows what the members say, until none is left.
async fn watch(mut fleet: Fleet) {
    while let Some(item) = fleet.next().await {
        let name = item.member.name();
        match item.what {
            MemberItem::Attached(session) => {
                tell(name, format!("session {}", session.number));
            }
            MemberItem::Event(Event::State(state)) => tell(name, state),
            MemberItem::Event(Event::ByteCount(count)) => tell(name, count),
            MemberItem::Event(Event::ByteCountClient(count)) => tell(name, count),
            MemberItem::Request(request) => tell(name, format!("asks: {request:?}")),
            MemberItem::Lagged(lagged) => tell(name, lagged),
            MemberItem::Detached(reason) => tell(name, format!("session ended: {reason}")),
            MemberItem::Away(error) => tell(name, format!("away: {error}")),
            MemberItem::Ended(Some(error)) => tell(name, format!("given up: {error}")),
            _ => {}
        }
    }
}

/// Sends what is typed, line by line: each waits for its answers in a task of its own.
async fn commands(fleet: FleetClient) {
    let mut input = typed::lines();
    while let Some(line) = input.recv().await {
        if let Some((to, command)) = line.split_once(' ') {
            let (fleet, to, command) = (fleet.clone(), to.to_owned(), command.to_owned());
            tokio::spawn(async move { send(&fleet, &to, &command).await });
        }
    }
}

async fn send(fleet: &FleetClient, to: &str, line: &str) {
    let command = RawCommand::new(line, shape(line));
    let mut outcomes = fleet.some(|member| to == "all" || *to == *member.name, &command);
    while let Some((name, outcome)) = outcomes.next().await {
        match outcome {
            Ok(reply) => {
                let rows = reply.lines.into_iter().map(Text::from);
                reply.success.into_iter().chain(rows).for_each(|line| tell(&name, line));
            }
            Err(error) => tell(&name, error),
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

fn tell(name: &str, what: impl Display) {
    show(format!("{name}: {what}"));
}

/// A server and two clients of it, as a fleet of three; they are sent a command, and let go.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let client = async |name| {
        let options = ClientOptions::to(&server).common_name(name).without_auth_user_pass();
        lab.client(options.without_hold()).await
    };
    let (mut one, mut two) = (client("one").await?, client("two").await?);
    let daemons = [("server", &server), ("one", &one), ("two", &two)];
    let fleet = fleet(daemons.map(|(name, daemon)| (name, daemon.socket())))?;
    let (members, names) = (fleet.client(), daemons.map(|(name, _)| name));
    let drive = async {
        one.wait_until_up().await?;
        two.wait_until_up().await?;
        send(&members.while_away(WhileAway::Wait), "all", "state").await;
        names.iter().try_for_each(|name| members.remove(name))?;
        Ok::<_, anyhow::Error>(())
    };
    tokio::join!(watch(fleet), drive).1
}
