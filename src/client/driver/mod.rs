//! [`Driver`]: the one task that owns the connection.
//!
//! It always reads: no consumer of events or replies can make it wait, and it
//! reads while it writes. It ends with the connection, and tells everybody why.

mod ending;
mod output;
mod set_up;

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::task::unconstrained;
use tokio::time::Instant;
use tracing::{trace, warn};
use zeroize::Zeroizing;

use crate::client::dispatcher::Dispatcher;
use crate::client::exchange::{Exchange, NextWrite, Outcome, Step};
use crate::client::pending_command::{PendingCommand, SubmittedCommand};
use crate::client::reply_timer::ReplyTimer;
use crate::client::start::Settings;
use crate::client::transport::{Duplex, Transport, Turn};
use crate::command::{ClientDeny, Command as _};
use crate::demux::{Demuxer, Item, ItemRef};
use crate::error::{CloseReason, Result};
use crate::events::{Assembler, Event, Stray};
use ending::Ending;
use output::Output;
pub(in crate::client) use set_up::SetUp;

/// How many commands are taken in before the first of them has gone out.
const QUEUE: usize = 64;

/// The same, with those that wait for the late reply of another.
const QUEUE_LIMIT: usize = 16 * QUEUE;

/// How long a reply that may be broken off may pause before a fence asks whether there is more.
const PAUSE: Duration = Duration::from_millis(500);

/// After so many turns the socket leaves one to whatever else is ready, and then the commands do.
const TURNS: u32 = 16;

/// How many reads go at most before anything else gets its turn again.
const CATCH_UP: usize = 64;

pub(in crate::client) struct Driver<S> {
    socket: Duplex<S>,
    demuxer: Demuxer,
    assembler: Assembler,
    exchange: Exchange<PendingCommand>,
    commands: mpsc::Receiver<SubmittedCommand>,
    dispatcher: Dispatcher,
    output: Output,
    reply_timer: ReplyTimer,
    /// When to ask whether the reply that has begun goes on.
    pause_ends: Option<Instant>,
    /// What was just received for the commands in flight.
    heard: Heard,
    /// There may be more to read that an answer waits for, and that nothing else tells of.
    is_behind: bool,
    /// Closed when the last handle is dropped.
    handles: Arc<watch::Sender<()>>,
    ending: Ending,
    close_timeout: Duration,
    /// How many turns the socket and the commands have had since they left one.
    turns: u32,
}

/// What a driver is made of.
pub(in crate::client) struct Parts<S> {
    pub(in crate::client) stream: S,
    pub(in crate::client) demuxer: Demuxer,
    pub(in crate::client) commands: mpsc::Receiver<SubmittedCommand>,
    pub(in crate::client) dispatcher: Dispatcher,
    pub(in crate::client) handles: Arc<watch::Sender<()>>,
}

/// How surely the daemon was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Nothing,
    /// A line that is nobody's.
    Stray,
    /// A line of a reply.
    Reply,
}

impl<S: Transport> Driver<S> {
    pub(in crate::client) fn new(parts: Parts<S>, settings: &Settings) -> Self {
        Self {
            socket: Duplex::new(parts.stream),
            demuxer: parts.demuxer,
            assembler: Assembler::with_env_limit(settings.env_limit),
            exchange: Exchange::new(settings.pipeline, settings.reply_limit),
            commands: parts.commands,
            dispatcher: parts.dispatcher,
            output: Output::default(),
            reply_timer: ReplyTimer::new(settings.reply_timeout),
            pause_ends: None,
            heard: Heard::Nothing,
            is_behind: false,
            handles: parts.handles,
            ending: Ending::default(),
            close_timeout: settings.close_timeout,
            turns: 0,
        }
    }

    /// Serves the connection to its end. `early` are the items the handshake read.
    pub(in crate::client) async fn run(mut self, early: Vec<Item>, set_up: Option<SetUp>) {
        if let Some(set_up) = set_up {
            self.set_up(set_up);
        }
        let reason = match early.into_iter().try_for_each(|item| self.item(item)) {
            Err(reason) => reason,
            Ok(()) => match self.drain_demuxer() {
                Err(reason) => reason,
                Ok(()) => self.serve().await,
            },
        };
        self.finish(reason).await;
    }

    async fn serve(&mut self) -> CloseReason {
        loop {
            // Also a stream that is always ready leaves the other tasks of its thread their turn.
            tokio::task::consume_budget().await;
            self.yield_where_crowded().await;
            if let Err(reason) = self.refill_output().await {
                return reason;
            }
            let (deadline, pause_ends) = (self.ending.deadline, self.pause_ends);
            let (takes_commands, abandoned) = (self.takes_commands(), self.ending.abandoned);
            let (has_socket, has_commands) = (self.turns < TURNS, self.turns <= TURNS);
            self.turns = if has_commands { self.turns + 1 } else { 0 };
            // An answer that waited to be written waits for what has begun to arrive meanwhile, too.
            let is_answer = self.is_unwritten_answer();
            let output = if is_answer && self.is_inside_event() { &[] } else { self.output.rest() };
            let mut room = self.demuxer.room();
            tokio::select! {
                // In this order, so that the same input has the same outcome. What is always ready
                // leaves all below a turn now and then.
                biased;
                // Reads while it writes.
                turn = self.socket.turn(&mut room, output, is_answer), if has_socket => match turn {
                    Turn::Read(read) => if let Err(reason) = self.read(read) {
                        return reason;
                    },
                    Turn::Wrote(wrote) => self.wrote(wrote),
                },
                // A bounded number of commands wait here; the others wait with their callers.
                submitted = self.commands.recv(), if takes_commands && has_commands => match submitted {
                    Some(submitted) => self.submit_all(submitted),
                    None => self.abandon(),
                },
                // While no command is taken, this alone tells that no handle is left.
                () = self.handles.closed(), if !takes_commands && !abandoned => {
                    self.abandon();
                }
                // A client to deny, a command withdrawn, or the end asked for; the loop looks for all.
                () = self.dispatcher.shared.work.notified() => {}
                // Without a handle the connection is of use as long as somebody listens.
                () = self.dispatcher.broadcast.deserted(), if abandoned => return CloseReason::Requested,
                // The timer runs while a reply is awaited, and fires early where there was progress.
                () = self.reply_timer.fired(), if self.reply_timer.is_running() => {
                    if let Err(reason) = self.silent() {
                        return reason;
                    }
                }
                // A daemon says a status at once, and its end never where a row is too long for it.
                () = sleep_until(pause_ends), if pause_ends.is_some() => {
                    self.pause_ends = None;
                    self.exchange.stalled();
                }
                // The end was asked for, or writing failed, and the daemon has not closed in time.
                () = sleep_until(deadline), if deadline.is_some() => return self.overdue(),
                // What was caught up with at most at once may have been all there was.
                () = std::future::ready(()), if self.is_behind || !has_socket => {}
            }
        }
    }

    /// Subscribers of the same thread read before they lose what they had no time for.
    async fn yield_where_crowded(&mut self) {
        if std::mem::take(&mut self.dispatcher.is_crowded) {
            tokio::task::yield_now().await;
        }
    }

    fn takes_commands(&self) -> bool {
        !self.ending.abandoned
            && self.exchange.queued() < QUEUE
            && self.exchange.len() < QUEUE_LIMIT
    }

    /// Takes in a command and those that wait behind it: while the socket always has something, their turn comes seldom.
    fn submit_all(&mut self, first: SubmittedCommand) {
        let mut next = Some(first);
        while let Some(submitted) = next {
            let (pending, wire) = submitted.into_parts();
            self.exchange.submit(pending, wire);
            next = if self.takes_commands() { self.commands.try_recv().ok() } else { None };
        }
    }

    /// Marks the environments that come from now on.
    fn follow_env_filter(&mut self) {
        self.assembler.set_env_trusted(self.dispatcher.env_filter.is_zero());
    }

    /// Takes back a command that was admitted, but of which nothing was written before what was read
    /// made it wrong.
    fn take_back_unwritten(&mut self) {
        let dispatcher = &self.dispatcher;
        let is_wrong = |pending: &PendingCommand| {
            pending.depends_on_events() && !pending.is_current(dispatcher)
        };
        if self.is_unwritten_answer() && self.exchange.last().is_some_and(is_wrong) {
            self.output = Output::default();
            if let Some(pending) = self.exchange.take_back() {
                pending.take_back();
            }
        }
    }

    /// Whether what is to be written next depends on what was read, and nothing of it was written.
    fn is_unwritten_answer(&self) -> bool {
        let is_unwritten = self.output.is_due() && self.output.written == 0 && !self.output.fence;
        is_unwritten && self.exchange.last().is_some_and(PendingCommand::depends_on_events)
    }

    /// Turns away a client whose request nobody answers any more. One at a time waits to be sent, so
    /// that however many there are, the commands of callers have their turn.
    fn deny(&mut self) {
        if self.exchange.waits(PendingCommand::is_denial) {
            return;
        }
        let peers = &self.dispatcher.peers;
        let denial = self.dispatcher.registry.take_denial();
        if let Some(denial) = denial.filter(|denial| denial.epoch == peers.epoch()) {
            // Whoever has left, or was followed, was taken out of the queue: it is this one.
            let peer = peers.peer(denial.cid);
            let deny = ClientDeny::new(denial.cid, denial.kid, denial.reason);
            // The reasons are this crate's own, so they pass every check.
            if let Ok(wire) = deny.encode(self.dispatcher.shared.dialect()) {
                let command = PendingCommand::denial(&wire, peer, denial.kid);
                // Those that were due when the end was asked for go first, and no others.
                match self.ending.denials.checked_sub(1) {
                    Some(rest) => {
                        self.ending.denials = rest;
                        self.exchange.submit_before_close(command, wire);
                    }
                    None => self.exchange.submit(command, wire),
                }
            }
        }
    }

    /// Takes the next command that may go out.
    async fn refill_output(&mut self) -> Result<(), CloseReason> {
        // Of before: only what is found behind now needs another turn that nothing else tells of.
        self.is_behind = false;
        self.follow_closing()?;
        self.exchange.prune(PendingCommand::is_withdrawn);
        self.take_back_unwritten();
        let mut settled = None;
        while !self.output.is_due() && self.ending.write_error.is_none() {
            self.deny();
            let depends_on_events =
                self.exchange.next().is_some_and(PendingCommand::depends_on_events);
            if depends_on_events && settled != Some(false) {
                settled = Some(self.catch_up().await?);
            }
            // What depends on events that are still to come lets others pass.
            // A decision about a client does not, as the answer may be about the same.
            let waits = |pending: &PendingCommand| pending.depends_on_events() || pending.decides();
            let is_held = |pending: &PendingCommand| settled == Some(false) && waits(pending);
            let awaited = self.exchange.awaits_reply();
            let dispatcher = &mut self.dispatcher;
            let next =
                self.exchange.next_write(|pending| !is_held(pending), |c| c.admit(dispatcher));
            match next {
                NextWrite::Bytes(bytes) => self.write(bytes, false, awaited),
                NextWrite::Fence(bytes) => self.write(bytes, true, awaited),
                NextWrite::Dropped => {}
                NextWrite::Nothing => break,
            }
            self.follow_env_filter();
        }
        Ok(())
    }

    /// Has a command written; where another's reply is awaited, its time is not made longer.
    fn write(&mut self, bytes: Zeroizing<Vec<u8>>, fence: bool, awaited: bool) {
        self.output = Output { bytes, written: 0, fence };
        if !awaited || fence {
            self.reply_timer.begin();
        }
    }

    /// Takes in what has arrived already, which may withdraw the request that the next command
    /// answers; `false` where there may be more.
    async fn catch_up(&mut self) -> Result<bool, CloseReason> {
        let mut yielded = false;
        for _ in 0..CATCH_UP {
            match self.read_now().await {
                Some(read) => {
                    self.read(read)?;
                    self.yield_where_crowded().await;
                }
                None => match self.socket.has_unread() {
                    Some(unread) => return Ok(!unread && !self.is_inside_event()),
                    None if yielded => return Ok(!self.is_inside_event()),
                    // The runtime asks the system what has arrived when a task yields.
                    None => {
                        tokio::task::yield_now().await;
                        yielded = true;
                    }
                },
            }
        }
        // A stream that never runs dry leaves the other tasks their turn.
        self.is_behind = true;
        tokio::task::yield_now().await;
        Ok(false)
    }

    /// Whether the rest of an event is still to come, which may be a withdrawal.
    fn is_inside_event(&self) -> bool {
        self.demuxer.is_inside_event() || self.assembler.is_inside_client()
    }

    /// Reads what is there; a spent task budget would look as if there were nothing.
    async fn read_now(&mut self) -> Option<std::io::Result<usize>> {
        let read = |cx: &mut std::task::Context<'_>| {
            Poll::Ready(self.socket.poll_read_now(cx, &mut self.demuxer.room()))
        };
        unconstrained(std::future::poll_fn(read)).await
    }

    fn read(&mut self, read: std::io::Result<usize>) -> Result<(), CloseReason> {
        match read {
            Ok(0) => Err(self.end_of_input()),
            Ok(count) => self.received(count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(self.read_failed(error)),
        }
    }

    fn wrote(&mut self, result: std::io::Result<usize>) {
        match result {
            Ok(0) => self.write_failed(std::io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                let is_first = self.output.written == 0 && !self.output.fence;
                if is_first && self.exchange.last().is_some_and(PendingCommand::releases_hold) {
                    self.dispatcher.registry.hold_released();
                }
                self.output.written += count;
                if self.output.is_due() {
                    // A slow link, not a dead one; a short command says nothing of that.
                    self.reply_timer.heard();
                } else {
                    // It may be a password, which is not kept up to the next command.
                    self.output = Output::default();
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => self.write_failed(error),
        }
        if !self.output.is_due() && self.exchange.is_closing() {
            self.close_by_deadline();
        }
    }

    fn received(&mut self, bytes: usize) -> Result<(), CloseReason> {
        trace!(bytes, "received");
        self.demuxer.has_read(bytes);
        let drained = self.drain_demuxer();
        match std::mem::replace(&mut self.heard, Heard::Nothing) {
            Heard::Reply => {
                self.reply_timer.heard();
                // Events do not put it off.
                let may_be_broken_off = self.exchange.may_be_broken_off();
                self.pause_ends = may_be_broken_off.then(|| Instant::now() + PAUSE);
            }
            Heard::Stray => self.reply_timer.heard_stray(),
            Heard::Nothing => {}
        }
        drained
    }

    fn drain_demuxer(&mut self) -> Result<(), CloseReason> {
        while let Some(found) = self.demuxer.advance() {
            found.map_err(|error| CloseReason::LineTooLong(error.limit))?;
            self.found()?;
        }
        self.flush();
        Ok(())
    }

    /// Hands the events on that came so far: one batch a read, and one before each reply, so that a caller
    /// whose call has returned finds the events that came before.
    fn flush(&mut self) {
        if self.dispatcher.flush(self.demuxer.shared()) {
            // What the batches of one read share is counted once.
            self.demuxer.forget_shared();
        }
    }

    /// Takes the line that the demuxer found. An event that ends no reply, as most, is read where it lies.
    fn found(&mut self) -> Result<(), CloseReason> {
        let item = self.demuxer.current();
        let ItemRef::Event(line) = item else { return self.item(item.to_item()) };
        if let Some(step) = self.exchange.event(line) {
            let line = line.to_bytes();
            self.step(step)?;
            self.publish_line(&line);
            return Ok(());
        }
        self.dispatcher.expect(self.demuxer.lines_left());
        self.assembler.push(line, &mut |event| self.dispatcher.publish(event));
        Ok(())
    }

    fn item(&mut self, item: Item) -> Result<(), CloseReason> {
        match item {
            Item::Event(line) => {
                if let Some(step) = self.exchange.event((&line).into()) {
                    self.step(step)?;
                }
                self.publish_line(&line);
                Ok(())
            }
            Item::Reply(line) if self.is_premature() => {
                self.exchange.is_late(&line);
                self.step(Step::Stray(line))
            }
            Item::Reply(line) => {
                let step = self.exchange.reply(line);
                self.step(step)
            }
            Item::PasswordPrompt => {
                Err(CloseReason::Desynchronized("a password prompt after the greeting"))
            }
        }
    }

    /// Whether the only command in flight is not out to the end of its first line, so that nothing can
    /// answer it.
    fn is_premature(&self) -> bool {
        self.output.is_due()
            && !self.output.fence
            && self.exchange.in_flight() == 1
            && memchr::memchr(b'\n', self.output.written()).is_none()
    }

    fn publish_line(&mut self, line: &Bytes) {
        self.assembler.push(line, &mut |event| self.dispatcher.publish(event));
    }

    fn step(&mut self, step: Step<PendingCommand>) -> Result<(), CloseReason> {
        match step {
            Step::Taken => self.heard = Heard::Reply,
            Step::Done(pending, outcome) => self.done(pending, outcome),
            Step::Fenced(ended) => {
                self.heard = Heard::Reply;
                for (pending, outcome) in ended {
                    self.done(pending, outcome);
                }
            }
            Step::Stray(line) => {
                self.heard = self.heard.max(Heard::Stray);
                warn!(bytes = line.len(), "a line that belongs to no reply");
                self.dispatcher.publish(Event::Stray(Stray::new(line)));
            }
            Step::TooLarge => {
                return Err(CloseReason::ReplyTooLarge(self.exchange.reply_limit()));
            }
        }
        Ok(())
    }

    fn done(&mut self, pending: PendingCommand, outcome: Outcome) {
        self.heard = Heard::Reply;
        self.flush();
        pending.answer(outcome, &mut self.dispatcher);
        self.follow_env_filter();
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
