//! What users were asked and have responded, and holds that were released.

use std::time::Duration;

use tokio::time::Instant;

use super::{Conversation, Ledger};
use crate::heads::{Head, Kind, Slot};

/// A client that was asked something by the daemon, or that has responded.
#[derive(Debug)]
pub(crate) struct Turn {
    cid: u64,
    is_response: bool,
    /// How much was said on its connection then, and when.
    said: u64,
    at: Instant,
}

impl Ledger {
    /// The daemon has asked a client's user, by this command.
    pub(crate) fn asks_user(&mut self, place: (usize, usize), command: &str) {
        if let Some(conversation) = self.conversation(place) {
            let cid = command.split(' ').nth(1).and_then(|cid| cid.parse().ok());
            conversation.turn(cid, false);
        }
    }

    /// Whether a client's user has responded to the one question that it was asked since it asked itself, and the program
    /// has read so for a second.
    pub(crate) fn has_responded(&self, daemon: usize, cid: u64, kid: u64) -> bool {
        let last = self.conversations.get(daemon).and_then(|of_daemon| of_daemon.last());
        let Some(conversation) = last.filter(|one| one.is_read() && !one.had_garbage) else {
            return false;
        };
        let is_it = |head: &Head| match &head.kind {
            Kind::Client { cid: of, .. } | Kind::Gone { cid: of } => *of == cid,
            Kind::Restart => true,
            Kind::Prompt(_) => false,
        };
        let Some(head) = conversation.heads.iter().rposition(is_it) else { return false };
        // The response of a client that has renewed since is of its newest key.
        let is_its_own = conversation.heads.get(head).is_some_and(
            |head| matches!(head.kind, Kind::Client { kid: newest, .. } if newest == kid),
        );
        if !is_its_own {
            return false;
        }
        let turns: Vec<_> = conversation.turns.iter().filter(|turn| turn.cid == cid).collect();
        let [asked, response] = turns.as_slice() else { return false };
        let end = conversation.heads.get(head).map_or(u64::MAX, |head| head.end);
        !asked.is_response
            && response.is_response
            && asked.said >= end
            && response.at.elapsed() > Duration::from_secs(1)
    }

    /// Whether the daemon waits for its hold to be released.
    pub(crate) fn holds(&mut self, place: (usize, usize)) -> bool {
        self.conversation(place).is_some_and(|conversation| {
            let holds =
                conversation.heads.iter().filter(|head| head.kind == Kind::Prompt(Slot::Hold));
            holds.map(|head| head.end).next_back() > Some(conversation.released_at)
        })
    }

    /// The daemon has heard that its hold is released.
    pub(crate) fn is_released(&mut self, place: (usize, usize)) {
        if let Some(conversation) = self.conversation(place) {
            conversation.released_at = conversation.said;
        }
    }

    /// A hold is released by a request: there was one, which nobody has released.
    pub(super) fn releases_hold(&mut self, place: (usize, usize), readable: u64) {
        let Some(conversation) = self.conversation(place) else { return };
        let is_hold = |head: &Head| head.kind == Kind::Prompt(Slot::Hold) && head.end <= readable;
        let holds = conversation.heads.iter().filter(|head| is_hold(head));
        let last = holds.map(|head| head.end).next_back();
        let is_released = last.is_none_or(|last| last <= conversation.released);
        conversation.released = readable;
        if is_released {
            self.breaks("once", format!("daemon {}: a hold is released twice", place.0));
        }
    }
}

impl Conversation {
    pub(super) fn turn(&mut self, cid: Option<u64>, is_response: bool) {
        let (said, at) = (self.said, Instant::now());
        self.turns.extend(cid.map(|cid| Turn { cid, is_response, said, at }));
    }
}
