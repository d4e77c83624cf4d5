//! [`Exchange`]: which reply belongs to whom. No I/O, no clock.
//!
//! Commands wait in a queue, go out when the rules of [`ReplyShape`] allow, and
//! stay in flight until their reply is complete. Every reply line goes to the
//! oldest command in flight, whether its caller still waits or not.
//!
//! Where a reply is missing, or comes in other words than the command's own, a
//! fence is sent, and nothing else until its reply has come. What was in flight
//! before it is over then, so that no later command gets an earlier one's reply.

mod fence;
mod in_flight;

use std::collections::VecDeque;

use bytes::Bytes;
use zeroize::Zeroizing;

use self::fence::FenceState;
use self::in_flight::{InFlight, Partial, Taken, refusal, success};
use crate::command::{Encoded, Expect, Fence, Kind, ReplyShape};
use crate::reply::RawReply;
use crate::types::limits;
use crate::types::{LineRef, Text};

/// The end of a command.
pub(super) type Outcome = Result<RawReply, Failure>;

/// How a command ended without the reply it should have.
#[derive(Debug, PartialEq)]
pub(super) enum Failure {
    /// The text after `ERROR: `.
    Refused(Text),
    /// A reply in other words.
    Unexpected { expected: &'static str, line: Bytes },
    /// A fence behind it was answered, and of it came so many lines alone.
    BrokenOff { lines: usize },
    /// A fence behind it was answered, and it was not.
    Unanswered,
}

/// What became of a line.
#[derive(Debug, PartialEq)]
pub(super) enum Step<T> {
    /// It belongs to a reply that goes on.
    Taken,
    /// It completes a command.
    Done(T, Outcome),
    /// It answers a fence, which ends what was in flight before that.
    Fenced(Vec<(T, Outcome)>),
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

/// What follows from a silence that was too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// Nothing was awaited.
    Nothing,
    /// The oldest command, of which a fence tells whether it has a reply.
    Command,
    /// The fence itself.
    Fence,
}

/// The pending queue. `T` names a caller.
pub(super) struct Exchange<T> {
    queued: VecDeque<Queued<T>>,
    in_flight: VecDeque<InFlight<T>>,
    depth: usize,
    reply_limit: usize,
    fence: FenceState,
    /// Of several commands in flight one has no reply, so that no line is surely anybody's.
    uncertain: bool,
    /// The daemon has been silent for too long once, with a fence on its way.
    doubted: bool,
    /// How the replies start that were given up and may still come.
    late: Vec<Expect>,
}

struct Queued<T> {
    pending: T,
    wire: Encoded,
}

impl<T> Exchange<T> {
    /// At most `depth` commands in flight, each reply at most `reply_limit` bytes.
    pub(super) fn new(depth: usize, reply_limit: usize) -> Self {
        Self {
            queued: VecDeque::new(),
            in_flight: VecDeque::new(),
            depth: depth.max(1),
            reply_limit,
            fence: FenceState::new(),
            uncertain: false,
            doubted: false,
            late: Vec::new(),
        }
    }

    pub(super) fn submit(&mut self, pending: T, wire: Encoded) {
        self.queued.push_back(Queued { pending, wire });
    }

    /// Drops the commands whose callers are `gone`, unsent; their bytes may hold a password.
    pub(super) fn prune(&mut self, gone: impl Fn(&T) -> bool) {
        self.queued.retain(|queued| !gone(&queued.pending));
    }

    /// How many commands wait to be sent, without those that wait for a late reply.
    pub(super) fn queued(&self) -> usize {
        if self.late.is_empty() {
            return self.queued.len();
        }
        self.queued.iter().filter(|queued| !self.is_mistakable(queued)).count()
    }

    /// How many commands wait to be sent, for whatever.
    pub(super) fn len(&self) -> usize {
        self.queued.len()
    }

    /// Sends a command before the end that a caller has asked for.
    pub(super) fn submit_before_close(&mut self, pending: T, wire: Encoded) {
        let is_close = |queued: &Queued<T>| queued.wire.shape == ReplyShape::Close;
        let at = self.queued.iter().position(is_close).unwrap_or(self.queued.len());
        self.queued.insert(at, Queued { pending, wire });
    }

    /// Whether a reply is awaited that comes of its own: not the end that `quit` brings.
    pub(super) fn awaits_reply(&self) -> bool {
        (!self.in_flight.is_empty() || !self.fence.is_idle()) && !self.is_closing()
    }

    /// Whose command would go out next, where one may go out now and no fence goes before it.
    pub(super) fn next(&self) -> Option<&T> {
        let next = self.sendable(&|_| true)?;
        self.queued.get(next).map(|next| &next.pending)
    }

    /// Whether the reply that is awaited may have been broken off, and no fence tells yet.
    pub(super) fn may_be_broken_off(&self) -> bool {
        self.fence.is_idle() && self.in_flight.front().is_some_and(InFlight::may_be_broken_off)
    }

    /// Such a reply has stalled: a fence tells whether there is more. That is no silence that ends anything.
    pub(super) fn stalled(&mut self) {
        if self.may_be_broken_off() {
            self.fence.demand();
        }
    }

    /// The next bytes to write, whole commands only, of those that `may` go out.
    ///
    /// `admit` sees the caller just before its command would go out. A command
    /// that is not admitted is dropped with its caller, unsent. Only one is looked at, so
    /// that what made sure of the first is not taken for the one behind it.
    pub(super) fn next_write(
        &mut self,
        may: impl Fn(&T) -> bool,
        admit: impl FnOnce(&mut T) -> bool,
    ) -> NextWrite {
        if self.fence.is_due() {
            return NextWrite::Fence(self.fence.send());
        }
        let next = self.sendable(&may).and_then(|next| self.queued.remove(next));
        let Some(mut next) = next else {
            return NextWrite::Nothing;
        };
        if admit(&mut next.pending) {
            return NextWrite::Bytes(self.launch(next));
        }
        NextWrite::Dropped
    }

    /// Who sent the command that went out last, where it is in flight.
    pub(super) fn last(&self) -> Option<&T> {
        self.in_flight.back().map(|command| &command.pending)
    }

    /// How many commands are in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Who sent the command that has waited longest for its reply.
    pub(super) fn oldest(&self) -> Option<&T> {
        self.in_flight.front().map(|command| &command.pending)
    }

    /// Takes back the command that went out last, of which nothing was written.
    pub(super) fn take_back(&mut self) -> Option<T> {
        if self.fence.is_sent() {
            // It is part of what was not written.
            self.fence.clear();
            self.doubted = false;
        }
        self.in_flight.pop_back().map(|command| command.pending)
    }

    /// Whether a command of such a caller waits to be sent.
    pub(super) fn waits(&self, is_such: impl Fn(&T) -> bool) -> bool {
        self.queued.iter().any(|queued| is_such(&queued.pending))
    }

    /// Takes a reply line.
    pub(super) fn reply(&mut self, line: Bytes) -> Step<T> {
        if self.fence.is_sent() {
            let unnamed = self.in_flight.iter().all(|command| !command.kind.may_be_signal());
            if self.fence.is_answered_by(&line, unnamed) {
                return Step::Fenced(self.fenced());
            }
        }
        if self.is_late(&line) || self.uncertain {
            return Step::Stray(line);
        }
        // Also of one that is alone: others follow it before its end.
        let pipelines = self.depth > 1;
        let Some(head) = self.in_flight.front_mut() else {
            return Step::Stray(line);
        };
        let taken = if pipelines && head.pipelines && head.is_not_a_row(&line) {
            Taken::Unfit(line)
        } else {
            head.take(line, self.reply_limit)
        };
        match taken {
            Taken::Partly => Step::Taken,
            Taken::PartlyUpToFence => {
                self.fence.demand();
                Step::Taken
            }
            Taken::Whole(outcome) => self.complete(outcome),
            Taken::Not(line) => Step::Stray(line),
            Taken::Unfit(line) => {
                head.unfit.get_or_insert_with(|| line.clone());
                self.resynchronize();
                Step::Stray(line)
            }
            Taken::TooMuch => Step::TooLarge,
        }
    }

    /// Whether this event line (without `>`) is the reply that the oldest command waits for.
    pub(super) fn event(&mut self, line: LineRef<'_>) -> Option<Step<T>> {
        if !self.late.is_empty() && asks_anew(line.as_bytes()) {
            // The daemon has answered the last one, or never will, before it asks again.
            self.late.clear();
        }
        let head = self.in_flight.front().filter(|_| !self.uncertain)?;
        let ReplyShape::Event(prefix) = head.shape else {
            return None;
        };
        if !line.as_bytes().starts_with(prefix.as_bytes()) {
            return None;
        }
        let reply = RawReply { success: None, lines: vec![line.to_bytes()] };
        Some(self.complete(Ok(reply)))
    }

    /// The daemon has said nothing to what is in flight for too long: a fence tells whether it will.
    /// One that is on its way already has as long as one that is sent now.
    pub(super) fn give_up(&mut self) -> GivenUp {
        if !self.awaits_reply() {
            return GivenUp::Nothing;
        }
        if std::mem::replace(&mut self.doubted, true) {
            return GivenUp::Fence;
        }
        self.resynchronize();
        GivenUp::Command
    }

    /// Ends everything at the end of the connection; `None` for a command that has failed with it.
    pub(super) fn close(&mut self) -> impl Iterator<Item = (T, Option<Outcome>)> + '_ {
        self.fence.clear();
        let in_flight = self.in_flight.drain(..).map(|mut command| {
            let outcome = command.closed();
            (command.pending, outcome)
        });
        in_flight.chain(self.queued.drain(..).map(|command| (command.pending, None)))
    }

    pub(super) fn reply_limit(&self) -> usize {
        self.reply_limit
    }

    /// Whether the daemon has been asked to close the connection.
    pub(super) fn is_closing(&self) -> bool {
        self.in_flight.front().is_some_and(|head| head.shape == ReplyShape::Close)
    }

    /// Sends nothing more until all that is in flight is over.
    fn resynchronize(&mut self) {
        self.fence.demand();
        self.uncertain |= self.in_flight.len() > 1;
    }

    /// Everything before the fence has been read by the daemon, and answered or not.
    fn fenced(&mut self) -> Vec<(T, Outcome)> {
        self.fence.clear();
        (self.uncertain, self.doubted) = (false, false);
        let mut ended = Vec::with_capacity(self.in_flight.len());
        for mut command in self.in_flight.drain(..) {
            let outcome = command.fenced();
            let is_missing = !matches!(outcome, Ok(_) | Err(Failure::Refused(_)));
            if command.kind == Kind::Late && is_missing {
                self.late.push(command.expect);
            }
            ended.push((command.pending, outcome));
        }
        ended
    }

    /// Whether a line is a reply that was given up. Each comes once, and is not awaited any more then.
    pub(super) fn is_late(&mut self, line: &Bytes) -> bool {
        if self.late.is_empty() {
            return false;
        }
        let text = success(line).or_else(|| refusal(line));
        let late = text.and_then(|text| self.late.iter().position(|late| late.begins(&text)));
        late.is_some_and(|late| {
            self.late.swap_remove(late);
            true
        })
    }

    /// Whether its reply could be taken for one that was given up.
    fn is_mistakable(&self, queued: &Queued<T>) -> bool {
        self.late.contains(&queued.wire.expect)
    }

    /// Where in the queue the command stands that may go out now.
    ///
    /// Others pass one that waits for a late reply, or that may not go out; only `quit` passes none.
    fn sendable(&self, may: &impl Fn(&T) -> bool) -> Option<usize> {
        if !self.fence.is_idle() {
            return None;
        }
        let may_go = |queued: &Queued<T>| !self.is_mistakable(queued) && may(&queued.pending);
        let at = self.queued.iter().position(may_go)?;
        if at > 0 && self.queued.get(at)?.wire.shape == ReplyShape::Close {
            return None;
        }
        let next = self.queued.get(at)?;
        let beside_others = || {
            self.in_flight.len() < self.depth
                && next.wire.pipelines()
                // One that does not pipeline is alone.
                && self.in_flight.back().is_none_or(|command| command.pipelines)
        };
        (self.in_flight.is_empty() || beside_others()).then_some(at)
    }

    fn launch(&mut self, next: Queued<T>) -> Zeroizing<Vec<u8>> {
        let pipelines = next.wire.pipelines();
        let Encoded { mut bytes, shape, expect, failure, kind, .. } = next.wire;
        let wants_fence = kind.is_raw() || shape == ReplyShape::Fenced(Fence::AtOnce);
        // Together they must fit where the daemon keeps a line.
        if wants_fence && bytes.len() + FenceState::len() <= limits::PIPELINED_LINE {
            bytes.extend_from_slice(&self.fence.send());
        }
        let (pending, reply) = (next.pending, Partial::default());
        self.in_flight.push_back(InFlight {
            pending,
            shape,
            expect,
            failure,
            pipelines,
            kind,
            reply,
            unfit: None,
        });
        bytes
    }

    fn complete(&mut self, outcome: Outcome) -> Step<T> {
        match self.in_flight.pop_front() {
            Some(command) => {
                if command.kind.is_raw() || matches!(command.shape, ReplyShape::Count(_)) {
                    // The daemon may say more than its caller knew of, or one of the lines was nobody's.
                    self.fence.demand();
                }
                Step::Done(command.pending, outcome)
            }
            None => Step::Taken,
        }
    }
}

/// Whether an event asks for a signature or a certificate.
fn asks_anew(line: &[u8]) -> bool {
    let asks = [&b"PK_SIGN:"[..], b"RSA_SIGN:", b"NEED-CERTIFICATE:"];
    asks.iter().any(|ask| line.starts_with(ask))
}

#[cfg(test)]
mod tests;
