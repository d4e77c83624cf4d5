//! Random commands, to a fake and to a real daemon of the same version: the answers are of the same kind.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use lab::Lab;
use openvpn_mgmt_test::Personality;
use tokio::net::UnixStream;

use crate::{ask, asks_pid_as_well, come_as_far, fake, real};

/// How many commands each daemon is sent; `RANDOM_COMMANDS` sends more, and `RANDOM_SEED` others.
const COMMANDS: u64 = 300;

const NAMES: &[&str] = &[
    "auth-retry",
    "bytecount",
    "certificate",
    "client-auth",
    "client-auth-nt",
    "client-deny",
    "client-kill",
    "client-pending-auth",
    "client-pf",
    "cr-response",
    "echo",
    "env-filter",
    "forget-passwords",
    "help",
    "hold",
    "kill",
    "load-stats",
    "log",
    "mute",
    "nclients",
    "needok",
    "needstr",
    "net",
    "network-change",
    "password",
    "pid",
    "pk-sig",
    "proxy",
    "push-update-broad",
    "push-update-cid",
    "remote",
    "remote-entry-count",
    "remote-entry-get",
    "rsa-sig",
    "signal",
    "state",
    "status",
    "test",
    "username",
    "verb",
    "version",
    "END",
    "Pid",
    "foo",
    "statu",
    "pid2",
];

const PARAMETERS: &[&str] = &[
    "on",
    "off",
    "all",
    "none",
    "interact",
    "nointeract",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "-1",
    "+1",
    "007",
    "3x",
    "x3",
    "0x1",
    "1.5",
    "99",
    "256",
    "99999999999",
    "2147483648",
    "-2147483649",
    "4294967297",
    "18446744073709551616",
    "-99999999999999999999",
    "\"\"",
    "''",
    "\"a b\"",
    "'it\"s'",
    "a\\ b",
    "\\x",
    "\"a\\\"b\"",
    "\"open",
    "'open",
    "#c",
    "a#c",
    ";c",
    "a;c",
    "alice",
    "127.0.0.1:1",
    "tcp:127.0.0.1:1",
    "udp:127.0.0.1:1",
    "udp:x",
    "::1",
    "HTTP",
    "SOCKS",
    "NONE",
    "host",
    "nct",
    "Foo",
    "\"Private Key\"",
    "ok",
    "cancel",
    "ACCEPT",
    "SKIP",
    "MOD",
    "SIGFOO",
    "sigterm",
    "YWJj",
    "a,b",
    "\u{e9}",
    "ON",
    "All",
];

/// Xorshift: what it gives depends on the seed alone.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len())).copied().unwrap_or_default()
    }

    fn command(&mut self) -> String {
        if self.below(12) == 0 {
            let letters = ["a", " ", "\"", "'", "\\", "#", "\t", "1", "pid", "\u{1}", ";"];
            return (0..self.below(12)).map(|_| self.of(&letters)).collect();
        }
        let mut line = self.of(NAMES).to_owned();
        let count = if self.below(20) == 0 { 17 } else { self.below(5) };
        for _ in 0..count {
            line.push_str(self.of(&[" ", " ", " ", "  ", "\t"]));
            line.push_str(&match self.below(40) {
                0 => "x".repeat(254 + self.below(5)),
                1 => "x".repeat(126 + self.below(6)) + self.of(&["", ":y", "y"]),
                _ => self.of(PARAMETERS).to_owned(),
            });
        }
        line
    }
}

/// What leaves the daemon in another state than before, or says more than is read here.
fn is_left_out(command: &str) -> bool {
    let plain: String = command.split('\t').collect::<String>().to_ascii_lowercase();
    let is_large = plain.bytes().filter(u8::is_ascii_digit).count() > 1;
    let long_test = plain.starts_with("test") && is_large;
    let loud = plain.starts_with("verb") && is_large;
    // The library of the key is not there in a hold, and the daemon aborts.
    long_test
        || loud
        || plain.contains("pkcs11")
        || command.contains("end")
        || command.trim_ascii().len() > 700
}

/// The answer without what differs between two daemons: events, rows, numbers.
fn kind(said: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in said.split("\r\n").filter(|line| !line.is_empty() && !line.starts_with('>')) {
        let is_reply = ["SUCCESS", "ERROR", "END"].iter().any(|start| line.starts_with(start));
        let kind = match is_reply {
            true if varies(line) => without_numbers(line),
            true => line.to_owned(),
            false => "a row".to_owned(),
        };
        if kind != "a row" || lines.last() != Some(&kind) {
            lines.push(kind);
        }
    }
    lines
}

/// Its numbers are those of one daemon.
fn varies(line: &str) -> bool {
    ["SUCCESS: pid=", "SUCCESS: nclients="].iter().any(|start| line.starts_with(start))
}

fn without_numbers(line: &str) -> String {
    let parts = line.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("#")
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

pub(crate) async fn check(mode: &str) -> Result<()> {
    let Some(lab) = Lab::serving_or_skip(mode)? else { return Ok(()) };
    let version = lab.daemon().version();
    let version = format!("{}.{}", version.major, version.minor);
    let known = Personality::ALL.into_iter().zip(["2.5", "2.6", "2.7"]);
    let personality = known.into_iter().find(|(_, name)| *name == version).context("a version")?.0;
    let (daemon, _server) = real(mode, &lab).await?;
    let mut stream = UnixStream::connect(daemon.socket()).await?;
    come_as_far(mode, &mut stream).await?;
    let mut fake = fake(mode, personality)?;
    let mut random = Random(number("RANDOM_SEED", 0x5eed) | 1);
    let mut wrong = BTreeSet::new();
    for _ in 0..number("RANDOM_COMMANDS", COMMANDS) {
        let mut command = random.command();
        if is_left_out(&command) {
            continue;
        }
        if command.starts_with("client-auth") || command.starts_with("client-pf") {
            command.push_str("\nEND");
        }
        let said = ask(&mut stream, &command).await.with_context(|| format!("{command:?}"))?;
        fake.receive(format!("{command}\n").as_bytes());
        if asks_pid_as_well(&command) {
            fake.receive(b"pid\n");
        }
        let faked = String::from_utf8_lossy(&fake.output()).into_owned();
        let (real, fake) = (kind(&said), kind(&faked));
        if real != fake {
            wrong.insert(format!("{command:?}\n  real {real:?}\n  fake {fake:?}"));
        }
    }
    let list: Vec<_> = wrong.into_iter().collect();
    ensure!(list.is_empty(), "{mode} {version}: {} wrong\n{}", list.len(), list.join("\n"));
    Ok(())
}
