//! A server and a client of our own, to log in to.

use anyhow::{Result, bail};
use openvpn_mgmt::handler::AuthServer;
use openvpn_mgmt::{Signal, connect};
use program_common::screen::show;

use crate::gatekeeper::Gatekeeper;
use crate::login::Login;
use crate::questions::Questions;
use crate::{Args, in_time};
use lab::{Daemon, Lab, Process};

pub(crate) async fn run(args: &Args, questions: Questions) -> Result<()> {
    let daemon = match &args.openvpn {
        Some(path) => Daemon::at(std::path::absolute(path)?)?,
        None => Daemon::find()?,
    };
    show(format!("OpenVPN {} ({})", daemon.version(), daemon.path().display()));
    let lab = Lab::with(daemon)?;
    lab.can_serve()?;
    let server = lab.server(args.scenario.server()).await?;
    let mut client = lab.client(args.scenario.client(&lab, &server)?).await?;
    show(format!("*** {} ***", args.scenario.instructions()));

    let (at_server, _, requests) = connect(server.socket()).await?.split();
    let deciding = AuthServer::new(Gatekeeper::new(args.scenario)).run(requests);
    tokio::select! {
        result = log_in(args, questions, &mut client) => result?,
        reason = deciding => bail!("the server's connection ended: {reason}"),
    }
    drop(at_server);
    show("done: the tunnel was up, and is ended");
    Ok(())
}

/// The client, from its first question to its end.
async fn log_in(args: &Args, questions: Questions, process: &mut Process) -> Result<()> {
    let typed = questions.are_typed();
    let mut login = Login::open(connect(process.socket()).await?, questions).await?;
    in_time(args, typed, login.connected()).await?;
    show("tunnel CONNECTED");
    login.client.signal(Signal::Sigterm).await?;
    process.wait().await?;
    Ok(())
}
