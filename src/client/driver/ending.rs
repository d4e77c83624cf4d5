//! How a connection ends: why, when, and who is told.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, warn};

use crate::client::driver::{Driver, Output};
use crate::client::exchange::GivenUp;
use crate::client::far;
use crate::client::pending_command::PendingCommand;
use crate::client::shared::Closing;
use crate::client::transport::Transport;
use crate::demux::Item;
use crate::error::{CloseReason, Result};
use crate::events::{Event, Malformed, Stray};

/// How long an end that nobody asked for waits for the stream to be shut, at most.
const SHUT_DOWN: Duration = Duration::from_secs(5);

/// What is known of the end that is coming.
#[derive(Default)]
pub(super) struct Ending {
    /// Writing failed; what the daemon still says is read first.
    pub(super) write_error: Option<std::io::Error>,
    /// How many denials go out before it.
    pub(super) denials: usize,
    /// When to stop waiting for the end; set once a caller has asked for it, or the daemon has to come to it.
    pub(super) deadline: Option<Instant>,
    /// No caller is left that could send a command.
    pub(super) abandoned: bool,
}

impl<S: Transport> Driver<S> {
    /// Does what handles have asked for beside sending commands.
    pub(super) fn follow_closing(&mut self) -> Result<(), CloseReason> {
        match self.dispatcher.shared.closing() {
            Closing::No => Ok(()),
            Closing::AfterCommands => {
                if self.ending.deadline.is_none() {
                    self.ending.denials = self.dispatcher.registry.denials();
                }
                self.close_by_deadline();
                Ok(())
            }
            Closing::Now => Err(CloseReason::Requested),
        }
    }

    /// The reply timer fired: a command without a reply costs its own call, and the connection only
    /// where a fence behind it has none either.
    pub(super) fn silent(&mut self) -> Result<(), CloseReason> {
        if !self.reply_timer.is_over(self.exchange.awaits_reply()) {
            return Ok(());
        }
        if self.ending.write_error.is_some() {
            return Err(self.overdue());
        }
        match self.exchange.give_up() {
            GivenUp::Nothing => Ok(()),
            GivenUp::Command => {
                let command = self.exchange.oldest().map(PendingCommand::name);
                warn!(command, "no reply in time; asking whether there will be one");
                self.reply_timer.begin();
                Ok(())
            }
            GivenUp::Fence => Err(CloseReason::Desynchronized(
                "a command had no reply, and the one sent behind it to find out had none either",
            )),
        }
    }

    /// No handle is left: nobody waits for a command that was not sent.
    pub(super) fn abandon(&mut self) {
        self.ending.abandoned = true;
        self.commands.close();
        while self.commands.try_recv().is_ok() {}
    }

    /// The daemon may have said why it left; that is still to be read.
    pub(super) fn write_failed(&mut self, error: std::io::Error) {
        self.output = Output::default();
        self.ending.write_error = Some(error);
        self.close_by_deadline();
    }

    /// The time to close runs from when it is asked for first.
    pub(super) fn close_by_deadline(&mut self) -> Instant {
        let deadline = || far(Instant::now(), self.close_timeout);
        *self.ending.deadline.get_or_insert_with(deadline)
    }

    /// A last line without its line end may be cut: it answers nobody, and only the word that the
    /// daemon ends is taken as it came.
    fn cut_line(&mut self) {
        match self.demuxer.finish() {
            Some(Item::Event(line)) if line.starts_with(b"FATAL:") => {
                self.assembler.push(&line, &mut |event| self.dispatcher.publish(event));
            }
            Some(Item::Event(line)) => {
                self.dispatcher.publish(Event::Malformed(Malformed::cut(line)));
            }
            Some(Item::Reply(line)) => self.dispatcher.publish(Event::Stray(Stray::new(line))),
            Some(Item::PasswordPrompt) | None => {}
        }
    }

    pub(super) fn end_of_input(&mut self) -> CloseReason {
        self.cut_line();
        if self.exchange.is_closing() {
            return CloseReason::Requested;
        }
        self.dispatcher.announced.take().unwrap_or(CloseReason::Remote)
    }

    pub(super) fn read_failed(&mut self, error: std::io::Error) -> CloseReason {
        self.cut_line();
        let announced = self.dispatcher.announced.take();
        announced.unwrap_or_else(|| CloseReason::Io(Arc::new(error)))
    }

    /// The daemon did not close in time.
    pub(super) fn overdue(&mut self) -> CloseReason {
        match self.ending.write_error.take() {
            Some(error) => self.read_failed(error),
            None => CloseReason::Requested,
        }
    }

    /// Ends the connection. Where this side asked for it, the stream is shut before that is told, so
    /// that whoever waits can connect anew.
    pub(super) async fn finish(mut self, reason: CloseReason) {
        if matches!(reason, CloseReason::Requested) {
            let at_once = self.dispatcher.shared.closing() == Closing::Now;
            self.shut_down(at_once).await;
            self.end(&reason);
        } else {
            self.end(&reason);
            // Nobody waits for it, and the daemon's next manager may.
            let _ = tokio::time::timeout(SHUT_DOWN, self.shut_down(false)).await;
        }
    }

    /// Tells the other side that this is all, but for a command that was not written whole: behind
    /// its beginning nothing may follow.
    async fn shut_down(&mut self, at_once: bool) {
        let is_begun = self.output.is_begun() || (at_once && self.socket.is_unflushed());
        if is_begun || self.ending.write_error.is_some() {
            return self.socket.abandon();
        }
        let deadline = self.close_by_deadline();
        // What is not over by then is cut off.
        let _ = tokio::time::timeout_at(deadline, self.socket.shut_down()).await;
        self.socket.abandon();
    }

    /// Tells every waiter, then every subscriber, that and why it is over.
    fn end(&mut self, reason: &CloseReason) {
        debug!(%reason, "connection closed");
        // The last events are there before the end is told.
        self.assembler.finish(&mut |event| self.dispatcher.publish(event));
        self.flush();
        self.dispatcher.shared.close(reason.clone());
        self.commands.close();
        while let Ok(submitted) = self.commands.try_recv() {
            self.submit_all(submitted);
        }
        // However long the stream takes to be shut.
        self.dispatcher.broadcast.close();
        self.dispatcher.registry.close();
        self.dispatcher.peers.close(reason);
        for (pending, outcome) in self.exchange.close() {
            match outcome {
                Some(outcome) => pending.answer(outcome, &mut self.dispatcher),
                None => pending.fail(reason.clone()),
            }
        }
    }
}
