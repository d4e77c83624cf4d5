//! `auth_server`, beside a server.

use anyhow::{Context as _, Result};
use lab::{ClientOptions, Lab, Process, Raw, ServerOptions};

use crate::{start, start_unread};

const USERS: &str = "alice:first\nal ice:pass word\n";

/// A server, and what the example is started with to decide about its clients.
async fn serve(lab: &Lab, options: ServerOptions) -> Result<(Process, [String; 2])> {
    let server = lab.server(options).await?;
    let users = lab.dir().join("users.txt");
    std::fs::write(&users, USERS)?;
    let arguments = [server.socket(), &users].map(|path| path.display().to_string());
    Ok((server, arguments))
}

/// A client that asks for user name and password, out of its hold.
pub(crate) async fn client(lab: &Lab, server: &Process, lines: &str) -> Result<(Process, Raw)> {
    let options = ClientOptions::to(server).auth_retry_interact().line(lines);
    let process = lab.client(options).await?;
    let mut raw = Raw::connect(process.socket()).await?;
    raw.ask("state on", "SUCCESS:").await?;
    raw.ask("hold off", "SUCCESS: hold flag").await?;
    raw.ask("hold release", "SUCCESS: hold release").await?;
    Ok((process, raw))
}

pub(crate) async fn types(client: &mut Raw, password: &str) -> Result<()> {
    client.expect(">PASSWORD:Need 'Auth'").await?;
    client.ask("username Auth 'al ice'", "SUCCESS: 'Auth' username").await?;
    client.ask(&format!("password Auth '{password}'"), "SUCCESS: 'Auth' password").await?;
    Ok(())
}

pub(crate) const DENIED: &str = "Failed: 'Auth' ['Wrong user name or password']";

#[tokio::test]
async fn it_lets_in_whose_password_is_right() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("it_lets_in_whose_password_is_right")? else {
        return Ok(());
    };
    let (server, arguments) = serve(&lab, ServerOptions::new()).await?;
    let mut program = start("auth_server", &arguments.each_ref().map(String::as_str))?;
    program.sees("connected; 2 users").await?;
    // By packets, which leaves both sides their time to answer.
    let renews = "pull-filter ignore ping\nping 1\nreneg-pkts 3";
    let (_client, mut client) = client(&lab, &server, renews).await?;
    for wrong in ["nonsense", "first"] {
        types(&mut client, wrong).await?;
        program.sees("al ice connects: denied").await?;
        client.expect(DENIED).await?;
    }
    types(&mut client, "pass word").await?;
    program.sees("al ice connects: let in").await?;
    client.expect("CONNECTED,SUCCESS").await?;
    program.sees("al ice renews its keys: let in").await?;
    drop(server);
    let end = program.ends().await?;
    end.succeeded().shows("the connection ended: ");
    assert!(end.errors.contains("THIS IS A SKETCH"), "{}", end.errors);
    for secret in ["nonsense", "first", "pass word"] {
        assert!(!end.output.contains(secret), "{}", end.output);
    }
    Ok(())
}

#[tokio::test]
async fn clients_are_decided_about_while_nobody_reads_it() -> Result<()> {
    let test = "clients_are_decided_about_while_nobody_reads_it";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let (server, arguments) = serve(&lab, ServerOptions::new()).await?;
    let (_program, _output) =
        start_unread("auth_server", &arguments.each_ref().map(String::as_str))?;
    let (_client, mut client) = client(&lab, &server, "").await?;
    types(&mut client, "nonsense").await?;
    client.expect(DENIED).await?;
    types(&mut client, "pass word").await?;
    client.expect("CONNECTED,SUCCESS").await?;
    Ok(())
}

#[tokio::test]
async fn users_that_cannot_be_read_are_refused() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let file = folder.path().join("users.txt");
    std::fs::write(&file, "alice:first\nbob s3cret\n")?;
    let file = file.to_str().context("not UTF-8")?;
    let end = start("auth_server", &["nowhere", file])?.ends().await?;
    end.failed_with("line 2 is not name:password");
    assert!(!end.errors.contains("s3cret"), "{}", end.errors);
    Ok(())
}

#[tokio::test]
async fn challenge_asks_for_a_code_and_denies_a_wrong_one() -> Result<()> {
    let test = "challenge_asks_for_a_code_and_denies_a_wrong_one";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let mut program = start("challenge", &[&server.socket().display().to_string()])?;
    let (_client, mut client) = client(&lab, &server, "setenv IV_SSO crtext").await?;
    for (code, is_right) in [("NjU0MzIx", false), ("MTIzNDU2", true)] {
        client.expect(">PASSWORD:Need 'Auth'").await?;
        client.ask("username Auth alice", "SUCCESS: 'Auth' username").await?;
        client.ask("password Auth 'open sesame'", "SUCCESS: 'Auth' password").await?;
        program.sees("alice: is asked for a code while it waits").await?;
        client.expect(">INFOMSG:CR_TEXT:R,E:Your code").await?;
        client.ask(&format!("cr-response {code}"), "SUCCESS: ").await?;
        program.sees(if is_right { "alice: let in" } else { "alice: wrong code" }).await?;
        client.expect(if is_right { "CONNECTED,SUCCESS" } else { "Wrong code" }).await?;
    }
    drop(server);
    program.ends().await?.succeeded().shows("the connection ended: ");
    Ok(())
}
