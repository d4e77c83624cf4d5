//! [`Driver`]: the one task that owns the connection.
//!
//! It always reads: no consumer of events or replies can make it wait, and it
//! reads while it writes. It ends with the connection, and tells everybody why.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::unconstrained;
use tokio::time::Instant;
use tracing::{debug, trace, warn};
use zeroize::Zeroizing;

use super::caller::{Caller, Submission};
use super::exchange::{Exchange, NextWrite, Step};
use super::outlet::Outlet;
use super::transport::{Duplex, Transport, Turn};
use crate::command::{EnvFilter, clients, realtime};
use crate::demux::{Demuxer, Item};
use crate::error::{CloseReason, Result};
use crate::events::{Assembler, Event, Stray};
use crate::reply::RawReply;

const READ_SIZE: usize = 16 * 1024;

/// How many commands are taken in before the first of them has gone out.
const QUEUE: usize = 64;

/// How many reads go at most before anything else gets its turn again.
const CATCH_UP: usize = 64;

pub(super) struct Driver<S> {
    socket: Duplex<S>,
    demuxer: Demuxer,
    assembler: Assembler,
    exchange: Exchange<Caller>,
    submissions: mpsc::Receiver<Submission>,
    outlet: Outlet,
    output: Output,
    ending: Ending,
    close_timeout: Duration,
}

/// Told when the connection can be used, where it collects requests.
pub(super) type Ready = Option<oneshot::Sender<Result<RawReply>>>;

/// What a driver is made of.
pub(super) struct Parts<S> {
    pub(super) stream: S,
    pub(super) demuxer: Demuxer,
    pub(super) submissions: mpsc::Receiver<Submission>,
    pub(super) outlet: Outlet,
    pub(super) pipeline: usize,
    pub(super) reply_limit: usize,
    pub(super) close_timeout: Duration,
}

/// The bytes being written; a command is written whole, whatever becomes of its caller.
#[derive(Default)]
struct Output {
    bytes: Zeroizing<Vec<u8>>,
    written: usize,
    /// It is not the last command, but a fence behind it.
    fence: bool,
}

/// What is known of the end that is coming.
#[derive(Default)]
struct Ending {
    /// Writing failed; what the daemon still says is read first.
    write_error: Option<std::io::Error>,
    /// When to stop waiting for the daemon to close.
    deadline: Option<Instant>,
    /// No caller is left that could send a command.
    abandoned: bool,
}

impl<S: Transport> Driver<S> {
    pub(super) fn new(parts: Parts<S>) -> Self {
        Self {
            socket: Duplex::new(parts.stream),
            demuxer: parts.demuxer,
            assembler: Assembler::new(),
            exchange: Exchange::new(parts.pipeline, parts.reply_limit),
            submissions: parts.submissions,
            outlet: parts.outlet,
            output: Output::default(),
            ending: Ending::default(),
            close_timeout: parts.close_timeout,
        }
    }

    /// Serves the connection to its end. `early` are the items the handshake read.
    pub(super) async fn run(mut self, early: Vec<Item>, ready: Ready) {
        if let Some(ready) = ready {
            self.make_ready(ready);
        }
        let reason = match early.into_iter().try_for_each(|item| self.item(item)) {
            Err(reason) => reason,
            Ok(()) => match self.drain_demuxer() {
                Err(reason) => reason,
                Ok(()) => self.serve().await,
            },
        };
        self.end(&reason);
    }

    async fn serve(&mut self) -> CloseReason {
        let mut buffer = Zeroizing::new(vec![0; READ_SIZE]);
        loop {
            // Also a stream that is always ready leaves the other tasks of its thread their turn.
            tokio::task::consume_budget().await;
            if let Err(reason) = self.refill_output(&mut buffer).await {
                return reason;
            }
            let deadline = self.ending.deadline;
            tokio::select! {
                turn = self.socket.turn(&mut buffer, self.output.rest()) => match turn {
                    Turn::Read(read) => if let Err(reason) = self.read(read, &buffer) {
                        return reason;
                    },
                    Turn::Wrote(wrote) => self.wrote(wrote),
                },
                submission = self.submissions.recv(), if self.takes_commands() => match submission {
                    Some(submission) => self.submit(submission),
                    None => self.ending.abandoned = true,
                },
                () = self.outlet.desk.work.notified() => {}
                () = self.outlet.events.closed(), if self.ending.abandoned => return CloseReason::Requested,
                () = sleep_until(deadline), if deadline.is_some() => return self.overdue(),
            }
        }
    }

    fn takes_commands(&self) -> bool {
        !self.ending.abandoned && self.exchange.queued() < QUEUE
    }

    fn submit(&mut self, submission: Submission) {
        let (caller, wire) = submission.into_parts();
        self.exchange.submit(caller, wire);
    }

    /// The questions need environments that the daemon vouches for, which a level that some manager
    /// has set makes worthless, and `>STATE:…RECONNECTING`, the only sign that client IDs start over.
    fn make_ready(&mut self, ready: oneshot::Sender<Result<RawReply>>) {
        let filter = clients::env_filter(EnvFilter::All);
        self.exchange.submit(Caller::driver(&filter), filter);
        let states = realtime::set(realtime::Channel::State, true);
        self.exchange.submit(Caller::connect(&states, ready), states);
    }

    /// Marks the environments that come from now on.
    fn follow_env_filter(&mut self) {
        self.assembler.set_env_trusted(self.outlet.env_filter.is_zero());
    }

    /// Takes back a command that was admitted, but of which nothing was written before what was read
    /// made it wrong.
    fn take_back_unwritten(&mut self) {
        let outlet = &self.outlet;
        let is_wrong = |caller: &Caller| caller.depends_on_events() && !caller.is_current(outlet);
        let is_unwritten = self.output.is_due() && self.output.written == 0 && !self.output.fence;
        if is_unwritten && self.exchange.last().is_some_and(is_wrong) {
            self.output = Output::default();
            if let Some(caller) = self.exchange.take_back() {
                caller.take_back();
            }
        }
    }

    /// Turns away a client whose request nobody answers any more. One at a time waits to be sent, so
    /// that however many there are, the commands of callers have their turn.
    fn deny(&mut self) {
        if self.exchange.waits(Caller::is_denial) {
            return;
        }
        if let Some(denial) = self.outlet.desk.take_denial() {
            let reason = denial.reason.as_bytes();
            // The reasons are this crate's own, so they pass every check.
            if let Ok(wire) = clients::client_deny(denial.cid, denial.kid, reason, None) {
                self.exchange.submit(Caller::denial(&wire, denial.epoch), wire);
            }
        }
    }

    /// Takes the next command that may go out.
    async fn refill_output(&mut self, buffer: &mut [u8]) -> Result<(), CloseReason> {
        self.exchange.prune(Caller::is_withdrawn);
        self.take_back_unwritten();
        self.deny();
        while !self.output.is_due() && self.ending.write_error.is_none() {
            let depends_on_events = self.exchange.next().is_some_and(Caller::depends_on_events);
            if depends_on_events && !self.catch_up(buffer).await? {
                break;
            }
            let outlet = &mut self.outlet;
            match self.exchange.next_write(|caller| caller.admit(outlet)) {
                NextWrite::Bytes(bytes) => self.output = Output { bytes, written: 0, fence: false },
                NextWrite::Fence(bytes) => self.output = Output { bytes, written: 0, fence: true },
                NextWrite::Dropped => {}
                NextWrite::Nothing => break,
            }
            self.follow_env_filter();
        }
        Ok(())
    }

    /// Takes in what has arrived already, which may withdraw the request that the next command
    /// answers; `false` where there may be more.
    async fn catch_up(&mut self, buffer: &mut [u8]) -> Result<bool, CloseReason> {
        let mut yielded = false;
        for _ in 0..CATCH_UP {
            match self.read_now(buffer).await {
                Some(read) => self.read(read, buffer)?,
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
        tokio::task::yield_now().await;
        Ok(false)
    }

    /// Whether the rest of an event is still to come, which may be a withdrawal.
    fn is_inside_event(&self) -> bool {
        self.demuxer.is_inside_event() || self.assembler.is_inside_client()
    }

    /// Reads what is there; a spent task budget would look as if there were nothing.
    async fn read_now(&mut self, buffer: &mut [u8]) -> Option<std::io::Result<usize>> {
        let read =
            |cx: &mut std::task::Context<'_>| Poll::Ready(self.socket.poll_read_now(cx, buffer));
        unconstrained(std::future::poll_fn(read)).await
    }

    fn read(&mut self, read: std::io::Result<usize>, buffer: &[u8]) -> Result<(), CloseReason> {
        match read {
            Ok(0) => Err(self.end_of_input()),
            Ok(count) => self.received(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(self.read_failed(error)),
        }
    }

    fn wrote(&mut self, result: std::io::Result<usize>) {
        match result {
            Ok(0) => self.write_failed(std::io::ErrorKind::WriteZero.into()),
            Ok(count) => self.output.written += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => self.write_failed(error),
        }
        if !self.output.is_due() && self.exchange.is_closing() {
            self.close_by_deadline();
        }
    }

    /// The daemon may have said why it left; that is still to be read.
    fn write_failed(&mut self, error: std::io::Error) {
        self.output = Output::default();
        self.ending.write_error = Some(error);
        self.close_by_deadline();
    }

    fn close_by_deadline(&mut self) {
        let deadline = Instant::now() + self.close_timeout;
        self.ending.deadline.get_or_insert(deadline);
    }

    fn received(&mut self, bytes: &[u8]) -> Result<(), CloseReason> {
        trace!(bytes = bytes.len(), "received");
        self.demuxer.feed(bytes);
        self.drain_demuxer()
    }

    fn drain_demuxer(&mut self) -> Result<(), CloseReason> {
        while let Some(item) = self.demuxer.next_item() {
            let item = item.map_err(|error| CloseReason::LineTooLong(error.limit))?;
            self.item(item)?;
        }
        Ok(())
    }

    fn item(&mut self, item: Item) -> Result<(), CloseReason> {
        match item {
            Item::Event(line) => self.event_line(line),
            Item::Reply(line) => {
                let step = self.exchange.reply(line);
                self.step(step)
            }
            Item::PasswordPrompt => {
                Err(CloseReason::Desynchronized("a password prompt after the greeting"))
            }
        }
    }

    fn event_line(&mut self, line: Bytes) -> Result<(), CloseReason> {
        if let Some(step) = self.exchange.event(&line) {
            self.step(step)?;
        }
        self.assembler.push(line, &mut |event| self.outlet.publish(event));
        Ok(())
    }

    fn step(&mut self, step: Step<Caller>) -> Result<(), CloseReason> {
        match step {
            Step::Taken => {}
            Step::Done(caller, outcome) => {
                caller.answer(outcome, &mut self.outlet);
                self.follow_env_filter();
            }
            Step::Stray(line) => {
                warn!(bytes = line.len(), "a line that belongs to no reply");
                self.outlet.publish(Event::Stray(Stray::new(line)));
            }
            Step::TooLarge => {
                return Err(CloseReason::ReplyTooLarge(self.exchange.reply_limit()));
            }
        }
        Ok(())
    }

    fn end_of_input(&mut self) -> CloseReason {
        let last = self.demuxer.finish();
        if let Some(Err(reason)) = last.map(|item| self.item(item)) {
            return reason;
        }
        if self.exchange.is_closing() {
            return CloseReason::Requested;
        }
        self.outlet.announced.take().unwrap_or(CloseReason::Remote)
    }

    fn read_failed(&mut self, error: std::io::Error) -> CloseReason {
        let announced = self.outlet.announced.take();
        announced.unwrap_or_else(|| CloseReason::Io(Arc::new(error)))
    }

    /// The daemon did not close in time.
    fn overdue(&mut self) -> CloseReason {
        match self.ending.write_error.take() {
            Some(error) => self.read_failed(error),
            None => CloseReason::Requested,
        }
    }

    /// Tells every waiter, then every subscriber, that and why it is over.
    fn end(mut self, reason: &CloseReason) {
        debug!(%reason, "connection closed");
        self.outlet.shared.close(reason.clone());
        self.submissions.close();
        while let Ok(submission) = self.submissions.try_recv() {
            self.submit(submission);
        }
        self.assembler.finish(&mut |event| self.outlet.publish(event));
        self.outlet.desk.close();
        self.outlet.peers.close(reason);
        for (caller, outcome) in self.exchange.close() {
            match outcome {
                Some(outcome) => caller.answer(outcome, &mut self.outlet),
                None => caller.fail(reason.clone()),
            }
        }
    }
}

impl Output {
    fn is_due(&self) -> bool {
        self.written < self.bytes.len()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
