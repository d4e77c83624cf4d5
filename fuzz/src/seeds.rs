//! What the fuzzers begin with: the recordings of `tests/transcripts`, the conversations of `tests/conversations`, and
//! for the targets that make values one input of each kind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::input::END;

/// As long as an input gets where nothing else is said.
const MOST: usize = 4096;

/// The seeds of a target.
///
/// # Panics
/// The recordings cannot be read, or there is no such target.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "demuxer" => recordings().iter().zip(0..).map(demuxer).collect(),
        "event_lines" => event_lines(),
        "env" => blocks().iter().zip(0..).map(|(block, at)| headed(&[at, at / 6], block)).collect(),
        "status" => statuses(),
        "server" => recordings().iter().zip(0..).map(server).collect(),
        "encoder" => encoder(),
        "event_values" => (0..25).flat_map(values).collect(),
        "session" => sessions(),
        "conversation" => conversations(),
        _ => panic!("no target is named {target}"),
    }
}

/// Each with another limit, other lines apart and other cuts.
fn demuxer((recording, at): (&Recording, u8)) -> Vec<u8> {
    let head = [at, at / 7, at.wrapping_mul(37), 3, at, 0, 63];
    headed(&head, &recording.daemon)
}

/// Each with another limit, in other pieces, and one in four after a password.
fn server((recording, at): (&Recording, u8)) -> Vec<u8> {
    let head = [at, at / 3, 0x1e, u8::from(at.is_multiple_of(4)), 2, at, 40];
    headed(&head, &recording.manager)
}

struct Recording {
    daemon: Vec<u8>,
    manager: Vec<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests")
}

/// The files of a folder and those below it, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the tests have their data").flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn recordings() -> Vec<Recording> {
    files(&root().join("transcripts")).iter().map(|file| recording(file)).collect()
}

fn recording(file: &Path) -> Recording {
    let mut recording = Recording { daemon: Vec::new(), manager: Vec::new() };
    for line in fs::read_to_string(file).expect("a recording is text").lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("a recording is JSON");
        let data = record["data"].as_str().expect("a record has data");
        // One code point a byte.
        let bytes = data.chars().map(|char| u8::try_from(u32::from(char)).expect("a byte"));
        let is_daemon = record["from"] == "daemon";
        let side = if is_daemon { &mut recording.daemon } else { &mut recording.manager };
        side.extend(bytes);
    }
    recording
}

fn headed(head: &[u8], body: &[u8]) -> Vec<u8> {
    let body = &body[..body.len().min(MOST.saturating_sub(head.len()))];
    [head, body].concat()
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

fn joined<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    lines.into_iter().flat_map(|line| [line, b"\n"].concat()).collect()
}

/// Each event line once, those of one recording together.
fn event_lines() -> Vec<Vec<u8>> {
    let mut known = BTreeSet::new();
    let mut seeds = Vec::new();
    for recording in recordings() {
        let events = lines(&recording.daemon).filter_map(|line| line.strip_prefix(b">"));
        let fresh: Vec<&[u8]> = events.filter(|line| known.insert(line.to_vec())).collect();
        seeds.extend(fresh.chunks(8).map(|lines| headed(b"", &joined(lines.iter().copied()))));
    }
    seeds
}

/// Each ENV block, with what came between its lines.
fn blocks() -> Vec<Vec<u8>> {
    let mut seeds = BTreeSet::new();
    for recording in recordings() {
        let events = lines(&recording.daemon).filter_map(|line| line.strip_prefix(b">"));
        let events: Vec<&[u8]> = events.collect();
        for block in events.split_inclusive(|line| line.ends_with(b":ENV,END")) {
            seeds.insert(joined(block.iter().copied()));
        }
    }
    seeds.into_iter().collect()
}

fn statuses() -> Vec<Vec<u8>> {
    let mut seeds = BTreeSet::new();
    for recording in recordings() {
        let all: Vec<&[u8]> =
            lines(&recording.daemon).filter(|line| !line.starts_with(b">")).collect();
        for block in all.split(|line| *line == b"END") {
            let begins = |line: &&[u8]| {
                line.starts_with(b"TITLE")
                    || *line == b"OpenVPN CLIENT LIST"
                    || *line == b"OpenVPN STATISTICS"
            };
            if let Some(at) = block.iter().position(begins) {
                seeds.insert(joined(block[at..].iter().copied()));
            }
        }
    }
    seeds.into_iter().collect()
}

/// Each recorded command as a raw line, and one input of each kind.
fn encoder() -> Vec<Vec<u8>> {
    let mut commands = BTreeSet::new();
    for recording in recordings() {
        commands.extend(lines(&recording.manager).map(<[u8]>::to_vec));
    }
    let raw = commands.iter().map(|line| [&[3, 7, 1, 1], &line[..], &[END]].concat());
    let texts = [b"Auth".as_slice(), &[END], b"al \"ice\\", &[END], b"x", &[END]].concat();
    let kinds = (0..16).map(|kind| [&[3, 7, 1, kind], &texts[..]].concat());
    let more = (0..16).map(|kind| [&[6, 7, 1, kind, 1, 0], &texts[..]].concat());
    raw.chain(kinds).chain(more).collect()
}

/// Inputs of a kind of event, whose flags are off and on.
fn values(kind: u8) -> Vec<Vec<u8>> {
    let text = |text: &[u8]| [text, &[END]].concat();
    let texts = [text(b"a"), text(b"it's"), text(b"10.8.0.2")].concat();
    (0..6).map(|part| [&[kind, part, 1, 1], &texts[..]].concat()).collect()
}

/// Calls of each kind, answered well and otherwise; each step says at once what there is.
fn sessions() -> Vec<Vec<u8>> {
    const CALL: u8 = 0;
    const ANSWER: u8 = 5;
    let mut seeds = Vec::new();
    for depth in 0..3 {
        for (kind, answer) in (0..14).flat_map(|kind| [0, 6, 8, 9, 10].map(|answer| (kind, answer)))
        {
            let call = if kind == 13 { vec![CALL, kind, 0, 0] } else { vec![CALL, kind, 0] };
            let answers = [[ANSWER, answer, 0], [ANSWER, 0, 0], [ANSWER, 0, 0]].concat();
            let calls = [&call[..], &[11, 0], &call, &[CALL, 0, 0], &answers, &[13, 2, 0]].concat();
            seeds.push([&[depth, 0], &calls[..], &calls].concat());
        }
    }
    seeds
}

/// Each conversation, and a daemon that says what it expects.
fn conversations() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for file in files(&root().join("conversations")) {
        if file.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = fs::read(&file).expect("a conversation is a file");
        let said = lines(&text).filter_map(|line| line.strip_prefix(b"daemon > "));
        let said: Vec<u8> = said.flat_map(|line| [line, b"\r\n"].concat()).collect();
        seeds.push(headed(&text, &[&[END], &said[..]].concat()));
    }
    seeds
}
