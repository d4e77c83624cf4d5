//! `reconnect` and `listen`, beside daemons that come and go.

use anyhow::Result;
use lab::{ClientOptions, Lab, ServerOptions};
use nix::sys::signal::Signal;

use crate::client::until;
use crate::{start, start_unread};

fn server() -> ServerOptions {
    ServerOptions::new().without_client_auth()
}

#[tokio::test]
async fn reconnect_outlives_its_daemon() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("reconnect_outlives_its_daemon")? else { return Ok(()) };
    let mut server = lab.server(server()).await?;
    let mut program = start("reconnect", &[&server.socket().display().to_string()])?;
    program.sees("session 1").await?;
    program.sees("OpenVPN may have restarted").await?;
    program.sees("CONNECTED").await?;
    server.signal(Signal::SIGUSR1)?;
    program.sees("RECONNECTING").await?;
    program.sees("CONNECTED").await?;
    server.signal(Signal::SIGTERM)?;
    server.wait().await?;
    program.sees("waiting").await?;
    lab.start_again(&mut server).await?;
    program.sees("session 2").await?;
    program.sees("the last one ended: the daemon exited").await?;
    program.sees("OpenVPN has restarted").await?;
    program.sees("CONNECTED").await?;
    program.stop(Signal::SIGINT).await?.interrupted();
    assert!(server.is_running()?);
    Ok(())
}

#[tokio::test]
async fn reconnect_serves_its_daemon_while_nobody_reads_it() -> Result<()> {
    let test = "reconnect_serves_its_daemon_while_nobody_reads_it";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let mut server = lab.server(server()).await?;
    let (program, _output) = start_unread("reconnect", &[&server.socket().display().to_string()])?;
    // Out of its hold, and again when it comes back.
    for times in 1..3 {
        let up = || server.log().matches("Initialization Sequence Completed").count();
        until(|| Ok(up() == times)).await?;
        lab.start_again(&mut server).await?;
    }
    program.stop(Signal::SIGINT).await?.interrupted();
    Ok(())
}

#[tokio::test]
async fn listen_serves_each_that_dials_in_and_ends_them() -> Result<()> {
    let test = "listen_serves_each_that_dials_in_and_ends_them";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(server().without_hold()).await?;
    let socket = lab.dir().join("in.sock");
    let mut program = start("listen", &[&socket.display().to_string()])?;
    program.sees("listening at").await?;
    let mut daemons = Vec::new();
    for number in 1..3 {
        let options = ClientOptions::to(&server).common_name(&format!("client-{number}"));
        let options = options.without_auth_user_pass().management_client(&socket);
        daemons.push(lab.client(options).await?);
        program.sees(&format!("daemon {number}: has dialed in")).await?;
        program.sees(&format!("daemon {number}: CONNECTED")).await?;
    }
    daemons[0].signal(Signal::SIGTERM)?;
    program.sees("daemon 1: ended: the daemon exited").await?;
    daemons[0].wait().await?;
    assert!(daemons[1].is_running()?);
    program.stop(Signal::SIGINT).await?.interrupted();
    assert!(daemons[1].wait().await?.success());
    assert!(!socket.exists());
    Ok(())
}
