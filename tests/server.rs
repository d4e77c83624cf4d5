//! What the `server` module makes of bytes, held against real daemons.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use anyhow::{Result, ensure};
use lab::{ClientOptions, DEADLINE, Lab, Version};
use openvpn_mgmt::command::Dialect;
use openvpn_mgmt::server::{PasswordTry, Received, ReceivedCommand, Reply, Server};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

const ROUNDS: usize = 600;

/// What lines are put together of: what a lexer minds, names, and what makes a line long.
const PIECES: &[&[u8]] = &[
    b"signal ",
    b"signal",
    b"foo ",
    b"client-auth ",
    b"pk-sig",
    b"certificate ",
    b"END",
    b"\nEND\n",
    b"7",
    b" 1",
    b" -1",
    b" x",
    b" ",
    b" ",
    b"\"",
    b"\"",
    b"'",
    b"\\",
    b"#",
    b";",
    b"\n",
    b"\n",
    b"\r\n",
    b"\t",
    b"\0",
    b"\x7f",
    b"\xe9",
    b"abc",
    b"a a a a a a a a a a a a a ",
    &[b'y'; 250],
    &[b'z'; 600],
];

fn payload(random: &mut StdRng) -> Vec<u8> {
    let pieces = random.random_range(1..30);
    (0..pieces).flat_map(|_| PIECES.choose(random).unwrap().iter().copied()).collect()
}

/// What a client in its hold answers to these lines.
fn answer(received: &Received, version: Version) -> Option<Reply> {
    let error = |text: &[&[u8]]| Some(Reply::error(text.concat()));
    match received.command() {
        ReceivedCommand::Empty => return None,
        ReceivedCommand::Unreadable(problem) => return error(&[&problem.answer()]),
        _ => {}
    }
    match (received.parameters().as_slice(), received.block()) {
        ([b"signal", name, ..], _) => error(&[b"signal '", name, b"' is not a known signal type"]),
        ([b"signal"], _) => error(&[b"the 'signal' command requires 1 parameter"]),
        ([b"client-auth", ..], Some(_)) => {
            let name =
                if version < Version::new(2, 6, 0) { "client-auth" } else { "'client-auth'" };
            error(&[
                b"The ",
                name.as_bytes(),
                b" command is not supported by the current daemon mode",
            ])
        }
        ([b"client-auth"] | [b"client-auth", _], _) => {
            error(&[b"the 'client-auth' command requires 2 parameters"])
        }
        ([b"client-auth", cid, ..], None) => {
            let bad = if is_scanned(cid) { "KID" } else { "CID" };
            error(&[b"cannot parse ", bad.as_bytes()])
        }
        ([name @ (b"pk-sig" | b"certificate"), ..], _) => {
            error(&[b"The ", name, b" command is not currently available"])
        }
        ([name, ..], _) if version >= Version::new(2, 7, 0) => {
            error(&[b"unknown command [", name, b"], enter 'help' for more options"])
        }
        _ => error(&[b"unknown command, enter 'help' for more options"]),
    }
}

fn is_scanned(id: &[u8]) -> bool {
    let id = id.trim_ascii_start();
    id.strip_prefix(b"-").unwrap_or(id).first().is_some_and(u8::is_ascii_digit)
}

/// What a daemon says to bytes, up to a text.
async fn said(stream: &mut UnixStream, bytes: &[u8], last: &str) -> Result<Vec<u8>> {
    stream.write_all(bytes).await?;
    let mut said = Vec::new();
    let reading = async {
        while !said.ends_with(last.as_bytes()) {
            ensure!(stream.read_buf(&mut said).await? > 0, "it closed");
        }
        Ok(())
    };
    let read = timeout(DEADLINE, reading).await;
    ensure!(read.is_ok(), "no `{last}` but {}", said.escape_ascii());
    read??;
    Ok(said)
}

#[tokio::test]
async fn any_bytes_are_read_as_a_daemon_reads_them() -> Result<()> {
    let Some(lab) = Lab::or_skip("any_bytes_are_read_as_a_daemon_reads_them")? else {
        return Ok(());
    };
    let client = lab.client(ClientOptions::new()).await?;
    let version = lab.daemon().version();
    let mut stream = UnixStream::connect(client.socket()).await?;
    said(&mut stream, b"", "release:0\r\n").await?;
    let mut server = Server::new(Dialect::openvpn(version.major, version.minor, version.patch));
    let mut random = StdRng::seed_from_u64(0x0076_706e);
    let mut refused = 0;
    for round in 0..ROUNDS {
        // Ends every line and block, whatever is lost of it.
        let fence = format!("END\nsignal fence-{round}\n");
        let end = [b"\n".repeat(1100).as_slice(), fence.as_bytes()].concat();
        let payload = payload(&mut random);
        let bytes = [payload.as_slice(), &end].concat();
        server.receive(&bytes);
        while let Some(received) = server.next() {
            refused += usize::from(matches!(received.command(), ReceivedCommand::Unreadable(_)));
            if let Some(reply) = answer(&received, version) {
                server.reply(reply)?;
            }
        }
        let expected = server.output();
        let last = format!("ERROR: signal 'fence-{round}' is not a known signal type\r\n");
        let got = said(&mut stream, &bytes, &last).await?;
        let (got, expected) = (got.escape_ascii().to_string(), expected.escape_ascii().to_string());
        assert_eq!(got, expected, "{}", payload.escape_ascii());
    }
    assert!(refused > ROUNDS / 10 && server.lost() > 20_000, "{refused} {}", server.lost());
    Ok(())
}

#[tokio::test]
async fn a_password_is_asked_for_as_a_daemon_asks() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_password_is_asked_for_as_a_daemon_asks")? else {
        return Ok(());
    };
    let client = lab.client(ClientOptions::new().management_password("sesame")).await?;
    for lines in ["a\nb\nc\nsesame\n", "\n\nsesame \n", "a\n\nsesame\r\nsignal x\nexit\n"] {
        let mut server = Server::new(Dialect::openvpn(2, 6, 14)).with_password("sesame");
        server.receive(lines.as_bytes());
        while let Some(received) = server.next() {
            match received.command() {
                ReceivedCommand::ManagementPassword(PasswordTry::Right) => server.event("INFO:")?,
                ReceivedCommand::Malformed { .. } => server.reply("ERROR: ")?,
                _ => {}
            }
        }
        assert!(server.is_ended());
        let mut stream = UnixStream::connect(client.socket()).await?;
        stream.write_all(lines.as_bytes()).await?;
        let mut said = Vec::new();
        // Where bytes behind the last try were not read, the kernel tells so instead of the end.
        timeout(DEADLINE, stream.read_to_end(&mut said)).await?.ok();
        assert_eq!(shape(&said), shape(&server.output()), "{lines:?}");
    }
    Ok(())
}

/// What is said without what only a daemon knows: texts, and the hold it may be in by then.
fn shape(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines = text.lines().filter(|line| !line.starts_with(">HOLD"));
    lines
        .map(|line| line.split_inclusive(':').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("|")
}
