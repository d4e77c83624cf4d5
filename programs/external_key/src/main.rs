//! A client whose private key is not in the daemon: this program signs for it.
//!
//! ```text
//! cargo run -p external_key
//! ```
//!
//! `tunnel.rs` is the program to read: it announces the version, answers what the daemon asks
//! and waits for the tunnel. `signer.rs` is the `Signer`, `key.rs`, `rsa.rs` and `ecdsa.rs`
//! do its arithmetic, `padding.rs` finds out what kind of signature is wanted. `demo.rs`
//! sets up a server and a client to do it on, `attach.rs` takes a client that runs already.

mod attach;
mod demo;
mod ecdsa;
mod hash;
mod key;
mod padding;
mod rsa;
mod signer;
mod tunnel;
mod unsignable;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use program_common::{printer, stop};

/// Signs for an OpenVPN client whose private key is outside the daemon (management-external-key).
///
/// Alone it makes keys and certificates, starts a real server and a client on loopback for
/// each kind of key, and shows every signature until the tunnel is CONNECTED. A server needs a
/// tun device: root, or an unprivileged user namespace.
///
/// With --connect it signs for a client daemon of yours.
#[derive(Parser)]
#[command(name = "external_key", after_help = AFTER_HELP)]
struct Args {
    /// The kind of key of the demo's client
    #[arg(long, value_enum, default_value_t = Keys::Both)]
    key: Keys,

    /// The management version to announce; from 3 on the daemon says how to pad
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..=3))]
    announce: u32,

    /// What management-external-key is given, by default all that this openvpn and N know
    #[arg(long, value_name = "WORDS", conflicts_with = "connect")]
    formats: Option<String>,

    /// The newest TLS of the demo's client, such as 1.2
    #[arg(long, value_name = "VERSION", conflicts_with = "connect")]
    tls_max: Option<String>,

    /// Sign with a key that does not belong to the certificate, to see how that ends
    #[arg(long, conflicts_with = "connect")]
    wrong_key: bool,

    /// The openvpn program of the demo, by default the installed one
    #[arg(long, value_name = "PATH", conflicts_with = "connect")]
    openvpn: Option<PathBuf>,

    /// The management interface of your client: a unix socket's path or host:port
    #[arg(long, value_name = "ADDRESS", requires = "private_key")]
    connect: Option<String>,

    /// A file whose first line is the password of that management interface
    #[arg(long, value_name = "FILE", requires = "connect")]
    password_file: Option<PathBuf>,

    /// The private key to sign with, PEM: RSA, P-256 or P-384, not encrypted
    #[arg(long, value_name = "FILE", requires = "connect")]
    private_key: Option<PathBuf>,

    /// Its certificate, PEM: to check the key with, and for management-external-cert
    #[arg(long, value_name = "FILE", requires = "connect")]
    certificate: Option<PathBuf>,

    /// With --connect, end when the tunnel is up; else only when the daemon does
    #[arg(long, requires = "connect")]
    once: bool,

    /// The time each tunnel may take to come up, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    deadline: u64,

    /// Trace what the crate does, on stderr
    #[arg(short, long)]
    verbose: bool,
}

const AFTER_HELP: &str = "\
Environment:
  OPENVPN_BIN    the openvpn program, where --openvpn is not given

Exit status: 0 connected, 1 failed, 130 stopped by Ctrl-C.";

/// Which keys the demo shows, one tunnel each.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Keys {
    /// RSA, 2048 bits
    Rsa,
    /// ECDSA, P-256
    Ec,
    Both,
}

// More than one thread: the connection is read while a signature is computed.
#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let args = Args::parse();
    if args.verbose {
        let log = tracing_subscriber::fmt().with_writer(printer::stderr);
        let log = log.with_ansi(std::io::stderr().is_terminal());
        log.with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG).init();
    }
    stop::until_stopped(async || match &args.connect {
        Some(address) => attach::run(&args, address).await,
        None => demo::run(&args).await,
    })
    .await
}

/// Ends what takes longer than a tunnel may.
async fn in_time<T>(args: &Args, tunnel: impl Future<Output = Result<T>>) -> Result<T> {
    let deadline = Duration::from_secs(args.deadline);
    match tokio::time::timeout(deadline, tunnel).await {
        Ok(result) => result,
        // A server that rejects a signature does not say so over UDP.
        Err(_) => bail!(
            "the tunnel is not up after {} s; if it was signed for, does the key belong to the \
             certificate?",
            args.deadline
        ),
    }
}
