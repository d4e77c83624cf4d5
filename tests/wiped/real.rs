//! The same with a real server and a real client.

use anyhow::Result;
use lab::{ClientOptions, Lab, Process, Raw, ServerOptions, Version};

use crate::observed::{Observed, secret};

/// A manager at the daemon's socket, which lets it go on whenever it starts anew.
async fn manage(process: &Process) -> Result<Raw> {
    let mut raw = Raw::connect(process.socket()).await?;
    raw.ask("state on", "SUCCESS:").await?;
    raw.ask("hold off", "SUCCESS: hold flag").await?;
    raw.ask("hold release", "SUCCESS: hold release").await?;
    Ok(raw)
}

async fn types(client: &mut Raw, username: &str, password: &str) -> Result<()> {
    client.expect(">PASSWORD:Need 'Auth'").await?;
    client.ask(&format!("username Auth {username}"), "SUCCESS: 'Auth' username").await?;
    client.ask(&format!("password Auth {password}"), "SUCCESS: 'Auth' password").await?;
    Ok(())
}

/// The program is at the server, and the secret is what the client's user types.
#[tokio::test]
async fn a_server_forgets_its_clients() -> Result<()> {
    let test = "a_server_forgets_its_clients";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let mut program = Observed::start(test, server.socket())?;
    program.is_at("over").await?;
    let process = lab.client(ClientOptions::to(&server).auth_retry_interact()).await?;
    let mut client = manage(&process).await?;

    let secrets = [secret()];
    types(&mut client, "denied", &secrets[0]).await?;
    program.holds("client", &secrets).await?;
    program.forgets("client", &secrets).await?;

    let secrets = [secret()];
    types(&mut client, "alice", &secrets[0]).await?;
    program.holds("client", &secrets).await?;
    program.forgets("client", &secrets).await?;
    client.expect("CONNECTED,SUCCESS").await?;
    program.has_none("client that is in", &secrets)
}

/// The program is at the client, and the secret is the link that the server gives it.
#[tokio::test]
async fn a_client_forgets_its_page() -> Result<()> {
    let test = "a_client_forgets_its_page";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let mut manager = manage(&server).await?;
    let options = ClientOptions::to(&server).line("setenv IV_SSO webauth");
    let client = lab.client(options).await?;
    let mut program = Observed::start(test, client.socket())?;
    manager.expect(">CLIENT:CONNECT,0,").await?;

    let secrets = [secret()];
    // OpenVPN 2.5 takes neither the client's key nor a timeout.
    let (kid, timeout) =
        if lab.daemon().version() < Version::new(2, 6, 0) { ("", "") } else { (" 1", " 600") };
    let link = format!("WEB_AUTH::https://x/{}", secrets[0]);
    let pending = format!("client-pending-auth 0{kid} \"{link}\"{timeout}");
    manager.ask(&pending, "SUCCESS: client-pending-auth").await?;
    program.holds("page", &secrets).await?;
    program.forgets("page", &secrets).await
}
