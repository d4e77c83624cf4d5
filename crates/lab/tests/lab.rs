//! The lab itself, in raw bytes: what every other test with a real daemon stands on.

use std::time::Duration;

use anyhow::{Context as _, Result};
use lab::{ClientOptions, DEADLINE, KeyKind, Lab, Raw, ServerOptions, skip};
use tokio::io::{AsyncBufReadExt as _, BufReader};

async fn managed(socket: &std::path::Path) -> Result<Raw> {
    let mut raw = Raw::connect(socket).await?;
    raw.expect(">INFO:").await?;
    raw.ask("state on", "SUCCESS: real-time state").await?;
    raw.ask("hold release", "SUCCESS: hold release succeeded").await?;
    Ok(raw)
}

async fn credentials(client: &mut Raw) -> Result<()> {
    client.expect(">PASSWORD:Need 'Auth' username/password").await?;
    client.ask("username Auth alice", "SUCCESS: 'Auth' username entered").await?;
    client.ask("password Auth secret", "SUCCESS: 'Auth' password entered").await?;
    Ok(())
}

async fn admit(server: &mut Raw) -> Result<()> {
    let line = server.expect(">CLIENT:CONNECT,").await?;
    let ids = line.rsplit("CONNECT,").next().context("no ids")?.replace(',', " ");
    server.expect(">CLIENT:ENV,END").await?;
    server.ask(&format!("client-auth-nt {ids}"), "SUCCESS: client-auth command succeeded").await?;
    Ok(())
}

#[tokio::test]
async fn server_and_client_connect_and_end() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("server_and_client_connect_and_end")? else {
        return Ok(());
    };
    let mut server = lab.server(ServerOptions::new()).await?;
    let mut client = lab.client(ClientOptions::to(&server).common_name("alice")).await?;
    let mut at_server = managed(server.socket()).await?;
    at_server.expect("CONNECTED,SUCCESS").await.with_context(|| server.log())?;
    let mut at_client = managed(client.socket()).await?;
    credentials(&mut at_client).await?;
    admit(&mut at_server).await?;
    at_client.expect("CONNECTED,SUCCESS").await.with_context(|| client.log())?;
    at_server.expect(">CLIENT:ESTABLISHED,").await?;
    let (client_pid, server_pid) = (client.pid(), server.pid());
    at_client.ask("pid", &format!("SUCCESS: pid={client_pid}")).await?;
    at_server.ask("pid", &format!("SUCCESS: pid={server_pid}")).await?;
    at_client.ask("signal SIGTERM", "SUCCESS: signal SIGTERM thrown").await?;
    at_server.ask("signal SIGTERM", "SUCCESS: signal SIGTERM thrown").await?;
    client.wait().await?;
    server.wait().await?;
    Ok(())
}

#[tokio::test]
async fn tcp_server_and_rsa_client_connect() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("tcp_server_and_rsa_client_connect")? else {
        return Ok(());
    };
    let server = lab.server(ServerOptions::new().tcp().without_client_auth()).await?;
    let options = ClientOptions::to_tcp(&server).key(KeyKind::Rsa).without_auth_user_pass();
    let client = lab.client(options).await?;
    managed(server.socket()).await?.expect("CONNECTED,SUCCESS").await?;
    managed(client.socket()).await?.expect("CONNECTED,SUCCESS").await?;
    Ok(())
}

#[tokio::test]
async fn encrypted_key_is_asked_for() -> Result<()> {
    let Some(lab) = Lab::or_skip("encrypted_key_is_asked_for")? else { return Ok(()) };
    let options = ClientOptions::new().key(KeyKind::Encrypted("pass phrase".to_owned()));
    let options = options.without_auth_user_pass().management_password("let me in");
    let client = lab.client(options).await?;
    let mut raw = Raw::connect(client.socket()).await?;
    raw.expect("ENTER PASSWORD:").await?;
    raw.ask("let me in", "SUCCESS: password is correct").await?;
    raw.ask("hold release", "SUCCESS: hold release succeeded").await?;
    raw.expect(">PASSWORD:Need 'Private Key' password").await?;
    raw.ask("password 'Private Key' 'pass phrase'", "SUCCESS: 'Private Key' password").await?;
    Ok(())
}

#[tokio::test]
async fn token_is_listed() -> Result<()> {
    let Some(lab) = Lab::or_skip("token_is_listed")? else { return Ok(()) };
    let token = match lab.token("carol") {
        Ok(token) => token,
        Err(error) => {
            skip("token_is_listed", &error);
            return Ok(());
        }
    };
    let options = ClientOptions::new().without_auth_user_pass().pkcs11(token.module());
    let client = lab.client(options).await?;
    let mut raw = Raw::connect(client.socket()).await?;
    raw.ask("hold release", "SUCCESS: hold release succeeded").await?;
    raw.expect(">NEED-STR:Need 'pkcs11-id-request'").await.with_context(|| client.log())?;
    raw.ask("pkcs11-id-count", ">PKCS11ID-COUNT:1").await?;
    raw.ask("pkcs11-id-get 0", ">PKCS11ID-ENTRY:'0', ID:'").await?;
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_behind() -> Result<()> {
    let Some(lab) = Lab::or_skip("nothing_is_left_behind")? else { return Ok(()) };
    let client = lab.client(ClientOptions::new()).await?;
    let process = format!("/proc/{}", client.pid());
    let dir = lab.dir().to_owned();
    assert!(dir.exists());
    drop(client);
    assert!(!std::path::Path::new(&process).exists());
    drop(lab);
    assert!(!dir.exists());
    Ok(())
}

#[tokio::test]
async fn a_daemon_that_ends_at_once_says_why() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_daemon_that_ends_at_once_says_why")? else { return Ok(()) };
    let error = lab.client(ClientOptions::new().line("no-such-option")).await.unwrap_err();
    assert!(error.to_string().contains("no-such-option"), "{error}");
    Ok(())
}

/// Not a test: what `daemons_end_with_a_killed_test_process` starts and kills.
#[tokio::test]
#[ignore = "waits to be killed; started by another test"]
async fn daemon_until_killed() -> Result<()> {
    let client = Lab::new()?.client(ClientOptions::new()).await?;
    println!("daemon {}", client.pid());
    std::future::pending().await
}

#[tokio::test]
async fn daemons_end_with_a_killed_test_process() -> Result<()> {
    let name = "daemons_end_with_a_killed_test_process";
    let Some(lab) = Lab::or_skip(name)? else { return Ok(()) };
    if !lab::daemons_die_with_us() {
        skip(name, &"there is no setpriv program to tie daemons to their parent");
        return Ok(());
    }
    let mut parent = tokio::process::Command::new(std::env::current_exe()?)
        .args(["--exact", "daemon_until_killed", "--ignored", "--nocapture"])
        .env("TMPDIR", lab.dir())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut output = BufReader::new(parent.stdout.take().context("no output")?).lines();
    let daemon = loop {
        let line = output.next_line().await?.context("no daemon was started")?;
        if let Some((_, pid)) = line.split_once("daemon ") {
            break pid.to_owned();
        }
    };
    assert!(is_alive(&daemon));
    parent.kill().await?;
    let mut poll = tokio::time::interval(Duration::from_millis(5));
    let ended = async {
        while is_alive(&daemon) {
            poll.tick().await;
        }
    };
    tokio::time::timeout(DEADLINE, ended).await.context("the daemon still runs")?;
    Ok(())
}

/// A zombie that nobody has reaped yet has ended.
fn is_alive(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}
