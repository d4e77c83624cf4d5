//! [`Attempt`]: one attempt at a session.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use super::attached::set_up;
use super::connector::Connector;
use super::missed::Picture;
use crate::command::AnyCommand;
use crate::error::{Error, Result};
use crate::session::{Builder, Session};

type Attaching = Pin<Box<dyn Future<Output = Result<Found>> + Send>>;

/// An attempt at a session. The link keeps it, so that a call that is dropped does not begin it anew.
///
/// The mutex is never locked; it makes the link `Sync`.
pub(super) struct Attempt(Mutex<Attaching>);

/// What an attempt has come to.
pub(super) struct Found {
    pub(super) session: Session,
    pub(super) refused: Vec<(AnyCommand, Error)>,
    pub(super) now: Picture,
}

impl Attempt {
    /// Connects, greets, sends the `commands`, and `asks` what the daemon tells of itself.
    pub(super) fn new(
        connector: Connector,
        builder: Builder,
        commands: Vec<AnyCommand>,
        asks: bool,
    ) -> Self {
        Self(Mutex::new(Box::pin(async move {
            let session = connector.connect(&builder).await?;
            let client = session.client();
            let refused = set_up(client, &commands).await?;
            let now = if asks { Picture::of(client).await? } else { Picture::default() };
            Ok(Found { session, refused, now })
        })))
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Found>> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}
