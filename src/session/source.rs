//! [`SessionSource`]: sessions with one daemon that come and go.

use std::future::Future;

use super::{Attached, Link, LinkStatus};
use crate::error::Result;

/// One session after another with a daemon: a [`Link`], or whatever else brings them about.
pub trait SessionSource: Send + 'static {
    /// The next session, once the last one has ended; `None` where there will never be another. An error is told, and the
    /// next call goes on.
    ///
    /// Cancel safe: no session is lost when the future is dropped.
    fn next_session(&mut self) -> impl Future<Output = Option<Result<Attached>>> + Send;
}

/// Its sessions; what ends it is told once.
impl SessionSource for Link {
    async fn next_session(&mut self) -> Option<Result<Attached>> {
        if matches!(self.status(), LinkStatus::Ended(_)) {
            return None;
        }
        Some(self.next().await)
    }
}
