//! [`Handle`]: what every request answers through.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tracing::warn;

use crate::client::Client;
use crate::client::registry::Registry;
use crate::client::registry::open_request::OpenRequest;
use crate::client::registry::request_state::{RequestState, Ticket};
use crate::command::{Command, Encoded};
use crate::error::{Error, Result, invalid};
use crate::types::ArgumentProblem;

pub(crate) struct Handle {
    client: Client,
    state: Arc<RequestState>,
    what: &'static str,
    registry: Arc<Registry>,
    /// The request itself, to be asked again where its answer was not sent.
    request: OpenRequest,
    /// An answer was begun, and has not been sent.
    unsent: AtomicBool,
    /// Why it was not.
    error: Mutex<Option<Error>>,
}

impl Handle {
    pub(crate) fn new(
        client: Client,
        registry: Arc<Registry>,
        request: OpenRequest,
        what: &'static str,
    ) -> Self {
        let state = Arc::clone(&request.state);
        let (unsent, error) = (AtomicBool::new(false), Mutex::default());
        Self { client, state, what, registry, request, unsent, error }
    }

    pub(crate) fn state(&self) -> &Arc<RequestState> {
        &self.state
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Whether the daemon waits for an answer.
    pub(crate) fn needs_answer(&self) -> bool {
        self.request.kind.needs_answer()
    }

    /// When the daemon asked.
    pub(crate) fn raised(&self) -> Instant {
        self.request.raised
    }

    /// Sends the answer that ends the request.
    pub(crate) async fn settle(&self, command: &impl Command<Reply = ()>) -> Result<()> {
        let call = self.begin_call();
        let command = self.note(call.prepare(command).await)?;
        self.send(&call, command, true).await
    }

    /// Sends an answer that others follow.
    pub(crate) async fn send_part(&self, command: &impl Command<Reply = ()>) -> Result<()> {
        let call = self.begin_call();
        let command = self.note(call.prepare(command).await)?;
        self.send(&call, command, false).await
    }

    /// As [`settle`](Self::settle), of a [call](Self::begin_call) that has prepared it.
    pub(crate) async fn settle_by(&self, call: &Client, command: Encoded) -> Result<()> {
        // Also where a part of the answer was sent: this one is still due.
        self.begin();
        self.send(call, command, true).await
    }

    /// As [`send_part`](Self::send_part), of a [call](Self::begin_call) that has prepared it.
    pub(crate) async fn send_part_by(&self, call: &Client, command: Encoded) -> Result<()> {
        self.send(call, command, false).await
    }

    /// Begins an answer with what it is made of, which may be refused.
    pub(crate) fn begin_with<T>(&self, made: Result<T>) -> Result<T> {
        self.begin();
        self.note(made)
    }

    /// As [`begin`](Self::begin), for an answer of several commands: gives the client whose commands
    /// take one timeout together.
    pub(crate) fn begin_call(&self) -> Client {
        self.begin();
        self.client.one_call()
    }

    /// An answer begins: until it is sent, the request is still to be answered.
    fn begin(&self) {
        self.unsent.store(true, Ordering::Relaxed);
        *self.error() = None;
    }

    /// Remembers why an answer is not sent.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| *self.error() = Some(error.clone()))
    }

    /// Refuses an answer whose response has this problem; the request is still to be answered then.
    pub(crate) fn fits(&self, command: &'static str, problem: Option<&'static str>) -> Result<()> {
        let Some(problem) = problem else { return Ok(()) };
        self.begin_with(Err(invalid(command, "response", ArgumentProblem::Other(problem))))
    }

    /// Whether the last answer was refused, here or by the daemon, or had no fitting reply.
    pub(crate) fn is_invalid(&self) -> bool {
        let refused = matches!(
            *self.error(),
            Some(Error::InvalidArgument { .. } | Error::Unsupported { .. })
        );
        refused || self.is_odd()
    }

    /// Whether the daemon has refused the last answer in part, or said nothing fitting to it.
    fn is_odd(&self) -> bool {
        matches!(
            *self.error(),
            Some(Error::Refused { .. } | Error::NoReply { .. } | Error::UnexpectedReply { .. })
        )
    }

    /// Whether an answer to this very request was not sent before.
    pub(crate) fn is_again(&self) -> bool {
        self.request.again
    }

    /// Why that answer was not sent; `None` where it was dropped.
    pub(crate) fn unsent_error(&self) -> Option<&Error> {
        self.request.error.as_ref()
    }

    /// Forgets the answers that were not sent: dropped, the request is not asked again.
    pub(crate) fn hand_on(&self) {
        self.unsent.store(false, Ordering::Relaxed);
    }

    /// Whether that was so the last two times: nobody will get it right.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.request.refused && self.is_invalid()
    }

    /// Leaves the request without an answer, on purpose.
    pub(crate) fn leave(&self) {
        self.state.settle();
    }

    /// Asks the request again where an answer was begun and not sent; `false` where none was, or
    /// nobody takes it.
    pub(crate) fn ask_again(&self) -> bool {
        let (is_odd, is_invalid) = (self.is_odd(), self.is_invalid());
        // Nobody can make the daemon say what fits.
        let is_hopeless = self.request.odd && is_odd;
        let is_open = self.state.is_open() && !is_hopeless;
        let again = is_open && self.unsent.load(Ordering::Relaxed);
        let (refused, odd) = (self.request.refused || is_invalid, self.request.odd || is_odd);
        let error = self.error().clone();
        let request = OpenRequest { again: true, refused, odd, error, ..self.request.clone() };
        again && self.registry.put_back(request)
    }

    fn error(&self) -> MutexGuard<'_, Option<Error>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, call: &Client, command: Encoded, settles: bool) -> Result<()> {
        let (state, peer) = (Arc::clone(&self.state), self.request.kind.peer().cloned());
        let ticket = Ticket { state, peer, settles };
        let sent = self.note(call.answer(command, ticket).await);
        if !self.is_still_due(&sent, settles) {
            self.unsent.store(false, Ordering::Relaxed);
        }
        sent.map(drop)
    }

    /// Whether the request is to be asked again after this came of an answer.
    fn is_still_due<T>(&self, sent: &Result<T>, settles: bool) -> bool {
        match sent {
            Err(Error::Timeout { .. }) => true,
            // The other half of the answer was never sent.
            Err(Error::NoReply { .. } | Error::UnexpectedReply { .. }) => !settles,
            // A prompt that refuses one half wants none of it; a client waits on.
            Err(Error::Refused { .. }) => !settles && self.request.kind.peer().is_some(),
            _ => false,
        }
    }
}

/// Shows whether the request is open; the rest is plumbing.
impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, epoch) = (self.state.is_open(), self.state.epoch());
        f.debug_struct("Handle").field("open", &open).field("epoch", &epoch).finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // What becomes of a client's request is settled where that is dropped.
        let prompt = self.request.kind.peer().is_none();
        let settled = prompt && !self.ask_again() && self.state.settle();
        if settled && self.needs_answer() {
            let request = self.what;
            warn!(request, "dropped without an answer; the daemon goes on waiting for one");
        }
    }
}
