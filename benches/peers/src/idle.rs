//! Sessions with default settings, at rest.

use std::process::Command;

use openvpn_mgmt::{Builder, Session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use crate::daemon::{GREETING, one_thread};
use crate::rounds::to_f64;
use crate::table::{Table, figure};

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        "Idle sessions with default settings, memory of a process of their own:",
        &["sessions", "MiB", "KiB each", "goal"],
    );
    for (sessions, goal) in [(100, "<= 24 KiB each"), (1000, "<= 32 MiB"), (10_000, "<= 256 MiB")] {
        let kib = to_f64(in_its_own_process(sessions)) / 1024.0;
        let each = figure(kib / to_f64(sessions));
        table.row([sessions.to_string(), figure(kib / 1024.0), each, goal.to_owned()]);
    }
    table
}

/// A process that has had other things in memory would reuse what it has freed.
pub(crate) fn in_its_own_process(sessions: usize) -> usize {
    let this = std::env::current_exe().expect("the path of this program");
    let output = Command::new(this).args(["idle", &sessions.to_string()]).output();
    let output = output.expect("this program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of bytes")
}

/// How much more memory this process takes with so many sessions, in bytes.
pub(crate) fn bytes(sessions: usize) -> usize {
    let runtime = one_thread();
    runtime.block_on(async {
        let mut streams = Vec::with_capacity(sessions);
        for _ in 0..sessions {
            let (ours, daemon) = duplex(256);
            tokio::spawn(answer(daemon));
            streams.push(ours);
        }
        // Each daemon has greeted, and what that takes is not counted.
        tokio::task::yield_now().await;
        let mut all: Vec<Session> = Vec::with_capacity(sessions);
        let before = resident();
        for stream in streams {
            all.push(Builder::new().attach(stream).await.expect("a session"));
        }
        resident().saturating_sub(before)
    })
}

/// Greets, and answers what a session begins with.
async fn answer(mut stream: DuplexStream) {
    stream.write_all(GREETING).await.expect("a client");
    let mut buffer = [0; 64];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let lines = buffer.get(..count).unwrap_or_default();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let reply: &[u8] = match line {
                b"env-filter 0\n" => b"SUCCESS: env_filter_level=0\r\n",
                _ => b"SUCCESS: real-time state notification set to ON\r\n",
            };
            stream.write_all(reply).await.expect("a client");
        }
    }
}

fn resident() -> usize {
    const PAGE: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.map_or(0, |pages: usize| pages * PAGE)
}
