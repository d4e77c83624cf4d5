//! [`Outlet`]: where events go, to subscribers and to the questions.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::requests::Desk;
use super::shared::Shared;
use crate::error::CloseReason;
use crate::events::{Event, StateName};

pub(super) struct Outlet {
    pub(super) events: broadcast::Sender<Event>,
    pub(super) desk: Arc<Desk>,
    pub(super) shared: Arc<Shared>,
    /// What the daemon said of the end that is coming: a fatal error or its exit.
    pub(super) announced: Option<CloseReason>,
}

impl Outlet {
    /// Hands an event on; with no subscriber it is gone, but a question never is.
    pub(super) fn publish(&mut self, event: Event) {
        match &event {
            Event::Fatal(fatal) => self.announced = Some(CloseReason::Fatal(fatal.text.clone())),
            Event::State(state) if state.name == StateName::Exiting => {
                let detail = state.detail.clone().unwrap_or_default();
                self.announced.get_or_insert(CloseReason::Exiting(detail));
            }
            _ => {}
        }
        self.desk.notice(&event);
        // States that only the questions need are not what the user asked for.
        let hidden = matches!(event, Event::State(_)) && self.shared.hides_states();
        if !hidden {
            let _ = self.events.send(event);
        }
    }
}
