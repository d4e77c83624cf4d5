//! [`Demuxer`]: the sans-I/O line splitter.

use std::collections::VecDeque;

use bytes::Bytes;
use bytes::buf::Limit;
use zeroize::Zeroize;

use super::chunk::{self, Inbox};
use super::item::{Item, ItemRef, PASSWORD_PROMPT};
use crate::types::LineRef;

/// The line limit of [`Demuxer::new`]: 1 MiB, line end not counted.
///
/// The longest line a daemon has reason to send is a few KiB (a log line, a
/// PKCS#11 blob); the limit bounds memory against a peer that never ends a line.
pub const DEFAULT_LINE_LIMIT: usize = 1024 * 1024;

/// Less than this at once is no flood.
const IDLE: usize = 2 * 1024;

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
/// at most the limit. All of it is wiped when dropped. Lines that were received together share
/// memory, but for [those that may hold a secret](Self::keep_apart).
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
    /// Whole lines.
    ready: Bytes,
    /// Where each of them ends, behind its LF.
    ends: Vec<usize>,
    /// How many of them were handed out.
    lines_taken: usize,
    /// How much of `ready` that is.
    taken: usize,
    /// Lines that have memory of their own, by where they end.
    apart: VecDeque<(usize, Bytes)>,
    keep_apart: Option<fn(&[u8]) -> bool>,
    /// The line handed out last, where it has memory of its own.
    alone: Option<Bytes>,
    found: Found,
    /// What follows the last line end seen, and anything fed since.
    tail: Inbox,
    /// How much of `tail` is known to hold no line end.
    scanned: usize,
    /// How much memory the lines handed out share, those forgotten not counted.
    shared: usize,
    limit: usize,
    /// A prompt can only come before the first line; later the same bytes are a line's text.
    prompt_possible: bool,
    failed: bool,
}

/// What a line is, and where its text stands in its memory.
#[derive(Debug, Clone, Copy)]
enum Found {
    Reply { start: usize, end: usize },
    Event { start: usize, end: usize },
    PasswordPrompt,
}

impl Demuxer {
    /// A demuxer with the [`DEFAULT_LINE_LIMIT`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_line_limit(DEFAULT_LINE_LIMIT)
    }

    /// A demuxer that fails on a line of more than `limit` bytes, line end not counted.
    ///
    /// From 15 bytes on: a shorter limit is passed by the begin of [`PASSWORD_PROMPT`], where that
    /// comes in pieces, and not by the whole of it.
    #[must_use]
    pub fn with_line_limit(limit: usize) -> Self {
        Self {
            ready: Bytes::new(),
            ends: Vec::new(),
            lines_taken: 0,
            taken: 0,
            apart: VecDeque::new(),
            keep_apart: None,
            alone: None,
            found: Found::PasswordPrompt,
            tail: Inbox::default(),
            scanned: 0,
            shared: 0,
            limit,
            prompt_possible: true,
            failed: false,
        }
    }

    /// Sets which lines get memory of their own, and are wiped where they were received: those that may
    /// hold a secret, which is then gone when the last of their own copies is.
    ///
    /// `marks` is given each line with its `>`, without its line end. Default: no line.
    #[must_use]
    pub fn keep_apart(self, marks: fn(&[u8]) -> bool) -> Self {
        Self { keep_apart: Some(marks), ..self }
    }

    /// Takes bytes as they were read. Copies them once.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.failed {
            self.tail.extend(bytes);
        }
    }

    /// Where to read into, so that nothing is copied; [`has_read`](Self::has_read) then tells how much was read.
    pub(crate) fn room(&mut self) -> Limit<&mut Vec<u8>> {
        self.tail.room()
    }

    pub(crate) fn has_read(&mut self, count: usize) {
        self.tail.has_read(count);
    }

    /// How many whole lines are here that were not taken, with the one taken last.
    pub(crate) fn lines_left(&self) -> usize {
        (self.ends.len() + 1).saturating_sub(self.lines_taken)
    }

    /// How many bytes of memory the items taken share, since they were [forgotten](Self::forget_shared).
    pub(crate) fn shared(&self) -> usize {
        self.shared
    }

    pub(crate) fn forget_shared(&mut self) {
        self.shared = 0;
    }

    /// The next item, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`LineTooLong`] once; after that there are no more items, because what a
    /// cut line meant cannot be known.
    pub fn next_item(&mut self) -> Option<Result<Item, LineTooLong>> {
        let found = self.advance()?;
        let item = found.map(|()| self.current_item());
        // The item is its owner, and may be dropped long before the next is asked for.
        if self.alone.is_some() {
            self.alone = None;
        }
        Some(item)
    }

    /// As [`next_item`](Self::next_item), with the line left where it was received, which the next call may wipe.
    ///
    /// # Errors
    /// As `next_item`.
    pub fn next_ref(&mut self) -> Option<Result<ItemRef<'_>, LineTooLong>> {
        Some(self.advance()?.map(|()| self.current()))
    }

    /// Goes on to the next item, which is the [current](Self::current) one then.
    #[inline]
    pub(crate) fn advance(&mut self) -> Option<Result<(), LineTooLong>> {
        if self.alone.is_some() {
            self.alone = None;
        }
        loop {
            if self.failed {
                return None;
            }
            if self.taken >= self.ready.len() && !self.refill() {
                return self.overlong_tail().map(Err);
            }
            if let Some(result) = self.take_ready() {
                return Some(result.map(|found| self.found = found));
            }
        }
    }

    /// The item that was found last, as an owner.
    #[inline]
    fn current_item(&self) -> Item {
        let memory = self.alone.as_ref().unwrap_or(&self.ready);
        match self.found {
            Found::PasswordPrompt => Item::PasswordPrompt,
            Found::Reply { start, end } => Item::Reply(memory.slice(start..end)),
            Found::Event { start, end } => Item::Event(memory.slice(start..end)),
        }
    }

    /// The item that was found last.
    pub(crate) fn current(&self) -> ItemRef<'_> {
        let memory = self.alone.as_ref().unwrap_or(&self.ready);
        let line = |start, end| LineRef::within(memory, memory.get(start..end).unwrap_or_default());
        match self.found {
            Found::PasswordPrompt => ItemRef::PasswordPrompt,
            Found::Reply { start, end } => ItemRef::Reply(line(start, end)),
            Found::Event { start, end } => ItemRef::Event(line(start, end)),
        }
    }

    /// Whether the line of the current item is held that has memory of its own.
    #[cfg(test)]
    pub(crate) fn has_line_apart(&self) -> bool {
        self.alone.is_some()
    }

    /// The end of input: a last line that has no line end, where there is one.
    ///
    /// Call it once [`next_item`](Self::next_item) has returned `None`. The
    /// demuxer is empty afterwards.
    pub fn finish(&mut self) -> Option<Item> {
        let length = self.tail.as_slice().len();
        let line = chunk::freeze(self.tail.split_to(length));
        self.scanned = 0;
        if self.failed {
            return None;
        }
        self.alone = Some(line);
        let line = self.alone.as_deref().map(without_cr).unwrap_or_default();
        self.found = self.find(line, 0)?.ok()?;
        let item = self.current_item();
        self.alone = None;
        Some(item)
    }

    /// Whether the beginning of an event was fed, and its end was not.
    pub(crate) fn is_inside_event(&self) -> bool {
        self.tail.as_slice().starts_with(b">")
    }

    /// Moves whole lines (or a prompt) from `tail` to `ready`; `false` when there are none.
    fn refill(&mut self) -> bool {
        self.ready = Bytes::new();
        if self.prompt_possible && self.tail.as_slice().starts_with(PASSWORD_PROMPT) {
            self.split(PASSWORD_PROMPT.len());
            return true;
        }
        let fresh = self.tail.as_slice().get(self.scanned..).unwrap_or_default();
        let Some(at) = memchr::memrchr(b'\n', fresh) else {
            self.scanned = self.tail.as_slice().len();
            return false;
        };
        self.split(self.scanned + at + 1);
        self.scanned = self.tail.as_slice().len();
        true
    }

    /// Takes so much of `tail` for whole lines. Those that are to be kept apart are copied and wiped
    /// while nobody shares them.
    fn split(&mut self, end: usize) {
        let mut lines = self.tail.split_to(end);
        self.scanned = 0;
        self.shared = self.shared.saturating_add(lines.capacity());
        self.ends.clear();
        if lines.len() < IDLE {
            // What a flood has left is not kept by a connection on which little arrives.
            self.ends.shrink_to(IDLE / 32);
        }
        (self.lines_taken, self.taken) = (0, 0);
        self.ends.extend(memchr::memchr_iter(b'\n', &lines).map(|at| at + 1));
        if let Some(marks) = self.keep_apart {
            self.set_apart(&mut lines, marks);
        }
        self.ready = chunk::freeze(lines);
    }

    /// Gives lines that may hold a secret memory of their own.
    fn set_apart(&mut self, lines: &mut [u8], marks: fn(&[u8]) -> bool) {
        let mut start = 0;
        for end in &self.ends {
            let Some(line) = lines.get_mut(start..*end) else { break };
            if marks(without_end(line)) {
                self.apart.push_back((*end, chunk::freeze(line.to_vec())));
                line.zeroize();
            }
            start = *end;
        }
    }

    /// Takes one line or prompt from `ready`; `None` for a blank line.
    #[inline]
    fn take_ready(&mut self) -> Option<Result<Found, LineTooLong>> {
        if self.prompt_possible && self.is_at_prompt() {
            self.taken += PASSWORD_PROMPT.len();
            return Some(Ok(Found::PasswordPrompt));
        }
        let end = self.ends.get(self.lines_taken).copied().unwrap_or(self.ready.len());
        let start = std::mem::replace(&mut self.taken, end);
        self.lines_taken += 1;
        let found = if let Some(line) = self.take_apart(end) {
            let found = self.find(without_end(&line), 0);
            self.alone = Some(line);
            found
        } else {
            self.find(without_end(self.ready.get(start..end).unwrap_or_default()), start)
        };
        if let Some(Err(_)) = found {
            return Some(Err(self.fail()));
        }
        self.prompt_possible &= found.is_none();
        found
    }

    fn is_at_prompt(&self) -> bool {
        self.ready.get(self.taken..).is_some_and(|rest| rest.starts_with(PASSWORD_PROMPT))
    }

    /// The memory of the line that ends here, where it has some of its own.
    fn take_apart(&mut self, end: usize) -> Option<Bytes> {
        if self.apart.is_empty() || self.apart.front().is_none_or(|(at, _)| *at != end) {
            return None;
        }
        self.apart.pop_front().map(|(_, line)| line)
    }

    /// What the line at `start` is; `None` for a blank one.
    #[inline]
    fn find(&self, line: &[u8], start: usize) -> Option<Result<Found, LineTooLong>> {
        let end = start + line.len();
        let found = match line.first()? {
            b'>' => Found::Event { start: start + 1, end },
            _ => Found::Reply { start, end },
        };
        Some(if line.len() > self.limit {
            Err(LineTooLong { limit: self.limit })
        } else {
            Ok(found)
        })
    }

    fn overlong_tail(&mut self) -> Option<LineTooLong> {
        (without_cr(self.tail.as_slice()).len() > self.limit).then(|| self.fail())
    }

    fn fail(&mut self) -> LineTooLong {
        self.failed = true;
        self.ready = Bytes::new();
        self.alone = None;
        self.taken = 0;
        self.apart.clear();
        self.tail = Inbox::default();
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
            .field("ready", &self.ready.len().saturating_sub(self.taken))
            .field("partial", &self.tail.as_slice().len())
            .field("limit", &self.limit)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// A line without its line end.
fn without_end(line: &[u8]) -> &[u8] {
    without_cr(line.strip_suffix(b"\n").unwrap_or(line))
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests;
