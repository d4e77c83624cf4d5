//! `fleet`, beside a server and two clients of it.

use anyhow::Result;
use lab::{ClientOptions, Lab, Process, Program, ServerOptions};
use nix::sys::signal::Signal;

use crate::client::until;
use crate::{start, start_unread};

/// A server, and two clients in their hold, if they have one.
async fn daemons(lab: &Lab, has_hold: bool) -> Result<[Process; 3]> {
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let client = async |number: u32| {
        let options = ClientOptions::to(&server).common_name(&format!("client-{number}"));
        let options = options.without_auth_user_pass();
        lab.client(if has_hold { options } else { options.without_hold() }).await
    };
    let (one, two) = (client(1).await?, client(2).await?);
    Ok([server, one, two])
}

fn arguments(daemons: &[Process; 3]) -> [String; 3] {
    let [server, one, two] = daemons;
    [("server", server), ("one", one), ("two", two)]
        .map(|(name, process)| format!("{name}={}", process.socket().display()))
}

/// Waits for lines that hold these texts, in any order.
async fn sees_all(program: &mut Program, texts: &[&str]) -> Result<()> {
    for text in texts {
        if !program.seen().iter().any(|line| line.contains(text)) {
            program.sees(text).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn fleet_shows_all_and_sends_what_is_typed() -> Result<()> {
    let test = "fleet_shows_all_and_sends_what_is_typed";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let mut daemons = daemons(&lab, true).await?;
    let arguments = arguments(&daemons);
    let mut program = start("fleet", &arguments.each_ref().map(String::as_str))?;
    sees_all(&mut program, &["server: session 1", "one: asks: Hold", "two: asks: Hold"]).await?;
    // To all, of which each answers as it can.
    program.types("all pid\nserver status\nnobody pid\n").await?;
    let pids = ["server: pid=", "one: pid=", "two: pid=", "server: ROUTING TABLE"];
    sees_all(&mut program, &pids).await?;
    program.types("one hold release\ntwo hold release\n").await?;
    sees_all(&mut program, &["one: CONNECTED", "two: CONNECTED"]).await?;
    for name in ["one", "two"] {
        program.sees(&format!("{name}: ")).await?;
    }
    sees_all(&mut program, &["bytes in"]).await?;

    program.types("two signal SIGTERM\n").await?;
    sees_all(&mut program, &["two: session ended: the daemon exited", "two: away"]).await?;
    daemons[2].wait().await?;
    // It goes on without input.
    drop(program.take_input()?);
    daemons[1].signal(Signal::SIGUSR1)?;
    program.sees("one: RECONNECTING").await?;
    program.stop(Signal::SIGINT).await?.interrupted();
    assert!(daemons[0].is_running()? && daemons[1].is_running()?);
    Ok(())
}

#[tokio::test]
async fn fleet_serves_its_daemons_while_nobody_reads_it() -> Result<()> {
    let test = "fleet_serves_its_daemons_while_nobody_reads_it";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let mut daemons = daemons(&lab, false).await?;
    let arguments = arguments(&daemons);
    let (_program, _output) = start_unread("fleet", &arguments.each_ref().map(String::as_str))?;
    // Each new process of one hears what it is set up with.
    for times in 1..3 {
        for daemon in &daemons {
            until(|| Ok(daemon.log().matches("bytecount 5").count() == times)).await?;
        }
        for daemon in &mut daemons {
            lab.start_again(daemon).await?;
        }
    }
    Ok(())
}
