//! [`Desk`]: the questions that are open, between the driver and whoever answers.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tracing::{debug, warn};

use crate::client::identity::Peer;
use crate::client::registry::guard::Guard;
use crate::client::registry::question::{
    Asked, AskedClient, AskedClientKind, Asker, Question, Slot,
};
use crate::client::registry::waiting::{Address, Limits, Overflow, Waiting};
use crate::events::{ClientEvent, Event};
use crate::types::{Cid, Kid};

/// Shared by the driver, which puts questions in, and the receiver, which takes them out.
pub(crate) struct Desk {
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
    queue: VecDeque<Question>,
    /// The latest question of each kind that there is one of at a time.
    slots: HashMap<Slot, Arc<Guard>>,
    /// Decisions about clients that are due.
    waiting: Waiting,
    /// How many responses are to come of clients whose users were asked.
    challenged: BTreeMap<(Cid, Kid), u32>,
    asker: Asker,
    epoch: u64,
    /// Clients that the driver is to deny.
    denials: VecDeque<Denial>,
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
    Question(Box<Question>),
    /// So many clients were denied because too many waited.
    Overflow(Overflow),
}

impl Desk {
    /// Desk whose driver is told by `work` that it has something to do.
    pub(crate) fn new(limits: Limits, management_version: u32, work: Arc<Notify>) -> Self {
        let response_has_kid = management_version >= 5;
        Self { open: Mutex::default(), work, limits, response_has_kid }
    }

    /// Takes note of an event, about `peer` where it is about a client: raises a question, or
    /// withdraws those it makes stale.
    pub(crate) fn notice(&self, event: &Event, peer: Option<&Peer>) {
        if !concerns(event) {
            return;
        }
        let mut open = self.lock();
        if let Event::Client(
            ClientEvent::Connect { cid, .. } | ClientEvent::Disconnect { cid, .. },
        ) = event
        {
            open.left(*cid);
        }
        if open.receiver_gone {
            return;
        }
        let asked = match (event, peer) {
            (Event::Client(client), Some(peer)) => AskedClient::of(client, peer).map(Asked::Client),
            _ => open.asker.ask(event),
        };
        let raised = asked.is_some_and(|asked| open.raise(asked, self));
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
        if let Some(guard) = open.waiting.remove((cid, kid)) {
            guard.settle();
        }
    }

    /// A client's user is asked for a response now; one that comes is a request.
    pub(crate) fn challenged(&self, cid: Cid, kid: Kid) {
        let mut open = self.lock();
        let key = (cid, kid);
        if open.waiting.get(cid, kid).is_none() {
            // Asked past its request, or without one; somebody looks after it.
            let guard = Guard::new(open.epoch);
            open.waiting.add(key, guard, false, Address::Unknown);
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

    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<Taken>> {
        let mut open = self.lock();
        if open.overflow != Overflow::default() {
            return Poll::Ready(Some(Taken::Overflow(std::mem::take(&mut open.overflow))));
        }
        if let Some(question) = open.take() {
            return Poll::Ready(Some(Taken::Question(Box::new(question))));
        }
        if open.closed || open.receiver_gone {
            return Poll::Ready(None);
        }
        open.receiver = Some(cx.waker().clone());
        Poll::Pending
    }

    /// A question whose answer could not be sent is asked again; `false` where nobody takes it.
    pub(crate) fn put_back(&self, question: Question) -> bool {
        let mut open = self.lock();
        if open.receiver_gone || !question.guard.is_open() {
            return false;
        }
        // One whose answer was refused lets the others go first.
        if question.refused {
            open.queue.push_back(question);
        } else {
            open.queue.push_front(question);
        }
        let waker = open.receiver.take();
        drop(open);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Has the driver deny a client whose request is answered by nobody any more.
    pub(crate) fn deny(&self, cid: Cid, kid: Kid, guard: &Guard, reason: &'static str) {
        let mut open = self.lock();
        if guard.settle() {
            open.waiting.remove_if((cid, kid), guard);
            open.deny(cid, kid, reason, guard.epoch());
            self.work.notify_one();
        }
    }

    /// A request was dropped or declined; it is not due any more.
    pub(crate) fn put_away(&self, cid: Cid, kid: Kid, guard: &Guard) {
        if guard.settle() {
            self.lock().waiting.remove_if((cid, kid), guard);
        }
    }

    pub(crate) fn take_denial(&self) -> Option<Denial> {
        self.lock().denials.pop_front()
    }

    /// Nobody takes questions any more; gives back those that were not taken.
    pub(crate) fn leave(&self) -> VecDeque<Question> {
        let mut open = self.lock();
        open.receiver_gone = true;
        self.work.notify_one();
        std::mem::take(&mut open.queue)
    }

    /// The connection has ended: every question is withdrawn.
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
impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Open {
    /// Whether there is something for the receiver now.
    fn raise(&mut self, asked: Asked, desk: &Desk) -> bool {
        let (asked, guard) = match asked {
            Asked::Client(client) => match self.client(client, desk) {
                Some((client, guard)) => (Asked::Client(client), guard),
                // A response nobody asked for decides nothing.
                None => return false,
            },
            asked => {
                let guard = self.slot_guard(&asked);
                (asked, guard)
            }
        };
        let waits = asked.waits();
        self.queue.push_back(Question::new(guard, asked));
        if let Some(newest) = waits {
            self.shed(newest, desk);
        }
        true
    }

    /// A new question of a kind takes the place of the old one, which is withdrawn.
    fn slot_guard(&mut self, asked: &Asked) -> Arc<Guard> {
        let Some(slot) = asked.slot() else {
            return Guard::new(self.epoch);
        };
        let Some(old) = self.slots.get(&slot).filter(|old| old.is_open()).cloned() else {
            let guard = Guard::new(self.epoch);
            self.slots.insert(slot, Arc::clone(&guard));
            return guard;
        };
        self.queue.retain(|question| !Arc::ptr_eq(&question.guard, &old));
        // The daemon repeats `>HOLD:` (a refused SIGHUP does it); it is the same hold.
        if slot == Slot::Hold {
            return old;
        }
        debug!(?slot, "the daemon asks anew; the older question is withdrawn");
        old.withdraw();
        let guard = Guard::new(self.epoch);
        self.slots.insert(slot, Arc::clone(&guard));
        guard
    }

    /// A connect or reauth begins a decision; a response belongs to the one that it was asked for.
    fn client(&mut self, client: AskedClient, desk: &Desk) -> Option<(AskedClient, Arc<Guard>)> {
        let is_new = match client.kind {
            AskedClientKind::Connect => true,
            AskedClientKind::Reauth => false,
            AskedClientKind::Response(_) => return self.response(client, desk),
        };
        let key = (client.cid, client.kid);
        if let Some(old) = self.waiting.remove(key) {
            old.withdraw();
        }
        let guard = Guard::new(self.epoch);
        self.waiting.add(key, Arc::clone(&guard), is_new, Address::of(&client.env));
        let old = self.waiting.remove_old_renewals(client.cid);
        self.withdraw(old);
        Some((client, guard))
    }

    fn response(
        &mut self,
        mut client: AskedClient,
        desk: &Desk,
    ) -> Option<(AskedClient, Arc<Guard>)> {
        if !desk.response_has_kid {
            let mut of_client = self.challenged.range(all_of(client.cid));
            client.kid = of_client.next_back()?.0.1;
        }
        let key = (client.cid, client.kid);
        if !self.take_challenge(key) {
            return None;
        }
        let guard = self.waiting.get(key.0, key.1)?;
        guard.is_open().then(|| (client, Arc::clone(guard)))
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
        let slots = self.slots.drain().map(|(_, guard)| guard);
        for guard in self.waiting.remove_all().chain(slots) {
            guard.withdraw();
        }
        self.queue.clear();
    }

    /// A client left, or another one has its ID now: what was asked about it is withdrawn.
    fn left(&mut self, cid: Cid) {
        let challenged: Vec<_> = self.challenged.range(all_of(cid)).map(|(key, _)| *key).collect();
        for key in challenged {
            self.challenged.remove(&key);
        }
        self.denials.retain(|denial| denial.cid != cid);
        let left = self.waiting.remove_client(cid);
        self.withdraw(left);
    }

    fn withdraw(&mut self, guards: Vec<Arc<Guard>>) {
        if guards.is_empty() {
            return;
        }
        for guard in guards {
            guard.withdraw();
        }
        self.queue.retain(|question| !question.guard.is_withdrawn());
    }

    /// Denies a client where more wait than may.
    fn shed(&mut self, newest: (Cid, Kid), desk: &Desk) {
        let Some((cid, kid)) = self.waiting.excess(desk.limits, newest, &mut self.overflow) else {
            return;
        };
        let denied = self.waiting.remove((cid, kid));
        self.withdraw(denied.into_iter().collect());
        warn!(%cid, %kid, "too many clients wait for a decision; one that nobody looked at is denied");
        self.deny(cid, kid, "too many clients wait for a decision", self.epoch);
        desk.work.notify_one();
    }

    fn take(&mut self) -> Option<Question> {
        while let Some(question) = self.queue.pop_front() {
            if question.guard.is_open() {
                if let Some(key) = question.asked.waits() {
                    self.waiting.take(key);
                }
                return Some(question);
            }
        }
        None
    }
}

/// The most clients that wait to be denied.
const MAX_DENIALS: usize = 4096;

fn all_of(cid: Cid) -> RangeInclusive<(Cid, Kid)> {
    (cid, Kid(0))..=(cid, Kid(u32::MAX))
}

/// Whether an event asks anything or takes a question back; the many that do not cost no lock.
fn concerns(event: &Event) -> bool {
    matches!(
        event,
        Event::State(_)
            | Event::Client(_)
            | Event::Hold(_)
            | Event::Password(_)
            | Event::NeedOk(_)
            | Event::NeedStr(_)
            | Event::NeedCertificate(_)
            | Event::PkSign(_)
            | Event::Remote(_)
            | Event::Proxy(_)
            | Event::InfoMsg(_)
    )
}
