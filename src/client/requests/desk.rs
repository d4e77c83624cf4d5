//! [`Desk`]: the questions that are open, between the driver and whoever answers.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::guard::Guard;
use super::question::{Asked, AskedClient, AskedClientKind, Asker, Question, Slot};
use crate::events::{ClientEvent, Event, StateName};
use crate::{Cid, Kid};

/// Shared by the driver, which puts questions in, and the receiver, which takes them out.
pub(crate) struct Desk {
    open: Mutex<Open>,
    /// Tells the driver that there are clients to deny.
    pub(crate) work: Notify,
    /// How many client questions may be open at once.
    cap: usize,
}

#[derive(Debug, Default)]
struct Open {
    /// Raised, and not taken yet.
    queue: VecDeque<Question>,
    /// The latest question of each kind that there is one of at a time.
    slots: HashMap<Slot, Arc<Guard>>,
    /// Decisions about clients that are due, and by age.
    clients: HashMap<(Cid, Kid), (u64, Arc<Guard>)>,
    ages: BTreeMap<u64, (Cid, Kid)>,
    next_age: u64,
    asker: Asker,
    epoch: u64,
    /// Clients that the driver is to deny.
    denials: Vec<Denial>,
    /// How many clients were denied because the cap was reached, since it was last told.
    overflow: u64,
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
    /// So many clients were denied because nobody answered in time for the cap.
    Overflow(u64),
}

impl Desk {
    pub(crate) fn new(cap: usize) -> Self {
        Self { open: Mutex::default(), work: Notify::new(), cap: cap.max(1) }
    }

    /// Takes note of an event: raises a question, or withdraws those it makes stale.
    pub(crate) fn notice(&self, event: &Event) {
        if !concerns(event) {
            return;
        }
        let mut open = self.lock();
        match event {
            Event::State(state) if state.name == StateName::Reconnecting => open.restart(),
            Event::Client(ClientEvent::Disconnect { cid, .. }) => open.left(*cid),
            _ => {}
        }
        if open.receiver_gone {
            return;
        }
        if let Some(asked) = open.asker.ask(event) {
            open.raise(asked);
        }
        if open.clients.len() > self.cap {
            open.shed();
            self.work.notify_one();
        }
        let waker = open.receiver.take();
        drop(open);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A client was decided about by a command of its own, past its request.
    pub(crate) fn settled(&self, cid: Cid, kid: Kid) {
        if let Some(guard) = self.lock().forget(cid, kid) {
            guard.settle();
        }
    }

    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<Taken>> {
        let mut open = self.lock();
        if open.overflow > 0 {
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

    /// A question whose answer could not be sent is asked again.
    pub(crate) fn put_back(&self, question: Question) {
        let mut open = self.lock();
        if open.receiver_gone || !question.guard.is_open() {
            return;
        }
        open.queue.push_front(question);
        let waker = open.receiver.take();
        drop(open);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Has the driver deny a client whose request is answered by nobody any more.
    pub(crate) fn deny(&self, cid: Cid, kid: Kid, guard: &Guard, reason: &'static str) {
        let mut open = self.lock();
        if guard.settle() {
            open.forget(cid, kid);
            let epoch = guard.epoch();
            open.denials.push(Denial { cid, kid, reason, epoch });
            self.work.notify_one();
        }
    }

    /// A request was dropped or declined; it is not due any more.
    pub(crate) fn put_away(&self, cid: Cid, kid: Kid, guard: &Guard) {
        if guard.settle() {
            self.lock().forget(cid, kid);
        }
    }

    pub(crate) fn take_denials(&self) -> Vec<Denial> {
        std::mem::take(&mut self.lock().denials)
    }

    /// Nobody takes questions any more; gives back those that were not taken.
    pub(crate) fn leave(&self) -> VecDeque<Question> {
        let mut open = self.lock();
        open.receiver_gone = true;
        self.work.notify_one();
        std::mem::take(&mut open.queue)
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    pub(crate) fn is_attended(&self) -> bool {
        !self.lock().receiver_gone
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
        f.debug_struct("Desk").field("cap", &self.cap).finish_non_exhaustive()
    }
}

impl Open {
    fn raise(&mut self, asked: Asked) {
        let guard = match &asked {
            Asked::Client(client) => self.client_guard(client),
            _ => self.slot_guard(&asked),
        };
        // A client can respond as often as it likes; what nobody has taken is not piled up.
        if asked.is_response() {
            self.queue.retain(|old| !(Arc::ptr_eq(&old.guard, &guard) && old.asked.is_response()));
        }
        self.queue.push_back(Question { guard, raised: Instant::now(), asked });
    }

    /// A new question of a kind takes the place of the old one, which is withdrawn.
    fn slot_guard(&mut self, asked: &Asked) -> Arc<Guard> {
        let guard = Guard::new(self.epoch);
        if let Some(slot) = asked.slot() {
            // The daemon repeats `>HOLD:` (a refused SIGHUP does it); either release will do.
            let repeats = slot == Slot::Hold;
            if let Some(old) = self.slots.insert(slot, Arc::clone(&guard)) {
                self.queue.retain(|question| !Arc::ptr_eq(&question.guard, &old));
                if !repeats && old.withdraw() {
                    debug!(?slot, "the daemon asks anew; the older question is withdrawn");
                }
            }
        }
        guard
    }

    /// A response belongs to the decision that is due already; a connect or reauth begins one.
    fn client_guard(&mut self, client: &AskedClient) -> Arc<Guard> {
        let key = (client.cid, client.kid);
        if let (AskedClientKind::Response(_), Some((_, guard))) =
            (&client.kind, self.clients.get(&key))
        {
            return Arc::clone(guard);
        }
        let guard = Guard::new(self.epoch);
        if let Some(old) = self.forget(client.cid, client.kid) {
            old.withdraw();
        }
        self.clients.insert(key, (self.next_age, Arc::clone(&guard)));
        self.ages.insert(self.next_age, key);
        self.next_age += 1;
        guard
    }

    fn forget(&mut self, cid: Cid, kid: Kid) -> Option<Arc<Guard>> {
        let (age, guard) = self.clients.remove(&(cid, kid))?;
        self.ages.remove(&age);
        Some(guard)
    }

    /// Everything asked so far means nothing any more: IDs start over.
    fn restart(&mut self) {
        self.epoch += 1;
        self.ages.clear();
        for (_, (_, guard)) in self.clients.drain() {
            guard.withdraw();
        }
        for (_, guard) in self.slots.drain() {
            guard.withdraw();
        }
        self.queue.clear();
    }

    fn left(&mut self, cid: Cid) {
        let keys: Vec<_> = self.clients.keys().filter(|key| key.0 == cid).copied().collect();
        for (cid, kid) in keys {
            if let Some(guard) = self.forget(cid, kid) {
                guard.withdraw();
            }
        }
        self.queue.retain(|question| !question.guard.is_withdrawn());
    }

    /// Denies the oldest client that is due, so that the newest is not lost.
    fn shed(&mut self) {
        let Some((_, (cid, kid))) = self.ages.first_key_value().map(|(age, key)| (*age, *key))
        else {
            return;
        };
        if let Some(guard) = self.forget(cid, kid) {
            guard.withdraw();
        }
        self.queue.retain(|question| !question.guard.is_withdrawn());
        warn!(%cid, %kid, "too many clients wait to be decided about; the oldest is denied");
        let (reason, epoch) = ("too many clients wait for a decision", self.epoch);
        self.denials.push(Denial { cid, kid, reason, epoch });
        self.overflow += 1;
    }

    fn take(&mut self) -> Option<Question> {
        while let Some(question) = self.queue.pop_front() {
            if question.guard.is_open() {
                return Some(question);
            }
        }
        None
    }
}

/// Whether an event asks anything or takes a question back; the many that do not cost no lock.
fn concerns(event: &Event) -> bool {
    match event {
        Event::State(state) => state.name == StateName::Reconnecting,
        Event::Client(_)
        | Event::Hold(_)
        | Event::Password(_)
        | Event::NeedOk(_)
        | Event::NeedStr(_)
        | Event::NeedCertificate(_)
        | Event::PkSign(_)
        | Event::Remote(_)
        | Event::Proxy(_)
        | Event::InfoMsg(_) => true,
        _ => false,
    }
}
