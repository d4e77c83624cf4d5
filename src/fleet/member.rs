//! [`Member`]: one source of sessions, between the task that asks it and the fleet that reads.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::item::{FleetItem, MemberAttached, MemberItem};
use super::ready::{Queued, Ready};
use super::stage::{Said, Serving, Stage, Stream};
use super::status::MemberStatus;
use crate::client::WeakClient;
use crate::error::{CloseReason, Error};
use crate::requests::Origin;
use crate::session::{Current, LinkClient, LinkStatus, WhileAway};

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A source of sessions.
    Source,
    /// A listener, whose daemons are members of their own.
    Listener,
}

/// A member of a fleet.
///
/// Its session's wakers are this member itself, a circle that is cut where the session is let go: at its end, when the
/// member is removed, and when the fleet is dropped.
pub(super) struct Member {
    name: Arc<str>,
    pub(super) kind: Kind,
    ready: Arc<Ready<Member>>,
    is_queued: AtomicBool,
    stage: Mutex<Stage>,
    /// What its commands go by.
    current: watch::Sender<Current>,
    /// Told when the stage has room for another session.
    room: Notify,
    task: OnceLock<AbortHandle>,
}

impl Member {
    pub(super) fn new(name: Arc<str>, kind: Kind, ready: Arc<Ready<Self>>) -> Arc<Self> {
        let status = match kind {
            Kind::Source => LinkStatus::Connecting { attempt: 1 },
            Kind::Listener => LinkStatus::Idle,
        };
        let current = Current { status, client: None };
        Arc::new(Self {
            name,
            kind,
            ready,
            is_queued: AtomicBool::new(false),
            stage: Mutex::default(),
            current: watch::Sender::new(current),
            room: Notify::new(),
            task: OnceLock::new(),
        })
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Has its task end with it; at once where it was removed before this is called.
    pub(super) fn runs(&self, task: AbortHandle) {
        // It is set once.
        let _ = self.task.set(task);
        if self.lock().is_ended() {
            self.abort();
        }
    }

    pub(super) fn client(&self, away: WhileAway) -> LinkClient {
        LinkClient::new(self.current.subscribe(), away)
    }

    pub(super) fn status(&self) -> MemberStatus {
        let status = self.current.borrow().status.clone();
        let stage = self.lock();
        MemberStatus {
            name: Arc::clone(&self.name),
            is_listener: self.kind == Kind::Listener,
            status,
            since: stage.since,
            number: stage.number,
            error: stage.error.clone(),
            items: stage.given,
            lagged: stage.lagged,
        }
    }

    /// Its next item; where there is none, it is put among the ready when there is.
    pub(super) fn poll_item(self: &Arc<Self>) -> Poll<FleetItem> {
        let waker = Waker::from(Arc::clone(self));
        let mut stage = self.lock();
        let polled = stage.poll(&mut Context::from_waker(&waker));
        let number = stage.number;
        drop(stage);
        polled.map(|Said { what, epoch, peer }| {
            if matches!(what, MemberItem::Detached(_)) {
                self.room.notify_one();
            }
            // There may be more, and the others come first.
            self.ready.push(self);
            FleetItem { epoch, peer, ..FleetItem::new(self.origin(number), what) }
        })
    }

    /// There is a session, for commands first: what it says waits for that of the session before to be read.
    pub(super) async fn attached(self: &Arc<Self>, attached: MemberAttached, stream: Stream) {
        let status = LinkStatus::Connected { number: attached.number };
        self.tell(status, Some(attached.client.downgrade()), |stage| {
            stage.since = Some(Instant::now());
        });
        while !self.lock().has_room() {
            self.room.notified().await;
        }
        let mut stage = self.lock();
        if !stage.is_ended() {
            stage.begin(attached, stream);
            drop(stage);
            self.ready.push(self);
        }
    }

    /// What its source does between two sessions.
    pub(super) fn does(self: &Arc<Self>, status: LinkStatus) {
        match &status {
            // Told by its session, and by its end.
            LinkStatus::Connected { .. } | LinkStatus::Ended(_) => return,
            LinkStatus::Waiting { error: Some(error), .. } => self.away(error.clone()),
            _ => {}
        }
        self.tell(status, None, |stage| stage.since = None);
    }

    /// There is no session, for this reason.
    pub(super) fn away(self: &Arc<Self>, error: Error) {
        if self.lock().away(error) {
            self.ready.push(self);
        }
    }

    /// There will be no other session.
    pub(super) fn ended(self: &Arc<Self>, error: Option<Error>) {
        let gone = || Error::Away { status: "its source has no more sessions".to_owned() };
        let status = LinkStatus::Ended(error.clone().unwrap_or_else(gone));
        // Its last session may go on, and take commands.
        let client = self.current.borrow().client.clone();
        self.tell(status, client, |stage| stage.end(error));
        self.ready.push(self);
    }

    /// Lets go of what was not told, but for that it is removed; `None` where its end was told already. What it gives is to
    /// be [closed](Removal::close) where nothing is locked.
    pub(super) fn remove(self: &Arc<Self>) -> Option<Removal> {
        let mut stage = self.lock();
        if stage.is_over() {
            return None;
        }
        let serving = stage.remove();
        drop(stage);
        // Before another member has its name.
        self.ready.push(self);
        Some(Removal { member: Arc::clone(self), serving })
    }

    /// The fleet is gone: lets go of all.
    pub(super) fn leave(&self) {
        let serving = self.lock().remove();
        // Behind that, so that a task which is told of only now ends, too.
        self.abort();
        drop(serving);
        self.gone("the fleet is gone");
    }

    /// Has no more commands sent; gives where they went.
    fn gone(&self, why: &str) -> Option<WeakClient> {
        let status = LinkStatus::Ended(Error::Away { status: why.to_owned() });
        self.current.send_replace(Current { status, client: None }).client
    }

    fn abort(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    /// Has all see its status, unless it has ended.
    fn tell(&self, status: LinkStatus, client: Option<WeakClient>, note: impl FnOnce(&mut Stage)) {
        let mut stage = self.lock();
        if !stage.is_ended() {
            note(&mut stage);
            self.current.send_replace(Current { status, client });
        }
    }

    pub(super) fn origin(&self, number: u64) -> Origin {
        Origin::new(Arc::clone(&self.name), number)
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queued for Member {
    fn is_queued(&self) -> &AtomicBool {
        &self.is_queued
    }
}

impl Wake for Member {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.push(self);
    }
}

/// A member that was removed, with its session and its source.
pub(super) struct Removal {
    member: Arc<Member>,
    serving: Option<Serving>,
}

impl Removal {
    /// Ends them.
    pub(super) fn close(self) {
        self.member.abort();
        if let Some(serving) = &self.serving {
            serving.client().downgrade().begin_close();
        }
        // It may be another session than the one that was read.
        if let Some(client) = self.member.gone("it was removed from its fleet") {
            client.begin_close();
        }
    }
}

/// Ends a member whose task is gone without its source's last word: it has panicked, or its runtime has ended.
pub(super) struct EndGuard(pub(super) Arc<Member>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        if self.0.lock().is_ended() {
            return;
        }
        if std::thread::panicking() {
            tracing::error!(member = %self.0.name, "its source has panicked");
        }
        self.0.ended(Some(Error::Closed(CloseReason::DriverGone)));
    }
}
