//! The links that are out: each is for one client, and good for one answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openvpn_mgmt::Secret;
use tokio::sync::oneshot;

use crate::asking::Asking;
use crate::shared::token::unguessable;

/// How long a link that is over is remembered, to say what became of it.
const MEMORY: Duration = Duration::from_secs(60 * 60);

/// The links, by the unguessable part of their URL.
#[derive(Default)]
pub(crate) struct Links(Mutex<HashMap<String, Link>>);

struct Link {
    asking: Asking,
    state: State,
    since: Instant,
}

enum State {
    /// `token`: what a form of this page, and of no other, sends along.
    Open {
        token: Secret,
        answer: oneshot::Sender<Answer>,
    },
    Over(End),
}

/// What somebody answered on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Approve,
    Deny,
}

/// How a link came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Answered(Answer),
    /// Nobody answered in time.
    Expired,
    /// The client did not wait.
    ClientLeft,
}

/// What is to be seen at a link.
#[derive(Debug)]
pub(crate) enum View {
    Open { asking: Asking, token: Secret },
    Over { asking: Asking, end: End },
}

/// Why an answer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    /// It does not come from the page's own form.
    Forged,
    Over,
}

impl Links {
    /// Makes a link; the answer comes once somebody gives it.
    pub(crate) fn open(&self, asking: Asking) -> (String, oneshot::Receiver<Answer>) {
        let (answer, receiver) = oneshot::channel();
        let state = State::Open { token: Secret::from(unguessable()), answer };
        let (id, since) = (unguessable(), Instant::now());
        let mut links = self.links();
        links.retain(|_, link| {
            matches!(link.state, State::Open { .. }) || since.duration_since(link.since) < MEMORY
        });
        links.insert(id.clone(), Link { asking, state, since });
        (id, receiver)
    }

    /// What is to be seen at a link, where there is one.
    pub(crate) fn view(&self, id: &str) -> Option<View> {
        let links = self.links();
        let Link { asking, state, .. } = links.get(id)?;
        let asking = asking.clone();
        Some(match state {
            State::Open { token, .. } => View::Open { asking, token: token.clone() },
            State::Over(end) => View::Over { asking, end: *end },
        })
    }

    /// Takes an answer, and with it the link.
    pub(crate) fn answer(&self, id: &str, shown: &Secret, given: Answer) -> Result<(), Refusal> {
        let mut links = self.links();
        let link = links.get_mut(id).ok_or(Refusal::Unknown)?;
        match &link.state {
            State::Open { token, .. } if token != shown => return Err(Refusal::Forged),
            State::Open { .. } => {}
            State::Over(_) => return Err(Refusal::Over),
        }
        if let State::Open { answer, .. } = link.end(End::Answered(given)) {
            // Nobody waits any more: the link is about to be closed.
            answer.send(given).map_err(|_| Refusal::Over)?;
        }
        Ok(())
    }

    /// Closes a link that nobody answered.
    pub(crate) fn close(&self, id: &str, end: End) {
        let mut links = self.links();
        if let Some(link) = links.get_mut(id).filter(|link| link.is_open()) {
            link.end(end);
        }
    }

    fn links(&self) -> MutexGuard<'_, HashMap<String, Link>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Ends it, and gives what it was.
    fn end(&mut self, end: End) -> State {
        self.since = Instant::now();
        std::mem::replace(&mut self.state, State::Over(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(links: &Links) -> (String, Secret, oneshot::Receiver<Answer>) {
        let (id, answer) = links.open(Asking::default());
        let Some(View::Open { token, .. }) = links.view(&id) else { panic!("not open") };
        (id, token, answer)
    }

    #[test]
    fn a_link_takes_one_answer() {
        let links = Links::default();
        let (id, token, mut answer) = link(&links);
        assert_eq!(links.answer(&id, &token, Answer::Approve), Ok(()));
        assert_eq!(answer.try_recv(), Ok(Answer::Approve));
        assert_eq!(links.answer(&id, &token, Answer::Deny), Err(Refusal::Over));
        let end = End::Answered(Answer::Approve);
        assert!(matches!(links.view(&id), Some(View::Over { end: it, .. }) if it == end));
    }

    #[test]
    fn an_answer_needs_the_token_of_its_own_page() {
        let links = Links::default();
        let (id, _, mut answer) = link(&links);
        let (_, other, _) = link(&links);
        for forged in [other, Secret::default()] {
            assert_eq!(links.answer(&id, &forged, Answer::Approve), Err(Refusal::Forged));
        }
        assert!(answer.try_recv().is_err());
        let unknown = links.answer("guess", &Secret::default(), Answer::Approve);
        assert_eq!(unknown, Err(Refusal::Unknown));
    }

    #[test]
    fn a_closed_link_says_why_and_takes_no_answer() {
        let links = Links::default();
        let (id, token, _answer) = link(&links);
        links.close(&id, End::Expired);
        links.close(&id, End::ClientLeft);
        assert!(matches!(links.view(&id), Some(View::Over { end: End::Expired, .. })));
        assert_eq!(links.answer(&id, &token, Answer::Approve), Err(Refusal::Over));
    }
}
