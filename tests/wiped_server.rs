//! After a `server` has handed out what a manager sent, and that was dropped, no secret of it is in the memory of
//! the process.
//!
//! The program that serves is another process, which this test starts from its own file, so that the secrets are
//! there by its socket alone.
#![cfg(all(target_os = "linux", feature = "server"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "nothing outside could reach it")]

#[path = "wiped/memory.rs"]
mod memory;

use std::process::{Child, Command as Program, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openvpn_mgmt::command::Dialect;
use openvpn_mgmt::server::{Connection, ReceivedCommand, Reply, Server};
use rand::Rng as _;
use rand::distr::Alphanumeric;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use memory::{Parts, search};

const SOCKET: &str = "WIPED_SERVER_SOCKET";
const PATIENCE: Duration = Duration::from_secs(30);

/// The program: of `needstr` it keeps what it was given until `pid` comes.
#[tokio::test]
#[ignore = "the other test starts it"]
async fn serves() {
    let Ok(socket) = std::env::var(SOCKET) else { return };
    let stream = UnixStream::connect(socket).await.unwrap();
    let mut daemon = Connection::new(stream, Server::new(Dialect::openvpn(2, 7, 8)));
    daemon.server().blocks().password(Some("Auth"));
    let mut kept = None;
    while let Some(received) = daemon.next().await.unwrap() {
        match received.command() {
            ReceivedCommand::NeedStr(_) => kept = Some(received),
            ReceivedCommand::Pid(_) => kept = None,
            _ => drop(received),
        }
        daemon.reply(Reply::success(if kept.is_some() { "kept" } else { "gone" })).await.unwrap();
    }
}

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn secret() -> String {
    rand::rng().sample_iter(&Alphanumeric).take(40).map(char::from).collect()
}

/// Sends a line and waits for its reply.
async fn ask(stream: &mut UnixStream, line: &str, reply: &str) -> Result<()> {
    stream.write_all(line.as_bytes()).await?;
    let mut said = vec![0; reply.len()];
    timeout(PATIENCE, stream.read_exact(&mut said)).await??;
    ensure!(said == reply.as_bytes(), "{}", said.escape_ascii());
    Ok(())
}

#[tokio::test]
async fn a_server_forgets_what_it_has_handed_out() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket)?;
    let program = Program::new(std::env::current_exe()?)
        .args(["--exact", "serves", "--ignored", "--nocapture"])
        .env(SOCKET, &socket)
        .stdout(Stdio::null())
        .spawn()?;
    let serving = Serving(program);
    let (mut stream, _) = timeout(PATIENCE, listener.accept()).await??;
    let secrets: Vec<String> = (0..7).map(|_| secret()).collect();
    let [kept, username, password, long, open, response, lost] = secrets.as_slice() else {
        unreachable!("there are seven")
    };
    let (long, response) = (STANDARD.encode(long), STANDARD.encode(response));
    let parts = Parts::of(&[secrets.as_slice(), &[long.clone(), response.clone()]].concat());
    let gone = "SUCCESS: gone\r\n";

    ask(&mut stream, &format!("needstr PIN \"{kept}\"\n"), "SUCCESS: kept\r\n").await?;
    let found = search(serving.0.id(), &parts)?;
    ensure!(!found.is_empty(), "a secret that is held is not found");
    ask(&mut stream, "pid\n", gone).await?;
    for line in [
        format!("username Auth \"{username}\"\n"),
        format!("password Auth {password}\n"),
        format!("password Auth\n{long}\nEND\n"),
        format!("password Auth \"{open}\n"),
        format!("cr-response {response}\n"),
        format!("{lost}{}\npid\n", "x".repeat(1100)),
    ] {
        // The end of the last is a line of its own.
        let replies = if line.starts_with(lost) { 2 } else { 1 };
        ask(&mut stream, &line, &gone.repeat(replies)).await?;
    }
    let found = search(serving.0.id(), &parts)?;
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}
