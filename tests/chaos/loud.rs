//! A daemon that logs all it can, to its manager too.
//!
//! From `verb 8` on OpenVPN logs each write to its manager. With `log on` that is another line for the manager, so that it
//! never comes to read a command; it goes on with its clients all the same. The next manager begins without `log on`, and is
//! answered, but for some of 2.7: that may accept it and never hear it (`docs/PROTOCOL.md`, 211 and 212).

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{ClientOptions, DEADLINE, Lab, Process, ServerOptions, Version, within};
use openvpn_mgmt::{Builder, Client, Error, Event, Events};
use tokio::task::JoinHandle;

use crate::support::{amount, ask_by_name, is_long, patient};

/// How many events a subscriber may be behind by.
const KEPT: usize = 256;

fn builder() -> Builder {
    // What is left of a session that is dropped waits so long for a reply that does not come.
    patient().event_capacity(KEPT).close_timeout(Duration::from_secs(1))
}

/// Reads until so many lines of the log have come, or were lost.
async fn logged(events: &mut Events, lines: u64) -> Result<(u64, u64)> {
    let (mut read, mut lost) = (0, 0);
    let reading = async {
        while read + lost < lines {
            match events.next().await.context("the connection has ended")? {
                Ok(Event::Log(_)) => read += 1,
                Ok(Event::Malformed(malformed)) => anyhow::bail!("{malformed:?}"),
                Ok(_) => {}
                Err(lagged) => lost += lagged.0,
            }
        }
        Ok((read, lost))
    };
    within("lines of the log", reading).await?
}

/// Calls that are answered, or told that they are not.
async fn call(client: &Client, calls: usize) -> Result<usize> {
    let hurried = client.with_timeout(Duration::from_millis(300));
    let mut answered = 0;
    for number in 0..calls {
        match ask_by_name(&hurried, &format!("loud-{number}")).await {
            Ok(()) => answered += 1,
            Err(Error::Timeout { command: "raw_command", .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(answered)
}

/// Has the server say all it can to this session, which goes on, and tells what it cannot.
async fn as_loud_as_it_can(server: &Process, level: u8) -> Result<()> {
    let (client, mut events, _) = builder().connect(server.socket()).await?.split();
    let mut never_reads = client.subscribe();
    client.log_on().await?;
    client.set_verb(level).await?;
    let calls: JoinHandle<_> = {
        let client = client.clone();
        tokio::spawn(async move { call(&client, 5).await })
    };
    let (read, lost) = logged(&mut events, 20_000).await?;
    let answered = within("end of the calls", calls).await??.context("not its own")?;
    ensure!(!client.is_closed(), "the session has ended");
    let told = within("event", never_reads.next()).await?.context("the end alone")?;
    let never_read = told.err().context("nothing was lost")?.0;
    ensure!(never_read + 2 * KEPT as u64 >= read + lost, "{never_read} lost of {read} and {lost}");
    if is_long() {
        println!(
            "verb {level}: {read} lines read and {lost} lost, {never_read} lost by who never reads; {answered} of 5 calls answered"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_logs_all_it_can_ends_no_session() -> Result<()> {
    let test = "a_daemon_that_logs_all_it_can_ends_no_session";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let options = ServerOptions::new().without_client_auth().without_hold();
    let mut server = lab.server(options.line("keepalive 1 120")).await?;
    let peer = ClientOptions::to(&server).without_auth_user_pass().without_hold();
    let _peer = lab.client(peer).await?;
    let (client, events, _) = builder().connect(server.socket()).await?.split();
    client.log_on().await?;
    for level in 4..=7 {
        client.set_verb(level).await?;
        for number in 0..20 {
            ask_by_name(&client, &format!("verb-{level}-{number}")).await?;
        }
    }
    client.set_verb(3).await?;
    client.quit().await?;
    drop(events);
    for level in [11, 8, 9, 10, 11].into_iter().take(amount(1, 5)) {
        as_loud_as_it_can(&server, level).await.with_context(|| format!("verb {level}"))?;
        if !next_is_answered(&server, lab.daemon().version(), level).await? {
            ensure!(server.is_running()?, "{}", server.log());
            break;
        }
    }
    Ok(())
}

/// Whether the next manager is served: it is not where a daemon of 2.7 has taken it and does not listen to it.
async fn next_is_answered(server: &Process, version: Version, level: u8) -> Result<bool> {
    let may_be_deaf = version >= Version::new(2, 7, 0);
    let patience = if may_be_deaf { Duration::from_secs(3) } else { DEADLINE };
    let session = builder().greeting_timeout(patience).connect(server.socket()).await;
    if may_be_deaf && matches!(session, Err(Error::NoGreeting { .. })) {
        if is_long() {
            println!("verb {level}: the next manager was accepted and not greeted");
        }
        return Ok(false);
    }
    let (client, ..) = session?.split();
    ensure!(client.verb().await? == u32::from(level), "another's level");
    client.set_verb(3).await?;
    for number in 0..20 {
        ask_by_name(&client, &format!("next-{number}")).await?;
    }
    client.quit().await?;
    Ok(true)
}
