//! [`Demuxer`]: the sans-I/O line splitter.

use bytes::{Buf, Bytes};

use super::chunk::{self, Tail};

/// What the daemon asks before its greeting where the management socket has a
/// password. It comes without a line end.
pub const PASSWORD_PROMPT: &[u8] = b"ENTER PASSWORD:";

/// The line limit of [`Demuxer::new`]: 1 MiB, line end not counted.
///
/// The longest line a daemon has reason to send is a few KiB (a log line, a
/// PKCS#11 blob); the limit bounds memory against a peer that never ends a line.
pub const DEFAULT_LINE_LIMIT: usize = 1024 * 1024;

/// One unit of daemon output. Each owns its bytes; cloning does not allocate.
#[derive(Clone, PartialEq, Eq)]
pub enum Item {
    /// A line that belongs to a command's reply, without its line end.
    Reply(Bytes),
    /// An event, without its `>` and line end.
    Event(Bytes),
    /// [`PASSWORD_PROMPT`], which no line end follows.
    PasswordPrompt,
}

/// Shows the kind and length only: a line may hold a password.
impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reply(line) => write!(f, "Reply({} bytes)", line.len()),
            Self::Event(line) => write!(f, "Event({} bytes)", line.len()),
            Self::PasswordPrompt => f.write_str("PasswordPrompt"),
        }
    }
}

/// A line passed the configured limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the daemon sent a line of over {limit} bytes")]
pub struct LineTooLong {
    /// The limit, in bytes.
    pub limit: usize,
}

/// Splits daemon output into replies, events and the password prompt.
///
/// Feed it what was read, in any chunking, and take items until there are none;
/// the items are the same for every chunking. Lines end in LF or CRLF; blank
/// lines are skipped. The search for a line end resumes where it left off, so a
/// long line fed byte by byte costs linear time.
///
/// Memory is bounded by what was fed and not yet taken, plus one partial line of
/// at most the limit. All of it is wiped when dropped.
///
/// ```
/// use openvpn_mgmt::demux::{Demuxer, Item};
///
/// let mut demuxer = Demuxer::new();
/// demuxer.feed(b">HOLD:Waiting\r\nSUCCESS: pid=1");
/// assert!(matches!(demuxer.next_item(), Some(Ok(Item::Event(e))) if e == "HOLD:Waiting"));
/// assert!(demuxer.next_item().is_none());
/// demuxer.feed(b"23\n");
/// assert!(matches!(demuxer.next_item(), Some(Ok(Item::Reply(r))) if r == "SUCCESS: pid=123"));
/// ```
pub struct Demuxer {
    /// Whole lines, not yet handed out.
    ready: Bytes,
    /// What follows the last line end seen, and anything fed since.
    tail: Tail,
    /// How much of `tail` is known to hold no line end.
    scanned: usize,
    limit: usize,
    /// A prompt can only come before the first line; later the same bytes are a line's text.
    prompt_possible: bool,
    failed: bool,
}

impl Demuxer {
    /// A demuxer with the [`DEFAULT_LINE_LIMIT`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_line_limit(DEFAULT_LINE_LIMIT)
    }

    /// A demuxer that fails on a line of more than `limit` bytes, line end not counted.
    #[must_use]
    pub fn with_line_limit(limit: usize) -> Self {
        Self {
            ready: Bytes::new(),
            tail: Tail::default(),
            scanned: 0,
            limit,
            prompt_possible: true,
            failed: false,
        }
    }

    /// Takes bytes as they were read. Copies them once.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.failed {
            self.tail.extend(bytes);
        }
    }

    /// The next item, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`LineTooLong`] once; after that there are no more items, because what a
    /// cut line meant cannot be known.
    pub fn next_item(&mut self) -> Option<Result<Item, LineTooLong>> {
        loop {
            if self.failed {
                return None;
            }
            if self.ready.is_empty() && !self.refill() {
                return self.overlong_tail().map(Err);
            }
            if let Some(result) = self.take_ready() {
                return Some(result);
            }
        }
    }

    /// The end of input: a last line that has no line end, where there is one.
    ///
    /// Call it once [`next_item`](Self::next_item) has returned `None`. The
    /// demuxer is empty afterwards.
    pub fn finish(&mut self) -> Option<Item> {
        let length = self.tail.as_slice().len();
        let line = chunk::freeze(self.tail.split_to(length));
        self.scanned = 0;
        if self.failed { None } else { item(&line, without_cr(&line).len()) }
    }

    /// Whether the beginning of an event was fed, and its end was not.
    pub(crate) fn is_inside_event(&self) -> bool {
        self.tail.as_slice().starts_with(b">")
    }

    /// Moves whole lines (or a prompt) from `tail` to `ready`; `false` when there are none.
    fn refill(&mut self) -> bool {
        if self.prompt_possible && self.tail.as_slice().starts_with(PASSWORD_PROMPT) {
            self.ready = chunk::freeze(self.tail.split_to(PASSWORD_PROMPT.len()));
            self.scanned = 0;
            return true;
        }
        let fresh = self.tail.as_slice().get(self.scanned..).unwrap_or_default();
        let Some(at) = memchr::memrchr(b'\n', fresh) else {
            self.scanned = self.tail.as_slice().len();
            return false;
        };
        self.ready = chunk::freeze(self.tail.split_to(self.scanned + at + 1));
        self.scanned = self.tail.as_slice().len();
        true
    }

    /// Takes one line or prompt from `ready`; `None` for a blank line.
    fn take_ready(&mut self) -> Option<Result<Item, LineTooLong>> {
        if self.prompt_possible && self.ready.starts_with(PASSWORD_PROMPT) {
            self.ready.advance(PASSWORD_PROMPT.len());
            return Some(Ok(Item::PasswordPrompt));
        }
        let end = memchr::memchr(b'\n', &self.ready).unwrap_or(self.ready.len());
        let length = without_cr(self.ready.get(..end).unwrap_or_default()).len();
        if length > self.limit {
            return Some(Err(self.fail()));
        }
        let item = item(&self.ready, length);
        self.ready.advance(self.ready.len().min(end + 1));
        if item.is_some() {
            self.prompt_possible = false;
        }
        item.map(Ok)
    }

    fn overlong_tail(&mut self) -> Option<LineTooLong> {
        (without_cr(self.tail.as_slice()).len() > self.limit).then(|| self.fail())
    }

    fn fail(&mut self) -> LineTooLong {
        self.failed = true;
        self.ready = Bytes::new();
        self.tail = Tail::default();
        LineTooLong { limit: self.limit }
    }
}

impl Default for Demuxer {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows sizes only: buffered bytes may hold a password.
impl std::fmt::Debug for Demuxer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Demuxer")
            .field("ready", &self.ready.len())
            .field("partial", &self.tail.as_slice().len())
            .field("limit", &self.limit)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// The first `length` bytes as an item; `None` for a blank line.
///
/// One slice: each further one would count another owner, up and down again.
fn item(line: &Bytes, length: usize) -> Option<Item> {
    match line.get(..length)? {
        [] => None,
        [b'>', ..] => Some(Item::Event(line.slice(1..length))),
        _ => Some(Item::Reply(line.slice(..length))),
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
