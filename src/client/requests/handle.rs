//! [`Handle`]: what every request answers through.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;
use tracing::warn;

use super::desk::Desk;
use super::guard::{Guard, Ticket};
use super::question::Question;
use crate::client::Client;
use crate::command::Wire;
use crate::error::{Error, Result};

pub(super) struct Handle {
    client: Client,
    guard: Arc<Guard>,
    what: &'static str,
    desk: Arc<Desk>,
    /// The question itself, to be asked again where its answer was not sent.
    question: Question,
    /// An answer was begun, and has not been sent.
    unsent: AtomicBool,
    /// It was one that is refused before it is sent.
    invalid: AtomicBool,
}

impl Handle {
    pub(super) fn new(
        client: Client,
        desk: Arc<Desk>,
        question: Question,
        what: &'static str,
    ) -> Self {
        let guard = Arc::clone(&question.guard);
        let (unsent, invalid) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { client, guard, what, desk, question, unsent, invalid }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    pub(super) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// When the daemon asked.
    pub(super) fn raised(&self) -> Instant {
        self.question.raised
    }

    /// The answer that ends the question.
    pub(super) async fn settle(&self, wire: Result<Wire>) -> Result<()> {
        self.begin();
        self.send(self.check(wire)?, true).await
    }

    /// An answer that others follow.
    pub(super) async fn send_part(&self, wire: Result<Wire>) -> Result<()> {
        self.begin();
        self.send(self.check(wire)?, false).await
    }

    /// An answer begins: until it is sent, the question is still to be answered.
    pub(super) fn begin(&self) {
        self.unsent.store(true, Ordering::Relaxed);
    }

    /// As [`begin`](Self::begin), for an answer of several commands, which take one timeout together.
    pub(super) fn begin_call(&mut self) {
        self.begin();
        self.client = self.client.one_call();
    }

    /// Whether the last answer was refused before it was sent.
    pub(super) fn is_invalid(&self) -> bool {
        self.invalid.load(Ordering::Relaxed)
    }

    /// Whether that was so the last two times: nobody will get it right.
    pub(super) fn is_hopeless(&self) -> bool {
        self.question.refused && self.is_invalid()
    }

    /// Leaves the question without an answer, on purpose.
    pub(super) fn leave(&self) {
        self.guard.settle();
    }

    /// Asks the question again where an answer was begun and not sent; `false` where none was, or
    /// nobody takes it.
    pub(super) fn ask_again(&self) -> bool {
        let again = self.guard.is_open() && self.unsent.load(Ordering::Relaxed);
        let refused = self.question.refused || self.is_invalid();
        again && self.desk.put_back(Question { refused, ..self.question.clone() })
    }

    fn check(&self, wire: Result<Wire>) -> Result<Wire> {
        self.invalid.store(wire.is_err(), Ordering::Relaxed);
        wire
    }

    async fn send(&self, wire: Wire, settles: bool) -> Result<()> {
        let (guard, peer) = (Arc::clone(&self.guard), self.question.asked.peer().cloned());
        let ticket = Ticket { guard, peer, settles };
        let sent = self.client.answer(wire, ticket).await;
        if !matches!(sent, Err(Error::Timeout { .. })) {
            self.unsent.store(false, Ordering::Relaxed);
        }
        sent.map(drop)
    }
}

/// Shows whether the question is open; the rest is plumbing.
impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, epoch) = (self.guard.is_open(), self.guard.epoch());
        f.debug_struct("Handle").field("open", &open).field("epoch", &epoch).finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // What becomes of a client's request is settled where that is dropped.
        let prompt = self.question.asked.peer().is_none();
        if prompt && !self.ask_again() && self.guard.settle() {
            let request = self.what;
            warn!(request, "dropped without an answer; the daemon goes on waiting for one");
        }
    }
}
