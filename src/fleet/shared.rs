//! [`Shared`]: the members, as the fleet and its handles see them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tracing::{Instrument as _, info_span};

use super::feeder::feed;
use super::member::{EndGuard, Kind, Member};
use super::ready::Ready;
use super::requests::Outlet;
use crate::error::{Error, Result};
use crate::session::SessionSource;

pub(super) struct Shared {
    members: Mutex<Members>,
    pub(super) ready: Arc<Ready<Member>>,
    pub(super) requests: Outlet,
}

#[derive(Default)]
struct Members {
    by_name: BTreeMap<Arc<str>, Arc<Member>>,
    /// The fleet is gone.
    is_closed: bool,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            members: Mutex::default(),
            ready: Arc::new(Ready::new()),
            requests: Outlet::default(),
        }
    }

    /// Adds a member, and has its source asked for sessions from now on.
    pub(super) fn add(&self, name: Arc<str>, source: impl SessionSource) -> Result<()> {
        self.enter(name, Kind::Source, |guard| feed(source, guard, self.requests.clone()))
    }

    /// Puts a member among them, where its name is free, with this as its task.
    pub(super) fn enter<T>(
        &self,
        name: Arc<str>,
        kind: Kind,
        task: impl FnOnce(EndGuard) -> T,
    ) -> Result<()>
    where
        T: Future<Output = ()> + Send + 'static,
    {
        // Where there is no runtime it panics before anything is done.
        let runtime = Handle::current();
        let span = info_span!("member", member = %name);
        let member = self.insert(name, kind)?;
        let task = runtime.spawn(task(EndGuard(Arc::clone(&member))).instrument(span));
        member.runs(task.abort_handle());
        Ok(())
    }

    fn insert(&self, name: Arc<str>, kind: Kind) -> Result<Arc<Member>> {
        let mut members = self.lock();
        if members.is_closed {
            return Err(Error::Away { status: "the fleet is gone".to_owned() });
        }
        if members.by_name.contains_key(&name) {
            return Err(Error::NameTaken { name: name.to_string() });
        }
        let member = Member::new(Arc::clone(&name), kind, Arc::clone(&self.ready));
        members.by_name.insert(name, Arc::clone(&member));
        Ok(member)
    }

    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let removal = {
            let mut members = self.lock();
            members.by_name.remove(name).and_then(|member| member.remove())
        };
        removal.ok_or_else(|| no_such_member(name))?.close();
        Ok(())
    }

    pub(super) fn member(&self, name: &str) -> Result<Arc<Member>> {
        self.lock().by_name.get(name).cloned().ok_or_else(|| no_such_member(name))
    }

    /// All, by their names.
    pub(super) fn all(&self) -> Vec<Arc<Member>> {
        self.lock().by_name.values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().by_name.len()
    }

    /// Lets go of one whose last item was given; another may have its name by now.
    pub(super) fn forget(&self, member: &Arc<Member>) {
        let mut members = self.lock();
        if members.by_name.get(member.name()).is_some_and(|other| Arc::ptr_eq(other, member)) {
            members.by_name.remove(member.name());
        }
    }

    /// The fleet is gone.
    pub(super) fn close(&self) {
        let members = {
            let mut members = self.lock();
            members.is_closed = true;
            std::mem::take(&mut members.by_name)
        };
        self.requests.close();
        for member in members.values() {
            member.leave();
        }
        self.ready.close();
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_such_member(name: &str) -> Error {
    Error::NoSuchMember { name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    /// As where another thread removes it while this one adds it.
    #[tokio::test]
    async fn the_task_of_a_member_that_is_gone_already_ends() {
        for closes in [false, true] {
            let shared = Shared::new();
            let member = shared.insert("udp".into(), Kind::Source).unwrap();
            if closes {
                shared.close();
            } else {
                shared.remove("udp").unwrap();
            }
            let task = tokio::spawn(pending::<()>());
            member.runs(task.abort_handle());
            assert!(task.await.unwrap_err().is_cancelled());
        }
    }
}
