//! `auth_server`, run unattended on real daemons.

mod make_user;
mod second_factor;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::Result;
use lab::{ClientOptions, Lab, Program, Raw, ServerOptions};
use nix::sys::signal::Signal;
use tokio::io::AsyncWriteExt as _;

const PROGRAM: &str = env!("CARGO_BIN_EXE_auth_server");

/// Runs its demonstration to the end, which is to be a good one, and looks for lines in their order.
async fn shows(test: &str, arguments: &[&str], lines: &[&str]) -> Result<()> {
    if Lab::serving_or_skip(test)?.is_none() {
        return Ok(());
    }
    let mut program = Program::start(PROGRAM, arguments, Stdio::null())?;
    for line in lines {
        program.sees(line).await?;
    }
    assert!(program.ends().await?.status.success());
    Ok(())
}

#[tokio::test]
async fn auth_server_shows_password_and_code() -> Result<()> {
    let lines = [
        "alice connects: password is right, asked for a code (CRV1)",
        "alice connects: let in: password and code (CRV1) are right",
        "CONNECTED as 10.",
        "alice renews its keys: let in: the session goes on",
        "alice connects: let in: the session goes on",
        "alice connects: denied: wrong code",
        "mallory connects: denied: wrong user name or password",
        "bob connects: let in: password and code (CR_TEXT) are right",
        "ok        the user is in, at the first attempt",
    ];
    shows("auth_server_shows_password_and_code", &[], &lines).await
}

#[tokio::test]
async fn auth_server_does_without_tokens() -> Result<()> {
    let lines =
        ["renews its keys: let in: the session goes on", "nobody was asked", "at the first"];
    let test = "auth_server_does_without_tokens";
    shows(test, &["--without-tokens"], &lines).await
}

#[tokio::test]
async fn ctrl_c_leaves_nothing() -> Result<()> {
    if Lab::serving_or_skip("ctrl_c_leaves_nothing")?.is_none() {
        return Ok(());
    }
    let mut program = Program::start(PROGRAM, &[], Stdio::null())?;
    program.sees("types user name and password").await?;
    assert_eq!(program.stop(Signal::SIGINT).await?.status.code(), Some(130));
    Ok(())
}

#[tokio::test]
async fn auth_server_attaches_to_a_server_of_ones_own() -> Result<()> {
    let test = "auth_server_attaches_to_a_server_of_ones_own";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let users = lab.dir().join("users.toml");
    write_private(&users, &new_user("al ice", "pass word").await?)?;
    let password = lab.dir().join("password");
    std::fs::write(&password, "let me in\n")?;
    let server = lab.server(ServerOptions::new().management_password("let me in")).await?;

    let paths = [server.socket(), &users, &password].map(|path| path.display().to_string());
    let [socket, users, password] = paths.each_ref().map(String::as_str);
    let arguments = ["--connect", socket, "--users", users, "--password-file", password];
    let mut program = Program::start(PROGRAM, &arguments, Stdio::null())?;
    program.sees("1 users").await?;

    let client = lab.client(ClientOptions::to(&server).auth_retry_interact()).await?;
    let mut client = Raw::connect(client.socket()).await?;
    client.ask("hold off", "SUCCESS: hold flag").await?;
    client.ask("hold release", "SUCCESS: hold release").await?;
    for (secret, answer, line) in [
        (
            "nonsense",
            "Failed: 'Auth' ['Wrong user name, password or code']",
            "denied: wrong user name",
        ),
        ("pass word", "Failed: 'Auth' ['CRV1:R,E:", "password is right"),
    ] {
        client.expect(">PASSWORD:Need 'Auth'").await?;
        client.ask("username Auth 'al ice'", "SUCCESS: 'Auth' username").await?;
        client.ask(&format!("password Auth '{secret}'"), "SUCCESS: 'Auth' password").await?;
        program.sees(&format!("al ice connects: {line}")).await?;
        client.expect(answer).await?;
    }

    drop(server);
    assert_eq!(program.ends().await?.status.code(), Some(1), "a server that ends is an error");
    Ok(())
}

/// What `--make-user` prints.
async fn new_user(name: &str, password: &str) -> Result<String> {
    let mut program = Program::start(PROGRAM, &["--make-user", name], Stdio::piped())?;
    let mut input = program.take_input()?;
    input.write_all(password.as_bytes()).await?;
    drop(input);
    program.sees("totp = ").await?;
    Ok(program.seen().join("\n"))
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    let file = options.create_new(true).write(true).mode(0o600).open(path);
    Ok(file?.write_all(text.as_bytes())?)
}
