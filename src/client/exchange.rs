//! [`Exchange`]: which reply belongs to whom. No I/O, no clock.
//!
//! Commands wait in a queue, go out when the rules of [`ReplyShape`] allow, and
//! stay in flight until their reply is complete. Every reply line goes to the
//! oldest command in flight, whether its caller still waits or not.

use std::collections::VecDeque;

use bytes::Bytes;
use memchr::memmem;
use zeroize::Zeroizing;

use crate::Text;
use crate::command::{Fence, ReplyShape, Wire};
use crate::reply::RawReply;

/// The command sent as a fence, and how its reply starts. No other reply starts so.
const FENCE: &[u8] = b"pid\n";
const FENCE_REPLY: &[u8] = b"SUCCESS: pid=";

/// What a kept line costs beside its bytes, for the reply limit.
const LINE_OVERHEAD: usize = size_of::<Bytes>();

/// The end of a command: its reply, or the text after `ERROR: `.
pub(super) type Outcome = Result<RawReply, Text>;

/// What became of a line.
#[derive(Debug, PartialEq)]
pub(super) enum Step<T> {
    /// It belongs to a reply that goes on.
    Taken,
    /// It completes a command.
    Done(T, Outcome),
    /// It belongs to no command.
    Stray(Bytes),
    /// It takes a reply over the limit.
    TooLarge,
}

/// What is to be written next.
#[derive(Debug)]
pub(super) enum NextWrite {
    /// Nothing may go out now.
    Nothing,
    /// The first command was not admitted; there may be others behind it.
    Dropped,
    /// A whole command.
    Bytes(Zeroizing<Vec<u8>>),
    /// A fence behind the command that went out last.
    Fence(Zeroizing<Vec<u8>>),
}

/// The pending queue. `T` names a caller.
pub(super) struct Exchange<T> {
    queued: VecDeque<Queued<T>>,
    in_flight: VecDeque<InFlight<T>>,
    depth: usize,
    reply_limit: usize,
    fence_due: bool,
}

struct Queued<T> {
    caller: T,
    wire: Wire,
}

struct InFlight<T> {
    caller: T,
    shape: ReplyShape,
    /// How the text of this command's `SUCCESS: ` starts.
    expect: &'static str,
    /// What that text holds where the command failed all the same.
    failure: Option<&'static str>,
    pipelines: bool,
    reply: Partial,
    /// Set once the fence's own reply is on its way.
    fenced: bool,
}

#[derive(Default)]
struct Partial {
    success: Option<Bytes>,
    lines: Vec<Bytes>,
    size: usize,
}

impl<T> Exchange<T> {
    /// At most `depth` commands in flight, each reply at most `reply_limit` bytes.
    pub(super) fn new(depth: usize, reply_limit: usize) -> Self {
        Self {
            queued: VecDeque::new(),
            in_flight: VecDeque::new(),
            depth: depth.max(1),
            reply_limit,
            fence_due: false,
        }
    }

    pub(super) fn submit(&mut self, caller: T, wire: Wire) {
        self.queued.push_back(Queued { caller, wire });
    }

    /// Drops the commands whose callers are `gone`, unsent; their bytes may hold a password.
    pub(super) fn prune(&mut self, gone: impl Fn(&T) -> bool) {
        self.queued.retain(|queued| !gone(&queued.caller));
    }

    /// How many commands wait to be sent.
    pub(super) fn queued(&self) -> usize {
        self.queued.len()
    }

    /// Whose command would go out next, where one may go out now and no fence goes before it.
    pub(super) fn next(&self) -> Option<&T> {
        let may_send = !self.fence_due && self.may_send();
        self.queued.front().filter(|_| may_send).map(|next| &next.caller)
    }

    /// The next bytes to write, whole commands only.
    ///
    /// `admit` sees the caller just before its command would go out. A command
    /// that is not admitted is dropped with its caller, unsent. Only one is looked at, so
    /// that what made sure of the first is not taken for the one behind it.
    pub(super) fn next_write(&mut self, admit: impl FnOnce(&mut T) -> bool) -> NextWrite {
        if std::mem::take(&mut self.fence_due) {
            return NextWrite::Fence(Zeroizing::new(FENCE.to_vec()));
        }
        if !self.may_send() {
            return NextWrite::Nothing;
        }
        let Some(mut next) = self.queued.pop_front() else {
            return NextWrite::Nothing;
        };
        if admit(&mut next.caller) {
            return NextWrite::Bytes(self.launch(next));
        }
        NextWrite::Dropped
    }

    /// Who sent the command that went out last, where it is in flight.
    pub(super) fn last(&self) -> Option<&T> {
        self.in_flight.back().map(|command| &command.caller)
    }

    /// Takes back the command that went out last, of which nothing was written.
    pub(super) fn take_back(&mut self) -> Option<T> {
        self.in_flight.pop_back().map(|command| command.caller)
    }

    /// Whether a command of such a caller waits to be sent.
    pub(super) fn waits(&self, is_such: impl Fn(&T) -> bool) -> bool {
        self.queued.iter().any(|queued| is_such(&queued.caller))
    }

    /// Takes a reply line.
    pub(super) fn reply(&mut self, line: Bytes) -> Step<T> {
        let Some(head) = self.in_flight.front_mut() else {
            return Step::Stray(line);
        };
        match head.take(line, self.reply_limit, &mut self.fence_due) {
            Taken::Partly => Step::Taken,
            Taken::Not(line) => Step::Stray(line),
            Taken::TooMuch => Step::TooLarge,
            Taken::Whole(outcome) => self.complete(outcome),
        }
    }

    /// Whether this event line (without `>`) is the reply that the oldest command waits for.
    pub(super) fn event(&mut self, line: &Bytes) -> Option<Step<T>> {
        let head = self.in_flight.front()?;
        let ReplyShape::Event(prefix) = head.shape else {
            return None;
        };
        if !line.starts_with(prefix.as_bytes()) {
            return None;
        }
        let reply = RawReply { success: None, lines: vec![line.clone()] };
        Some(self.complete(Ok(reply)))
    }

    /// Ends everything at the end of the connection; `None` for a command that has failed with it.
    ///
    /// A fenced reply counts as whole when a line of it came: the daemon may exit
    /// (`signal SIGTERM`) before it reads the fence.
    pub(super) fn close(&mut self) -> impl Iterator<Item = (T, Option<Outcome>)> + '_ {
        self.fence_due = false;
        let in_flight = self.in_flight.drain(..).map(|command| {
            let outcome = match command.shape {
                ReplyShape::Close => Some(Ok(RawReply::default())),
                ReplyShape::Fenced(_) if !command.reply.lines.is_empty() => {
                    Some(fenced_outcome(command.reply))
                }
                _ => None,
            };
            (command.caller, outcome)
        });
        in_flight.chain(self.queued.drain(..).map(|command| (command.caller, None)))
    }

    pub(super) fn reply_limit(&self) -> usize {
        self.reply_limit
    }

    /// Whether the daemon has been asked to close the connection.
    pub(super) fn is_closing(&self) -> bool {
        self.in_flight.front().is_some_and(|head| head.shape == ReplyShape::Close)
    }

    fn may_send(&self) -> bool {
        let Some(next) = self.queued.front() else {
            return false;
        };
        self.in_flight.is_empty()
            || (self.in_flight.len() < self.depth
                && next.wire.pipelines()
                && self.in_flight.iter().all(|command| command.pipelines))
    }

    fn launch(&mut self, next: Queued<T>) -> Zeroizing<Vec<u8>> {
        let Wire { mut bytes, shape, expect, failure, .. } = next.wire;
        let fenced = shape == ReplyShape::Fenced(Fence::AtOnce);
        if fenced {
            bytes.extend_from_slice(FENCE);
        }
        let pipelines = shape.pipelines();
        let reply = Partial::default();
        let caller = next.caller;
        let command = InFlight { caller, shape, expect, failure, pipelines, reply, fenced };
        self.in_flight.push_back(command);
        bytes
    }

    fn complete(&mut self, outcome: Outcome) -> Step<T> {
        match self.in_flight.pop_front() {
            Some(command) => Step::Done(command.caller, outcome),
            None => Step::Taken,
        }
    }
}

/// What a command did with a line.
enum Taken {
    Partly,
    Whole(Outcome),
    Not(Bytes),
    TooMuch,
}

impl<T> InFlight<T> {
    fn take(&mut self, line: Bytes, limit: usize, fence_due: &mut bool) -> Taken {
        match self.shape {
            ReplyShape::Line => self.take_line(line),
            ReplyShape::ExplainedLine => self.take_explained(line, limit),
            ReplyShape::Block => self.take_block(line, limit),
            ReplyShape::LineThenBlock => self.take_line_then_block(line, limit),
            ReplyShape::Event(_) => match refusal(&line) {
                Some(text) => Taken::Whole(Err(text)),
                None => Taken::Not(line),
            },
            ReplyShape::Count(count) => self.take_count(line, count, limit),
            ReplyShape::Fenced(fence) => self.take_fenced(line, fence, limit, fence_due),
            ReplyShape::Close => Taken::Not(line),
        }
    }

    fn take_line(&mut self, line: Bytes) -> Taken {
        if let Some(text) = refusal(&line) {
            return Taken::Whole(Err(text));
        }
        match success(&line) {
            Some(text) if self.is_failure(&text) => Taken::Whole(Err(text)),
            Some(text) if text.as_bytes().starts_with(self.expect.as_bytes()) => {
                Taken::Whole(Ok(RawReply { success: Some(text), lines: Vec::new() }))
            }
            _ => Taken::Not(line),
        }
    }

    fn is_failure(&self, text: &Text) -> bool {
        let holds = |failure: &str| memmem::find(text.as_bytes(), failure.as_bytes()).is_some();
        text.as_bytes().starts_with(self.expect.as_bytes()) && self.failure.is_some_and(holds)
    }

    fn take_explained(&mut self, line: Bytes, limit: usize) -> Taken {
        match self.take_line(line) {
            Taken::Not(line) => self.keep(line, limit),
            Taken::Whole(Err(text)) => Taken::Whole(Err(self.explain(text))),
            taken => taken,
        }
    }

    /// The bare lines that came before a refusal, and the refusal.
    fn explain(&mut self, text: Text) -> Text {
        if self.reply.lines.is_empty() {
            return text;
        }
        let mut whole = self.reply.lines.join(b"; ".as_slice());
        whole.extend_from_slice(b"; ");
        whole.extend_from_slice(text.as_bytes());
        Text::from(Bytes::from(whole))
    }

    fn take_block(&mut self, line: Bytes, limit: usize) -> Taken {
        if self.reply.lines.is_empty() {
            if let Some(text) = refusal(&line) {
                return Taken::Whole(Err(text));
            }
            if success(&line).is_some() {
                return Taken::Not(line);
            }
        }
        if line == b"END".as_slice() {
            return Taken::Whole(Ok(self.reply.finish()));
        }
        self.keep(line, limit)
    }

    fn take_line_then_block(&mut self, line: Bytes, limit: usize) -> Taken {
        if self.reply.success.is_some() {
            if line == b"END".as_slice() {
                return Taken::Whole(Ok(self.reply.finish()));
            }
            return self.keep(line, limit);
        }
        match self.take_line(line.clone()) {
            Taken::Whole(Ok(_)) => {
                self.reply.success = Some(line);
                Taken::Partly
            }
            taken => taken,
        }
    }

    fn take_count(&mut self, line: Bytes, count: u32, limit: usize) -> Taken {
        if self.reply.lines.is_empty() {
            if let Some(text) = refusal(&line) {
                return Taken::Whole(Err(text));
            }
        }
        match self.keep(line, limit) {
            Taken::Partly if self.reply.lines.len() >= usize_of(count) => {
                Taken::Whole(Ok(self.reply.finish()))
            }
            taken => taken,
        }
    }

    fn take_fenced(
        &mut self,
        line: Bytes,
        fence: Fence,
        limit: usize,
        fence_due: &mut bool,
    ) -> Taken {
        if self.fenced && line.starts_with(FENCE_REPLY) {
            return Taken::Whole(fenced_outcome(std::mem::take(&mut self.reply)));
        }
        if !self.fenced && fence == Fence::AfterRefusal {
            if let Taken::Whole(Ok(reply)) = self.take_line(line.clone()) {
                return Taken::Whole(Ok(reply));
            }
            if refusal(&line).is_none() {
                return Taken::Not(line);
            }
        }
        let taken = self.keep(line, limit);
        if !self.fenced {
            self.fenced = true;
            *fence_due = true;
        }
        taken
    }

    fn keep(&mut self, line: Bytes, limit: usize) -> Taken {
        self.reply.size += line.len() + LINE_OVERHEAD;
        if self.reply.size > limit {
            return Taken::TooMuch;
        }
        self.reply.lines.push(line);
        Taken::Partly
    }
}

impl Partial {
    fn finish(&mut self) -> RawReply {
        let whole = std::mem::take(self);
        RawReply { success: whole.success.as_ref().and_then(success), lines: whole.lines }
    }
}

/// A refusal where the first line is one, else the lines as they came.
fn fenced_outcome(reply: Partial) -> Outcome {
    match reply.lines.first().and_then(refusal) {
        Some(text) => Err(text),
        None => Ok(RawReply { success: None, lines: reply.lines }),
    }
}

fn success(line: &Bytes) -> Option<Text> {
    after(line, b"SUCCESS:")
}

fn refusal(line: &Bytes) -> Option<Text> {
    after(line, b"ERROR:")
}

fn after(line: &Bytes, prefix: &[u8]) -> Option<Text> {
    let text = line.strip_prefix(prefix)?;
    let text = text.strip_prefix(b" ").unwrap_or(text);
    Some(Text::slice_of(line, text))
}

fn usize_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
