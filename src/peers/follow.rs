//! [`Follow`]: the task that keeps a table up to date with one session.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use super::live::{Shared, Telling};
use crate::client::{Client, Events, Lagged, PeerIdentities, WeakClient, far};
use crate::error::{CloseReason, Error, Result};
use crate::events::Event;
use crate::reply::Status;

/// Told when a `status` that was asked for behind it is in the table.
pub(super) type Refresh = oneshot::Sender<Result<()>>;

type Answer = (Status, PeerIdentities);
type Asking = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// Reads the events of a session, and asks `status` where it must. Holds neither the session nor the table.
pub(super) struct Follow {
    shared: Weak<Shared>,
    daemon: Arc<str>,
    /// Which of those that followed it this is.
    number: u64,
    client: WeakClient,
    events: Events,
    refreshes: mpsc::Receiver<Refresh>,
    /// They want a `status` that was not asked for yet.
    wanted: Vec<Refresh>,
    /// They want the one that is asked for.
    asked: Vec<Refresh>,
    /// When to ask again.
    due: Instant,
    last: Option<Instant>,
    /// Not to be asked sooner, but by who wants it: the last one could not be had.
    not_before: Option<Instant>,
    asking: Option<Asking>,
    /// It waits for the events that came before it.
    answer: Option<Answer>,
}

/// What is missing is asked for no sooner than so long after the last time.
const PAUSE: Duration = Duration::from_secs(1);
/// So many events are taken in before others get the table.
const TURN: usize = 256;

impl Follow {
    pub(super) fn new(
        shared: &Arc<Shared>,
        (daemon, number): (Arc<str>, u64),
        client: &Client,
        refreshes: mpsc::Receiver<Refresh>,
    ) -> Self {
        Self {
            shared: Arc::downgrade(shared),
            daemon,
            number,
            client: client.downgrade(),
            events: client.subscribe(),
            refreshes,
            wanted: Vec::new(),
            asked: Vec::new(),
            due: Instant::now(),
            last: None,
            not_before: None,
            asking: None,
            answer: None,
        }
    }

    pub(super) async fn run(mut self) {
        while self.turn().await.is_some() {}
        let reason = self.client.upgrade().map(|_| CloseReason::Requested);
        for refresh in self.wanted.drain(..).chain(self.asked.drain(..)) {
            // Nobody may wait any more.
            let _ =
                refresh.send(Err(Error::Closed(reason.clone().unwrap_or(CloseReason::DriverGone))));
        }
        if let Some(shared) = self.shared.upgrade() {
            shared.ended(&self.daemon, self.number);
        }
    }

    /// Does the next thing; `None` when there is nothing more to do.
    async fn turn(&mut self) -> Option<()> {
        self.take_in();
        let is_free = self.asking.is_none() && self.answer.is_none();
        tokio::select! {
            // Events may come without end, and the others do not.
            biased;
            answer = answered(&mut self.asking) => {
                self.answered(answer);
                Some(())
            }
            // Without a sender the table is gone, or follows another session.
            refresh = self.refreshes.recv() => {
                self.wanted.push(refresh?);
                self.due = Instant::now();
                Some(())
            }
            () = sleep_until(self.due), if is_free => self.ask(),
            // Its own subscription alone does not keep the connection.
            () = self.client.deserted() => None,
            event = self.events.next() => self.events(event?),
        }
    }

    /// Takes in an event, and those that are there behind it.
    fn events(&mut self, first: Result<Event, Lagged>) -> Option<()> {
        let shared = self.shared.upgrade()?;
        shared.change((&Arc::clone(&self.daemon), self.number), |table| {
            let mut next = Some(first);
            for _ in 0..TURN {
                let Some(event) = next else { break };
                self.look_for_answer();
                if self.answer.as_ref().is_some_and(|(_, peers)| self.events.is_behind(peers)) {
                    // Who came behind a `status` has not left by it.
                    self.settle(table);
                }
                self.event(table, event);
                next = self.events.try_next();
            }
            self.ask_soon(table);
        })
    }

    /// Looks whether the answer is there, as it is before any event that came behind it.
    fn look_for_answer(&mut self) {
        let Some(asking) = &mut self.asking else { return };
        let looked =
            pin!(unconstrained(asking.as_mut())).poll(&mut Context::from_waker(Waker::noop()));
        match looked {
            Poll::Ready(Ok(answer)) => self.answered(Ok(answer)),
            // It changes the table, too, and has no place among the events.
            Poll::Ready(failed) => self.asking = Some(Box::pin(std::future::ready(failed))),
            Poll::Pending => {}
        }
    }

    fn event(&self, table: &mut Telling<'_>, event: Result<Event, Lagged>) {
        let daemon = &self.daemon;
        match event {
            Ok(event) => {
                let (peer, epoch) = (self.events.peer(), self.events.epoch());
                table.change(|peers| peers.event(daemon, &event, peer, epoch));
            }
            Err(lagged) => {
                debug!(%daemon, %lagged, "the session table asks what it has missed");
                table.change(|peers| {
                    peers.lagged(daemon);
                    Vec::new()
                });
            }
        }
    }

    fn ask_soon(&mut self, table: &Telling<'_>) {
        if self.wanted.is_empty() && table.peers().wants_status(&self.daemon) {
            let soon = self.last.map_or_else(Instant::now, |last| last + PAUSE);
            self.due = self.due.min(soon).max(self.not_before.unwrap_or(soon));
        }
    }

    fn ask(&mut self) -> Option<()> {
        let client = self.client.upgrade()?;
        self.asking = Some(Box::pin(async move { client.status_in_order().await }));
        self.asked.append(&mut self.wanted);
        self.last = Some(Instant::now());
        Some(())
    }

    fn answered(&mut self, answer: Result<Answer>) {
        (self.asking, self.not_before) = (None, None);
        let interval = self.shared.upgrade().map_or(PAUSE, |shared| shared.interval());
        self.due = far(Instant::now(), interval);
        match answer {
            Ok(answer) => {
                if matches!(answer.0, Status::Client(_)) {
                    // It has no clients.
                    self.due = far(Instant::now(), Duration::MAX);
                }
                self.answer = Some(answer);
            }
            Err(error) => {
                // In a hold it is refused, as nobody is served.
                if !matches!(error, Error::Refused { .. } | Error::Closed(_)) {
                    self.is_blind(&error);
                }
                self.tell(&Err(error));
            }
        }
    }

    /// The `status` could not be had. It is asked for at its intervals alone, as each may hold up other commands.
    fn is_blind(&mut self, error: &Error) {
        self.not_before = Some(self.due);
        let Some(shared) = self.shared.upgrade() else { return };
        let daemon = &self.daemon;
        warn!(%daemon, %error, "the session table goes on by events alone");
        shared.change((daemon, self.number), |table| {
            table.change(|peers| {
                peers.status_failed(daemon);
                Vec::new()
            });
        });
    }

    /// Takes in the `status`, once all events before it are.
    fn take_in(&mut self) {
        if self.answer.as_ref().is_some_and(|(_, peers)| self.events.has_passed(peers)) {
            let Some(shared) = self.shared.upgrade() else { return };
            shared.change((&Arc::clone(&self.daemon), self.number), |table| self.settle(table));
        }
    }

    fn settle(&mut self, table: &mut Telling<'_>) {
        let Some((status, peers)) = self.answer.take() else { return };
        table.change(|known| known.status(&self.daemon, &status, Some(&peers)));
        self.tell(&Ok(()));
    }

    fn tell(&mut self, result: &Result<()>) {
        for refresh in self.asked.drain(..) {
            // Nobody may wait any more.
            let _ = refresh.send(result.clone());
        }
        if !self.wanted.is_empty() {
            self.due = Instant::now();
        }
    }
}

async fn answered(asking: &mut Option<Asking>) -> Result<Answer> {
    match asking {
        Some(asking) => poll_fn(|cx| asking.as_mut().poll(cx)).await,
        None => std::future::pending().await,
    }
}
