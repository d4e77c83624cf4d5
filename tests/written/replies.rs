//! The replies of the recordings, by the command that they answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use openvpn_mgmt::Text;
use openvpn_mgmt::command::{Command, HistoryOf};
use openvpn_mgmt::events::Event;
use openvpn_mgmt::events::{Echo, LogLine, State};
use openvpn_mgmt::reply::{
    AuthRetry, Help, KillReport, LoadStats, PushUpdate, RawReply, RemoteEntry, RemoteEntryCount,
    ReplyLine, Scalar, Status, Version, WriteReply, hold, mute, nclients, parse_push_update, pid,
    remote_entry_count, verb,
};

use crate::recordings::{self, Recording};

/// A command, and the lines that are no events up to the next, with their ends.
struct Exchange {
    command: String,
    reply: Vec<u8>,
}

fn exchanges(recording: &Recording) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for record in &recording.records {
        if !record.from_daemon {
            let command = String::from_utf8_lossy(&record.bytes).trim_end().to_owned();
            exchanges.push(Exchange { command, reply: Vec::new() });
        } else if let Some(exchange) = exchanges.last_mut() {
            exchange.reply.extend_from_slice(&record.bytes);
        }
    }
    for exchange in &mut exchanges {
        let lines = exchange.reply.split_inclusive(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !is_event(line) && *line != BLANK);
        exchange.reply = lines.flatten().copied().collect();
    }
    exchanges
}

/// OpenVPN 2.5.1 ends the block of a `>CLIENT:CR_RESPONSE` with one. Readers pass over it, so that it is in no
/// event and no reply.
const BLANK: &[u8] = b"\r\n";

/// Replies in the form of events are none.
fn is_event(line: &[u8]) -> bool {
    line.starts_with(b">") && !line.starts_with(b">PKCS11ID-")
}

/// A reply, read and written again.
#[derive(Default)]
struct Rewriter {
    out: Vec<u8>,
    /// How many replies of each type there were.
    typed: BTreeMap<&'static str, u32>,
}

impl Rewriter {
    fn rewrite(&mut self, command: &str, mut lines: &[Bytes]) {
        let first = lines.first().cloned().unwrap_or_default();
        let end = lines.iter().position(|line| line == "END");
        if let Some(kind) = block_of(command).filter(|_| !first.starts_with(b"ERROR:")) {
            let begin = usize::from(first.starts_with(b"SUCCESS:"));
            self.lines(&lines[..begin]);
            let end = end.unwrap_or_else(|| panic!("{command}: a block without an end"));
            self.block(kind, &RawReply::block(lines[begin..end].to_vec()));
            lines = &lines[end + 1..];
        } else if let Some(kind) = line_of(command).filter(|_| first.starts_with(b"SUCCESS:")) {
            let count = if kind == "push-update" { 2 } else { 1 };
            self.line(kind, &lines[..count]);
            lines = &lines[count..];
        }
        self.lines(lines);
    }

    fn block(&mut self, kind: &'static str, reply: &RawReply) {
        match kind {
            "version" => self.write(kind, &Version::parse(reply).unwrap()),
            "help" => self.write(kind, &Help::parse(reply).unwrap()),
            "status" => self.write(kind, &Status::parse(reply).unwrap()),
            "state" => self.write(kind, &all(HistoryOf::<State>::new(1).read(reply).unwrap())),
            "log" => self.write(kind, &all(HistoryOf::<LogLine>::new(1).read(reply).unwrap())),
            "echo" => self.write(kind, &all(HistoryOf::<Echo>::new(1).read(reply).unwrap())),
            "remote-entry-count" => {
                self.write(kind, &RemoteEntryCount(remote_entry_count(reply).unwrap()));
            }
            _ => self.write(kind, &all(RemoteEntry::parse(reply))),
        }
    }

    fn line(&mut self, kind: &'static str, lines: &[Bytes]) {
        let line = &lines[0];
        let text = Text::from(line.slice_ref(line.strip_prefix(b"SUCCESS: ").unwrap()));
        let reply = &RawReply::success(text);
        match kind {
            "pid" => self.write(kind, &Scalar::Pid(pid(reply).unwrap())),
            "hold" => self.write(kind, &Scalar::Hold(hold(reply).unwrap())),
            "verb" => self.write(kind, &Scalar::Verb(verb(reply).unwrap())),
            "mute" => self.write(kind, &Scalar::Mute(mute(reply).unwrap())),
            "nclients" => self.write(kind, &Scalar::Nclients(nclients(reply).unwrap())),
            "auth-retry" => self.write(kind, &AuthRetry::parse(reply).unwrap()),
            "load-stats" => self.write(kind, &LoadStats::parse(reply).unwrap()),
            "kill" => self.write(kind, &KillReport::parse(reply).unwrap()),
            _ => {
                let update: PushUpdate = parse_push_update("push-update-broad", lines).unwrap();
                self.write(kind, &update);
            }
        }
    }

    /// Lines of no type, and those in the form of events.
    fn lines(&mut self, lines: &[Bytes]) {
        for line in lines {
            let after =
                |prefix: &[u8]| Some(Text::from(line.slice_ref(line.strip_prefix(prefix)?)));
            let success = after(b"SUCCESS: ").map(ReplyLine::Success);
            let error = || after(b"ERROR: ").map(ReplyLine::Error);
            if let Some(event) = after(b">") {
                match Event::parse(&event.into_bytes()) {
                    Event::Pkcs11IdCount(count) => self.write("pkcs11-id-count", &count),
                    Event::Pkcs11IdEntry(entry) => self.write("pkcs11-id-get", &entry),
                    other => panic!("{other:?}"),
                }
            } else {
                let bare = || ReplyLine::Bare(Text::from(line.clone()));
                self.write("line", &success.or_else(error).unwrap_or_else(bare));
            }
        }
    }

    fn write(&mut self, kind: &'static str, reply: &dyn WriteReply) {
        *self.typed.entry(kind).or_default() += 1;
        reply.write(&mut self.out).unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

/// Rows that must all be read.
fn all<T, E: std::fmt::Debug>(rows: Vec<Result<T, E>>) -> Vec<T> {
    rows.into_iter().map(Result::unwrap).collect()
}

fn block_of(command: &str) -> Option<&'static str> {
    let words: Vec<_> = command.split(' ').collect();
    Some(match words.as_slice() {
        ["version"] => "version",
        ["help"] => "help",
        ["status", ..] => "status",
        ["state"] | ["state", "2"] | ["state", "on", "all"] => "state",
        ["log", "3"] | ["log", "on", "all"] => "log",
        ["echo", "all"] | ["echo", "on", "all"] => "echo",
        ["remote-entry-count"] => "remote-entry-count",
        ["remote-entry-get", _] => "remote-entry-get",
        _ => return None,
    })
}

fn line_of(command: &str) -> Option<&'static str> {
    let words: Vec<_> = command.split(' ').collect();
    Some(match words.as_slice() {
        ["pid"] => "pid",
        ["hold"] => "hold",
        ["verb"] => "verb",
        ["mute"] => "mute",
        ["nclients"] => "nclients",
        ["auth-retry"] => "auth-retry",
        ["load-stats"] => "load-stats",
        ["kill", _] => "kill",
        ["push-update-broad" | "push-update-cid", ..] => "push-update",
        _ => return None,
    })
}

#[test]
fn every_recorded_reply_is_written_as_it_came() {
    let mut typed = BTreeMap::new();
    for recording in recordings::all() {
        for Exchange { command, reply } in exchanges(&recording) {
            let mut rewriter = Rewriter::default();
            // A prompt for the password has no line end.
            let whole = reply.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            assert!(matches!(&reply[whole..], b"" | b"ENTER PASSWORD:"), "{command}");
            let lines = reply[..whole].split_inclusive(|byte| *byte == b'\n');
            let lines =
                lines.map(|line| Bytes::copy_from_slice(line.strip_suffix(b"\r\n").unwrap()));
            rewriter.rewrite(&command, &lines.collect::<Vec<_>>());
            assert_eq!(
                reply[..whole].escape_ascii().to_string(),
                rewriter.out.escape_ascii().to_string(),
                "{}: {command}",
                recording.name
            );
            for (kind, count) in rewriter.typed {
                *typed.entry(kind).or_default() += count;
            }
        }
    }
    let lines: u32 = typed.remove("line").unwrap();
    assert!(lines > 400, "{lines}");
    let typed: Vec<_> = typed.into_iter().collect();
    let expected = [
        ("auth-retry", 3),
        ("echo", 6),
        ("help", 3),
        ("hold", 3),
        ("load-stats", 6),
        ("log", 9),
        ("mute", 3),
        ("nclients", 3),
        ("pid", 12),
        ("pkcs11-id-count", 2),
        ("pkcs11-id-get", 2),
        ("push-update", 2),
        ("remote-entry-count", 4),
        ("remote-entry-get", 4),
        ("state", 12),
        ("status", 24),
        ("verb", 3),
        ("version", 9),
    ];
    assert_eq!(typed, expected);
}
