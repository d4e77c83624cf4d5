//! [`FleetItem`]: what comes of a fleet.

use std::fmt;

use crate::client::{Client, Lagged, Peer};
use crate::command::AnyCommand;
use crate::error::{CloseReason, Error, Result};
use crate::events::Event;
use crate::requests::{Origin, Request};
use crate::session::{
    AttachedParts, Dialer, FoundOrphan, Looking, Missed, Picture, Session, found_orphans,
};

/// What one member of a [`Fleet`](super::Fleet) says, asks, or has come to.
#[derive(Debug)]
#[non_exhaustive]
pub struct FleetItem {
    /// The member's name, and which of its sessions it was; 0 before the first.
    pub member: Origin,
    /// What it is.
    pub what: MemberItem,
    /// How often the daemon had restarted in this session when it came; see [`Events::epoch`](crate::Events::epoch).
    pub epoch: u64,
    /// The client that an event or a request is about; see [`Events::peer`](crate::Events::peer).
    pub peer: Option<Peer>,
}

impl FleetItem {
    pub(super) fn new(member: Origin, what: MemberItem) -> Self {
        Self { member, what, epoch: 0, peer: None }
    }
}

/// What a member of a [`Fleet`](super::Fleet) says, asks, or has come to: of each session `Attached` first and `Detached`
/// last, with what [`Session::next`] gives in between, in its order.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be in the way of patterns, and none is kept"
)]
pub enum MemberItem {
    /// A session has begun.
    Attached(Box<MemberAttached>),
    /// What the daemon says.
    Event(Event),
    /// What it asks, behind the event that asks it.
    Request(Request),
    /// So many events of this member are lost, as the program was slow; of other members none.
    Lagged(Lagged),
    /// The session has ended.
    Detached(CloseReason),
    /// There is no session, and why; [`Trouble::of`](crate::Trouble::of) tells what to do about it. The member goes on
    /// trying, and the same error is told once only until there is a session.
    Away(Error),
    /// There will be no other session, and this is why where the source has said it. The member's last item: it is
    /// not in the fleet any more.
    Ended(Option<Error>),
    /// The program has [removed](super::Fleet::remove) it. The member's last item.
    Removed,
}

/// A session of a member, and what is known beside it: an [`Attached`](crate::Attached) whose session the fleet reads.
#[non_exhaustive]
pub struct MemberAttached {
    /// The handle for commands of this session, which it keeps as long as it lasts.
    pub client: Client,
    /// Which one of the member's it is, by its source's own count, from 1.
    pub number: u64,
    /// Why the last one ended; `None` for the first.
    pub last_end: Option<CloseReason>,
    /// What of the [set-up](crate::Link::set_up) was not accepted, in its order.
    pub refused: Vec<(AnyCommand, Error)>,
    /// What the daemon tells of itself; empty where it [is not asked](crate::Link::ask_what_was_missed).
    pub now: Picture,
    /// What happened since the picture of the session before.
    pub missed: Missed,
    /// Who dialed in, where that is how it came about.
    pub dialer: Option<Dialer>,
    orphans: Option<Looking>,
}

impl MemberAttached {
    pub(super) fn new(session: &Session, parts: AttachedParts) -> Self {
        let AttachedParts { number, last_end, refused, now, missed, orphans } = parts;
        let (client, dialer) = (session.client().clone(), session.dialer().cloned());
        Self { client, number, last_end, refused, now, missed, dialer, orphans }
    }

    /// The orphans, once they were looked for: as [`Attached::orphans`](crate::Attached::orphans).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub fn orphans(
        &mut self,
    ) -> impl Future<Output = Result<Vec<FoundOrphan>>> + Send + 'static + use<> {
        found_orphans(self.orphans.take())
    }
}

impl fmt::Debug for MemberAttached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberAttached")
            .field("number", &self.number)
            .field("last_end", &self.last_end)
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}
