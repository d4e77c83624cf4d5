//! A server whose clients sign in; its daemon is scripted.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};

use crate::observed::{Observed, secret};
use openvpn_mgmt_test::scripted::Daemon;

/// A program and its scripted daemon.
pub struct Setup {
    pub program: Observed,
    pub daemon: Daemon<UnixStream>,
    _folder: TempDir,
}

impl Setup {
    pub async fn new(test: &'static str) -> Result<Self> {
        let folder = TempDir::new()?;
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path)?;
        let mut program = Observed::start(test, &path)?;
        let mut daemon = Daemon::on(listener.accept().await?.0);
        daemon.greets(5).await.gets_ready().await;
        program.is_at("connected").await?;
        Ok(Self { program, daemon, _folder: folder })
    }
}

/// The lines of a client that signs in.
fn client(first: &str, username: &str, password: &str, token: &str) -> String {
    format!(
        ">CLIENT:{first}\r\n>CLIENT:ENV,untrusted_ip=192.0.2.1\r\n>CLIENT:ENV,username={username}\r\n\
         >CLIENT:ENV,password={password}\r\n>CLIENT:ENV,auth_token={token}\r\n\
         >CLIENT:ENV,common_name=x\r\n>CLIENT:ENV,END\r\n"
    )
}

#[tokio::test]
async fn a_password_and_a_token() -> Result<()> {
    let mut setup = Setup::new("a_password_and_a_token").await?;
    let secrets = [secret(), secret()];
    let asks = client("CONNECT,0,1", "allowed", &secrets[0], &secrets[1]);
    setup.daemon.says(asks).await;
    setup.program.holds("client", &secrets).await?;
    setup.daemon.hears("client-auth-nt 0 1").await;
    setup.daemon.says("SUCCESS: client-auth command succeeded\r\n").await;
    setup.program.forgets("client", &secrets).await?;

    let secrets = [secret(), secret()];
    let asks = client("REAUTH,0,2", "allowed", &secrets[0], &secrets[1]);
    setup.daemon.says(asks).await;
    setup.program.holds("client", &secrets).await?;
    setup.daemon.hears("client-auth 0 2").await.hears("push \"echo again\"").await;
    setup.daemon.hears("END").await.says("SUCCESS: client-auth command succeeded\r\n").await;
    setup.program.forgets("client", &secrets).await
}

#[tokio::test]
async fn a_line_that_comes_in_pieces() -> Result<()> {
    let mut setup = Setup::new("a_line_that_comes_in_pieces").await?;
    let secrets = [secret(), secret()];
    let asks = client("CONNECT,0,1", "denied", &secrets[0], &secrets[1]);
    // Each piece ends inside a secret, behind a line that the program tells when it has read the piece.
    let (first, rest) = asks.split_at(asks.find(&secrets[0]).unwrap() + 20);
    let (end, rest) = rest.split_at(rest.find('>').unwrap());
    let (second, third) = rest.split_at(rest.find(&secrets[1]).unwrap() + 20);
    setup.daemon.says(format!(">LOG:1700000000,I,1\r\n{first}")).await;
    setup.program.is_at("log 1").await?;
    setup.daemon.says(format!("{end}>LOG:1700000000,I,2\r\n{second}")).await;
    setup.program.is_at("log 2").await?;
    setup.daemon.says(third).await;
    setup.program.holds("client", &secrets).await?;
    setup.daemon.hears("client-deny 0 1 \"no\" \"No.\"").await;
    setup.daemon.says("SUCCESS: client-deny command succeeded\r\n").await;
    setup.program.forgets("client", &secrets).await
}

#[tokio::test]
async fn a_client_that_leaves() -> Result<()> {
    let mut setup = Setup::new("a_client_that_leaves").await?;
    let secrets = [secret(), secret()];
    setup.daemon.says(client("CONNECT,0,1", "leaves", &secrets[0], &secrets[1])).await;
    setup.program.holds("client", &secrets).await?;
    // The daemon repeats what the client signed in with.
    setup.daemon.says(client("DISCONNECT,0", "leaves", &secrets[0], &secrets[1])).await;
    setup.daemon.says(">LOG:1700000000,I,gone\r\n").await;
    setup.program.is_at("over").await?;
    setup.program.is_at("log gone").await?;
    setup.program.has_none("client that left", &secrets)
}

#[tokio::test]
async fn a_response_while_a_client_waits() -> Result<()> {
    let mut setup = Setup::new("a_response_while_a_client_waits").await?;
    let [password, code] = [secret(), secret()];
    let both = format!("SCRV1:{}:{}", STANDARD.encode(&password), STANDARD.encode(&code));
    let token = secret();
    let secrets = [password, code, token, both];
    setup.daemon.says(client("CONNECT,0,1", "asked", &secrets[3], &secrets[2])).await;
    setup.program.holds("client", &secrets).await?;
    setup.daemon.hears("client-pending-auth 0 1 \"CR_TEXT:R:Code\" 600").await;
    setup.daemon.says("SUCCESS: client-pending-auth command succeeded\r\n").await;
    setup.program.forgets("client", &secrets).await?;

    let response = secret();
    let secrets = [STANDARD.encode(&response), response];
    let response = format!(">CLIENT:CR_RESPONSE,0,1,{}\r\n>CLIENT:ENV,END\r\n", secrets[0]);
    setup.daemon.says(response).await;
    setup.program.holds("response", &secrets).await?;
    setup.daemon.hears("client-auth-nt 0 1").await;
    setup.daemon.says("SUCCESS: client-auth command succeeded\r\n").await;
    setup.program.forgets("response", &secrets).await
}
