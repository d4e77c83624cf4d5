//! Each command in each mode against what OpenVPN 2.5.1, 2.6.14 and 2.7.8 answered to it.
//!
//! `answers/MODE.txt` was written down from real daemons: versions, the command, and the answer, with
//! `|` for a line end, `@` for one within the command, and holes for what varies.
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use openvpn_mgmt_test::{Daemon, Personality, SetUp};

/// A daemon that has come as far as the mode is named after.
fn daemon(mode: &str, personality: Personality) -> Result<Daemon> {
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

/// Whether a text is what is expected, where holes are for digits, dots, dashes and colons.
fn fits(expected: &str, text: &str) -> bool {
    let Some((before, rest)) = expected.split_once('{') else { return expected == text };
    let Some((_, after)) = rest.split_once('}') else { return expected == text };
    let Some(text) = text.strip_prefix(before) else { return false };
    let varies = |c: char| c.is_ascii_digit() || ".-: ".contains(c);
    let end = text.find(|c| !varies(c)).unwrap_or(text.len());
    end > 0 && text.is_char_boundary(end) && fits(after, &text[end..])
}

fn check(mode: &str, personality: Personality, release: &str) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/answers/{mode}.txt"));
    let text = std::fs::read_to_string(&path)?;
    let mut daemon = daemon(mode, personality)?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in text.lines() {
        let mut columns = line.splitn(3, '\t');
        let mut next = || columns.next().context("three columns");
        let (versions, command, expected) = (next()?, next()?, next()?);
        if !versions.split(' ').any(|version| version == release) {
            continue;
        }
        count += 1;
        daemon.receive(format!("{}\n", command.replace('@', "\n")).as_bytes());
        // The recorder sent a `pid` behind each command, and kept it where the command was one too.
        if command.contains("pid") && !command.contains("pid-") && !command.contains('\'') {
            daemon.receive(b"pid\n");
        }
        let said = String::from_utf8(daemon.output())?.replace("\r\n", "|");
        if !fits(expected, &said) {
            wrong.push(format!("{mode} {release} {command:?}\n  not  {expected}\n  but  {said}"));
        }
    }
    ensure!(count > 150, "{mode}: {count} answers");
    ensure!(wrong.is_empty(), "{} of {count} wrong\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

fn check_all(mode: &str) -> Result<()> {
    for (personality, release) in Personality::ALL.into_iter().zip(["2.5", "2.6", "2.7"]) {
        check(mode, personality, release)?;
    }
    Ok(())
}

#[test]
fn a_client_in_a_hold_answers_as_real_ones_did() -> Result<()> {
    check_all("client_hold")
}

#[test]
fn a_client_at_a_prompt_answers_as_real_ones_did() -> Result<()> {
    check_all("client_prompt")
}

#[test]
fn a_connected_client_answers_as_real_ones_did() -> Result<()> {
    check_all("client_connected")
}

#[test]
fn a_server_in_a_hold_answers_as_real_ones_did() -> Result<()> {
    check_all("server_hold")
}

#[test]
fn a_server_answers_as_real_ones_did() -> Result<()> {
    check_all("server")
}
