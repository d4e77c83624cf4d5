//! [`LivePeers`]: a table that reads events and asks `status` by itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::follow::{Follow, Refresh};
use super::{Change, Changes, Peers, PeersSnapshot};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::fleet::{Fleet, FleetItem, MemberAttached, MemberItem};
use crate::session::{Attached, Missed, Picture};

/// Who is in or waits at one server or several, kept up to date: a [`Peers`] that reads events and asks `status` by itself.
///
/// See [the module](super) for a program. Cheap to clone; when the last clone is dropped its tasks end, and its
/// [`Changes`].
#[derive(Clone)]
pub struct LivePeers(Arc<Shared>);

/// Settings of a [`LivePeers`].
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct LivePeersBuilder {
    interval: Duration,
    capacity: usize,
    most: Option<usize>,
}

/// What the handles and the tasks of a table share; the tasks hold it while they change something alone.
pub(super) struct Shared {
    table: Mutex<Table>,
    changes: broadcast::Sender<Change>,
    interval: Duration,
}

struct Table {
    peers: Peers,
    /// The table as it is, where it was asked for since the last change.
    snapshot: Option<PeersSnapshot>,
    followers: HashMap<Arc<str>, Follower>,
    /// How many were followed.
    count: u64,
}

/// The one session of a daemon that is followed.
struct Follower {
    /// Tells it from those of before, which may still have events to read.
    number: u64,
    refresh: mpsc::Sender<Refresh>,
}

impl LivePeersBuilder {
    /// How often each daemon is asked its `status` where nothing else calls for it. Default: 10 s; 1 s at least.
    ///
    /// This is how old the table may be of a server without `management-client-auth`, which does not tell who leaves, and
    /// of what is in no event: bytes where [`bytecount`](Client::bytecount) is off, and new addresses of clients that move.
    pub fn interval(self, interval: Duration) -> Self {
        Self { interval: interval.max(Duration::from_secs(1)), ..self }
    }

    /// How many changes a slow reader may be behind. Default: 16,384; 1 to 1,048,576, and memory for all at once:
    /// beside the table, as many records as that may be held by changes that a slow reader has not read.
    pub fn capacity(self, changes: usize) -> Self {
        Self { capacity: changes.clamp(1, 1 << 20), ..self }
    }

    /// How many sessions are [recorded](Peers#memory) at most. Default: 65,536.
    pub fn most(self, records: usize) -> Self {
        Self { most: Some(records), ..self }
    }

    /// A table of nobody yet.
    #[must_use]
    pub fn build(self) -> LivePeers {
        let peers = self.most.map_or_else(Peers::new, Peers::with_most);
        let table = Table { peers, snapshot: None, followers: HashMap::new(), count: 0 };
        let (changes, interval) = (broadcast::Sender::new(self.capacity), self.interval);
        LivePeers(Arc::new(Shared { table: Mutex::new(table), changes, interval }))
    }
}

impl Default for LivePeers {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl LivePeers {
    /// A table of nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Settings, to be changed.
    pub fn builder() -> LivePeersBuilder {
        LivePeersBuilder { interval: Duration::from_secs(10), capacity: 1 << 14, most: None }
    }

    /// Follows this session with the daemon of this name, to its end; in a task of its own, and beside whoever else reads
    /// it. One of before is followed no more.
    ///
    /// Its sessions of before [go on](super#what-a-session-is) unless the daemon is known to have restarted.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn attach(&self, daemon: impl Into<Arc<str>>, attached: &Attached) {
        let Attached { session, now, missed, .. } = attached;
        self.attach_known(&daemon.into(), session.client(), now, missed);
    }

    /// Takes note of an item of a fleet: each session of a member that begins is followed as by [`attach`](Self::attach),
    /// and a member that will not come back is [removed](Self::remove).
    ///
    /// ```no_run
    /// # async fn example(mut fleet: openvpn_mgmt::Fleet) {
    /// use openvpn_mgmt::peers::LivePeers;
    ///
    /// let peers = LivePeers::new();
    /// while let Some(item) = fleet.next().await {
    ///     peers.note(&item);
    ///     // … and whatever else is to be done about it.
    /// }
    /// # }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn note(&self, item: &FleetItem) {
        let daemon = item.member.name();
        match &item.what {
            MemberItem::Attached(attached) => {
                let MemberAttached { client, now, missed, .. } = &**attached;
                self.attach_known(&daemon.into(), client, now, missed);
            }
            MemberItem::Ended(_) | MemberItem::Removed => self.remove(daemon),
            _ => {}
        }
    }

    /// Follows the members of a fleet as by [`note`](Self::note), in a task of its own, and gives the changes: for a program
    /// that wants nothing else of the fleet, such as an audit log. They end when no member is left, unless another clone of
    /// the table is kept. Dropped, they end the fleet.
    ///
    /// Whatever else the members say is let go, and so is what they ask, unless [`Fleet::requests`] has it apart: a hold is
    /// not released, and a client that waits for a decision waits on. Members come and go by [`Fleet::client`].
    ///
    /// ```no_run
    /// # async fn example(fleet: openvpn_mgmt::Fleet) {
    /// use openvpn_mgmt::peers::{Change, LivePeers};
    ///
    /// let mut changes = LivePeers::new().changes_of(fleet);
    /// while let Some(change) = changes.next().await {
    ///     if let Ok(Change::Left { record, .. }) = change {
    ///         println!("{:?} has left {}", record.name(), record.daemon);
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use = "dropped, it ends the fleet"]
    pub fn changes_of(self, mut fleet: Fleet) -> Changes {
        let mut changes = self.changes();
        changes.follow(async move {
            while let Some(item) = fleet.next().await {
                self.note(&item);
            }
        });
        changes
    }

    fn attach_known(&self, daemon: &Arc<str>, client: &Client, now: &Picture, missed: &Missed) {
        self.begin(daemon, client, |peers, daemon| peers.attached(daemon, now, missed));
    }

    /// The same of a session that came about otherwise.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn follow(&self, daemon: impl Into<Arc<str>>, client: &Client) {
        self.begin(&daemon.into(), client, |peers, daemon| {
            peers.connected(daemon, None);
            Vec::new()
        });
    }

    fn begin(
        &self,
        daemon: &Arc<str>,
        client: &Client,
        attach: impl FnOnce(&mut Peers, &str) -> Vec<Change>,
    ) {
        let (refresh, refreshes) = mpsc::channel(16);
        let follow = {
            let mut table = self.0.lock();
            table.count += 1;
            let number = table.count;
            let follow = Follow::new(&self.0, (Arc::clone(daemon), number), client, refreshes);
            table.followers.insert(Arc::clone(daemon), Follower { number, refresh });
            self.0.publish(&mut table, |peers| attach(peers, daemon));
            follow
        };
        tokio::spawn(follow.run());
    }

    /// Takes a daemon out of the table: its sessions [leave](super::Departure::Removed), and it is followed no more.
    pub fn remove(&self, daemon: &str) {
        let mut table = self.0.lock();
        table.followers.remove(daemon);
        self.0.publish(&mut table, |peers| peers.remove(daemon));
    }

    /// Asks this daemon its `status` now, and returns when the table has it.
    ///
    /// # Errors
    /// [As every command](Client#errors): [`Error::Refused`] in a hold. [`Error::Away`] where there is no session.
    ///
    /// # Cancel safety
    /// It is asked all the same when the future is dropped.
    pub async fn refresh(&self, daemon: &str) -> Result<()> {
        let away = || Error::Away { status: format!("the table follows no session of {daemon}") };
        let follower = self.0.lock().followers.get(daemon).map(|it| it.refresh.clone());
        let (done, is_done) = oneshot::channel();
        follower.ok_or_else(away)?.send(done).await.map_err(|_| away())?;
        is_done.await.unwrap_or_else(|_| Err(away()))
    }

    /// The table as it is. Costs as much as there are records where something has changed since the last one.
    #[must_use]
    pub fn snapshot(&self) -> PeersSnapshot {
        self.0.lock().snapshot()
    }

    /// The changes from now on.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes::new(self.0.changes.subscribe())
    }

    /// The table as it is, and the changes from then on.
    #[must_use]
    pub fn subscribe(&self) -> (PeersSnapshot, Changes) {
        let mut table = self.0.lock();
        (table.snapshot(), self.changes())
    }

    /// Looks at the table itself, which waits meanwhile.
    pub fn with<T>(&self, look: impl FnOnce(&Peers) -> T) -> T {
        look(&self.0.lock().peers)
    }
}

impl Shared {
    /// How often daemons are asked.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Changes the table by what this follower has read, and tells what that changed; `None` where it follows no more.
    pub(super) fn change<T>(
        &self,
        (daemon, number): (&str, u64),
        act: impl FnOnce(&mut Telling<'_>) -> T,
    ) -> Option<T> {
        let mut table = self.lock();
        if !table.is_followed_by(daemon, number) {
            return None;
        }
        table.snapshot = None;
        let Table { peers, .. } = &mut *table;
        Some(act(&mut Telling { peers, changes: &self.changes }))
    }

    /// The session that this follower was told of is over, unless it is another that is followed.
    pub(super) fn ended(&self, daemon: &str, number: u64) {
        let mut table = self.lock();
        if table.is_followed_by(daemon, number) {
            table.followers.remove(daemon);
            self.publish(&mut table, |peers| {
                peers.disconnected(daemon);
                Vec::new()
            });
        }
    }

    fn publish(&self, table: &mut Table, change: impl FnOnce(&mut Peers) -> Vec<Change>) {
        table.snapshot = None;
        tell(&self.changes, change(&mut table.peers));
    }

    /// The state behind the lock is valid at every point, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn is_followed_by(&self, daemon: &str, number: u64) -> bool {
        self.followers.get(daemon).is_some_and(|follower| follower.number == number)
    }

    fn snapshot(&mut self) -> PeersSnapshot {
        self.snapshot.get_or_insert_with(|| self.peers.snapshot()).clone()
    }
}

/// A table that is being changed.
pub(super) struct Telling<'a> {
    peers: &'a mut Peers,
    changes: &'a broadcast::Sender<Change>,
}

impl Telling<'_> {
    pub(super) fn peers(&self) -> &Peers {
        self.peers
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut Peers) -> Vec<Change>) {
        tell(self.changes, change(self.peers));
    }
}

fn tell(subscribers: &broadcast::Sender<Change>, changes: Vec<Change>) {
    for change in changes {
        // Nobody may want to know.
        let _ = subscribers.send(change);
    }
}

impl fmt::Debug for LivePeers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sessions = self.0.lock().peers.len();
        f.debug_struct("LivePeers").field("sessions", &sessions).finish_non_exhaustive()
    }
}
