//! [`Dispatcher`]: where events go, to subscribers and to the requests.

use std::num::NonZeroU64;
use std::sync::Arc;

use crate::client::broadcast::{Batch, Broadcast, Published};
use crate::client::env_filter::EnvFilterState;
use crate::client::identity::{PeerIdentities, PeerTable};
use crate::client::registry::Registry;
use crate::client::shared::Shared;
use crate::error::CloseReason;
use crate::events::{Event, StateName};

pub(super) struct Dispatcher {
    pub(super) broadcast: Arc<Broadcast>,
    /// What was not handed on yet.
    pub(super) batch: Batch,
    /// Much is unread by the subscribers.
    pub(super) is_crowded: bool,
    /// How many events came of how many lines last.
    pub(super) last: Yield,
    /// How many events were published, those that were not handed on yet included.
    pub(super) published: u64,
    pub(super) registry: Arc<Registry>,
    pub(super) shared: Arc<Shared>,
    pub(super) peers: PeerTable,
    pub(super) env_filter: EnvFilterState,
    /// What the daemon said of the end that is coming: a fatal error or its exit.
    pub(super) announced: Option<CloseReason>,
}

/// How many events so many lines gave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Yield {
    events: usize,
    lines: usize,
}

impl Default for Yield {
    /// An event a line.
    fn default() -> Self {
        Self { events: 1, lines: 1 }
    }
}

impl Yield {
    fn of(self, lines: usize) -> usize {
        (lines * self.events).div_ceil(self.lines.max(1))
    }
}

impl Dispatcher {
    /// So many lines are there to be published: makes room for them where that was not done.
    pub(super) fn expect(&mut self, lines: usize) {
        if self.batch.events.capacity() == 0 {
            self.batch.events.reserve_exact(self.last.of(lines));
            self.last.lines = lines;
        }
    }

    /// Hands an event on; with no subscriber it is gone, but a request never is.
    pub(super) fn publish(&mut self, event: Event) {
        match &event {
            Event::Hold(_) => self.shared.set_in_hold(true),
            Event::Fatal(fatal) => self.announced = Some(CloseReason::Fatal(fatal.text.clone())),
            Event::State(state) if state.name == StateName::Exiting => {
                let detail = state.detail().unwrap_or_default();
                self.announced.get_or_insert(CloseReason::Exiting(detail));
            }
            _ => {}
        }
        if event.may_be_restart() {
            self.peers.restart();
            self.registry.restart();
        }
        // Without the states a restart goes unnoticed, so that there are no identities.
        let peer = if self.shared.watches_states() { self.peers.notice(&event) } else { None };
        self.registry.notice(&event, peer.as_ref(), self.published);
        // States that only the requests need are not what the user asked for.
        let hidden = matches!(event, Event::State(_)) && self.shared.hides_states();
        if !hidden {
            // Whoever needs a secret has it by its request.
            let withhold = self.shared.watches_states();
            let event = if withhold { event.withhold_secrets() } else { event };
            let connect = peer.and_then(|peer| peer.connect()).and_then(NonZeroU64::new);
            self.batch.bytes += event.own_bytes();
            self.published += 1;
            self.batch.events.push(Published { event, epoch: self.peers.epoch(), connect });
        }
    }

    /// Who has which client ID now, in the order of what was published.
    pub(super) fn identities(&self) -> PeerIdentities {
        let identities = self.peers.snapshot(self.published, self.registry.undecided());
        identities.sure_if(self.shared.watches_states())
    }

    /// Hands on what was published, which shares `bytes` of memory. What is known to the subscribers by then is
    /// known to them before whatever is told next.
    ///
    /// Gives whether there was anything.
    pub(super) fn flush(&mut self, bytes: usize) -> bool {
        if self.batch.events.is_empty() {
            return false;
        }
        let mut batch = std::mem::take(&mut self.batch);
        self.last.events = batch.events.len();
        let events = batch.events.capacity() * size_of::<Published>();
        batch.bytes += bytes + events + Batch::OVERHEAD;
        self.is_crowded |= self.broadcast.publish(batch);
        true
    }
}
