//! [`Dispatcher`]: where events go, to subscribers and to the requests.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::client::env_filter::EnvFilterState;
use crate::client::identity::{Peer, PeerTable};
use crate::client::registry::Registry;
use crate::client::shared::Shared;
use crate::error::CloseReason;
use crate::events::{Event, StateName};

/// An event as its subscribers get it, with the client it was about when it came.
#[derive(Debug, Clone)]
pub(super) struct Published {
    pub(super) event: Event,
    pub(super) peer: Option<Peer>,
}

pub(super) struct Dispatcher {
    pub(super) events: broadcast::Sender<Published>,
    pub(super) registry: Arc<Registry>,
    pub(super) shared: Arc<Shared>,
    pub(super) peers: PeerTable,
    pub(super) env_filter: EnvFilterState,
    /// What the daemon said of the end that is coming: a fatal error or its exit.
    pub(super) announced: Option<CloseReason>,
}

impl Dispatcher {
    /// Hands an event on; with no subscriber it is gone, but a request never is.
    pub(super) fn publish(&mut self, event: Event) {
        match &event {
            Event::Fatal(fatal) => self.announced = Some(CloseReason::Fatal(fatal.text.clone())),
            Event::State(state) if state.name == StateName::Exiting => {
                let detail = state.detail.clone().unwrap_or_default();
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
        self.registry.notice(&event, peer.as_ref());
        // States that only the requests need are not what the user asked for.
        let hidden = matches!(event, Event::State(_)) && self.shared.hides_states();
        if !hidden {
            // Whoever needs a secret has it by its request.
            let withhold = self.shared.watches_states();
            let event = if withhold { event.withhold_secrets() } else { event };
            let _ = self.events.send(Published { event, peer });
        }
    }
}
