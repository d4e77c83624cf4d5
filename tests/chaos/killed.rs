//! Daemons that are killed within a block: its rest never comes.

use anyhow::{Context as _, Result, bail, ensure};
use lab::{ClientOptions, Lab, Process, ServerOptions, within};
use openvpn_mgmt::events::ClientEvent;
use openvpn_mgmt::{Attached, Client, Error, Event, History, Item, Link, ReplyShape, Request};
use tokio::task::JoinSet;

use crate::relay::{Course, Relay};
use crate::support::{is_gone, is_long, odd_events, patient, soon};

/// Where in a CONNECT and its ENV block the connection ends.
const WITHIN_ENV: &[&str] = &[
    ">CLIENT:CONNECT,",
    ">CLIENT:ENV,untrusted_port=",
    "\n>CLIENT:ENV,username=al",
    "\r\n>CLIENT:ENV,EN",
    "\r\n>CLIENT:ENV,END",
    "\r\n>CLIENT:ENV,END\r",
];

/// A client that signs in by itself.
async fn client(lab: &Lab, server: &Process) -> Result<Process> {
    let file = lab.dir().join("alice.up");
    std::fs::write(&file, "alice\ns3cret\n")?;
    let options = ClientOptions::to(server).common_name("alice").without_hold();
    let options = options.without_auth_user_pass().line("auth-retry nointeract");
    lab.client(options.line(&format!("auth-user-pass \"{}\"", file.display()))).await
}

/// Many callers, of whom each needs a reply.
fn waiters(client: &Client) -> JoinSet<openvpn_mgmt::Result<u32>> {
    let mut waiters = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        waiters.spawn(async move { client.pid().await });
    }
    waiters
}

/// The next session, of a daemon that the relay may not reach yet.
async fn next(link: &mut Link) -> Result<Attached> {
    Ok(within("session", link.next()).await??)
}

/// Serves the session to its end; whether a client asked to be let in. Of what was cut it is told that it was, and nothing
/// else comes after it.
async fn serve_to_the_end(attached: &mut Attached) -> Result<bool> {
    let served = async {
        let (mut asked, mut is_cut) = (false, false);
        while let Some(item) = attached.session.next().await {
            match item? {
                Item::Event(Event::Malformed(malformed)) => {
                    // The line, and the block it was in.
                    let text = format!("{malformed:?}");
                    is_cut = text.contains(" ended before the line did")
                        || text.contains(" ended inside its ENV block");
                    ensure!(is_cut, "{text}");
                }
                item if is_cut => bail!("{item:?} behind what was cut"),
                Item::Request(Request::Hold(hold)) => hold.release().await?,
                Item::Request(Request::ClientConnect(_))
                | Item::Event(Event::Client(ClientEvent::Connect { .. })) => asked = true,
                Item::Event(event @ (Event::Unknown(_) | Event::Stray(_))) => bail!("{event:?}"),
                _ => {}
            }
        }
        ensure!(is_cut, "of what was cut nothing was told");
        Ok(asked)
    };
    within("end of the session", served).await?
}

/// Waits for a client that asks to be let in, whose ENV block is whole.
async fn is_asked(attached: &mut Attached) -> Result<()> {
    let asked = async {
        while let Some(item) = attached.session.next().await {
            match item? {
                Item::Request(Request::Hold(hold)) => hold.release().await?,
                Item::Request(Request::ClientConnect(client)) => {
                    let name = client.env().common_name()?.context("no name")?;
                    ensure!(name == "alice", "{name}");
                    ensure!(client.env().password()?.is_some(), "no password");
                    return Ok(());
                }
                _ => {}
            }
        }
        bail!("the session has ended")
    };
    within("CONNECT", asked).await?
}

async fn killed_within_an_env(place: &str) -> Result<()> {
    let test = "a_daemon_killed_within_an_env_block_says_no_half_of_it";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let mut server = lab.server(ServerOptions::new()).await?;
    let first = Course { hold_at: Some(place.into()), ..Course::default() };
    let courses = move |number| if number == 1 { first.clone() } else { Course::default() };
    let relay = Relay::new(server.socket(), courses)?;
    let mut link = soon(patient().reconnect(relay.path()));
    let mut attached = next(&mut link).await?;
    let commands = attached.session.client().clone();

    let first_client = client(&lab, &server).await?;
    let killed = async {
        relay.holds().await?;
        let waiters = waiters(&commands);
        server.kill();
        relay.drop_held();
        anyhow::Ok(waiters)
    };
    let (asked, waiters) = tokio::join!(serve_to_the_end(&mut attached), killed);
    ensure!(!asked?, "a client of whom half was said");
    for answer in within("end of the waiters", waiters?.join_all()).await? {
        ensure!(matches!(&answer, Err(Error::Closed(reason)) if is_gone(reason)), "{answer:?}");
    }
    let reason = commands.closed().await;
    ensure!(is_gone(&reason), "{reason}");

    drop(first_client);
    let (again, second) = tokio::join!(lab.start_again(&mut server), next(&mut link));
    again?;
    let mut second = second?;
    ensure!((second.number, second.missed.restarted) == (2, Some(true)), "{second:?}");
    ensure!(second.last_end.as_ref().is_some_and(is_gone), "{:?}", second.last_end);
    let _second_client = client(&lab, &server).await?;
    is_asked(&mut second).await.with_context(|| server.log())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_killed_within_an_env_block_says_no_half_of_it() -> Result<()> {
    let mut places = JoinSet::new();
    for place in WITHIN_ENV.iter().step_by(if is_long() { 1 } else { 2 }) {
        places.spawn(async move {
            killed_within_an_env(place).await.with_context(|| (*place).to_owned())
        });
    }
    while let Some(done) = places.join_next().await {
        done??;
    }
    if is_long() {
        println!("killed within an ENV block at {} places", WITHIN_ENV.len());
    }
    Ok(())
}

/// How many lines of some 800 bytes are in the log of the daemon: more than the buffers between it and its manager hold.
const LOGGED: usize = 1000;

/// Has the daemon log all these lines, of which one is marked.
async fn fill_the_log(client: &Client) -> Result<()> {
    let word = "x".repeat(250);
    for number in 0..LOGGED {
        let name = if number == LOGGED / 2 { "half-way" } else { "filler" };
        let line = format!("signal {name} {word} {word} {word}");
        let refused = client.raw_command(line, ReplyShape::Line).await;
        ensure!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_killed_within_a_reply_is_told_to_all() -> Result<()> {
    let test = "a_daemon_killed_within_a_reply_is_told_to_all";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let options = ServerOptions::new().line("management-log-cache 2000");
    let mut server = lab.server(options).await?;
    let half_way = ",D,MANAGEMENT: CMD 'signal half-way xxxx";
    let first = Course { hold_at: Some(half_way.into()), ..Course::default() };
    let courses = move |number| if number == 1 { first.clone() } else { Course::default() };
    let relay = Relay::new(server.socket(), courses)?;
    let mut link = soon(patient().pipeline(4).reconnect(relay.path()));
    let (client, events, _requests) = next(&mut link).await?.session.split();
    client.hold_release().await?;
    fill_the_log(&client).await?;

    let history = {
        let client = client.clone();
        tokio::spawn(async move { client.log_history(History::All).await.map(|log| log.len()) })
    };
    relay.holds().await?;
    let waiters = waiters(&client);
    server.kill();
    relay.drop_held();
    let history = within("end of the reply", history).await??;
    ensure!(matches!(&history, Err(Error::Closed(reason)) if is_gone(reason)), "{history:?}");
    for answer in within("end of the waiters", waiters.join_all()).await? {
        ensure!(matches!(&answer, Err(Error::Closed(reason)) if is_gone(reason)), "{answer:?}");
    }
    // The line that was cut is told as one that belongs to nothing, and not as a line of the log.
    let odd = within("end of the events", odd_events(events)).await?;
    ensure!(matches!(odd.as_slice(), [Event::Stray(_)]), "{odd:?}");
    drop(client);
    let (again, second) = tokio::join!(lab.start_again(&mut server), next(&mut link));
    again?;
    let second = second?;
    ensure!((second.number, second.missed.restarted) == (2, Some(true)), "{second:?}");
    ensure!(second.session.client().pid().await? == server.pid(), "another's reply");
    Ok(())
}
