//! [`Handle`]: what every request answers through.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;

use super::desk::Desk;
use super::guard::{Guard, Ticket};
use super::question::Question;
use crate::Result;
use crate::client::Client;
use crate::command::Wire;

pub(super) struct Handle {
    client: Client,
    guard: Arc<Guard>,
    what: &'static str,
    /// A prompt, to be asked again where its answer cannot be sent.
    again: Option<(Arc<Desk>, Question)>,
    unsendable: AtomicBool,
    forgotten: AtomicBool,
}

impl Handle {
    pub(super) fn new(client: Client, guard: Arc<Guard>, what: &'static str) -> Self {
        let (unsendable, forgotten) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { client, guard, what, again: None, unsendable, forgotten }
    }

    /// For a prompt, which is asked again where its answer cannot be sent.
    pub(super) fn asked_again(mut self, desk: Arc<Desk>, question: Question) -> Self {
        self.again = Some((desk, question));
        self
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// The answer that ends the question.
    pub(super) async fn settle(&self, wire: Result<Wire>) -> Result<()> {
        self.send(self.check(wire)?, true).await
    }

    /// An answer that others follow.
    pub(super) async fn send_part(&self, wire: Result<Wire>) -> Result<()> {
        self.send(self.check(wire)?, false).await
    }

    /// Notes an answer that cannot be sent: the question is still to be answered.
    pub(super) fn check<T>(&self, answer: Result<T>) -> Result<T> {
        if answer.is_err() {
            self.unsendable.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// Leaves the question without an answer, on purpose.
    pub(super) fn leave(&self) {
        self.guard.settle();
    }

    /// Leaves the question open, for another handle of the same guard.
    pub(super) fn forget(&self) {
        self.forgotten.store(true, Ordering::Relaxed);
    }

    async fn send(&self, wire: Wire, settles: bool) -> Result<()> {
        let ticket = Ticket { guard: Arc::clone(&self.guard), settles };
        self.client.answer(wire, ticket).await.map(drop)
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
        if self.forgotten.load(Ordering::Relaxed) || !self.guard.is_open() {
            return;
        }
        match self.again.take() {
            Some((desk, question)) if self.unsendable.load(Ordering::Relaxed) => {
                desk.put_back(question);
            }
            _ if self.guard.settle() => {
                let request = self.what;
                warn!(request, "dropped without an answer; the daemon goes on waiting for one");
            }
            _ => {}
        }
    }
}
