//! Asks the user for whatever credentials a client daemon needs, challenges included.
//!
//! ```text
//! cargo run -p credentials
//! ```
//!
//! `person.rs` is the program to read: a `CredentialsProvider` that asks a person.
//! `login.rs` answers with it until the tunnel is up, `token.rs` chooses a certificate on a PKCS#11
//! token, `questions.rs` reads the answers. `scenario.rs`, `gatekeeper.rs` and `page.rs` are the
//! demo's other side: a server that wants this or that; `demo.rs` starts it, `attach.rs` takes a
//! client that runs already.

mod attach;
mod demo;
mod gatekeeper;
mod login;
mod page;
mod person;
mod questions;
mod scenario;
mod token;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use program_common::{printer, stop};

use crate::questions::{Questions, TerminalGuard};
use crate::scenario::Scenario;

/// Asks you for the credentials an OpenVPN client needs, until its tunnel is CONNECTED.
///
/// Alone it starts a real server and client on loopback, says what to type, and has the
/// server want what --scenario names; type something else to see the server's refusal and be
/// asked again. A server needs a tun device: root, or an unprivileged user namespace.
///
/// With --connect it asks for a client daemon of yours.
#[derive(Parser)]
#[command(name = "credentials", after_help = AFTER_HELP)]
struct Args {
    /// What the demo wants of you
    #[arg(long, value_enum, default_value_t = Scenario::Dynamic, conflicts_with = "connect")]
    scenario: Scenario,

    /// The openvpn program of the demo, by default the installed one
    #[arg(long, value_name = "PATH", conflicts_with = "connect")]
    openvpn: Option<PathBuf>,

    /// The management interface of your client: a unix socket's path or host:port
    #[arg(long, value_name = "ADDRESS")]
    connect: Option<String>,

    /// A file whose first line is the password of that management interface
    #[arg(long, value_name = "FILE", requires = "connect")]
    password_file: Option<PathBuf>,

    /// With --connect, end when the tunnel is up; else only when the daemon does
    #[arg(long, requires = "connect")]
    once: bool,

    /// Read the answers from stdin, one a line, as when it is not a terminal
    #[arg(long, conflicts_with = "answers")]
    scripted: bool,

    /// Read the answers from this file, one a line
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,

    /// The time the tunnel may take to come up, in seconds; by default 60 where nobody types
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86400))]
    deadline: Option<u64>,

    /// Trace what the crate does, on stderr
    #[arg(short, long)]
    verbose: bool,
}

const AFTER_HELP: &str = "\
Your client's configuration (--connect) needs `management-query-passwords`, and
`setenv IV_SSO webauth,openurl,crtext` for a server that authenticates by web or by a later code.

Environment:
  OPENVPN_BIN    the openvpn program, where --openvpn is not given

Exit status: 0 connected, 1 failed, 130 stopped by Ctrl-C.";

fn main() -> ExitCode {
    let args = Args::parse();
    if args.verbose {
        let log = tracing_subscriber::fmt().with_writer(printer::stderr);
        let log = log.with_ansi(std::io::stderr().is_terminal());
        log.with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG).init();
    }
    let _guard = TerminalGuard::new();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("failed: {error}");
            return ExitCode::FAILURE;
        }
    };
    let status = runtime.block_on(stop::until_stopped(|| run(&args)));
    // A thread may still read an answer that nobody waits for any more.
    runtime.shutdown_background();
    status
}

async fn run(args: &Args) -> Result<()> {
    let questions = Questions::new(args.answers.as_deref(), args.scripted)?;
    match &args.connect {
        Some(address) => attach::run(args, address, questions).await,
        None => demo::run(args, questions).await,
    }
}

/// Ends what takes longer than a tunnel may.
async fn in_time<T>(
    args: &Args,
    typed: bool,
    tunnel: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(seconds) = args.deadline.or((!typed).then_some(60)) else { return tunnel.await };
    match tokio::time::timeout(Duration::from_secs(seconds), tunnel).await {
        Ok(result) => result,
        Err(_) => bail!("the tunnel is not up after {seconds} s"),
    }
}
