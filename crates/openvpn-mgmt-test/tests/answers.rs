//! Each command in each mode against what OpenVPN 2.5.1, 2.6.14 and 2.7.8 answered to it, and against
//! what the installed one answers.
//!
//! `answers/MODE.txt` was written down from real daemons: versions, the command, and the answer, with
//! `|` for a line end, `@` for one within the command, and holes for what varies.
#[path = "answers/random.rs"]
mod random;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{ClientOptions, Lab, Process, ServerOptions};
use openvpn_mgmt_test::{Daemon, Personality, SetUp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// A command, and what it is answered.
struct Answer {
    command: String,
    expected: String,
}

/// What a version answers in a mode.
fn answers(mode: &str, version: &str) -> Result<Vec<Answer>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/answers/{mode}.txt"));
    let mut answers = Vec::new();
    for line in std::fs::read_to_string(&path)?.lines() {
        let mut columns = line.splitn(3, '\t');
        let mut next = || columns.next().context("three columns");
        let (versions, command, expected) = (next()?, next()?, next()?);
        if versions.split(' ').any(|known| known == version) {
            let (command, expected) = (command.replace('@', "\n"), expected.to_owned());
            answers.push(Answer { command, expected });
        }
    }
    ensure!(answers.len() > 150, "{mode} {version}: {} answers", answers.len());
    Ok(answers)
}

/// Whether a text is what is expected, where holes are for digits, dots, dashes and colons.
fn fits(expected: &str, text: &str) -> bool {
    let Some((before, rest)) = expected.split_once('{') else { return expected == text };
    let Some((_, after)) = rest.split_once('}') else { return expected == text };
    let Some(text) = text.strip_prefix(before) else { return false };
    let varies = |c: char| c.is_ascii_digit() || ".-: ".contains(c);
    let end = text.find(|c| !varies(c)).unwrap_or(text.len());
    end > 0 && text.split_at_checked(end).is_some_and(|(_, text)| fits(after, text))
}

/// What is wrong with an answer.
fn wrong(answer: &Answer, said: &str) -> Option<String> {
    let said = said.replace("\r\n", "|");
    let Answer { command, expected } = answer;
    (!fits(expected, &said)).then(|| format!("{command:?}\n  not  {expected}\n  but  {said}"))
}

fn check(wrong: &[String]) -> Result<()> {
    ensure!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// The recorder sent a `pid` behind each command, and kept it where the command was one too.
fn asks_pid_as_well(command: &str) -> bool {
    command.contains("pid") && !command.contains('\'')
}

/// A fake that has come as far as the mode is named after.
fn fake(mode: &str, personality: Personality) -> Result<Daemon> {
    let (set_up, before) = match mode {
        "client_hold" => ("client, hold, query-passwords", ""),
        "client_prompt" => ("client, hold, query-passwords", "hold release\n"),
        "client_connected" => ("client, hold", "hold release\n"),
        "server_hold" => ("server, hold, client-auth", ""),
        _ => ("server, client-auth", ""),
    };
    let mut daemon = Daemon::new(personality, SetUp::parse(set_up)?);
    daemon.connect();
    daemon.receive(before.as_bytes());
    daemon.output();
    Ok(daemon)
}

fn check_fakes(mode: &str) -> Result<()> {
    for (personality, version) in Personality::ALL.into_iter().zip(["2.5", "2.6", "2.7"]) {
        let mut daemon = fake(mode, personality)?;
        let mut found = Vec::new();
        for answer in answers(mode, version)? {
            daemon.receive(format!("{}\n", answer.command).as_bytes());
            if asks_pid_as_well(&answer.command) {
                daemon.receive(b"pid\n");
            }
            found.extend(wrong(&answer, &String::from_utf8(daemon.output())?));
        }
        check(&found).with_context(|| format!("{mode} {version}"))?;
    }
    Ok(())
}

/// A real daemon that has come as far, and a server beside it.
async fn real(mode: &str, lab: &Lab) -> Result<(Process, Option<Process>)> {
    let client = ClientOptions::new;
    let without_auth = || ServerOptions::new().without_hold().without_client_auth();
    Ok(match mode {
        "client_hold" | "client_prompt" => (lab.client(client()).await?, None),
        "client_connected" => {
            let server = lab.server(without_auth()).await?;
            let options = ClientOptions::to(&server).without_auth_user_pass();
            (lab.client(options).await?, Some(server))
        }
        "server_hold" => (lab.server(ServerOptions::new()).await?, None),
        _ => (lab.server(ServerOptions::new().without_hold()).await?, None),
    })
}

/// Reads up to a text.
async fn read_to(stream: &mut UnixStream, text: &str) -> Result<String> {
    let mut said = String::new();
    let mut bytes = [0; 4096];
    while !said.contains(text) {
        let read = timeout(Duration::from_secs(30), stream.read(&mut bytes)).await;
        let count = read.with_context(|| format!("no {text:?} in {said:?}"))??;
        ensure!(count > 0, "closed behind {said:?}");
        said.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()));
    }
    Ok(said)
}

async fn ask(stream: &mut UnixStream, command: &str) -> Result<String> {
    // Nothing answers a `foo` by this, so that it marks the end.
    let end = "ERROR: signal 'end' is not a known signal type\r\n";
    let pid = if asks_pid_as_well(command) { "pid\n" } else { "" };
    stream.write_all(format!("{command}\n{pid}signal end\n").as_bytes()).await?;
    let said = read_to(stream, end).await?;
    Ok(said.replace(end, ""))
}

/// Goes on to what the mode is named after.
async fn come_as_far(mode: &str, stream: &mut UnixStream) -> Result<()> {
    let first = if mode.contains("hold") || mode.contains("client") { ">HOLD:" } else { ">INFO:" };
    read_to(stream, first).await?;
    match mode {
        "client_prompt" => {
            stream.write_all(b"hold release\n").await?;
            read_to(stream, "username/password\r\n").await?;
        }
        "client_connected" => {
            stream.write_all(b"state on\nhold release\n").await?;
            read_to(stream, "CONNECTED,SUCCESS").await?;
            stream.write_all(b"state off\n").await?;
            read_to(stream, "set to OFF\r\n").await?;
        }
        _ => {}
    }
    Ok(())
}

async fn check_real(mode: &str) -> Result<()> {
    let Some(lab) = Lab::serving_or_skip(mode)? else { return Ok(()) };
    let version = lab.daemon().version();
    let version = format!("{}.{}", version.major, version.minor);
    let (daemon, _server) = real(mode, &lab).await?;
    let mut stream = UnixStream::connect(daemon.socket()).await?;
    come_as_far(mode, &mut stream).await?;
    let mut found = Vec::new();
    for answer in answers(mode, &version)? {
        let said = ask(&mut stream, &answer.command).await.context(answer.command.clone())?;
        found.extend(wrong(&answer, &said));
    }
    check(&found).with_context(|| format!("{mode} {version}"))
}

macro_rules! modes {
    ($($fake:ident $real:ident $random:ident $mode:literal),* $(,)?) => {$(
        #[test]
        fn $fake() -> Result<()> {
            check_fakes($mode)
        }

        #[tokio::test]
        async fn $real() -> Result<()> {
            check_real($mode).await
        }

        #[tokio::test]
        async fn $random() -> Result<()> {
            random::check($mode).await
        }
    )*};
}

modes! {
    a_fake_client_in_a_hold a_real_client_in_a_hold any_client_in_a_hold "client_hold",
    a_fake_client_at_a_prompt a_real_client_at_a_prompt any_client_at_a_prompt "client_prompt",
    a_fake_connected_client a_real_connected_client any_connected_client "client_connected",
    a_fake_server_in_a_hold a_real_server_in_a_hold any_server_in_a_hold "server_hold",
    a_fake_server a_real_server any_server "server",
}
