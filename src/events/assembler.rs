//! [`Assembler`]: puts the lines of ENV blocks together.

use bytes::Bytes;

use super::client::{self, BlockHeader};
use super::env::{self, EnvLines};
use super::updown::Direction;
use super::{Env, Event, Malformed, Unknown, UpDown};
use crate::types::grammar::Problem;
use crate::types::{LineRef, WipedBytes, may_hold_secret};

/// Turns event lines into events, putting `>CLIENT:` and `>UPDOWN:` blocks together.
///
/// Sans-I/O: push each line, without its `>` and line end, and take the events from
/// `emit`. An event that is one line passes at once, also between the lines of a block.
/// A block that is cut short is one [`Event::Malformed`], as is one of over
/// [`MAX_ENV_LINES`](Self::MAX_ENV_LINES) or that holds more memory than [may be held](Self::with_env_limit),
/// whose lines are then dropped up to its end; the ENV lines of a header that could not
/// be read go with it. A `>CLIENT:` line of a kind that is not known may begin a block or not: it is
/// [`Event::Unknown`] with [its ENV](Unknown::env) at the end of its block, or without one when the next
/// kind of `>CLIENT:` line comes, but for `ADDRESS`, or the input ends.
///
/// ```
/// use bytes::Bytes;
/// use openvpn_mgmt::events::{Assembler, ClientEvent, Event};
///
/// let mut assembler = Assembler::new();
/// let mut events = Vec::new();
/// for line in ["CLIENT:ESTABLISHED,0", "CLIENT:ENV,username=al", "CLIENT:ENV,END"] {
///     assembler.push(&Bytes::from(line), &mut |event| events.push(event));
/// }
/// let [Event::Client(client)] = events.as_slice() else { panic!() };
/// assert_eq!(client.env().and_then(|env| env.get("username")), Some("al".into()));
/// ```
pub struct Assembler {
    client: Block<ClientHeader>,
    updown: Block<Direction>,
    env_trusted: bool,
    env_limit: usize,
}

impl Assembler {
    /// The most ENV lines a block may have. A daemon sends some 60, and a few more a
    /// certificate of the chain.
    pub const MAX_ENV_LINES: usize = 4096;

    /// How many bytes of memory a block may hold, where nothing else is said: 256 KiB.
    pub const DEFAULT_ENV_LIMIT: usize = 256 * 1024;

    /// An assembler with no block open.
    #[must_use]
    pub fn new() -> Self {
        Self::with_env_limit(Self::DEFAULT_ENV_LIMIT)
    }

    /// An assembler whose blocks hold at most so many bytes of memory: their lines without what stands before the
    /// pair, and 12 bytes for each. What comes between the lines of a block is not held by it.
    #[must_use]
    pub fn with_env_limit(bytes: usize) -> Self {
        let (client, updown) = Default::default();
        Self { client, updown, env_trusted: false, env_limit: bytes }
    }

    /// Whether a line, with its `>` and without its line end, may hold a secret: for
    /// [`Demuxer::keep_apart`](crate::demux::Demuxer::keep_apart).
    #[must_use]
    pub fn may_hold_secret(line: &[u8]) -> bool {
        let Some(event) = line.strip_prefix(b">") else {
            // A daemon may repeat a command that it did not understand.
            return line.starts_with(b"ERROR:");
        };
        match super::split_name(event) {
            Some((b"CLIENT" | b"UPDOWN", body)) => match env_pair(body) {
                Some(pair) => {
                    env::is_secret(pair.split(|byte| *byte == b'=').next().unwrap_or(pair))
                }
                None => !client::is_plain(body),
            },
            Some((b"PASSWORD" | b"INFOMSG", _)) => true,
            Some((b"LOG", body)) => may_hold_secret(body),
            _ => false,
        }
    }

    /// Sets whether the blocks that come from now on [are trusted](Env::is_trusted): `env-filter 0` is in
    /// force. Default: `false`. A block that is open is trusted only where it is so all the time.
    pub fn set_env_trusted(&mut self, trusted: bool) {
        self.env_trusted = trusted;
        if !trusted {
            self.client.distrust();
            self.updown.distrust();
        }
    }

    /// Takes one line, and emits the events it completes.
    pub fn push<'a>(&mut self, line: impl Into<LineRef<'a>>, emit: &mut dyn FnMut(Event)) {
        let line = line.into();
        match super::split_name(line.as_bytes()) {
            Some((b"CLIENT", body)) => self.client(line, body, emit),
            Some((b"UPDOWN", body)) => self.updown(line, body, emit),
            Some((name, body)) => emit(Event::parse_named(line, name, body)),
            None => emit(Event::Unknown(Unknown::new(line.to_bytes()))),
        }
    }

    /// The input has ended: a block that is still open becomes [`Event::Malformed`].
    pub fn finish(&mut self, emit: &mut dyn FnMut(Event)) {
        const CUT: Problem = Problem("the input ended inside its ENV block");
        self.client.abandon(CUT, emit);
        self.updown.abandon(CUT, emit);
    }

    /// Whether a `>CLIENT:` block has begun and not ended.
    pub(crate) fn is_inside_client(&self) -> bool {
        // A kind that is not known withdraws nothing, and may have no block that ends.
        matches!(&self.client, Block::Open(open) if matches!(open.header, ClientHeader::Known(_)))
    }

    fn client(&mut self, line: LineRef<'_>, body: &[u8], emit: &mut dyn FnMut(Event)) {
        if let Some(pair) = env_pair(body) {
            return self.client.env_line(line, pair, self.env_limit, ClientHeader::with, emit);
        }
        // A block may be open for long, and holds nothing that came with its first line.
        let line = &WipedBytes::copy(line.as_bytes());
        let Some((_, body)) = super::split_name(line) else { return };
        match client::Header::parse(line, body) {
            Ok(client::Header::Whole(event)) => emit(Event::Client(event)),
            Ok(client::Header::Block(header)) => {
                self.client.open(line, ClientHeader::Known(header), self.env_trusted, emit);
            }
            Ok(client::Header::Unknown) => {
                let header = ClientHeader::Unknown(line.clone());
                self.client.open(line, header, self.env_trusted, emit);
            }
            // A malformed ADDRESS has no block that could be taken for its own.
            Err(problem) if body.starts_with(b"ADDRESS") => emit(malformed(line.into(), problem)),
            Err(problem) => {
                self.client.skip(emit);
                emit(malformed(line.into(), problem));
            }
        }
    }

    fn updown(&mut self, line: LineRef<'_>, body: &[u8], emit: &mut dyn FnMut(Event)) {
        if let Some(pair) = env_pair(body) {
            let whole = |direction, env| Event::UpDown(UpDown { direction, env });
            return self.updown.env_line(line, pair, self.env_limit, whole, emit);
        }
        match Direction::parse(body) {
            Ok(direction) => self.updown.open(&line.to_bytes(), direction, self.env_trusted, emit),
            Err(problem) => {
                self.updown.skip(emit);
                emit(malformed(line, problem));
            }
        }
    }
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows no line, since any may hold a secret.
impl std::fmt::Debug for Assembler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assembler")
            .field("client_open", &matches!(self.client, Block::Open(_)))
            .field("updown_open", &matches!(self.updown, Block::Open(_)))
            .field("env_trusted", &self.env_trusted)
            .field("env_limit", &self.env_limit)
            .finish()
    }
}

fn env_pair(body: &[u8]) -> Option<&[u8]> {
    body.strip_prefix(b"ENV,")
}

fn malformed(line: LineRef<'_>, problem: Problem) -> Event {
    Event::Malformed(Malformed::new(line.to_bytes(), problem))
}

/// What the first line of a block says.
trait BlockStart {
    /// The event that the line is by itself, where no ENV line follows it.
    fn alone(&self) -> Option<Event>;
}

enum ClientHeader {
    Known(BlockHeader),
    /// A kind that is not known, with or without a block.
    Unknown(Bytes),
}

impl ClientHeader {
    fn with(self, env: Env) -> Event {
        match self {
            Self::Known(header) => Event::Client(header.with(env)),
            Self::Unknown(line) => Event::Unknown(Unknown::block(line, env)),
        }
    }
}

impl BlockStart for ClientHeader {
    fn alone(&self) -> Option<Event> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(line) => Some(Event::Unknown(Unknown::new(line.clone()))),
        }
    }
}

impl BlockStart for Direction {
    fn alone(&self) -> Option<Event> {
        None
    }
}

/// The block of one family.
#[derive(Default)]
enum Block<H> {
    /// None is open.
    #[default]
    Closed,
    /// Its lines are collected.
    Open(Box<Open<H>>),
    /// Its lines are dropped, up to its end: it has been reported already.
    Skipped,
}

struct Open<H> {
    header: H,
    first: Bytes,
    env: EnvLines,
    trusted: bool,
}

impl<H: BlockStart> Block<H> {
    fn open(&mut self, line: &Bytes, header: H, trusted: bool, emit: &mut dyn FnMut(Event)) {
        self.abandon(Problem("another block began inside it"), emit);
        let (first, env) = (line.clone(), EnvLines::default());
        *self = Self::Open(Box::new(Open { header, first, env, trusted }));
    }

    fn distrust(&mut self) {
        if let Self::Open(open) = self {
            open.trusted = false;
        }
    }

    /// Drops the lines that follow, up to the end of their block.
    fn skip(&mut self, emit: &mut dyn FnMut(Event)) {
        self.abandon(Problem("another block began inside it"), emit);
        *self = Self::Skipped;
    }

    fn abandon(&mut self, problem: Problem, emit: &mut dyn FnMut(Event)) {
        if let Self::Open(open) = std::mem::take(self) {
            let alone = if open.env.len() == 0 { open.header.alone() } else { None };
            let cut = || {
                Event::Malformed(Malformed::block(
                    open.first,
                    Env::new(open.env, open.trusted),
                    problem,
                ))
            };
            emit(alone.unwrap_or_else(cut));
        }
    }

    fn env_line(
        &mut self,
        line: LineRef<'_>,
        pair: &[u8],
        limit: usize,
        whole: impl FnOnce(H, Env) -> Event,
        emit: &mut dyn FnMut(Event),
    ) {
        let is_end = pair == b"END";
        match self {
            Self::Closed => emit(malformed(line, Problem("an ENV line without a block"))),
            Self::Skipped if is_end => *self = Self::Closed,
            Self::Skipped => {}
            Self::Open(_) if is_end => {
                if let Self::Open(open) = std::mem::take(self) {
                    emit(whole(open.header, Env::new(open.env, open.trusted)));
                }
            }
            Self::Open(open) => {
                let fits = open.env.len() < Assembler::MAX_ENV_LINES && open.env.push(pair, limit);
                if !fits {
                    self.abandon(Problem("its ENV block is too large"), emit);
                    *self = Self::Skipped;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
