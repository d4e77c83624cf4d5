//! Answers for a PKCS#11 token: which certificate of it to use, its PIN, and whether it is inserted.
//!
//! ```text
//! cargo run --example pkcs11                               # with a server, a client and a SoftHSM token of its own
//! cargo run --example pkcs11 -- /run/openvpn/client.sock   # with a client of yours; --help says how to start one
//! ```

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use lab::{ClientOptions, Lab, ServerOptions, Token};
use openvpn_mgmt::{
    Client, Endpoint, Event, Item, NeedOkRequest, NeedStrRequest, Request, Secret, StateName,
    connect,
};
use program_common::screen::show;
use program_common::stop::until_stopped;
use program_common::typed;

/// Answers for a PKCS#11 token: which certificate of it to use, its PIN, and whether it is inserted.
#[derive(Parser)]
#[command(name = "pkcs11", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your client: the path of its socket, or host:port; the PIN is read from the standard
    /// input then. Without it a server and clients are started on loopback, with a token of SoftHSM
    address: Option<String>,

    /// Which certificate, by the name OpenVPN has for it; by default the first one
    #[arg(long)]
    id: Option<String>,
}

const YOUR_OPENVPN: &str = "\
A client of yours, without `key` and `cert` in its configuration:
  openvpn --config client.ovpn --management /run/openvpn/client.sock unix \\
      --management-hold --management-query-passwords --auth-retry interact \\
      --pkcs11-providers /usr/lib/softhsm/libsofthsm2.so --pkcs11-id-management

What OpenVPN asks: Request::NeedStr, Request::PrivateKeyPassword, Request::NeedOk";

/// How often a token is waited for.
const PATIENCE: u32 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || {
        let Args { address, id } = Args::parse();
        let Some(address) = address else { return alone().await };
        show("the PIN:");
        let pin = typed::lines().recv().await.context("there is no PIN")?;
        answer(address, id.as_deref(), &pin.into()).await
    })
    .await
}

async fn answer(address: impl Into<Endpoint>, id: Option<&str>, pin: &Secret) -> Result<()> {
    let mut session = connect(address).await?;
    let client = session.client().clone();
    client.state_on().await?;
    let (mut is_given, mut asked) = (false, 0);
    while let Some(item) = session.next().await {
        match item {
            Ok(Item::Request(Request::Hold(hold))) => hold.release().await?,
            Ok(Item::Request(Request::NeedStr(ask))) if *ask.name() == "pkcs11-id-request" => {
                choose(ask, &client, id).await?;
            }
            // OpenVPN does not say that it was wrong, but asks again. A token is locked after a few wrong ones.
            Ok(Item::Request(Request::PrivateKeyPassword(ask))) if is_given => {
                show("the PIN is wrong, and not tried again");
                ask.decline();
                return Ok(());
            }
            Ok(Item::Request(Request::PrivateKeyPassword(ask))) => {
                show(format!("the PIN of the {} is given", ask.realm()));
                ask.answer(pin).await?;
                is_given = true;
            }
            Ok(Item::Request(Request::NeedOk(ask))) => {
                asked += 1;
                insert(ask, asked).await?;
            }
            Ok(Item::Request(other)) => other.decline().await?,
            Ok(Item::Event(Event::State(state))) => {
                is_given &= state.name != StateName::Connected;
                show(state);
            }
            Ok(_) => {}
            Err(lagged) => show(lagged),
        }
    }
    show(format!("the connection ended: {}", client.closed().await));
    Ok(())
}

/// `needstr pkcs11-id-request ID`
async fn choose(ask: NeedStrRequest, client: &Client, id: Option<&str>) -> Result<()> {
    let mut ids = Vec::new();
    for index in 0..client.pkcs11_id_count().await?.count {
        ids.extend(client.pkcs11_id_get(index).await?.id);
    }
    for id in &ids {
        show(format!("a certificate: {id}"));
    }
    let first = ids.first().map(ToString::to_string);
    let id = id.map(str::to_owned).or(first).context("no token holds a certificate")?;
    show(format!("{}: {id}", ask.message()));
    Ok(ask.answer(id).await?)
}

/// `needok token-insertion-request ok`, once it is inserted.
async fn insert(ask: NeedOkRequest, times: u32) -> openvpn_mgmt::Result<()> {
    if times > PATIENCE {
        show(format!("{}: given up", ask.message()));
        return ask.cancel().await;
    }
    // Here a person would insert it.
    show(format!("{}: look again", ask.message()));
    ask.ok().await
}

/// A client with a token, which is ended when its tunnel is up; then one whose token is not there.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let token = lab.token("client")?;
    let options = || ClientOptions::to(&server).without_auth_user_pass().pkcs11(token.module());
    let pin = Token::PIN.into();
    let mut client = lab.client(options()).await?;
    let socket = client.socket().to_owned();
    tokio::try_join!(answer(socket, None, &pin), client.stop_when_up())?;

    let client = lab.client(options()).await?;
    let elsewhere = "SoftHSM\\x20project/SoftHSM\\x20v2/0123456789abcdef/elsewhere/01";
    answer(client.socket(), Some(elsewhere), &pin).await
}
