//! [`start`]: from a stream that was greeted to the handles of a connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::broadcast::{Batch, Broadcast, BroadcastLimits};
use super::dispatcher::{Dispatcher, Yield};
use super::driver::{Driver, Parts, SetUp};
use super::env_filter::EnvFilterState;
use super::identity::PeerTable;
use super::registry::{Limits, Registry};
use super::shared::{CloseGuard, Shared};
use super::transport::Transport;
use super::{Client, Events, far};
use crate::demux::{Demuxer, Item};
use crate::error::{Error, Result};
use crate::reply::RawReply;

/// How many commands of this connection's handles may wait for the driver before a caller waits too.
const QUEUED_COMMANDS: usize = 64;

/// How a connection is driven.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) command_timeout: Duration,
    pub(crate) reply_timeout: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) pipeline: usize,
    pub(crate) reply_limit: usize,
    pub(crate) broadcast: BroadcastLimits,
    pub(crate) env_limit: usize,
    /// Whether requests are collected.
    pub(crate) requests: bool,
    pub(crate) limits: Limits,
}

/// A stream whose daemon has said its greeting.
pub(crate) struct Greeted<S> {
    pub(crate) stream: S,
    /// With what was read behind the greeting.
    pub(crate) demuxer: Demuxer,
    /// What was read up to the greeting, and is served first.
    pub(crate) early: Vec<Item>,
    pub(crate) management_version: u32,
}

/// The handles of a connection.
pub(crate) struct Started {
    pub(crate) client: Client,
    /// The subscription that misses nothing.
    pub(crate) events: Events,
    pub(crate) registry: Arc<Registry>,
    pub(crate) set_up: SetUpReplies,
}

/// What comes of the commands that the driver sends before the connection is ready.
pub(crate) struct SetUpReplies {
    filter: oneshot::Receiver<Result<RawReply>>,
    states: oneshot::Receiver<Result<RawReply>>,
}

/// Starts the driver of a connection.
pub(crate) fn start<S>(settings: &Settings, greeted: Greeted<S>) -> Started
where
    S: Transport + Send + 'static,
{
    let Greeted { stream, demuxer, early, management_version } = greeted;
    // The first subscription exists before the first item is served, so it misses nothing.
    let broadcast = Arc::new(Broadcast::new(settings.broadcast));
    let shared = Shared::new(management_version, settings.command_timeout, settings.requests);
    let shared = Arc::new(shared);
    let registry = Registry::new(settings.limits, shared.dialect(), Arc::clone(&shared.work));
    let registry = Arc::new(registry);
    let (submit, commands) = mpsc::channel(QUEUED_COMMANDS);
    let handles = Arc::new(watch::Sender::new(()));
    let client = Client::new(submit, &handles, Arc::clone(&broadcast), Arc::clone(&shared));
    let events = client.subscribe();
    let guard = CloseGuard {
        shared: Arc::clone(&shared),
        registry: Arc::clone(&registry),
        broadcast: Arc::clone(&broadcast),
    };
    let (sender, set_up) = set_up();
    let sender = settings.requests.then_some(sender);
    if sender.is_none() {
        registry.leave();
    }
    let dispatcher = Dispatcher {
        broadcast,
        batch: Batch::default(),
        is_crowded: false,
        last: Yield::default(),
        published: 0,
        registry: Arc::clone(&registry),
        peers: PeerTable::new(shared.connection),
        env_filter: EnvFilterState::default(),
        shared,
        announced: None,
    };
    let driver = Driver::new(Parts { stream, demuxer, commands, dispatcher, handles }, settings);
    let running = async move {
        let _guard = guard;
        driver.run(early, sender).await;
    };
    tokio::spawn(running.in_current_span());
    Started { client, events, registry, set_up }
}

fn set_up() -> (SetUp, SetUpReplies) {
    let (to_filter, filter) = oneshot::channel();
    let (to_states, states) = oneshot::channel();
    (SetUp { filter: to_filter, states: to_states }, SetUpReplies { filter, states })
}

impl SetUpReplies {
    /// Waits for the replies to `env-filter 0`, whatever it is, and to `state on`: from then on no
    /// restart goes unnoticed.
    pub(crate) async fn wait(self, after: Duration, client: &Client) -> Result<()> {
        let deadline = far(Instant::now(), after);
        let mut last = None;
        for (command, reply) in [("env-filter", self.filter), ("state", self.states)] {
            last = Some(match tokio::time::timeout_at(deadline, reply).await {
                Ok(Ok(reply)) => reply,
                Ok(Err(_)) => return Err(Error::Closed(client.closed().await)),
                Err(_) => return Err(Error::Timeout { command, after, sent: true }),
            });
        }
        match last {
            Some(Err(Error::Refused { text, .. })) => Err(Error::StatesRefused { text }),
            Some(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }
}
