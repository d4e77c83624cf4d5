//! Signs for a client whose private key OpenVPN never sees, and gives it its certificate.
//!
//! ```text
//! cargo run --example sign                                                   # with a server and a client of its own
//! cargo run --example sign -- /run/openvpn/client.sock client.key client.crt # with a client of yours; see --help
//! ```
//!
//! For keys of the curve P-256. `programs/external_key` signs with RSA and other curves, too.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use lab::{ClientOptions, KeyKind, Lab, ServerOptions};
use openvpn_mgmt::{Endpoint, Event, Item, Request, SignRequest, connect};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::DecodePrivateKey as _;
use program_common::screen::show;
use program_common::stop::until_stopped;

/// Signs for a client whose private key OpenVPN never sees, and gives it its certificate.
#[derive(Parser)]
#[command(name = "sign", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your client: the path of its socket, or host:port. Without it a server and a client
    /// are started on loopback
    #[arg(requires = "key")]
    address: Option<String>,

    /// The private key: P-256, PEM (PKCS#8), without a password
    #[arg(requires = "certificate")]
    key: Option<PathBuf>,

    /// Its certificate, PEM
    certificate: Option<PathBuf>,
}

const YOUR_OPENVPN: &str = "\
A client of yours, without `key` and `cert` in its configuration (OpenVPN 2.6 and later):
  openvpn --config client.ovpn --management /run/openvpn/client.sock unix \\
      --management-hold --management-external-key --management-external-cert a-hint

With OpenVPN 2.5 it is `--management-external-key nopadding`.
What OpenVPN asks: Request::Certificate, Request::Sign";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || match Args::parse() {
        Args { address: Some(address), key: Some(key), certificate: Some(certificate) } => {
            answer(address, &key, &certificate).await
        }
        _ => alone().await,
    })
    .await
}

async fn answer(address: impl Into<Endpoint>, key: &Path, certificate: &Path) -> Result<()> {
    let key = SigningKey::from_pkcs8_pem(&std::fs::read_to_string(key)?)
        .context("this is no P-256 key in PEM")?;
    let certificate = std::fs::read_to_string(certificate)?;
    let mut session = connect(address).await?;
    let client = session.client().clone();
    // From version 3 on the daemon says how to sign; before it is to be guessed.
    client.announce_version(3).await?;
    client.state_on().await?;
    while let Some(item) = session.next().await {
        match item {
            Ok(Item::Request(Request::Hold(hold))) => hold.release().await?,
            Ok(Item::Request(Request::Certificate(ask))) => {
                show(format!("a certificate is wanted: {}", ask.hint()));
                ask.answer(&certificate).await?;
            }
            // Also for each renewal of the tunnel's keys.
            Ok(Item::Request(Request::Sign(ask))) => sign(ask, &key).await?,
            Ok(Item::Request(other)) => other.decline().await?,
            Ok(Item::Event(Event::State(state))) => show(state),
            Ok(_) => {}
            Err(lagged) => show(lagged),
        }
    }
    show(format!("the connection ended: {}", client.closed().await));
    Ok(())
}

async fn sign(ask: SignRequest, key: &SigningKey) -> Result<()> {
    let how = ask.algorithm().map_or("not told how".to_owned(), ToString::to_string);
    show(format!("to sign: {} bytes, {how}", ask.data().len()));
    if ask.is_message() {
        // Asked for by the word `digest` of management-external-key: it is to be hashed here.
        show("a whole message, which is not signed here");
        ask.decline();
        return Ok(());
    }
    // A key in a token or a key service takes longer: give that a task of its own.
    let signature: DerSignature = key.sign_prehash(ask.data())?;
    Ok(ask.answer(signature).await?)
}

/// A server that lets everybody in, and a client without a key, which is ended when its tunnel is up.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let options = ClientOptions::to(&server)
        .without_auth_user_pass()
        .external_key("nopadding")
        .external_cert("the one of the lab");
    let mut client = lab.client(options).await?;
    let socket = client.socket().to_owned();
    let identity = lab.identity("client", &KeyKind::Ec)?;
    tokio::try_join!(answer(socket, &identity.key, &identity.cert), client.stop_when_up())?;
    Ok(())
}
