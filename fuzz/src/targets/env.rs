//! Assembly of ENV blocks: any lines give the events of a plain model, with memory within the limit.

use bytes::Bytes;
use openvpn_mgmt::Text;
use openvpn_mgmt::events::{Assembler, Env, Event, SecretText};

use super::{assert_same, lines_of};
use crate::input::Input;

/// What a line costs beside its bytes, at least.
const OVERHEAD: usize = 12;

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let limit = input.choose(&[Assembler::DEFAULT_ENV_LIMIT, 1000, 200, 64, 12, 0]);
    // So many lines of an open block come at once, so that the limit of lines is near.
    let times = input.choose(&[1, 2, 100, Assembler::MAX_ENV_LINES + 1]);
    let lines = repeated(&lines_of(input.rest()), times);
    let mut assembler = Assembler::with_env_limit(limit);
    let (mut model, mut events) = (Model::default(), Vec::new());
    for line in &lines {
        assembler.push(line, &mut |event| events.push(event));
        let expected = model.push(line, limit);
        for (event, expected) in events.drain(..).zip_all(expected, line) {
            expected.check(&event, limit);
        }
    }
    assembler.finish(&mut |event| events.push(event));
    for (event, expected) in events.drain(..).zip_all(model.finish(), b"the end") {
        expected.check(&event, limit);
    }
}

/// The first ENV line as often as that.
fn repeated(lines: &[Bytes], times: usize) -> Vec<Bytes> {
    let is_env = |line: &&Bytes| line.starts_with(b"CLIENT:ENV,") && *line != "CLIENT:ENV,END";
    let first = lines.iter().find(is_env).map(|line| line.as_ptr());
    let mut all = Vec::new();
    for line in lines {
        let times = if Some(line.as_ptr()) == first { times } else { 1 };
        all.extend(std::iter::repeat_n(line.clone(), times));
    }
    all
}

trait ZipAll<T>: Iterator<Item = T> + Sized {
    fn zip_all<U>(self, other: Vec<U>, line: &[u8]) -> impl Iterator<Item = (T, U)> {
        let all: Vec<T> = self.collect();
        assert_eq!(all.len(), other.len(), "events at {}", line.escape_ascii());
        all.into_iter().zip(other)
    }
}

impl<T, I: Iterator<Item = T>> ZipAll<T> for I {}

/// What is to be emitted.
enum Expected {
    /// What the line is by itself.
    Alone(Bytes),
    /// A block, whole or cut: its first line, and the lines of its ENV.
    Block { first: Bytes, env: Vec<Bytes>, is_whole: bool },
    /// An ENV line without a block, or a first line that cannot be read.
    Malformed(Bytes),
}

impl Expected {
    fn check(&self, event: &Event, limit: usize) {
        let written = event.to_bytes().expect("what was read can be written");
        match self {
            Self::Alone(line) => {
                // As it is without any block around it.
                let mut alone = Vec::new();
                let mut assembler = Assembler::new();
                assembler.push(line, &mut |event| alone.push(event));
                assembler.finish(&mut |event| alone.push(event));
                assert_eq!(alone, std::slice::from_ref(event), "{}", line.escape_ascii());
            }
            Self::Malformed(line) => {
                assert!(matches!(event, Event::Malformed(_)), "{event:?}");
                assert_same(&written, &[b">", &line[..], b"\r\n"].concat(), "malformed");
            }
            Self::Block { first, env, is_whole } => {
                assert_eq!(!matches!(event, Event::Malformed(_)), *is_whole, "{event:?}");
                let name = first.split(|byte| *byte == b':').next().expect("it has a name");
                let mut whole = [b">", &first[..], b"\r\n"].concat();
                let mut held = 0;
                for line in env {
                    whole.extend([b">", name, b":ENV,", &line[..], b"\r\n"].concat());
                    held += line.len() + OVERHEAD;
                }
                if *is_whole {
                    whole.extend([b">", name, b":ENV,END\r\n"].concat());
                }
                assert!(env.is_empty() || held <= limit, "{held} bytes are held, over {limit}");
                if !is_number_changed(&written, &whole) {
                    assert_same(&written, &whole, "a block");
                }
            }
        }
    }
}

/// Numbers with zeros before them are written without.
fn is_number_changed(written: &[u8], whole: &[u8]) -> bool {
    let plain =
        |bytes: &[u8]| bytes.iter().copied().filter(|byte| *byte != b'0').collect::<Vec<_>>();
    written != whole && plain(written) == plain(whole)
}

/// Both families, each with the block that is open.
#[derive(Default)]
struct Model {
    client: Block,
    updown: Block,
}

#[derive(Default)]
enum Block {
    #[default]
    Closed,
    Open {
        first: Bytes,
        env: Vec<Bytes>,
        held: usize,
        is_known: bool,
    },
    Skipped,
}

/// What a line of a family with blocks is.
enum Kind {
    Env(Bytes),
    /// It begins a block, of a kind that is known or not.
    First {
        is_known: bool,
    },
    Single,
    /// It cannot be read, and has a block of its own or none.
    Unreadable {
        has_block: bool,
    },
}

impl Model {
    fn push(&mut self, line: &Bytes, limit: usize) -> Vec<Expected> {
        if line.starts_with(b"CLIENT:") {
            self.client.push(line, limit)
        } else if line.starts_with(b"UPDOWN:") {
            self.updown.push(line, limit)
        } else {
            vec![Expected::Alone(line.clone())]
        }
    }

    fn finish(mut self) -> Vec<Expected> {
        let mut expected = self.client.cut();
        expected.extend(self.updown.cut());
        expected
    }
}

impl Block {
    fn push(&mut self, line: &Bytes, limit: usize) -> Vec<Expected> {
        match kind(line) {
            Kind::Env(pair) => self.env(line, pair, limit),
            Kind::Single => vec![Expected::Alone(line.clone())],
            Kind::First { is_known } => {
                let cut = self.cut();
                *self = Self::Open { first: line.clone(), env: Vec::new(), held: 0, is_known };
                cut
            }
            Kind::Unreadable { has_block } => {
                let mut expected = Vec::new();
                if has_block {
                    expected = self.cut();
                    *self = Self::Skipped;
                }
                expected.push(Expected::Malformed(line.clone()));
                expected
            }
        }
    }

    fn env(&mut self, line: &Bytes, pair: Bytes, limit: usize) -> Vec<Expected> {
        let is_end = pair == "END";
        match self {
            Self::Closed => return vec![Expected::Malformed(line.clone())],
            Self::Skipped if is_end => *self = Self::Closed,
            Self::Skipped => {}
            Self::Open { first, env, .. } if is_end => {
                let (first, env) = (std::mem::take(first), std::mem::take(env));
                *self = Self::Closed;
                return vec![Expected::Block { first, env, is_whole: true }];
            }
            Self::Open { env, held, .. } => {
                let fits = *held + pair.len() + OVERHEAD <= limit;
                if fits && env.len() < Assembler::MAX_ENV_LINES {
                    *held += OVERHEAD + cost(&pair);
                    env.push(pair);
                } else {
                    let cut = self.cut();
                    *self = Self::Skipped;
                    return cut;
                }
            }
        }
        Vec::new()
    }

    fn cut(&mut self) -> Vec<Expected> {
        match std::mem::take(self) {
            Self::Open { first, env, is_known: false, .. } if env.is_empty() => {
                vec![Expected::Alone(first)]
            }
            Self::Open { first, env, .. } => {
                vec![Expected::Block { first, env, is_whole: false }]
            }
            _ => Vec::new(),
        }
    }
}

/// Told from what a fresh assembler makes of the line alone, with the end of a block behind it.
fn kind(line: &Bytes) -> Kind {
    let (name, body) = line.split_at(line.iter().position(|byte| *byte == b':').unwrap_or(0) + 1);
    if let Some(pair) = body.strip_prefix(b"ENV,") {
        return Kind::Env(line.slice_ref(pair));
    }
    let (mut assembler, mut at_once, mut behind) = (Assembler::new(), Vec::new(), Vec::new());
    assembler.push(line, &mut |event| at_once.push(event));
    let end = Bytes::from([name, b"ENV,END"].concat());
    assembler.push(&end, &mut |event| behind.push(event));
    match (at_once.as_slice(), behind.as_slice()) {
        ([], [Event::Unknown(_)]) => Kind::First { is_known: false },
        ([], [_]) => Kind::First { is_known: true },
        ([Event::Malformed(_)], []) => Kind::Unreadable { has_block: true },
        ([Event::Malformed(_)], [Event::Malformed(_)]) => Kind::Unreadable { has_block: false },
        ([_], [Event::Malformed(_)]) => Kind::Single,
        other => panic!("{}: {other:?}", line.escape_ascii()),
    }
}

/// What a line holds once it is there: a secret is stored by itself.
fn cost(pair: &[u8]) -> usize {
    let env = Env::builder().line(pair).build().expect("it is short");
    let is_secret = env.secrets().next().is_some();
    if !is_secret {
        return pair.len();
    }
    let own = size_of::<(Text, SecretText)>() + size_of::<u32>() + 96;
    own + pair.len() - usize::from(pair.contains(&b'='))
}
