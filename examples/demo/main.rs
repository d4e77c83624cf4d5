//! A real OpenVPN server and client on loopback, both driven through this crate.
//!
//! ```text
//! cargo run --example demo
//! ```
//!
//! `tunnel.rs` is the program to read: it releases both daemons from their hold,
//! answers the client's request for credentials, lets the client in on the server,
//! waits for the tunnel, counts its bytes and ends it. `side.rs` holds one daemon and
//! its connection, `timeline.rs` is what you see. Where no server can run, `alone.rs`
//! shows a client by itself.

mod alone;
mod leftovers;
mod screen;
mod side;
mod timeline;
mod tunnel;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use program_common::printer;
use program_common::signals::Stop;

use crate::timeline::Timeline;
use lab::{Daemon, Lab};

/// Starts a real OpenVPN server and client on loopback and drives both through
/// openvpn-mgmt, showing every call and every typed event.
///
/// A server needs a tun device: root, or an unprivileged user namespace. Without either
/// the client is shown alone.
#[derive(Parser)]
#[command(name = "demo", after_help = AFTER_HELP)]
struct Args {
    /// The openvpn program, by default the installed one
    #[arg(long, value_name = "PATH")]
    openvpn: Option<PathBuf>,

    /// Also show the log lines of both daemons
    #[arg(long)]
    log: bool,

    /// Show a client alone, without a server
    #[arg(long)]
    client_only: bool,

    /// The time the whole run may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    deadline: u64,
}

const AFTER_HELP: &str = "\
Environment:
  OPENVPN_BIN    the openvpn program, where --openvpn is not given
  NO_COLOR       no colours
  CLICOLOR_FORCE colours also where the output is no terminal

Exit status: 0 done, 1 failed, 130 stopped by Ctrl-C.";

/// How the show ended.
enum Outcome {
    /// As it should; these lines sum it up.
    Done(Vec<String>),
    Failed(anyhow::Error),
    TooLate,
    /// By a signal of this exit status and name.
    Stopped(u8, &'static str),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let timeline = Arc::new(Timeline::new(args.log));
    let (status, within) = match run(&args, &timeline).await {
        Ok(status @ 0..2) => (status, printer::AT_THE_END),
        // By a signal.
        Ok(status) => (status, printer::WHEN_STOPPED),
        Err(error) => {
            timeline.failure(&format!("{error:#}")).await;
            (1, printer::AT_THE_END)
        }
    };
    timeline.flush(within).await;
    ExitCode::from(status)
}

/// Runs the show, looks what it left whatever its end, and gives the exit status.
async fn run(args: &Args, timeline: &Arc<Timeline>) -> Result<u8> {
    let mut stop = Stop::new()?;
    let mut dir = None;
    let deadline = Duration::from_secs(args.deadline);
    let mut outcome = tokio::select! {
        biased;
        (status, name) = stop.received() => Outcome::Stopped(status, name),
        result = tokio::time::timeout(deadline, show(args, timeline, &mut dir)) => match result {
            Ok(Ok(summary)) => Outcome::Done(summary),
            Ok(Err(error)) => Outcome::Failed(error),
            Err(_) => Outcome::TooLate,
        },
    };
    if matches!(outcome, Outcome::Failed(_)) {
        // A Ctrl-C goes to the daemons as well, and their end may be seen first.
        let stopped = tokio::time::timeout(Duration::from_millis(100), stop.received()).await;
        outcome = stopped.map_or(outcome, |(status, name)| Outcome::Stopped(status, name));
    }
    let left = leftovers::find(dir.as_deref());
    let status = conclude(outcome, args.deadline, timeline, left.is_empty()).await;
    if !left.is_empty() {
        bail!("left behind: {}", left.join(", "));
    }
    Ok(status)
}

/// All of it, in a lab that ends with it; `dir` becomes the lab's folder.
async fn show(
    args: &Args,
    timeline: &Arc<Timeline>,
    dir: &mut Option<PathBuf>,
) -> Result<Vec<String>> {
    let daemon = match &args.openvpn {
        Some(path) => Daemon::at(std::path::absolute(path)?)?,
        None => Daemon::find()?,
    };
    timeline.title(&format!("OpenVPN {} ({})", daemon.version(), daemon.path().display()));
    let lab = Lab::with(daemon)?;
    *dir = Some(lab.dir().to_owned());
    if args.client_only {
        return alone::run(&lab, timeline, "--client-only was given").await;
    }
    match lab.can_serve() {
        Ok(()) => tunnel::run(&lab, timeline).await,
        Err(error) => alone::run(&lab, timeline, &format!("{error:#}")).await,
    }
}

async fn conclude(outcome: Outcome, deadline: u64, timeline: &Timeline, clean: bool) -> u8 {
    let step = timeline.current_step();
    match outcome {
        Outcome::Done(mut summary) => {
            if clean {
                summary.push("clean end: no process, device or file is left".to_owned());
            }
            timeline.summary(&summary);
            0
        }
        Outcome::Failed(error) => {
            timeline.failure(&format!("failed in {step}: {error:#}")).await;
            1
        }
        Outcome::TooLate => {
            timeline.failure(&format!("not done after {deadline} s; it was in {step}")).await;
            1
        }
        Outcome::Stopped(status, name) => {
            let end = if clean { "; nothing is left" } else { "" };
            timeline.failure(&format!("stopped by {name} in {step}{end}")).await;
            status
        }
    }
}
