//! [`WebAuthRequest`]: a page on which the user signs in.

use crate::events::WebAuthFlag;
use crate::requests::handle::Handle;
use crate::types::Secret;

/// `>INFOMSG:WEB_AUTH:flags:url`, or the older `>INFOMSG:OPEN_URL:url`: the user is to open a page to sign in.
///
/// There is no answer: the server learns from its page how it went, and the daemon goes on of itself. So
/// dropping it does nothing. Only the newest page is kept.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct WebAuthRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    #[cfg_attr(feature = "serde", serde(skip))]
    url: Secret,
    flags: Vec<WebAuthFlag>,
}

impl WebAuthRequest {
    pub(crate) fn new(handle: Handle, url: Secret, flags: Vec<WebAuthFlag>) -> Self {
        Self { handle, url, flags }
    }

    /// What to open. It comes from the server, which may not be trusted with everything that a desktop opens:
    /// a program should look for `https://` first. Whoever has it may sign in with it.
    #[must_use]
    pub fn url(&self) -> &Secret {
        &self.url
    }

    /// How to open it, in order; none for `OPEN_URL`.
    #[must_use]
    pub fn flags(&self) -> &[WebAuthFlag] {
        &self.flags
    }

    /// Waits until the daemon takes the request back (another page comes, it restarts or ends): the time to
    /// close a window.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.handle.state().closed().await;
    }

    /// Opens nothing.
    pub fn decline(self) {
        self.handle.leave();
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}
