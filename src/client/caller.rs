//! [`Caller`]: who waits for a reply, and what lets a command out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

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
    pub(super) delivery: Arc<Delivery>,
    /// The question it answers.
    pub(super) ticket: Option<Ticket>,
}

/// Whether a command was sent. Settled once, between the caller that gives up and the driver that
/// sends, so that both know the same.
#[derive(Debug, Default)]
pub(super) struct Delivery(AtomicU8);

const QUEUED: u8 = 0;
const SENT: u8 = 1;
const WITHDRAWN: u8 = 2;

impl Delivery {
    /// The driver is about to send it; `false` where its caller gave up before.
    fn send(&self) -> bool {
        self.settle(SENT)
    }

    /// Its caller gives up; `false` where it was sent before.
    pub(super) fn withdraw(&self) -> bool {
        self.settle(WITHDRAWN)
    }

    fn is_withdrawn(&self) -> bool {
        self.0.load(Ordering::Acquire) == WITHDRAWN
    }

    fn settle(&self, state: u8) -> bool {
        self.0.compare_exchange(QUEUED, state, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// Withdraws a command whose caller stops waiting, where it was not sent yet.
pub(super) struct Withdraw(pub(super) Arc<Delivery>);

impl Drop for Withdraw {
    fn drop(&mut self) {
        self.0.withdraw();
    }
}

/// The driver's record of a command.
pub(super) struct Caller {
    name: &'static str,
    decides: Option<(Cid, Kid)>,
    pass: Pass,
    /// Nobody waits for what the driver sends of its own.
    waiting: Option<Waiting>,
}

/// Who waits for the reply.
struct Waiting {
    reply: oneshot::Sender<Result<RawReply>>,
    delivery: Arc<Delivery>,
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
        let waiting = Waiting { reply: self.reply, delivery: self.delivery };
        (Caller { name, decides, pass, waiting: Some(waiting) }, self.wire)
    }
}

impl Caller {
    /// For what the driver sends of its own.
    pub(super) fn driver(wire: &Wire) -> Self {
        Self { name: wire.name, decides: None, pass: Pass::Free, waiting: None }
    }

    /// For a denial of the driver's own.
    pub(super) fn denial(wire: &Wire, epoch: u64) -> Self {
        Self { name: wire.name, decides: None, pass: Pass::Denial(epoch), waiting: None }
    }

    /// Whether what was read last decides if the command may go out.
    pub(super) fn depends_on_events(&self) -> bool {
        !matches!(self.pass, Pass::Free)
    }

    /// Whether its caller gave up before it was sent.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.delivery.is_withdrawn())
    }

    /// Whether the command may go out now; the last word before it does.
    pub(super) fn admit(&mut self, desk: &Desk) -> bool {
        let command = self.name;
        if self.waiting.as_ref().is_some_and(|waiting| !waiting.delivery.send()) {
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
        if let Some(waiting) = self.waiting.take() {
            let _ = waiting.reply.send(result);
        }
    }
}
