//! [`Link`]: one session after another, to a daemon that comes and goes.

mod attached;
mod attempt;
mod client;
mod connector;
mod missed;
mod orphans;
mod pauses;
mod resumed;
mod source;
mod state;
mod trouble;

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{debug, info};

use crate::client::{WeakClient, far};
use crate::command::AnyCommand;
use crate::error::{Error, Result};
use crate::session::{Builder, Endpoint};
pub use attached::{Attached, FoundOrphan, OrphanPolicy};
pub(crate) use attached::{AttachedParts, Looking, found_orphans};
use attempt::{Attempt, Found};
pub use client::{LinkClient, WhileAway};
use connector::Connector;
pub use missed::{Missed, Picture};
pub use orphans::Orphan;
pub use pauses::Backoff;
pub(crate) use pauses::Pauses;
pub use resumed::ResumedClient;
pub(crate) use state::Current;
pub use state::LinkStatus;
pub use trouble::Trouble;

/// One session after another: to a daemon that restarts, is upgraded, or is held by another manager for a while.
///
/// ```no_run
/// # async fn example() -> openvpn_mgmt::Result<()> {
/// use openvpn_mgmt::Builder;
/// use openvpn_mgmt::command::{AnyCommand, Channel, Notifications};
///
/// let mut link = Builder::new()
///     .password("management password")
///     .reconnect("/run/openvpn/server.sock")
///     .set_up([AnyCommand::new(Notifications::on(Channel::Log))]);
/// loop {
///     let mut attached = link.next().await?;
///     println!("session {}; the last ended: {:?}", attached.number, attached.last_end);
///     while let Some(item) = attached.session.next().await {
///         println!("{item:?}");
///     }
/// }
/// # }
/// ```
///
/// [`next`](Self::next) is where everything happens: it waits while the session lives, then between attempts, connects,
/// answers the password, sends what [sets it up](Self::set_up), and asks what was missed. No task runs beside it, and
/// a link that is dropped leaves nothing behind but the session it gave.
pub struct Link {
    connector: Connector,
    builder: Builder,
    set_up: Vec<AnyCommand>,
    orphans: OrphanPolicy,
    asks_what_was_missed: bool,
    pauses: Pauses,
    current: watch::Sender<Current>,
    /// The session that was given last, and since when it is.
    given: Option<(WeakClient, Instant)>,
    number: u64,
    /// The attempt that is under way.
    attempt: Option<Attempt>,
    /// Which one it is since the last session.
    attempts: u32,
    /// When the next attempt is due.
    due: Option<Instant>,
    last_end: Option<crate::error::CloseReason>,
    before: Option<Picture>,
}

impl Builder {
    /// A session after another to this management interface; nothing is done before [`Link::next`].
    pub fn reconnect(&self, endpoint: impl Into<Endpoint>) -> Link {
        Link::new(self.clone(), Connector::Endpoint(endpoint.into()))
    }

    /// The same over streams that `connect` makes: TLS, ssh, a tunnel. It has the [time to
    /// connect](Self::connect_timeout).
    ///
    /// ```no_run
    /// use openvpn_mgmt::Builder;
    /// use tokio::net::TcpStream;
    ///
    /// let link = Builder::new().reconnect_with(|| TcpStream::connect("gateway.example:7505"));
    /// ```
    pub fn reconnect_with<F, C, S>(&self, connect: F) -> Link
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        Link::new(self.clone(), Connector::custom(connect))
    }
}

impl Link {
    fn new(builder: Builder, connector: Connector) -> Self {
        let current = Current { status: LinkStatus::Idle, client: None };
        Self {
            connector,
            builder,
            set_up: Vec::new(),
            orphans: OrphanPolicy::default(),
            asks_what_was_missed: true,
            pauses: Pauses::new(Backoff::default()),
            current: watch::Sender::new(current),
            given: None,
            number: 0,
            attempt: None,
            attempts: 0,
            due: None,
            last_end: None,
            before: None,
        }
    }

    /// Sets what is sent to each new session before it is handed over, in this order. Default: nothing.
    ///
    /// What of it is refused is told with the session ([`Attached::refused`]).
    #[must_use]
    pub fn set_up(mut self, commands: impl IntoIterator<Item = AnyCommand>) -> Self {
        self.set_up = commands.into_iter().collect();
        self
    }

    /// Sets how long to wait between attempts. Default: [`Backoff::default`].
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.pauses = Pauses::new(backoff);
        self
    }

    /// Sets what becomes of clients that wait for a decision nobody was asked for. Default: [`OrphanPolicy::Keep`].
    #[must_use]
    pub fn orphans(mut self, policy: OrphanPolicy) -> Self {
        self.orphans = policy;
        self
    }

    /// Sets whether each new session is asked what was [missed](Attached::missed): `pid`, `state all`, `status 3` and
    /// `load-stats`. Default: `true`.
    #[must_use]
    pub fn ask_what_was_missed(mut self, ask: bool) -> Self {
        self.asks_what_was_missed = ask;
        self
    }

    /// Sets what a program knows of the daemon from before, as one that takes the place of another: the first session tells what
    /// was [missed](Attached::missed) since. Default: nothing.
    #[must_use]
    pub fn known(mut self, before: Picture) -> Self {
        self.before = Some(before);
        self
    }

    /// The next session: waits until the last one has ended, and then for as long as it takes.
    ///
    /// A session has ended when the daemon or the program has ended it, or the program has dropped all of it.
    ///
    /// # Errors
    /// Only where trying again is of no use ([`Trouble::is_permanent`]): [`Error::PasswordRejected`],
    /// [`Error::PasswordRequired`], [`Error::InvalidArgument`]. Then every later call gives the same.
    ///
    /// # Cancel safety
    /// Cancel safe: the next call goes on where this one was. An attempt that is under way waits for that, and holds the
    /// daemon meanwhile; dropping the link gives it up.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn next(&mut self) -> Result<Attached> {
        if let LinkStatus::Ended(error) = &self.current.borrow().status {
            return Err(error.clone());
        }
        self.outlive().await;
        loop {
            self.begin().await;
            match poll_fn(|cx| self.poll_attempt(cx)).await {
                Ok(found) => return Ok(self.give(found)),
                Err(error) if Trouble::of(&error).is_permanent() => {
                    self.tell(LinkStatus::Ended(error.clone()), None);
                    return Err(error);
                }
                Err(error) => {
                    let pause = self.pauses.next();
                    self.wait(pause, Some(error));
                }
            }
        }
    }

    /// What the link is doing now.
    #[must_use]
    pub fn status(&self) -> LinkStatus {
        self.current.borrow().status.clone()
    }

    /// To see from elsewhere what the link is doing, from now on. Nothing piles up: of several changes the last is seen.
    #[must_use]
    pub fn watch(&self) -> LinkWatch {
        LinkWatch(self.current.subscribe())
    }

    /// A handle for commands to whatever session there is; they [wait](WhileAway::Wait) while there is none.
    #[must_use]
    pub fn client(&self) -> LinkClient {
        LinkClient::new(self.current.subscribe(), WhileAway::Wait)
    }

    /// Waits while the session that was given last lives.
    async fn outlive(&mut self) {
        let Some((client, since)) = &self.given else { return };
        let (reason, since) = (client.closed().await, *since);
        info!(endpoint = %self.connector, number = self.number, %reason, "the session has ended");
        self.given = None;
        self.last_end = Some(reason);
        let pause = self.pauses.after_session(since.elapsed());
        self.wait(pause, None);
    }

    /// Begins an attempt when it is due, unless one is under way.
    async fn begin(&mut self) {
        if self.attempt.is_some() {
            return;
        }
        if let Some(due) = self.due {
            tokio::time::sleep_until(due).await;
            self.due = None;
        }
        self.attempts = self.attempts.saturating_add(1);
        self.tell(LinkStatus::Connecting { attempt: self.attempts }, None);
        let (connector, builder) = (self.connector.clone(), self.builder.clone());
        let (commands, asks) = (self.set_up.clone(), self.asks_what_was_missed);
        self.attempt = Some(Attempt::new(connector, builder, commands, asks));
    }

    fn poll_attempt(&mut self, cx: &mut Context<'_>) -> Poll<Result<Found>> {
        // One that panics or is over is not kept.
        let Some(mut attempt) = self.attempt.take() else { return Poll::Pending };
        let polled = attempt.poll(cx);
        if polled.is_pending() {
            self.attempt = Some(attempt);
        }
        polled
    }

    fn give(&mut self, Found { session, refused, now }: Found) -> Attached {
        let missed = Missed::between(self.before.as_ref(), &now);
        let weak = session.client().downgrade();
        let orphans = attached::look_after(weak.clone(), self.orphans);
        self.before = Some(now.clone().known_after(self.before.take()));
        self.number += 1;
        self.attempts = 0;
        self.given = Some((weak.clone(), Instant::now()));
        self.tell(LinkStatus::Connected { number: self.number }, Some(weak));
        let (number, last_end) = (self.number, self.last_end.take());
        Attached { session, number, last_end, refused, now, missed, orphans }
    }

    fn wait(&mut self, pause: Duration, error: Option<Error>) {
        let until = far(Instant::now(), pause);
        self.due = Some(until);
        let trouble = error.as_ref().map(Trouble::of);
        debug!(endpoint = %self.connector, ?pause, ?trouble, "waiting before the next attempt");
        self.tell(LinkStatus::Waiting { until, trouble, error }, None);
    }

    fn tell(&self, status: LinkStatus, client: Option<WeakClient>) {
        self.current.send_replace(Current { status, client });
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("connector", &self.connector)
            .field("number", &self.number)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// Sees what a [`Link`] is doing.
#[derive(Clone)]
pub struct LinkWatch(watch::Receiver<Current>);

impl LinkWatch {
    /// What the link is doing.
    #[must_use]
    pub fn status(&self) -> LinkStatus {
        self.0.borrow().status.clone()
    }

    /// Waits until it is doing something else than when this was called last; `None` when the link is gone.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn changed(&mut self) -> Option<LinkStatus> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().status.clone())
    }
}

impl fmt::Debug for LinkWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LinkWatch").field(&self.status()).finish()
    }
}
