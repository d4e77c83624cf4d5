//! [`Registry`]: the requests that are open, between the driver and whoever answers.

pub(crate) mod open_request;
pub(crate) mod request_state;
pub(crate) mod waiting;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tracing::{debug, warn};

use crate::client::identity::Peer;
use crate::events::{ClientEvent, Event, Unread};
use crate::types::{Cid, Dialect, Kid};
use open_request::{AboutClient, AboutClientKind, OpenRequest, RequestKind, RequestReader, Slot};
use request_state::RequestState;
use waiting::{Address, Waiting};

pub use open_request::Refusal;
pub(crate) use request_state::Ticket;
pub(crate) use waiting::Limits;
pub use waiting::Overflow;

/// Shared by the driver, which puts requests in, and the receiver, which takes them out.
pub(crate) struct Registry {
    open: Mutex<Open>,
    /// Tells the driver that there are clients to deny.
    work: Arc<Notify>,
    limits: Limits,
    /// Whether the KID of a response is the one of the request; before management version 5 it is not.
    response_has_kid: bool,
}

#[derive(Debug, Default)]
struct Open {
    /// Raised, and not taken yet.
    queue: VecDeque<OpenRequest>,
    /// The latest request of each kind that there is one of at a time.
    slots: BTreeMap<Slot, Arc<RequestState>>,
    /// Decisions about clients that are due.
    waiting: Waiting,
    /// How many responses are to come of clients whose users were asked.
    challenged: BTreeMap<(Cid, Kid), u32>,
    reader: RequestReader,
    epoch: u64,
    /// Clients that the driver is to deny.
    denials: VecDeque<Denial>,
    /// The one that the driver took last, up to where somebody else decides about it.
    denying: Option<(Cid, Kid)>,
    /// How many clients were denied because of the limits, since it was last told.
    overflow: Overflow,
    receiver: Option<Waker>,
    receiver_gone: bool,
    closed: bool,
}

/// A client that is to be denied without anybody's answer.
#[derive(Debug)]
pub(crate) struct Denial {
    pub(crate) cid: Cid,
    pub(crate) kid: Kid,
    pub(crate) reason: &'static str,
    /// Not to be sent in another epoch, where the IDs name somebody else.
    pub(crate) epoch: u64,
}

/// What the receiver is given.
#[derive(Debug)]
pub(crate) enum Taken {
    OpenRequest(Box<OpenRequest>),
    /// So many clients were denied because too many waited.
    Overflow(Overflow),
}

impl Registry {
    /// Registry whose driver is told by `work` that it has something to do.
    pub(crate) fn new(limits: Limits, dialect: Dialect, work: Arc<Notify>) -> Self {
        let response_has_kid = dialect.response_has_kid();
        Self { open: Mutex::default(), work, limits, response_has_kid }
    }

    /// Takes note of the event with this number, about `peer` where it is about a client: raises a request, or
    /// withdraws those it makes stale.
    pub(crate) fn notice(&self, event: &Event, peer: Option<&Peer>, number: u64) {
        if only_tells(event) {
            return;
        }
        let left = match event {
            Event::Client(
                ClientEvent::Connect { cid, .. } | ClientEvent::Disconnect { cid, .. },
            ) => Some(*cid),
            Event::Malformed(malformed) => malformed.unread_client().map(Unread::cid),
            _ => None,
        };
        let mut open = self.lock();
        if let Some(cid) = left {
            open.left(cid);
        }
        if open.receiver_gone && open.slots.is_empty() {
            return;
        }
        let kind = match (event, peer) {
            (Event::Client(client), Some(peer)) => {
                AboutClient::of(client, peer).map(RequestKind::Client)
            }
            _ => open.reader.ask(event),
        };
        if open.receiver_gone {
            // Nobody is asked, but whoever still has an older prompt of the kind does not answer this one.
            if let Some(kind) = kind.filter(|kind| kind.slot().is_some()) {
                open.slot_state(&kind);
            }
            return;
        }
        let raised = kind.is_some_and(|kind| open.raise(kind, number, self));
        if !raised {
            return;
        }
        let waker = open.receiver.take();
        drop(open);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The daemon has restarted: client IDs start over.
    pub(crate) fn restart(&self) {
        self.lock().restart();
    }

    /// A client is decided about now, by an answer or by a command past its request.
    pub(crate) fn settled(&self, cid: Cid, kid: Kid) {
        let mut open = self.lock();
        open.challenged.remove(&(cid, kid));
        open.denials.retain(|denial| (denial.cid, denial.kid) != (cid, kid));
        open.denying.take_if(|denying| *denying == (cid, kid));
        if let Some(state) = open.waiting.remove((cid, kid)) {
            open.settle_past(&state);
        }
    }

    /// What releases a hold is written now, an answer or a command past its request: also one that the daemon has said
    /// since that was let out is the same hold, and not answered again.
    pub(crate) fn hold_released(&self) {
        let mut open = self.lock();
        if let Some(state) = open.slots.get(&Slot::Hold).cloned() {
            open.settle_past(&state);
        }
    }

    /// A client's user is asked for a response now; one that comes is a request.
    pub(crate) fn challenged(&self, cid: Cid, kid: Kid) {
        let mut open = self.lock();
        let key = (cid, kid);
        if open.waiting.get(cid, kid).is_none() {
            // Asked past its request, or without one; somebody looks after it.
            let state = RequestState::new(open.epoch);
            open.waiting.add(key, state, false, Address::Unknown);
            open.waiting.take(key);
        }
        let responses = open.challenged.entry(key).or_default();
        *responses = responses.saturating_add(1);
    }

    /// The daemon did not ask the client after all.
    pub(crate) fn not_challenged(&self, cid: Cid, kid: Kid) {
        self.lock().take_challenge((cid, kid));
    }

    /// Whether a response of this client is waited for.
    pub(crate) fn is_challenged(&self, cid: Cid, kid: Kid) -> bool {
        self.lock().challenged.contains_key(&(cid, kid))
    }

    /// The decisions about clients that are open.
    pub(crate) fn undecided(&self) -> HashSet<(Cid, Kid)> {
        self.lock().waiting.keys().collect()
    }

    /// What was asked before the event with this number.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, number: u64) -> Poll<Option<Taken>> {
        let mut open = self.lock();
        if open.overflow != Overflow::default() {
            return Poll::Ready(Some(Taken::Overflow(std::mem::take(&mut open.overflow))));
        }
        if let Some(request) = open.take(number) {
            return Poll::Ready(Some(Taken::OpenRequest(Box::new(request))));
        }
        if open.closed || open.receiver_gone {
            return Poll::Ready(None);
        }
        let old = open.receiver.replace(cx.waker().clone());
        drop(open);
        // A waker may drop anything, a request too.
        drop(old);
        Poll::Pending
    }

    /// A request whose answer could not be sent is asked again; `false` where nobody takes it.
    pub(crate) fn put_back(&self, request: OpenRequest) -> bool {
        let mut open = self.lock();
        if open.receiver_gone || !request.state.is_open() {
            return false;
        }
        // One whose answer was refused lets the others go first.
        if request.refused {
            open.queue.push_back(request);
        } else {
            open.queue.push_front(request);
        }
        let waker = open.receiver.take();
        drop(open);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Has the driver deny a client whose request is answered by nobody any more.
    pub(crate) fn deny(&self, cid: Cid, kid: Kid, state: &RequestState, reason: &'static str) {
        let mut open = self.lock();
        if state.settle() {
            open.waiting.remove_if((cid, kid), state);
            open.deny(cid, kid, reason, state.epoch());
            self.work.notify_one();
        }
    }

    /// A request was dropped or declined; it is not due any more.
    pub(crate) fn put_away(&self, cid: Cid, kid: Kid, state: &RequestState) {
        if state.settle() {
            self.lock().waiting.remove_if((cid, kid), state);
        }
    }

    /// How many clients wait to be denied.
    pub(crate) fn denials(&self) -> usize {
        self.lock().denials.len()
    }

    pub(crate) fn take_denial(&self) -> Option<Denial> {
        let mut open = self.lock();
        let denial = open.denials.pop_front();
        open.denying = denial.as_ref().map(|denial| (denial.cid, denial.kid));
        denial
    }

    /// Whether this client, whose denial was taken, was not decided about since.
    pub(crate) fn is_denying(&self, cid: Cid, kid: Kid) -> bool {
        self.lock().denying == Some((cid, kid))
    }

    /// Nobody takes requests any more; gives back those that were not taken.
    pub(crate) fn leave(&self) -> VecDeque<OpenRequest> {
        let mut open = self.lock();
        open.receiver_gone = true;
        self.work.notify_one();
        std::mem::take(&mut open.queue)
    }

    /// The connection has ended: every request is withdrawn.
    pub(crate) fn close(&self) {
        let mut open = self.lock();
        open.restart();
        open.closed = true;
        let waker = open.receiver.take();
        drop(open);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The state behind the lock is valid at every point, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Part of every request, so that it must not show all the others.
impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Open {
    /// Whether there is something for the receiver now.
    fn raise(&mut self, kind: RequestKind, number: u64, registry: &Registry) -> bool {
        let (kind, state) = match kind {
            RequestKind::Client(client) => match self.client(client, registry) {
                Some((client, state)) => (RequestKind::Client(client), state),
                // A response nobody asked for decides nothing.
                None => return false,
            },
            kind => {
                let state = self.slot_state(&kind);
                (kind, state)
            }
        };
        let waits = kind.waits();
        self.queue.push_back(OpenRequest::new(state, number, kind));
        if let Some(newest) = waits {
            self.shed(newest, registry);
        }
        true
    }

    /// A new request of a kind takes the place of the old one, which is withdrawn.
    fn slot_state(&mut self, kind: &RequestKind) -> Arc<RequestState> {
        let Some(slot) = kind.slot() else {
            return RequestState::new(self.epoch);
        };
        if let Some(old) = self.slots.get(&slot).cloned() {
            if old.is_open() {
                self.queue.retain(|request| !Arc::ptr_eq(&request.state, &old));
                // The daemon repeats `>HOLD:` (a refused SIGHUP does it); it is the same hold.
                if slot == Slot::Hold {
                    return old;
                }
                debug!(?slot, "the daemon asks anew; the older request is withdrawn");
            }
            // Also of one that is answered, as its answer may not be out yet. What releases one hold
            // releases the next.
            if slot != Slot::Hold {
                old.replace();
            }
        }
        let state = RequestState::new(self.epoch);
        self.slots.insert(slot, Arc::clone(&state));
        state
    }

    /// A connect or reauth begins a decision; a response belongs to the one that it was asked for.
    fn client(
        &mut self,
        client: AboutClient,
        registry: &Registry,
    ) -> Option<(AboutClient, Arc<RequestState>)> {
        let is_new = match client.kind {
            AboutClientKind::Connect => true,
            AboutClientKind::Reauth => false,
            AboutClientKind::Response(_) => return self.response(client, registry),
        };
        let key = (client.cid, client.kid);
        let old = self.waiting.remove(key).into_iter().collect();
        self.withdraw(old);
        let state = RequestState::new(self.epoch);
        self.waiting.add(key, Arc::clone(&state), is_new, Address::of(&client.env));
        let old = self.waiting.remove_old_renewals(client.cid);
        self.withdraw(old);
        Some((client, state))
    }

    fn response(
        &mut self,
        mut client: AboutClient,
        registry: &Registry,
    ) -> Option<(AboutClient, Arc<RequestState>)> {
        if !registry.response_has_kid {
            let mut of_client = self.challenged.range(all_of(client.cid));
            client.kid = of_client.next_back()?.0.1;
        }
        let key = (client.cid, client.kid);
        if !self.take_challenge(key) {
            return None;
        }
        let state = self.waiting.get(key.0, key.1)?;
        state.responded();
        state.is_open().then(|| (client, Arc::clone(state)))
    }

    /// One response fewer is to come; `false` where none was.
    fn take_challenge(&mut self, key: (Cid, Kid)) -> bool {
        let Some(responses) = self.challenged.get_mut(&key) else {
            return false;
        };
        *responses -= 1;
        if *responses == 0 {
            self.challenged.remove(&key);
        }
        true
    }

    /// Has the driver deny a client. Past the limit one waits on until the daemon gives up on it.
    fn deny(&mut self, cid: Cid, kid: Kid, reason: &'static str, epoch: u64) {
        if self.denials.len() < MAX_DENIALS {
            self.denials.push_back(Denial { cid, kid, reason, epoch });
        }
    }

    /// Everything asked so far means nothing any more: IDs start over.
    fn restart(&mut self) {
        self.epoch += 1;
        self.challenged.clear();
        self.denials.clear();
        let slots = std::mem::take(&mut self.slots).into_values();
        for state in self.waiting.remove_all().chain(slots) {
            state.withdraw();
        }
        self.queue.clear();
    }

    /// Answered past its request, which is not kept where nobody has taken it: nobody may ever take any.
    fn settle_past(&mut self, state: &Arc<RequestState>) {
        if state.settle() {
            self.queue.retain(|request| !Arc::ptr_eq(&request.state, state));
        }
    }

    /// A client left, or another one has its ID now: what was asked about it is withdrawn.
    fn left(&mut self, cid: Cid) {
        let challenged: Vec<_> = self.challenged.range(all_of(cid)).map(|(key, _)| *key).collect();
        for key in challenged {
            self.challenged.remove(&key);
        }
        self.denials.retain(|denial| denial.cid != cid);
        // Of one that came on an older connection no identity tells.
        self.denying.take_if(|(denied, _)| *denied == cid);
        let left = self.waiting.remove_client(cid);
        self.withdraw(left);
    }

    fn withdraw(&mut self, states: Vec<Arc<RequestState>>) {
        if states.is_empty() {
            return;
        }
        for state in states {
            state.withdraw();
        }
        self.queue.retain(|request| !request.state.is_withdrawn());
    }

    /// Denies a client where more wait than may.
    fn shed(&mut self, newest: (Cid, Kid), registry: &Registry) {
        let Some((cid, kid)) = self.waiting.excess(registry.limits, newest, &mut self.overflow)
        else {
            return;
        };
        let denied = self.waiting.remove((cid, kid));
        self.withdraw(denied.into_iter().collect());
        warn!(%cid, %kid, "too many clients wait for a decision; one that nobody looked at is denied");
        self.deny(cid, kid, "too many clients wait for a decision", self.epoch);
        registry.work.notify_one();
    }

    fn take(&mut self, number: u64) -> Option<OpenRequest> {
        loop {
            // One that was put back may stand behind those that came later.
            let at = self.queue.iter().position(|request| request.number < number)?;
            let request = self.queue.remove(at)?;
            if request.state.is_open() {
                if let Some(key) = request.kind.waits() {
                    self.waiting.take(key);
                }
                return Some(request);
            }
        }
    }
}

/// The most clients that wait to be denied.
const MAX_DENIALS: usize = 4096;

fn all_of(cid: Cid) -> RangeInclusive<(Cid, Kid)> {
    (cid, Kid(0))..=(cid, Kid(u32::MAX))
}

/// Whether an event asks nothing and takes no request back: the many that do neither cost no lock. One that is
/// missing here costs a lock; one too many would lose requests.
fn only_tells(event: &Event) -> bool {
    matches!(
        event,
        Event::Log(_) | Event::ByteCount(_) | Event::ByteCountClient(_) | Event::Echo(_)
    )
}

#[cfg(test)]
mod tests;
