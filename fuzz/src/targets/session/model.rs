//! [`Model`]: a daemon that answers in order, but not always well, and what may come of each call.

use std::collections::{BTreeMap, VecDeque};

use openvpn_mgmt::Error;

use super::calls::{ANNOUNCED, Call, Kind, Outcome};
use crate::input::Input;

/// How a command is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Right,
    Refused,
    /// In other words than its own.
    Odd,
    /// Not at all.
    Missing,
    /// Behind what else there is to say, as a signature may be.
    Late,
}

#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Model {
    depth: usize,
    /// What came and is no whole line yet.
    heard: Vec<u8>,
    /// The lines of a block that has not ended.
    block: Option<Vec<String>>,
    awaiting: VecDeque<Item>,
    late: Vec<u32>,
    /// How the commands with these numbers were answered.
    answers: BTreeMap<u32, Answer>,
    pids: u32,
    /// Nothing was said but right answers and refusals, at once.
    pub(super) is_clean: bool,
    /// Lines that are nobody's came while a reply may have been due, and could be taken for a part of it.
    has_strays: bool,
    has_quit: bool,
    last: u32,
    has_signed: bool,
}

#[derive(Debug, PartialEq)]
enum Item {
    /// A command, its number where its line has one, and how many lines it has behind its first, or asks for.
    Command(Kind, Option<u32>, usize),
    Fence(String),
}

impl Answer {
    pub(super) fn of(input: &mut Input<'_>) -> Self {
        match input.below(12) {
            0..=5 => Self::Right,
            6 | 7 => Self::Refused,
            8 => Self::Odd,
            9 => Self::Missing,
            _ => Self::Late,
        }
    }
}

impl Model {
    pub(super) fn new(depth: usize) -> Self {
        Self {
            depth,
            heard: Vec::new(),
            block: None,
            awaiting: VecDeque::new(),
            late: Vec::new(),
            answers: BTreeMap::new(),
            pids: 0,
            is_clean: true,
            has_strays: false,
            has_quit: false,
            last: 0,
            has_signed: false,
        }
    }

    /// Takes what the manager has sent.
    pub(super) fn hear(&mut self, bytes: &[u8], is_hostile: bool) {
        if is_hostile {
            return;
        }
        self.heard.extend(bytes);
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.heard.drain(..=end).take(end).collect();
            self.line(String::from_utf8(line).expect("commands are text"));
        }
    }

    fn line(&mut self, line: String) {
        if let Some(block) = &mut self.block {
            let is_end = line == "END";
            block.push(line);
            if is_end {
                let block = self.block.take().unwrap_or_default();
                let id = decode(&block[0]);
                self.command(Kind::PkSig, Some(id), block.len());
            }
        } else if let Some(name) = line.strip_prefix("signal ") {
            assert!(name.starts_with("fence-"), "{line}");
            let is_fence = |item: &Item| matches!(item, Item::Fence(_));
            assert!(!self.awaiting.iter().any(is_fence), "one fence at a time");
            self.awaiting.push_back(Item::Fence(name.to_owned()));
        } else if line == "pk-sig" {
            self.block = Some(Vec::new());
        } else {
            let (kind, id) = command(&line);
            let lines = line.strip_prefix("test ").map_or(0, |count| count.parse().unwrap_or(0));
            self.command(kind, id, lines);
        }
    }

    /// It may have been sent now, and not before.
    fn command(&mut self, kind: Kind, id: Option<u32>, lines: usize) {
        let awaiting = &self.awaiting;
        assert!(awaiting.len() < self.depth, "{kind:?}: {awaiting:?} are in flight");
        for other in awaiting {
            let Item::Command(other, ..) = other else { panic!("{kind:?} behind a fence") };
            assert!(other.pipelines() && kind.pipelines(), "{kind:?} behind {other:?}");
        }
        self.has_signed |= kind == Kind::PkSig;
        if let Some(id) = id {
            assert!(!self.answers.contains_key(&id), "{id} comes twice");
            // Others pass a signature that waits for the late reply of another.
            assert!(id > self.last || self.has_signed, "{id} behind {}", self.last);
            self.last = id;
        }
        self.awaiting.push_back(Item::Command(kind, id, lines));
    }

    /// Answers what waits longest; `false` where nothing does.
    pub(super) fn answer(&mut self, answer: Answer, out: &mut Vec<u8>) -> bool {
        if self.has_quit {
            return false;
        }
        match self.awaiting.pop_front() {
            None => return false,
            Some(Item::Fence(name)) => {
                out.extend(
                    format!("ERROR: signal '{name}' is not a known signal type\r\n").bytes(),
                );
            }
            Some(Item::Command(kind, id, lines)) => {
                let answer = self.possible(answer, kind);
                self.is_clean &= matches!(answer, Answer::Right | Answer::Refused);
                id.map(|id| self.answers.insert(id, answer));
                let reply = self.reply(answer, kind, id.unwrap_or_default(), lines);
                out.extend(reply.replace('\n', "\r\n").bytes());
            }
        }
        true
    }

    /// What a daemon that keeps to the protocol may do.
    fn possible(&self, answer: Answer, kind: Kind) -> Answer {
        match (answer, kind) {
            (_, Kind::Quit) => Answer::Right,
            // Where others are in flight, a reply of theirs in the same words would be taken for it.
            (Answer::Missing, _) if self.depth > 1 && kind.pipelines() => Answer::Right,
            (Answer::Late, Kind::PkSig) => Answer::Late,
            (Answer::Late, _) => Answer::Right,
            // Any line is one of those it counts.
            (Answer::Odd, Kind::Test) => Answer::Refused,
            (answer, _) => answer,
        }
    }

    /// Says what it has kept back.
    pub(super) fn answer_late(&mut self, out: &mut Vec<u8>) {
        if let Some(id) = self.late.pop() {
            self.answers.insert(id, Answer::Late);
            out.extend(b"SUCCESS: pk-sign command succeeded\r\n");
        }
    }

    /// A line that is nobody's, where nobody's reply is due. One that `comes_later` may come when one is.
    pub(super) fn stray(&mut self, stray: &str, comes_later: bool, out: &mut Vec<u8>) {
        if self.awaiting.is_empty() && self.block.is_none() && !self.has_quit {
            self.is_clean = false;
            self.has_strays |= comes_later;
            out.extend([stray.as_bytes(), b"\r\n"].concat());
        }
    }

    pub(super) fn has_quit(&self) -> bool {
        self.has_quit
    }

    fn reply(&mut self, answer: Answer, kind: Kind, id: u32, lines: usize) -> String {
        match answer {
            Answer::Right => self.right(kind, id, lines),
            Answer::Refused => refusal(kind, id, lines),
            Answer::Odd => odd(kind),
            Answer::Missing => String::new(),
            Answer::Late => {
                self.late.push(id);
                String::new()
            }
        }
    }

    fn right(&mut self, kind: Kind, id: u32, lines: usize) -> String {
        let rows = |row: String| row.repeat(id as usize % 3) + "END\n";
        match kind {
            Kind::Kill => format!("SUCCESS: common name 'c{id}' found, {id} client(s) killed\n"),
            Kind::RemoteEntry => rows(format!("{id},host,1194,udp,enabled\n")),
            Kind::Echo => rows(format!("{id},ERROR: text\n")),
            Kind::EchoOn => {
                "SUCCESS: real-time echo notification set to ON\n".to_owned()
                    + &rows(format!("{id},text\n"))
            }
            Kind::Pkcs11 => format!(">PKCS11ID-ENTRY:'{id}', ID:'x', BLOB:'AAAA'\n"),
            Kind::Test => "row\n".repeat(lines),
            Kind::PushUpdate => {
                format!("SUCCESS: {id} client(s) updated\nSUCCESS: push-update command succeeded\n")
            }
            Kind::Announce if id.is_multiple_of(2) => String::new(),
            Kind::Announce => {
                format!("SUCCESS: Management client version set to {}\n", id + ANNOUNCED)
            }
            Kind::RawLine => format!("SUCCESS: raw {id}\n"),
            Kind::RawBlock => format!("raw {id}\nEND\n"),
            Kind::PkSig => "SUCCESS: pk-sign command succeeded\n".to_owned(),
            Kind::AuthRetry => "SUCCESS: auth-retry parameter changed\n".to_owned(),
            Kind::Pid => {
                self.pids += 1;
                format!("SUCCESS: pid={}\n", self.pids)
            }
            Kind::Quit => {
                (self.has_quit, self.is_clean) = (true, false);
                String::new()
            }
        }
    }

    /// What came of a call is what its command was answered, or nobody's.
    pub(super) fn check(&self, call: &Call, outcome: &Outcome, is_closed: bool) {
        let Call { id, kind, .. } = call;
        let answer = self.answers.get(id);
        let has_number = !matches!(kind, Kind::Test | Kind::AuthRetry | Kind::Pid | Kind::Quit);
        let is_raw = matches!(kind, Kind::RawLine | Kind::RawBlock);
        let shown = || format!("{kind:?} {id}, answered {answer:?}: {outcome:?}");
        match outcome {
            // Whose own words are not known takes any.
            Ok(_) if is_raw && self.has_strays => {}
            Ok(is_own) => {
                assert!(*is_own, "{}", shown());
                let is_right = matches!(answer, Some(Answer::Right | Answer::Late));
                // Behind its fence it is over, whatever was said.
                assert!(!has_number || is_right || *kind == Kind::Announce, "{}", shown());
            }
            Err(Error::Refused { .. }) => {
                assert!(!has_number || answer == Some(&Answer::Refused), "{}", shown());
            }
            Err(Error::UnexpectedReply { .. } | Error::NoReply { .. } | Error::Timeout { .. }) => {
                assert!(!self.is_clean, "{}", shown());
            }
            Err(Error::Closed(_)) => assert!(is_closed || self.has_quit, "{}", shown()),
            Err(error) => panic!("{error}: {}", shown()),
        }
        if self.is_clean && has_number && answer == Some(&Answer::Right) {
            assert!(outcome.is_ok(), "{}", shown());
        }
    }
}

fn refusal(kind: Kind, id: u32, lines: usize) -> String {
    match kind {
        Kind::PushUpdate => {
            format!("ERROR: no client {id} updated\nERROR: push-update command failed\n")
        }
        Kind::AuthRetry => "--auth-retry method must be …\nERROR: no\n".to_owned(),
        // Each of its lines is run as a command of its own.
        Kind::PkSig => "ERROR: not available\n".to_owned() + &"ERROR: unknown\n".repeat(lines),
        _ => format!("ERROR: no {id}\n"),
    }
}

fn odd(kind: Kind) -> String {
    match kind {
        Kind::RemoteEntry | Kind::Echo | Kind::RawBlock => "SUCCESS: odd\n".to_owned(),
        _ => "200 OK\n".to_owned(),
    }
}

/// The command of a line, and its number.
fn command(line: &str) -> (Kind, Option<u32>) {
    let number = |text: &str| text.trim_matches('"').parse::<u32>().ok();
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let first = rest.split(' ').next().unwrap_or_default();
    match name {
        "kill" => (Kind::Kill, number(first.trim_matches('"').trim_start_matches('c'))),
        "remote-entry-get" => (Kind::RemoteEntry, number(first)),
        "echo" if first == "on" => (Kind::EchoOn, number(&rest[3..])),
        "echo" => (Kind::Echo, number(first)),
        "pkcs11-id-get" => (Kind::Pkcs11, number(first)),
        "test" => (Kind::Test, None),
        "push-update-cid" => (Kind::PushUpdate, number(first)),
        "version" => (Kind::Announce, number(first).map(|number| number - ANNOUNCED)),
        "x" => (Kind::RawLine, number(first)),
        "y" => (Kind::RawBlock, number(first)),
        "auth-retry" => (Kind::AuthRetry, None),
        "pid" => (Kind::Pid, None),
        "quit" => (Kind::Quit, None),
        _ => panic!("{line}"),
    }
}

/// The number that a signature is: base64 of four bytes, of which the last alone is not 0.
fn decode(base64: &str) -> u32 {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let place = |letter: char| LETTERS.find(letter).expect("it is base64");
    let letters: Vec<usize> = base64.chars().take_while(|c| *c != '=').map(place).collect();
    let [.., high, low] = letters.as_slice() else { panic!("{base64}") };
    u32::try_from(high << 2 | low >> 4).expect("it is small")
}
