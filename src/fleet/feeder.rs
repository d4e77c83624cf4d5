//! [`feed`]: the task that asks a member's source for sessions.

use std::future::{pending, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::item::MemberAttached;
use super::member::{EndGuard, Member};
use super::requests::Outlet;
use super::stage::Stream;
use crate::client::WeakClient;
use crate::error::{Error, Result};
use crate::session::{Attached, LinkStatus, LinkWatch, SessionSource};

/// How long a source is left alone behind its first error; it doubles with each one.
const PAUSE: Duration = Duration::from_millis(1);
/// As long at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Asks for one session after another, and hands them to the member. At most one is there beside that which is read.
pub(super) async fn feed(mut source: impl SessionSource, guard: EndGuard, requests: Outlet) {
    let member = &guard.0;
    let mut told = Told { watch: source.watch(), session: None, error: None };
    let (mut last, mut pause) = (None, PAUSE);
    loop {
        // In place, as every member at rest waits here.
        let next = { told.meanwhile(member, pin!(source.next_session())).await };
        match next {
            None => return member.ended(last),
            Some(Ok(attached)) => {
                // What was not told by now is over.
                (last, told.error, pause) = (None, None, PAUSE);
                told.session = Some(attached.session.client().downgrade());
                // What this takes is given back.
                Box::pin(begin(member, attached, &requests)).await;
            }
            Some(Err(error)) => {
                last = Some(error.clone());
                if let Some(before) = told.error.replace(error) {
                    member.away(before);
                }
                // A source that gives nothing but errors would take all of a processor.
                Box::pin(sleep(pause)).await;
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn begin(member: &Arc<Member>, attached: Attached, requests: &Outlet) {
    let (session, parts) = attached.into_parts();
    let attached = MemberAttached::new(&session, parts);
    match requests.open() {
        None => member.attached(attached, Stream::All(session)).await,
        Some(open) => {
            let number = attached.number;
            let (client, events, requests) = session.split();
            // Who answers does not wait for who reads.
            let asked = open.give(member.origin(number), requests);
            tokio::join!(member.attached(attached, Stream::Events(client, events)), asked);
        }
    }
}

/// What is told of a source while it is waited for.
struct Told {
    watch: Option<LinkWatch>,
    /// The last session, where its end is not known otherwise.
    session: Option<WeakClient>,
    /// What it gave in place of a session; not told where that was its last word.
    error: Option<Error>,
}

impl Told {
    async fn meanwhile(
        &mut self,
        member: &Arc<Member>,
        mut next: Pin<&mut impl Future<Output = Option<Result<Attached>>>>,
    ) -> Option<Result<Attached>> {
        loop {
            tokio::select! {
                biased;
                next = &mut next => return next,
                () = ready(()), if self.error.is_some() => {
                    if let Some(error) = self.error.take() {
                        member.away(error);
                    }
                }
                status = changed(&mut self.watch) => member.does(status),
                () = ended(self.session.as_ref()), if self.watch.is_none() => {
                    self.session = None;
                    member.does(LinkStatus::Connecting { attempt: 1 });
                }
            }
        }
    }
}

async fn changed(watch: &mut Option<LinkWatch>) -> LinkStatus {
    match watch {
        Some(watch) => match watch.changed().await {
            Some(status) => status,
            None => pending().await,
        },
        None => pending().await,
    }
}

async fn ended(session: Option<&WeakClient>) {
    match session {
        Some(session) => drop(session.closed().await),
        None => pending().await,
    }
}
