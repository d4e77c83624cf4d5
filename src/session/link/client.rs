//! [`LinkClient`]: commands over sessions that come and go.

use std::fmt;

use tokio::sync::watch;

use super::LinkStatus;
use super::state::Current;
use crate::client::{Client, WeakClient};
use crate::command::Command;
use crate::error::{Error, Result};

/// What becomes of a command while there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhileAway {
    /// It waits for the next one, for as long as it takes.
    #[default]
    Wait,
    /// It fails at once, with what the link [knows](super::LinkStatus).
    Fail,
}

/// A handle for commands to whatever session a [`Link`](super::Link), or a [member of a fleet](crate::FleetClient::to), has;
/// cheap to clone.
///
/// It keeps no session: one whose handles are all dropped ends all the same, and one of which the program has kept its
/// [`Events`](crate::Events) alone takes no commands any more, so that they wait for the next. Those of a link come about only while
/// [`Link::next`](super::Link::next) is waited for.
#[derive(Clone)]
pub struct LinkClient {
    current: watch::Receiver<Current>,
    away: WhileAway,
}

impl LinkClient {
    pub(crate) fn new(current: watch::Receiver<Current>, away: WhileAway) -> Self {
        Self { current, away }
    }

    /// The same with another answer to what becomes of a command while there is no session.
    #[must_use]
    pub fn while_away(&self, away: WhileAway) -> Self {
        Self { away, ..self.clone() }
    }

    /// Sends a command over the session that is, or the next one, and gives what its reply says.
    ///
    /// A command that was sent is never sent again: where the session ends before its reply, whether it was done is not
    /// known, and the call fails with [`Error::Closed`]. One that was certainly not sent goes with the next session.
    /// CIDs and KIDs are those of one session: do not send them by this.
    ///
    /// # Errors
    /// [As every command](Client#errors); [`Error::Away`] where there is no session and it is [not to
    /// wait](WhileAway::Fail); the link's own error where that has ended.
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn send<C: Command>(&self, command: &C) -> Result<C::Reply> {
        loop {
            let (client, sent) = self.client().await?.noting_sent();
            match client.send(command).await {
                Err(Error::Closed(_)) if !sent.load(std::sync::atomic::Ordering::Relaxed) => {
                    // The next session, or none.
                    tokio::task::yield_now().await;
                }
                result => return result,
            }
        }
    }

    /// The handle of the session that is, or of the next one; it keeps that session.
    ///
    /// # Errors
    /// As [`send`](Self::send), but for those of the command.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn client(&self) -> Result<Client> {
        let mut current = self.current.clone();
        loop {
            let (client, status) = {
                let current = current.borrow_and_update();
                (current.client.as_ref().and_then(WeakClient::upgrade), current.status.clone())
            };
            match (client, status) {
                (Some(client), _) => return Ok(client),
                (None, LinkStatus::Ended(error)) => return Err(error),
                (None, status) if self.away == WhileAway::Fail => {
                    return Err(Error::Away { status: while_away(&status) });
                }
                (None, _) => {}
            }
            if current.changed().await.is_err() {
                return Err(Error::Away { status: "the link is gone".to_owned() });
            }
        }
    }
}

/// What is done while there is no session.
fn while_away(status: &LinkStatus) -> String {
    match status {
        LinkStatus::Connected { number } => format!("session {number} has just ended"),
        status => status.to_string(),
    }
}

impl fmt::Debug for LinkClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkClient").field("while_away", &self.away).finish_non_exhaustive()
    }
}
