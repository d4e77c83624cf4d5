//! [`Fleet`]: many daemons as one.

mod client;
mod feeder;
mod item;
mod listening;
mod member;
mod outcomes;
mod ready;
mod requests;
mod shared;
mod stage;
mod status;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::error::Result;
use crate::session::{IntoSessionSource, Listener};
pub use client::FleetClient;
pub use item::{FleetItem, MemberAttached, MemberItem};
pub use outcomes::Outcomes;
pub use requests::FleetRequests;
use shared::Shared;
pub use status::MemberStatus;

/// Many daemons as one: what all of them say and ask in one stream, each item with its member's name, and commands to
/// one, some or all.
///
/// ```no_run
/// # async fn example() -> openvpn_mgmt::Result<()> {
/// use openvpn_mgmt::command::{AnyCommand, Channel, Notifications};
/// use openvpn_mgmt::{Builder, Event, Fleet, MemberItem, Request};
///
/// let mut fleet = Fleet::new();
/// for name in ["udp", "tcp"] {
///     let link = Builder::new().reconnect(format!("/run/openvpn/{name}.sock"));
///     fleet.add(name, link.set_up([AnyCommand::new(Notifications::on(Channel::State))]))?;
/// }
/// while let Some(item) = fleet.next().await {
///     let name = item.member.name();
///     match item.what {
///         MemberItem::Attached(session) => println!("{name}: session {}", session.number),
///         MemberItem::Event(Event::State(state)) => println!("{name}: {state}"),
///         MemberItem::Request(Request::Hold(hold)) => hold.release().await?,
///         MemberItem::Detached(reason) => println!("{name}: {reason}"),
///         MemberItem::Away(error) => println!("{name} is away: {error}"),
///         MemberItem::Ended(error) => println!("{name} will not come back: {error:?}"),
///         _ => {}
///     }
/// }
/// # Ok(()) }
/// ```
///
/// # Members
/// A member has a name of its own from [`add`](Self::add) to its last item: [`MemberItem::Ended`], behind which it is not in the
/// fleet any more, or [`MemberItem::Removed`]. A task of its own asks its source for sessions, so that a link goes on
/// connecting while nobody waits for [`next`](Self::next), one session ahead of the one that is read. A source that panics
/// ends its own member.
///
/// # Order and turns
/// The items of a member come in the order of [`Session::next`](crate::Session::next), those of a session between its
/// `Attached` and its `Detached`. Members take turns, one item each: of a thousand, one that says a million lines a second is
/// heard once in so many items as there are others that say something. An item costs the same among ten members and ten
/// thousand.
///
/// # Slow programs
/// No daemon waits for the program. What is not read is kept by member, within the limits of its source's
/// [`Builder`](crate::Builder::event_capacity), for two sessions at most; beyond it its oldest events are lost, and
/// [`MemberItem::Lagged`] tells how many of which member. Requests are never dropped.
///
/// # Clients of servers
/// An event and a request about a client come with [which one](FleetItem::peer) it is, on which connection to which member, so
/// that a command reaches that client or nobody. A [session table](crate::peers::Peers) over all members is fed by items alone.
///
/// # Answers
/// Items hold the [requests](crate::Request) with the events; [`requests`](Self::requests) has them apart, for an
/// [`AuthServer`](crate::handler::AuthServer) beside a monitor. A program that does nothing but sign in needs no fleet:
/// [`Sources`](crate::Sources) is that alone, and keeps no events.
pub struct Fleet {
    shared: Arc<Shared>,
}

impl Fleet {
    /// No members yet.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared::new()) }
    }

    /// Adds a member by this name: a [`Link`](crate::Link), a [`Session`](crate::Session), or any
    /// [`SessionSource`](crate::SessionSource). It is asked for sessions from now on.
    ///
    /// # Errors
    /// [`Error::NameTaken`](crate::Error::NameTaken); nothing was done.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn add(&mut self, name: impl Into<Arc<str>>, source: impl IntoSessionSource) -> Result<()> {
        self.client().add(name, source)
    }

    /// Adds a listener by this name: each daemon that dials in is a member, `NAME/1`, `NAME/2` and so on, to the end of its
    /// session. They are as many as dial in: who may is up to [`ListenerBuilder::admit`](crate::ListenerBuilder::admit).
    ///
    /// A dialer that is turned away, or is none of OpenVPN's, is [`MemberItem::Away`] of the listener itself; of several at
    /// once the last is told. A listener is no member that commands go to. Removing it stops listening; those who have
    /// dialed in stay.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn add_listener(&mut self, name: impl Into<Arc<str>>, listener: Listener) -> Result<()> {
        self.client().add_listener(name, listener)
    }

    /// Removes a member: gives up its source, and ends its session at once. What it has said and asked is let go;
    /// its last item is [`MemberItem::Removed`], and its name is free from now on.
    ///
    /// A daemon that was connected to goes on, and one that dialed in ends. Nobody answers any more what it has asked:
    /// clients that wait for a decision are left to its own timeout. [`Client::quit`](crate::Client::quit) before it has the
    /// commands that were called have their replies.
    ///
    /// # Errors
    /// [`Error::NoSuchMember`](crate::Error::NoSuchMember).
    pub fn remove(&mut self, name: &str) -> Result<()> {
        self.shared.remove(name)
    }

    /// The next item of any member; `None` where there is no member, until another one is added.
    ///
    /// # Cancel safety
    /// Cancel safe: no item is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<FleetItem> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The handle for commands and for members that come and go, for any task.
    #[must_use]
    pub fn client(&self) -> FleetClient {
        FleetClient::new(Arc::clone(&self.shared))
    }

    /// What members ask, apart: in each session that begins from now on [`next`](Self::next) gives events alone, and what is
    /// asked comes here. Of several calls the last has it.
    ///
    /// ```no_run
    /// # async fn example(authenticator: impl openvpn_mgmt::handler::Authenticator) {
    /// use std::time::Duration;
    ///
    /// use openvpn_mgmt::Fleet;
    /// use openvpn_mgmt::handler::AuthServer;
    ///
    /// let mut fleet = Fleet::new();
    /// let forever = std::future::pending();
    /// let signing_in =
    ///     AuthServer::new(authenticator).serve(fleet.requests(), forever, Duration::from_secs(10));
    /// tokio::spawn(signing_in);
    /// // … members are added, and `fleet.next()` tells what they say.
    /// # }
    /// ```
    #[must_use = "nobody answers what is asked where it is dropped"]
    pub fn requests(&mut self) -> FleetRequests {
        self.shared.requests.divert()
    }

    /// How all members are, by their names.
    #[must_use]
    pub fn members(&self) -> Vec<MemberStatus> {
        self.client().members()
    }

    /// Whether it has no members: then [`next`](Self::next) has nothing to wait for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many members it has, listeners included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len()
    }
}

impl Stream for Fleet {
    type Item = FleetItem;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if !tokio::task::coop::has_budget_remaining() {
                // Members that cannot go on in this turn would be asked again and again.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Poll::Ready(member) = self.shared.ready.poll_pop(cx) else {
                // Asked behind the queue, so that who is added meanwhile wakes this.
                return if self.is_empty() { Poll::Ready(None) } else { Poll::Pending };
            };
            if let Poll::Ready(item) = member.poll_item() {
                if matches!(item.what, MemberItem::Ended(_)) {
                    self.shared.forget(&member);
                }
                return Poll::Ready(Some(item));
            }
            if !tokio::task::coop::has_budget_remaining() {
                // It may have had something, and the runtime wakes it when other tasks have had their turns.
                self.shared.ready.push(&member);
            }
        }
    }
}

/// Sources and tasks end, and sessions that nobody else holds.
impl Drop for Fleet {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").field("members", &self.len()).finish_non_exhaustive()
    }
}
