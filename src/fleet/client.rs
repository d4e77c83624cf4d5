//! [`FleetClient`]: commands to one, some or all members.

use std::fmt;
use std::sync::Arc;

use super::listening::listen;
use super::member::{Kind, Member};
use super::outcomes::Outcomes;
use super::shared::Shared;
use super::status::MemberStatus;
use crate::command::Command;
use crate::error::{Error, Result};
use crate::session::{IntoSessionSource, LinkClient, Listener, WhileAway};

/// The handle of a [`Fleet`](super::Fleet), for any task; cheap to clone.
///
/// It keeps no session, and no fleet. Commands of members that have no session [fail](WhileAway::Fail) at once, unless
/// they are told to [wait](Self::while_away).
#[derive(Clone)]
pub struct FleetClient {
    shared: Arc<Shared>,
    away: WhileAway,
}

impl FleetClient {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, away: WhileAway::Fail }
    }

    /// The same with another answer to what becomes of a command while its member has no session.
    #[must_use]
    pub fn while_away(&self, away: WhileAway) -> Self {
        Self { away, ..self.clone() }
    }

    /// The handle for commands to the member of this name, over all its sessions.
    ///
    /// # Errors
    /// [`Error::NoSuchMember`], also for a listener: those who dialed in have names of their
    /// own.
    pub fn to(&self, name: &str) -> Result<LinkClient> {
        let member = self.shared.member(name)?;
        if member.kind == Kind::Listener {
            return Err(Error::NoSuchMember { name: name.to_owned() });
        }
        Ok(member.client(self.away))
    }

    /// Sends a command to all members at the same time; see [`Outcomes`] for what comes of it.
    pub fn all<'c, C: Command>(&self, command: &'c C) -> Outcomes<'c, C::Reply> {
        Outcomes::new(self.sources(), self.away, command)
    }

    /// As [`all`](Self::all), to those members that are chosen by how they are now.
    pub fn some<'c, C: Command>(
        &self,
        choose: impl Fn(&MemberStatus) -> bool,
        command: &'c C,
    ) -> Outcomes<'c, C::Reply> {
        let chosen = self.sources().filter(|member| choose(&member.status()));
        Outcomes::new(chosen, self.away, command)
    }

    /// How all members are, by their names.
    #[must_use]
    pub fn members(&self) -> Vec<MemberStatus> {
        self.shared.all().iter().map(|member| member.status()).collect()
    }

    /// How the member of this name is; `None` where there is none.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<MemberStatus> {
        self.shared.member(name).ok().map(|member| member.status())
    }

    /// Adds a member: as [`Fleet::add`](super::Fleet::add).
    ///
    /// # Errors
    /// As there, and [`Error::Away`] where the fleet is gone.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn add(&self, name: impl Into<Arc<str>>, source: impl IntoSessionSource) -> Result<()> {
        self.shared.add(name.into(), source.into_session_source())
    }

    /// Adds a listener: as [`Fleet::add_listener`](super::Fleet::add_listener).
    ///
    /// # Errors
    /// As [`add`](Self::add).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn add_listener(&self, name: impl Into<Arc<str>>, listener: Listener) -> Result<()> {
        let fleet = Arc::downgrade(&self.shared);
        self.shared.enter(name.into(), Kind::Listener, |guard| listen(listener, guard, fleet))
    }

    /// Removes a member: as [`Fleet::remove`](super::Fleet::remove).
    ///
    /// # Errors
    /// As there.
    pub fn remove(&self, name: &str) -> Result<()> {
        self.shared.remove(name)
    }

    fn sources(&self) -> impl Iterator<Item = Arc<Member>> {
        self.shared.all().into_iter().filter(|member| member.kind == Kind::Source)
    }
}

impl fmt::Debug for FleetClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetClient").field("while_away", &self.away).finish_non_exhaustive()
    }
}
