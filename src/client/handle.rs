//! [`Client`]: the handle through which commands are sent.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::client::broadcast::Broadcast;
use crate::client::identity::{Peer, PeerEnd, PeerIdentities, PeerWatch};
use crate::client::pending_command::{Delivery, Pass, SubmittedCommand, Wants, Withdraw};
use crate::client::registry::Ticket;
use crate::client::shared::{Closing, Shared};
use crate::client::{Events, far};
use crate::command::Encoded;
use crate::error::{CloseReason, Error, Result};
use crate::reply::RawReply;
use crate::types::{Cid, Dialect};

/// The handle of a connection: every command is one method, over [`send`](Self::send).
///
/// Cheap to clone; commands of all clones are sent one after another, in the
/// order they were called, and each caller gets its own reply. Only answers to requests wait, where what the
/// daemon has begun to say may take them back, and let other commands pass. When the last
/// clone, the last [`Events`] and [`Requests`](crate::Requests) with its requests are
/// dropped, the connection is closed; the daemon goes on.
///
/// # Errors
/// What every command can give:
/// - [`Error::InvalidArgument`]: an argument the daemon would read differently; nothing was sent.
/// - [`Error::Refused`]: the daemon answered `ERROR:`.
/// - [`Error::Unsupported`]: the daemon is too old or too new for it; nothing was sent.
/// - [`Error::UnexpectedReply`]: the reply does not have the command's form.
/// - [`Error::Timeout`]: no reply in time; the connection goes on.
/// - [`Error::BrokenOff`]: the reply to `status` has no end, as a client's name is too long for the daemon.
/// - [`Error::NoReply`]: the daemon has answered what was sent behind the command, and not the command.
/// - [`Error::Closed`]: the connection has ended, with the reason.
///
/// # Cancel safety
/// Every command is cancel safe in this sense: a dropped future withdraws its
/// command where that has not been sent yet; once sent it is sent whole, its
/// reply is thrown away, and no other caller ever gets it.
///
/// # Where to find what
/// Each command is found by the name it has on the wire, too (`client-kill`). They stand in groups:
///
/// | for | methods |
/// | --- | --- |
/// | commands as values | [`send`](Self::send), [`raw_command`](Self::raw_command) |
/// | the daemon | [`pid`](Self::pid), [`version`](Self::version), [`signal`](Self::signal), [`verb`](Self::verb), [`quit`](Self::quit), … |
/// | what it tells | [`state_on`](Self::state_on), [`bytecount`](Self::bytecount), [`log_on`](Self::log_on), [`hold_release`](Self::hold_release), … |
/// | who is there | [`status`](Self::status), [`load_stats`](Self::load_stats) |
/// | a server's clients | [`client_kill`](Self::client_kill), [`kill`](Self::kill), [`push_update_cid`](Self::push_update_cid), … |
/// | where a client connects to | [`remote_entries`](Self::remote_entries), [`remote`](Self::remote), [`proxy`](Self::proxy) |
/// | answers, which [`Requests`](crate::Requests) give by themselves | [`username`](Self::username), [`password`](Self::password), [`pk_sig`](Self::pk_sig), [`client_auth`](Self::client_auth), … |
/// | this connection | [`subscribe`](Self::subscribe), [`closed`](Self::closed), [`with_timeout`](Self::with_timeout), [`dialect`](Self::dialect) |
#[derive(Clone)]
pub struct Client {
    submit: mpsc::Sender<SubmittedCommand>,
    /// The driver learns when the last one is dropped, also while it takes no commands.
    _handle: watch::Receiver<()>,
    handles: Weak<watch::Sender<()>>,
    broadcast: Arc<Broadcast>,
    shared: Arc<Shared>,
    timeout: Duration,
    /// When a call of several commands has to be over.
    deadline: Option<Instant>,
    /// Set where a command that failed may have been done.
    sent: Option<Arc<AtomicBool>>,
}

/// A [`Client`] that does not keep the connection.
#[derive(Clone)]
pub(crate) struct WeakClient {
    submit: mpsc::WeakSender<SubmittedCommand>,
    handles: Weak<watch::Sender<()>>,
    broadcast: Arc<Broadcast>,
    shared: Arc<Shared>,
}

impl WeakClient {
    /// A handle, where the connection lasts.
    pub(crate) fn upgrade(&self) -> Option<Client> {
        let (submit, handles) = (self.submit.upgrade()?, self.handles.upgrade()?);
        // Without any the driver may be about to end the connection.
        let is_kept = handles.receiver_count() > 0 && !self.shared.is_closed();
        let (broadcast, shared) = (Arc::clone(&self.broadcast), Arc::clone(&self.shared));
        is_kept.then(|| Client::new(submit, &handles, broadcast, shared))
    }

    pub(crate) async fn closed(&self) -> CloseReason {
        self.shared.closed().await
    }

    /// As [`Client::close`], without waiting for the end.
    pub(crate) fn begin_close(&self) {
        self.shared.ask_to_close(Closing::Now);
    }

    /// Waits until nobody has a handle.
    pub(crate) async fn deserted(&self) {
        if let Some(handles) = self.handles.upgrade() {
            handles.closed().await;
        }
    }
}

impl Client {
    pub(super) fn new(
        submit: mpsc::Sender<SubmittedCommand>,
        handles: &Arc<watch::Sender<()>>,
        broadcast: Arc<Broadcast>,
        shared: Arc<Shared>,
    ) -> Self {
        let (timeout, handle) = (shared.command_timeout, handles.subscribe());
        let handles = Arc::downgrade(handles);
        Self {
            submit,
            _handle: handle,
            handles,
            broadcast,
            shared,
            timeout,
            deadline: None,
            sent: None,
        }
    }

    pub(crate) fn downgrade(&self) -> WeakClient {
        WeakClient {
            submit: self.submit.downgrade(),
            handles: Weak::clone(&self.handles),
            broadcast: Arc::clone(&self.broadcast),
            shared: Arc::clone(&self.shared),
        }
    }

    /// A handle that notes whether a command of it that failed may have been done.
    pub(crate) fn noting_sent(self) -> (Self, Arc<AtomicBool>) {
        let sent = Arc::new(AtomicBool::new(false));
        (Self { sent: Some(Arc::clone(&sent)), ..self }, sent)
    }

    /// A handle of the same connection whose calls may take so long each, waiting behind other
    /// commands included.
    ///
    /// ```no_run
    /// # async fn example(client: openvpn_mgmt::Client) -> openvpn_mgmt::Result<()> {
    /// use std::time::Duration;
    ///
    /// let status = client.with_timeout(Duration::from_secs(120)).status().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, deadline: None, ..self.clone() }
    }

    /// For a call of several commands, which take one timeout together.
    pub(crate) fn one_call(&self) -> Self {
        let deadline = self.deadline.unwrap_or_else(|| far(Instant::now(), self.timeout));
        Self { deadline: Some(deadline), ..self.clone() }
    }

    /// Ends the connection at once, whatever is in flight; the daemon goes on.
    ///
    /// Commands that wait are not sent, and those whose reply is awaited fail with
    /// [`CloseReason::Requested`]. Behind a command that is half written nothing more is. Returns when the
    /// stream is shut, after [`Builder::close_timeout`](crate::Builder::close_timeout) at the latest.
    /// [`quit`](Self::quit) lets the commands called before have their replies.
    ///
    /// # Cancel safety
    /// The connection ends also where the future is dropped, once it was polled.
    pub async fn close(&self) {
        self.shared.ask_to_close(Closing::Now);
        self.shared.closed().await;
    }

    /// A new subscription, to the events that come from now on.
    ///
    /// On a connection that has ended it is at its end already.
    #[must_use]
    pub fn subscribe(&self) -> Events {
        let has_identities = self.shared.watches_states();
        Events::new(&self.broadcast, has_identities.then_some(self.shared.connection))
    }

    /// The management interface's version, from its greeting: 1 (OpenVPN 2.4), 3 (2.5),
    /// 4 or 5 (2.6), 5 or 6 (2.7).
    #[must_use]
    pub fn management_version(&self) -> u32 {
        self.shared.management_version
    }

    /// Whether the daemon waits in its hold now, as far as it has said: from `>HOLD:` on, which it also says to one
    /// that connects meanwhile, until a `hold release` of this connection was accepted.
    ///
    /// [`hold`](Self::hold) tells whether it *will* hold at its next start.
    #[must_use]
    pub fn is_in_hold(&self) -> bool {
        self.shared.is_in_hold()
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Waits for the end of the connection and tells its reason.
    ///
    /// # Cancel safety
    /// Cancel safe: it can be called again, by any clone, also afterwards.
    pub async fn closed(&self) -> CloseReason {
        self.shared.closed().await
    }

    /// Why the connection ended, where its streams are at their end.
    pub(crate) fn close_reason(&self) -> CloseReason {
        self.shared.reason()
    }

    /// What is known of the daemon's version, which decides the form of [commands](crate::command).
    pub fn dialect(&self) -> Dialect {
        self.shared.dialect()
    }

    /// The client that had this ID when the connection began: over with the first restart, or its first CONNECT. `None`
    /// where neither would be noticed.
    pub(crate) fn peer_before_restarts(&self, cid: Cid) -> Option<Peer> {
        self.shared.watches_states().then(|| Peer::at_first(self.shared.connection, cid))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Sends a command and waits for its reply.
    pub(crate) async fn call(&self, wire: Encoded) -> Result<RawReply> {
        self.call_with(wire, Pass::Free, Wants::Nothing).await
    }

    /// Sends a command about one client, where that is still the one that has its ID.
    pub(crate) async fn call_by(&self, peer: &Peer, wire: Encoded) -> Result<RawReply> {
        self.call_with(wire, Pass::Peer(peer.clone()), Wants::Nothing).await
    }

    /// As [`call_by`](Self::call_by), and waits up to `timeout` from now until the client is gone.
    pub(crate) async fn call_until_gone(
        &self,
        peer: &Peer,
        wire: Encoded,
        timeout: Duration,
    ) -> Result<PeerEnd> {
        let deadline = far(Instant::now(), timeout);
        let (end, mut gone) = oneshot::channel();
        let watch = Wants::End(Box::new(PeerWatch { peer: peer.clone(), end }));
        let after = self.timeout.min(timeout);
        let sent = self.call_within(after, wire, Pass::Peer(peer.clone()), watch).await;
        if let Err(error) = sent {
            // It may be refused because the client has just gone.
            let refused = matches!(error, Error::Refused { .. });
            return refused.then(|| gone.try_recv().ok()).flatten().ok_or(error);
        }
        match tokio::time::timeout_at(deadline, &mut gone).await {
            Ok(Ok(end)) => Ok(end),
            Ok(Err(_)) => Ok(PeerEnd::Closed(self.shared.reason())),
            Err(_) => Err(Error::StillConnected { after: timeout }),
        }
    }

    /// Sends a command, and gives with its reply who had which client ID when it arrived.
    pub(crate) async fn call_with_peers(
        &self,
        wire: Encoded,
    ) -> Result<(RawReply, PeerIdentities)> {
        let (sender, peers) = oneshot::channel();
        let reply = self.call_with(wire, Pass::Free, Wants::PeerIdentities(sender)).await?;
        Ok((reply, peers.await.map_err(|_| self.gone())?))
    }

    /// Answers a request: sends only where that is still open.
    pub(crate) async fn answer(&self, wire: Encoded, ticket: Ticket) -> Result<RawReply> {
        self.call_with(wire, Pass::Answer(ticket), Wants::Nothing).await
    }

    async fn call_with(&self, wire: Encoded, pass: Pass, wants: Wants) -> Result<RawReply> {
        self.call_within(self.timeout, wire, pass, wants).await
    }

    async fn call_within(
        &self,
        after: Duration,
        wire: Encoded,
        pass: Pass,
        wants: Wants,
    ) -> Result<RawReply> {
        let command = wire.name;
        let delivery = Arc::new(Delivery::default());
        let _withdraw = Withdraw::new(&delivery, &self.shared.work);
        let (reply, answer) = oneshot::channel();
        let submitted =
            SubmittedCommand { wire, reply, delivery: Arc::clone(&delivery), pass, wants };
        let exchanged = self.exchange(submitted, answer);
        let deadline = self.deadline.unwrap_or_else(|| far(Instant::now(), after));
        let in_time = tokio::time::timeout_at(deadline, exchanged).await;
        let result = in_time
            .unwrap_or_else(|_| Err(Error::Timeout { command, after, sent: !delivery.withdraw() }));
        if let (Some(sent), false) = (&self.sent, delivery.withdraw()) {
            sent.store(true, Ordering::Relaxed);
        }
        result
    }

    async fn exchange(
        &self,
        submitted: SubmittedCommand,
        answer: oneshot::Receiver<Result<RawReply>>,
    ) -> Result<RawReply> {
        self.submit.send(submitted).await.map_err(|_| self.gone())?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    fn gone(&self) -> Error {
        Error::Closed(self.shared.reason())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("management_version", &self.shared.management_version)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, duplex};

    use crate::client::{BroadcastLimits, Foreign, Greeted, Limits, Settings, start};
    use crate::demux::Demuxer;

    /// Their bytes may be passwords, and the daemon may never say another word.
    #[tokio::test(start_paused = true)]
    async fn commands_that_are_withdrawn_do_not_wait_for_the_daemon_to_be_dropped() {
        let (ours, mut daemon) = duplex(4096);
        let settings = Settings {
            command_timeout: Duration::MAX,
            reply_timeout: Duration::MAX,
            close_timeout: Duration::MAX,
            pipeline: 1,
            reply_limit: 1024,
            broadcast: BroadcastLimits { events: 1, bytes: 1024 },
            env_limit: 1024,
            requests: false,
            limits: Limits { clients: 1, clients_per_address: 1 },
        };
        let stream = Foreign(Box::pin(ours));
        let (demuxer, early) = (Demuxer::new(), Vec::new());
        let greeted = Greeted { stream, demuxer, early, management_version: 5 };
        let client = start(&settings, greeted).client;
        let calls: Vec<_> = (0..200)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.password("Auth", "s3cret").await })
            })
            .collect();
        daemon.read_u8().await.unwrap();
        assert_eq!(client.submit.capacity(), 0, "the first has no reply, and the others wait");
        for call in calls {
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
        }
        for _ in 0..10_000 {
            if client.submit.capacity() == client.submit.max_capacity() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("they wait on");
    }
}
