//! [`Handle`]: what every request answers through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;

use super::guard::{Guard, Ticket};
use crate::Result;
use crate::client::Client;
use crate::command::Wire;

#[derive(Debug)]
pub(super) struct Handle {
    client: Client,
    guard: Arc<Guard>,
    what: &'static str,
    forgotten: AtomicBool,
}

impl Handle {
    pub(super) fn new(client: Client, guard: Arc<Guard>, what: &'static str) -> Self {
        Self { client, guard, what, forgotten: AtomicBool::new(false) }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// The answer that ends the question.
    pub(super) async fn settle(&self, wire: Wire) -> Result<()> {
        self.send(wire, true).await
    }

    /// An answer that others follow.
    pub(super) async fn send_part(&self, wire: Wire) -> Result<()> {
        self.send(wire, false).await
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

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.forgotten.load(Ordering::Relaxed) && self.guard.settle() {
            let request = self.what;
            warn!(request, "dropped without an answer; the daemon goes on waiting for one");
        }
    }
}
