//! [`Driver`]: the one task that owns the connection.
//!
//! It always reads: no consumer of events or replies can make it wait, and it
//! reads while it writes. It ends with the connection, and tells everybody why.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::Instant;
use tracing::{debug, trace, warn};
use zeroize::Zeroizing;

use super::exchange::{Exchange, Outcome, Step};
use super::shared::Shared;
use crate::command::Wire;
use crate::demux::{Demuxer, Item};
use crate::error::{CloseReason, Error};
use crate::events::{Assembler, Event, StateName};
use crate::reply::RawReply;
use crate::{Result, Text};

const READ_SIZE: usize = 16 * 1024;

/// How many commands are taken in before the first of them has gone out.
const QUEUE: usize = 64;

/// A command on its way from a caller to the driver.
pub(super) struct Submission {
    pub(super) wire: Wire,
    pub(super) reply: oneshot::Sender<Result<RawReply>>,
}

/// Who waits for a reply, by the driver's record.
struct Caller {
    name: &'static str,
    reply: oneshot::Sender<Result<RawReply>>,
}

pub(super) struct Driver<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    demuxer: Demuxer,
    assembler: Assembler,
    exchange: Exchange<Caller>,
    submissions: mpsc::Receiver<Submission>,
    events: broadcast::Sender<Event>,
    output: Output,
    ending: Ending,
    close_timeout: Duration,
    shared: Arc<Shared>,
}

/// What a driver is made of.
pub(super) struct Parts<S> {
    pub(super) stream: S,
    pub(super) demuxer: Demuxer,
    pub(super) submissions: mpsc::Receiver<Submission>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) pipeline: usize,
    pub(super) reply_limit: usize,
    pub(super) close_timeout: Duration,
    pub(super) shared: Arc<Shared>,
}

/// The bytes being written; a command is written whole, whatever becomes of its caller.
#[derive(Default)]
struct Output {
    bytes: Zeroizing<Vec<u8>>,
    written: usize,
}

/// What is known of the end that is coming.
#[derive(Default)]
struct Ending {
    /// What the daemon announced: a fatal error or its exit.
    announced: Option<CloseReason>,
    /// Writing failed; what the daemon still says is read first.
    write_error: Option<std::io::Error>,
    /// When to stop waiting for the daemon to close.
    deadline: Option<Instant>,
    /// No caller is left that could send a command.
    abandoned: bool,
}

impl<S: AsyncRead + AsyncWrite> Driver<S> {
    pub(super) fn new(parts: Parts<S>) -> Self {
        let (reader, writer) = tokio::io::split(parts.stream);
        Self {
            reader,
            writer,
            demuxer: parts.demuxer,
            assembler: Assembler::new(),
            exchange: Exchange::new(parts.pipeline, parts.reply_limit),
            submissions: parts.submissions,
            events: parts.events,
            output: Output::default(),
            ending: Ending::default(),
            close_timeout: parts.close_timeout,
            shared: parts.shared,
        }
    }

    /// Serves the connection to its end. `early` are the items the handshake read.
    pub(super) async fn run(mut self, early: Vec<Item>) {
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
            self.refill_output();
            let deadline = self.ending.deadline;
            tokio::select! {
                read = self.reader.read(&mut buffer) => match read {
                    Ok(0) => return self.end_of_input(),
                    Ok(count) => {
                        if let Err(reason) = self.received(buffer.get(..count).unwrap_or_default()) {
                            return reason;
                        }
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return self.read_failed(error),
                },
                wrote = self.writer.write(self.output.rest()), if self.output.is_due() => {
                    self.wrote(wrote);
                }
                submission = self.submissions.recv(), if self.takes_commands() => match submission {
                    Some(submission) => self.submit(submission),
                    None => self.ending.abandoned = true,
                },
                () = self.events.closed(), if self.ending.abandoned => return CloseReason::Requested,
                () = sleep_until(deadline), if deadline.is_some() => return self.overdue(),
            }
        }
    }

    fn takes_commands(&self) -> bool {
        !self.ending.abandoned && self.exchange.queued() < QUEUE
    }

    fn submit(&mut self, submission: Submission) {
        let Submission { wire, reply } = submission;
        self.exchange.submit(Caller { name: wire.name, reply }, wire);
    }

    fn refill_output(&mut self) {
        if self.output.is_due() || self.ending.write_error.is_some() {
            return;
        }
        let next = self.exchange.next_write(|caller| {
            let waits = !caller.reply.is_closed();
            if waits {
                debug!(command = caller.name, "sending");
            } else {
                debug!(command = caller.name, "withdrawn by its caller before it was sent");
            }
            waits
        });
        if let Some(bytes) = next {
            self.output = Output { bytes, written: 0 };
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
        let (events, ending) = (&self.events, &mut self.ending);
        self.assembler.push(line, &mut |event| publish(events, ending, event));
        Ok(())
    }

    fn step(&mut self, step: Step<Caller>) -> Result<(), CloseReason> {
        match step {
            Step::Taken => {}
            Step::Done(caller, outcome) => answer(caller, outcome),
            Step::Stray(line) => {
                warn!(bytes = line.len(), "a line that belongs to no reply");
                publish(&self.events, &mut self.ending, Event::Stray(Text::from(line)));
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
        self.ending.announced.take().unwrap_or(CloseReason::Remote)
    }

    fn read_failed(&mut self, error: std::io::Error) -> CloseReason {
        let announced = self.ending.announced.take();
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
        self.shared.close(reason.clone());
        self.submissions.close();
        while let Ok(submission) = self.submissions.try_recv() {
            self.submit(submission);
        }
        for (caller, outcome) in self.exchange.close() {
            match outcome {
                Some(outcome) => answer(caller, outcome),
                None => {
                    let _ = caller.reply.send(Err(Error::Closed(reason.clone())));
                }
            }
        }
        let (events, ending) = (&self.events, &mut self.ending);
        self.assembler.finish(&mut |event| publish(events, ending, event));
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

/// Hands an event to whoever subscribes; with nobody there it is gone.
fn publish(events: &broadcast::Sender<Event>, ending: &mut Ending, event: Event) {
    match &event {
        Event::Fatal(fatal) => ending.announced = Some(CloseReason::Fatal(fatal.text.clone())),
        Event::State(state) if state.name == StateName::Exiting => {
            let detail = state.detail.clone().unwrap_or_default();
            ending.announced.get_or_insert(CloseReason::Exiting(detail));
        }
        _ => {}
    }
    let _ = events.send(event);
}

fn answer(caller: Caller, outcome: Outcome) {
    let command = caller.name;
    debug!(command, success = outcome.is_ok(), "answered");
    let result = outcome.map_err(|text| Error::Refused { command, text });
    if caller.reply.send(result).is_err() {
        debug!(command, "nobody waits for this reply any more");
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
