//! [`Caller`]: who waits for a reply, and what lets a command out.

use tokio::sync::oneshot;
use tracing::debug;

use super::exchange::Outcome;
use super::requests::{Desk, Ticket};
use crate::command::Wire;
use crate::error::{CloseReason, Error, Result};
use crate::reply::RawReply;
use crate::{Cid, Kid};

/// A command on its way from a caller to the driver.
pub(super) struct Submission {
    pub(super) wire: Wire,
    pub(super) reply: oneshot::Sender<Result<RawReply>>,
    /// The question it answers.
    pub(super) ticket: Option<Ticket>,
}

/// The driver's record of a command.
pub(super) struct Caller {
    name: &'static str,
    decides: Option<(Cid, Kid)>,
    pass: Pass,
    /// Nobody waits for what the driver sends of its own.
    reply: Option<oneshot::Sender<Result<RawReply>>>,
}

/// What a command shows to be let out.
enum Pass {
    /// Nothing: it answers no question.
    Free,
    /// The question it answers must be open.
    Answer(Ticket),
    /// A denial of the driver's own, good for one epoch.
    Denial(u64),
}

impl Submission {
    pub(super) fn into_parts(self) -> (Caller, Wire) {
        let pass = self.ticket.map_or(Pass::Free, Pass::Answer);
        let (name, decides) = (self.wire.name, self.wire.decides);
        (Caller { name, decides, pass, reply: Some(self.reply) }, self.wire)
    }
}

impl Caller {
    /// For what the driver sends of its own.
    pub(super) fn driver(wire: &Wire) -> Self {
        Self { name: wire.name, decides: None, pass: Pass::Free, reply: None }
    }

    /// For a denial of the driver's own.
    pub(super) fn denial(wire: &Wire, epoch: u64) -> Self {
        Self { name: wire.name, decides: None, pass: Pass::Denial(epoch), reply: None }
    }

    /// Whether what was read last decides if the command may go out.
    pub(super) fn depends_on_events(&self) -> bool {
        !matches!(self.pass, Pass::Free)
    }

    /// Whether the command may go out now; the last word before it does.
    pub(super) fn admit(&mut self, desk: &Desk) -> bool {
        let command = self.name;
        if self.reply.as_ref().is_some_and(oneshot::Sender::is_closed) {
            debug!(command, "withdrawn by its caller before it was sent");
            return false;
        }
        let open = match &self.pass {
            Pass::Free => true,
            Pass::Answer(ticket) => ticket.admit(),
            Pass::Denial(epoch) => *epoch == desk.epoch(),
        };
        if !open {
            debug!(command, "the question it answers is gone");
            self.tell(Err(Error::Stale { command }));
            return false;
        }
        if let Some((cid, kid)) = self.decides {
            desk.settled(cid, kid);
        }
        debug!(command, "sending");
        true
    }

    pub(super) fn answer(mut self, outcome: Outcome) {
        let command = self.name;
        debug!(command, success = outcome.is_ok(), "answered");
        self.tell(outcome.map_err(|text| Error::Refused { command, text }));
    }

    pub(super) fn fail(mut self, reason: CloseReason) {
        let command = self.name;
        let stale = matches!(&self.pass, Pass::Answer(ticket) if ticket.guard.is_withdrawn());
        self.tell(Err(if stale { Error::Stale { command } } else { Error::Closed(reason) }));
    }

    /// A caller that hung up misses nothing.
    fn tell(&mut self, result: Result<RawReply>) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(result);
        }
    }
}
