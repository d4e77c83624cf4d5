//! [`Stage`]: what a member has to tell, in its order.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream as _;
use tokio::time::Instant;

use super::item::{MemberAttached, MemberItem};
use crate::client::{Client, Events, Peer};
use crate::error::Error;
use crate::requests::Request;
use crate::session::{Item, Session};

/// What a member has to tell: its session to the end, then what keeps it from the next one, then its own end.
#[derive(Default)]
pub(super) struct Stage {
    serving: Option<Serving>,
    /// The last session's number.
    pub(super) number: u64,
    /// Since when that has been there.
    pub(super) since: Option<Instant>,
    /// What keeps it from a session, still to be told.
    away: Option<Error>,
    /// What was told of that since the last session, or is to be.
    told: Option<String>,
    /// What keeps it from a session, or ended it.
    pub(super) error: Option<Error>,
    end: Option<End>,
    /// How many items were given.
    pub(super) given: u64,
    /// How many events were lost.
    pub(super) lagged: u64,
}

/// How a member ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Ended,
    Removed,
    /// It was told.
    Told,
}

/// An item, with what goes with an event.
pub(super) struct Said {
    pub(super) what: MemberItem,
    pub(super) epoch: u64,
    pub(super) peer: Option<Peer>,
}

impl Stage {
    /// Whether there is no session, so that the next one can be begun.
    pub(super) fn has_room(&self) -> bool {
        self.serving.is_none()
    }

    /// Whether it is to have no other session.
    pub(super) fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Begins a session, where there is [room](Self::has_room) for it.
    pub(super) fn begin(&mut self, attached: MemberAttached, stream: Stream) {
        self.number = attached.number;
        (self.away, self.told, self.error) = (None, None, None);
        self.serving = Some(Serving { attached: Some(Box::new(attached)), stream, epoch: 0 });
    }

    /// There is no session, for this reason; `true` where that is to be told.
    pub(super) fn away(&mut self, error: Error) -> bool {
        if self.is_ended() {
            return false;
        }
        self.since = None;
        let text = error.to_string();
        let is_news = self.told.as_ref() != Some(&text);
        if is_news {
            self.away = Some(error.clone());
            self.told = Some(text);
        }
        self.error = Some(error);
        is_news
    }

    /// There will be no other session.
    pub(super) fn end(&mut self, error: Option<Error>) {
        self.error = error;
        self.end.get_or_insert(End::Ended);
    }

    /// Whether its end was told.
    pub(super) fn is_over(&self) -> bool {
        self.end == Some(End::Told)
    }

    /// Lets go of all that was not told, but for the removal; gives it, to be dropped elsewhere.
    pub(super) fn remove(&mut self) -> Option<Serving> {
        self.end = Some(End::Removed);
        self.away = None;
        self.serving.take()
    }

    /// What it has to tell next.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Said> {
        let said = match &mut self.serving {
            Some(serving) => ready!(serving.poll(cx)),
            None => Said::plain(match (self.away.take(), self.end) {
                (Some(error), _) => MemberItem::Away(error),
                (None, Some(End::Ended)) => MemberItem::Ended(self.error.clone()),
                (None, Some(End::Removed)) => MemberItem::Removed,
                (None, Some(End::Told) | None) => return Poll::Pending,
            }),
        };
        self.note(&said.what);
        Poll::Ready(said)
    }

    /// Keeps the figures, and what was told.
    fn note(&mut self, what: &MemberItem) {
        self.given += 1;
        match what {
            MemberItem::Lagged(lagged) => self.lagged += lagged.0,
            MemberItem::Detached(_) => self.serving = None,
            MemberItem::Ended(_) | MemberItem::Removed => self.end = Some(End::Told),
            _ => {}
        }
    }
}

impl Said {
    fn plain(what: MemberItem) -> Self {
        Self { what, epoch: 0, peer: None }
    }
}

/// A session that is read.
pub(super) struct Serving {
    /// Until it was told.
    attached: Option<Box<MemberAttached>>,
    stream: Stream,
    epoch: u64,
}

/// What of a session is read.
pub(super) enum Stream {
    All(Session),
    /// Its requests are given elsewhere.
    Events(Client, Events),
}

impl Serving {
    pub(super) fn client(&self) -> &Client {
        match &self.stream {
            Stream::All(session) => session.client(),
            Stream::Events(client, _) => client,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Said> {
        if let Some(attached) = self.attached.take() {
            return Poll::Ready(Said::plain(MemberItem::Attached(attached)));
        }
        let (next, epoch, peer) = match &mut self.stream {
            Stream::All(session) => {
                let next = ready!(Pin::new(&mut *session).poll_next(cx));
                let epoch = session.epoch();
                (next, epoch, session.events_mut().peer().cloned())
            }
            Stream::Events(_, events) => {
                let next = ready!(Pin::new(&mut *events).poll_next(cx));
                let next = next.map(|event| event.map(Item::Event));
                (next, events.epoch(), events.peer().cloned())
            }
        };
        self.epoch = self.epoch.max(epoch);
        let (what, peer) = match next {
            Some(Ok(Item::Event(event))) => (MemberItem::Event(event), peer),
            Some(Ok(Item::Request(request))) => {
                let peer = about(&request).cloned();
                (MemberItem::Request(request), peer)
            }
            Some(Err(lagged)) => (MemberItem::Lagged(lagged), None),
            None => (MemberItem::Detached(self.client().close_reason()), None),
        };
        Poll::Ready(Said { what, epoch, peer })
    }
}

/// The client that a request is about.
fn about(request: &Request) -> Option<&Peer> {
    match request {
        Request::ClientConnect(client) | Request::ClientReauth(client) => Some(client.peer()),
        Request::ClientResponse(response) => Some(response.request().peer()),
        _ => None,
    }
}
