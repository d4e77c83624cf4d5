//! Members that a test holds both ends of, and what comes of a fleet in words.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openvpn_mgmt::{Backoff, Builder, Event, Fleet, FleetItem, Link, MemberItem, Request, Session};
use openvpn_mgmt_test::scripted::{self, Daemon, pipe};
use tokio::io::DuplexStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Where a link finds streams and errors, one for each attempt; nobody listens where there is none.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<Mutex<VecDeque<io::Result<DuplexStream>>>>);

impl Door {
    /// A link whose sessions send nothing of their own.
    pub(crate) fn link(&self) -> Link {
        self.link_of(&Builder::new().requests(false))
    }

    pub(crate) fn link_of(&self, builder: &Builder) -> Link {
        let found = Arc::clone(&self.0);
        let connect = move || {
            let found = found.lock().unwrap().pop_front();
            std::future::ready(found.unwrap_or(Err(io::ErrorKind::ConnectionRefused.into())))
        };
        let backoff = Backoff::new(SECOND, 60 * SECOND);
        builder.reconnect_with(connect).backoff(backoff).ask_what_was_missed(false)
    }

    /// A daemon that has greeted, and that the next attempt finds.
    pub(crate) async fn daemon(&self) -> Daemon {
        let (ours, mut daemon) = pipe();
        daemon.greets(5).await;
        self.finds(ours);
        daemon
    }

    /// A stream that the next attempt finds.
    pub(crate) fn finds(&self, ours: DuplexStream) {
        self.0.lock().unwrap().push_back(Ok(ours));
    }

    pub(crate) fn error(&self, kind: io::ErrorKind) {
        self.0.lock().unwrap().push_back(Err(kind.into()));
    }
}

/// A session that sends nothing of its own, and its daemon.
pub(crate) async fn session() -> (Session, Daemon) {
    scripted::connected(Builder::new()).await
}

/// An item in words.
pub(crate) fn words(item: &FleetItem) -> String {
    let what = match &item.what {
        MemberItem::Attached(attached) => format!("attached {}", attached.number),
        MemberItem::Event(Event::Log(log)) => format!("log {}", log.text),
        MemberItem::Event(event) => format!("event {event}"),
        MemberItem::Request(request) => match request {
            Request::Hold(_) => "asks: hold".to_owned(),
            Request::ClientConnect(client) => format!("asks: client {}", client.cid()),
            other => format!("asks: {other:?}"),
        },
        MemberItem::Lagged(lagged) => format!("lost {}", lagged.0),
        MemberItem::Detached(reason) => format!("detached: {reason}"),
        MemberItem::Away(error) => format!("away: {error}"),
        MemberItem::Ended(None) => "ended".to_owned(),
        MemberItem::Ended(Some(error)) => format!("ended: {error}"),
        MemberItem::Removed => "removed".to_owned(),
        other => format!("{other:?}"),
    };
    format!("{}: {what}", item.member)
}

/// The next item in words, a minute at most.
pub(crate) async fn next(fleet: &mut Fleet) -> String {
    let next = timeout(60 * SECOND, fleet.next()).await.expect("an item within a minute");
    next.as_ref().map_or_else(|| "none".to_owned(), words)
}

/// The next few items in words.
pub(crate) async fn next_few(fleet: &mut Fleet, count: usize) -> Vec<String> {
    let mut items = Vec::new();
    while items.len() < count {
        items.push(next(fleet).await);
    }
    items
}

/// A line of the log.
pub(crate) fn log(text: &str) -> String {
    format!(">LOG:1795332237,,{text}\r\n")
}

/// Waits until no task is left, a minute at most.
pub(crate) async fn no_task_is_left() {
    let ended = async {
        while Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(60 * SECOND, ended).await.expect("a task is left");
}

/// What this process has taken of the processor, in milliseconds.
pub(crate) fn cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<u64>().unwrap();
    (ticks(11) + ticks(12)) * 10
}
