//! `credentials`, run unattended on real daemons.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use lab::{ClientOptions, End, Lab, Program, ServerOptions, Version, full_pipe, skip};
use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PROGRAM: &str = env!("CARGO_BIN_EXE_credentials");

/// Starts the program. Its own deadline is for people who wait; here others keep the machine busy.
fn start(arguments: &[&str]) -> Result<Program> {
    Program::with(PROGRAM, &[arguments, &["--deadline", "300"]].concat(), |command| {
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
    })
}

/// Gives every answer at once, as a pipe does.
async fn answer(program: &mut Program, answers: &[&str]) -> Result<()> {
    program.types(&(answers.join("\n") + "\n")).await
}

/// Not even in the traces; what the demo says on purpose stands in its line of stars.
fn hides(end: &End, secrets: &[&str]) {
    let output = end.output.lines().filter(|line| !line.starts_with("***"));
    for line in output.chain(end.errors.lines()) {
        for secret in secrets {
            assert!(!line.contains(secret), "a secret in: {line}");
        }
    }
}

/// Runs the demo with traces, and answers all it asks.
async fn credentials(scenario: &str, answers: &[&str]) -> Result<End> {
    let mut program = start(&["--scenario", scenario, "--verbose"])?;
    answer(&mut program, answers).await?;
    program.ends().await
}

const PASSWORD: &str = "open sesame";
const CODE: &str = "123456";
const WRONG: &str = "b4d-gu3ss";
const CONNECTED: &str = "tunnel CONNECTED";

#[tokio::test]
async fn a_wrong_password_is_asked_for_again() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_wrong_password_is_asked_for_again")? else {
        return Ok(());
    };
    let end = credentials("plain", &["alice", WRONG, "alice", PASSWORD]).await?;
    end.succeeded().shows("verification of 'Auth' failed: wrong user name or password");
    end.shows("User name: (from the script)").shows(CONNECTED);
    hides(&end, &[WRONG, PASSWORD]);
    Ok(())
}

#[tokio::test]
async fn a_static_challenge_is_answered() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_static_challenge_is_answered")? else { return Ok(()) };
    let answers = ["alice", PASSWORD, WRONG, "alice", PASSWORD, CODE];
    let end = credentials("static", &answers).await?;
    end.succeeded().shows("verification of 'Auth' failed: wrong code").shows(CONNECTED);
    end.shows("Code of your token: (from the script)");
    hides(&end, &[WRONG, PASSWORD, CODE]);
    Ok(())
}

#[tokio::test]
async fn a_response_appended_to_the_password_is_answered() -> Result<()> {
    let name = "a_response_appended_to_the_password_is_answered";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let answers = ["alice", PASSWORD, WRONG, "alice", PASSWORD, CODE];
    let end = credentials("static-concat", &answers).await?;
    if lab.daemon().version() < Version::new(2, 7, 0) {
        end.failed_with("needs OpenVPN 2.7");
    } else {
        end.succeeded().shows(CONNECTED);
        hides(&end, &[WRONG, PASSWORD, CODE]);
    }
    Ok(())
}

#[tokio::test]
async fn a_dynamic_challenge_is_answered() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_dynamic_challenge_is_answered")? else { return Ok(()) };
    let answers = ["alice", PASSWORD, WRONG, "alice", PASSWORD, CODE];
    let end = credentials("dynamic", &answers).await?;
    end.succeeded().shows("verification of 'Auth' failed: wrong code").shows(CONNECTED);
    end.shows("a code is wanted");
    hides(&end, &[WRONG, PASSWORD, CODE, "CRV1"]);
    Ok(())
}

#[tokio::test]
async fn a_challenge_while_waiting_is_answered() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_challenge_while_waiting_is_answered")? else {
        return Ok(());
    };
    let answers = ["alice", PASSWORD, WRONG, "alice", PASSWORD, CODE];
    let end = credentials("pending", &answers).await?;
    end.succeeded().shows("is to wait").shows("failed: wrong code").shows(CONNECTED);
    hides(&end, &[WRONG, PASSWORD, CODE]);
    Ok(())
}

#[tokio::test]
async fn a_page_to_open_is_shown() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_page_to_open_is_shown")? else { return Ok(()) };
    let mut program = start(&["--scenario", "web"])?;
    answer(&mut program, &["alice", PASSWORD]).await?;
    let line = program.sees("Open this page: http://").await?;
    let (address, path) = line
        .split_once("http://")
        .and_then(|(_, url)| url.split_once('/'))
        .context("the page has no address")?;
    let mut browser = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    browser.write_all(request.as_bytes()).await?;
    let mut page = String::new();
    browser.read_to_string(&mut page).await?;
    assert!(page.contains("200 OK"), "{page}");
    program.ends().await?.succeeded().shows(CONNECTED);
    Ok(())
}

#[tokio::test]
async fn the_password_of_a_private_key_is_asked_for() -> Result<()> {
    let name = "the_password_of_a_private_key_is_asked_for";
    let Some(_) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let end = credentials("key-password", &[WRONG, PASSWORD]).await?;
    end.succeeded().shows("verification of 'Private Key' failed").shows(CONNECTED);
    hides(&end, &[WRONG, PASSWORD]);
    Ok(())
}

#[tokio::test]
async fn the_pin_of_a_token_is_asked_for() -> Result<()> {
    let name = "the_pin_of_a_token_is_asked_for";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    if let Err(error) = lab.token("alice") {
        skip(name, &error);
        return Ok(());
    }
    let end = credentials("token", &[WRONG, lab::Token::PIN]).await?;
    end.succeeded().shows("certificate 0: SoftHSM").shows("PIN of 'lab token'").shows(CONNECTED);
    hides(&end, &[WRONG]);
    Ok(())
}

#[tokio::test]
async fn without_an_answer_it_ends() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("without_an_answer_it_ends")? else { return Ok(()) };
    let end = credentials("plain", &["alice"]).await?;
    end.failed_with("there is no answer to: Password");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_the_daemon_would_not_take_ends_it() -> Result<()> {
    let name = "an_answer_that_the_daemon_would_not_take_ends_it";
    let Some(_) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let long = "x".repeat(5_000);
    // No user name is left for a second question.
    let end = credentials("plain", &["alice", &long]).await?;
    end.failed_with("password is 5000 bytes long, the limit is 4095");
    Ok(())
}

#[tokio::test]
async fn ctrl_c_ends_it_in_the_middle_of_a_question() -> Result<()> {
    let name = "ctrl_c_ends_it_in_the_middle_of_a_question";
    let Some(_) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let mut program = start(&["--scenario", "plain"])?;
    answer(&mut program, &["alice"]).await?;
    program.sees("User name:").await?;
    let end = program.stop(Signal::SIGINT).await?;
    assert_eq!(end.status.code(), Some(130), "{}", end.errors);
    assert!(end.errors.contains("stopped by Ctrl-C"), "{}", end.errors);
    Ok(())
}

#[tokio::test]
async fn a_daemon_of_the_user_is_answered() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("a_daemon_of_the_user_is_answered")? else {
        return Ok(());
    };
    // The certificate is enough for this server.
    let options = ServerOptions::new().without_hold().without_client_auth();
    let server = lab.server(options).await?;
    let options = ClientOptions::new().key(lab::KeyKind::Encrypted(PASSWORD.to_owned()));
    let options = options.remote("127.0.0.1", server.port().context("no port")?, lab::Proto::Udp);
    let client = lab.client(options.without_auth_user_pass().management_password("let me in"));
    let mut client = client.await?;
    let password = lab.dir().join("password");
    let answers = lab.dir().join("answers");
    std::fs::write(&password, "let me in\n")?;
    std::fs::write(&answers, format!("{PASSWORD}\n"))?;
    let files = [client.socket(), &password, &answers].map(|path| path.display().to_string());
    let [socket, password, answers] = files.each_ref().map(String::as_str);
    let args = ["--connect", socket, "--password-file", password, "--answers", answers, "-v"];
    let end = start(&[&args[..], &["--once"]].concat())?.ends().await?;
    end.succeeded().shows(CONNECTED);
    hides(&end, &[PASSWORD, "let me in"]);
    assert!(client.is_running()?);
    // Attached to a tunnel that is up, it sees so at once.
    let args = ["--connect", socket, "--password-file", password, "--once"];
    start(&args)?.ends().await?.succeeded().shows(CONNECTED);
    Ok(())
}

#[tokio::test]
async fn it_comes_to_its_end_while_its_output_is_full() -> Result<()> {
    let test = "it_comes_to_its_end_while_its_output_is_full";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let answers = lab.dir().join("answers");
    std::fs::write(&answers, "alice\nopen sesame\n")?;
    let answers = answers.display().to_string();
    let arguments = ["--scenario", "plain", "--answers", &answers, "--verbose"];
    let (input, _output) = full_pipe()?;
    let errors = input.try_clone()?;
    let program = Program::with(PROGRAM, &arguments, |command| {
        command.stdin(Stdio::null()).stdout(input).stderr(errors);
    })?;
    assert!(program.ends().await?.status.success());
    Ok(())
}
