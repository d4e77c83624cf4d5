//! [`listen`]: the task that has daemons which dial in become members.

use std::sync::{Arc, Weak};

use super::member::{EndGuard, Member};
use super::shared::Shared;
use crate::error::Error;
use crate::session::{IntoSessionSource, Listener, Session};

/// Adds each who dials in; tells what becomes of the others.
pub(super) async fn listen(mut listener: Listener, guard: EndGuard, fleet: Weak<Shared>) {
    let member = &guard.0;
    let mut number = 0;
    loop {
        match listener.accept().await {
            Ok(session) => {
                let Some(fleet) = fleet.upgrade() else { return };
                add(&fleet, member, session, &mut number);
            }
            // The listener goes on, unless its own task is gone.
            Err(refused)
                if refused.dialer.is_none() && matches!(refused.error, Error::Closed(_)) =>
            {
                return member.ended(Some(refused.error));
            }
            Err(refused) => member.away(refused.error),
        }
    }
}

/// Adds a daemon by the next name that is free.
fn add(fleet: &Shared, listener: &Member, session: Session, number: &mut u64) {
    let source = session.into_session_source();
    let name = loop {
        *number += 1;
        let name = Arc::from(format!("{}/{number}", listener.name()));
        if fleet.member(&name).is_err() {
            break name;
        }
    };
    // It fails where the fleet is gone, and where the program takes the name at this very moment.
    if let Err(error) = fleet.add(name, source) {
        tracing::warn!(%error, "a daemon that dialed in is let go");
    }
}
