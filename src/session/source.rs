//! [`SessionSource`]: sessions with one daemon that come and go.

use std::fmt;
use std::future::Future;

use super::{Attached, Link, LinkStatus, LinkWatch, Session};
use crate::client::WeakClient;
use crate::error::Result;
use crate::requests::{Origin, SourceError, Sourced};

/// One session after another with a daemon: a [`Link`], or whatever else brings them about.
pub trait SessionSource: Send + 'static {
    /// The next session, once the last one has ended; `None` where there will never be another. An error is told, and the
    /// next call goes on; a [`Fleet`](crate::Fleet) waits before it, 1 ms at first and 1 s at most.
    ///
    /// Cancel safe: no session is lost when the future is dropped.
    fn next_session(&mut self) -> impl Future<Output = Option<Result<Attached>>> + Send;

    /// To see what it does between two sessions, where it tells. Default: it does not.
    fn watch(&self) -> Option<LinkWatch> {
        None
    }
}

/// Its sessions; what ends it is told once.
impl SessionSource for Link {
    async fn next_session(&mut self) -> Option<Result<Attached>> {
        if matches!(self.status(), LinkStatus::Ended(_)) {
            return None;
        }
        Some(self.next().await)
    }

    fn watch(&self) -> Option<LinkWatch> {
        Some(self.watch())
    }
}

/// What a [`SessionSource`] can be made of: one itself, or a [`Session`] that is there already.
pub trait IntoSessionSource {
    /// The source.
    type Source: SessionSource;

    /// Makes it one.
    fn into_session_source(self) -> Self::Source;
}

impl<S: SessionSource> IntoSessionSource for S {
    type Source = Self;

    fn into_session_source(self) -> Self {
        self
    }
}

/// The session, and none behind it.
impl IntoSessionSource for Session {
    type Source = OneSession;

    fn into_session_source(self) -> OneSession {
        Attached::new(self, 1, None).into_session_source()
    }
}

/// The session with what is known beside it, and none behind it.
impl IntoSessionSource for Attached {
    type Source = OneSession;

    fn into_session_source(self) -> OneSession {
        let client = self.session.client().downgrade();
        OneSession { attached: Some(Box::new(self)), client }
    }
}

/// A session that is there already, as a [`SessionSource`]; it ends with it.
pub struct OneSession {
    attached: Option<Box<Attached>>,
    client: WeakClient,
}

impl SessionSource for OneSession {
    async fn next_session(&mut self) -> Option<Result<Attached>> {
        if let Some(attached) = self.attached.take() {
            return Some(Ok(*attached));
        }
        self.client.closed().await;
        None
    }
}

impl fmt::Debug for OneSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneSession").field("attached", &self.attached).finish_non_exhaustive()
    }
}

/// The requests alone of what a source gave, for the daemon of this name; the events are dropped.
pub(crate) fn requests_of(next: Result<Attached>, name: String) -> Result<Sourced, SourceError> {
    match next {
        Ok(attached) => {
            let origin = Origin::new(name, attached.number);
            let (_, _, requests) = attached.session.split();
            Ok(Sourced::new(origin, requests))
        }
        Err(error) => Err(SourceError::new(name, error)),
    }
}
