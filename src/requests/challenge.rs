//! [`Challenge`]: what a server wants of a user beside the password.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::client::registry::open_request;
use crate::types::{Secret, Text};

/// A challenge that goes with a prompt for user name and password, or for a password alone.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Challenge(open_request::Challenge);

impl Challenge {
    pub(crate) fn new(challenge: open_request::Challenge) -> Self {
        Self(challenge)
    }

    /// The text for the user.
    #[must_use]
    pub fn text(&self) -> &Text {
        match &self.0 {
            open_request::Challenge::Static(challenge) => &challenge.text,
            open_request::Challenge::Dynamic(challenge) => &challenge.text,
        }
    }

    /// Whether the response may be shown while it is typed.
    #[must_use]
    pub fn echo(&self) -> bool {
        match &self.0 {
            open_request::Challenge::Static(challenge) => challenge.echo(),
            open_request::Challenge::Dynamic(challenge) => challenge.flags.echo(),
        }
    }

    /// Whether a response is wanted; else the text is only to be shown, and the response is empty.
    #[must_use]
    pub fn response_required(&self) -> bool {
        match &self.0 {
            open_request::Challenge::Static(_) => true,
            open_request::Challenge::Dynamic(challenge) => challenge.flags.response_required(),
        }
    }

    /// The user whom a dynamic challenge is for; the daemon has the user name and password
    /// already, and only the response is wanted. `None` for a static challenge.
    #[must_use]
    pub fn username(&self) -> Option<&Text> {
        match &self.0 {
            open_request::Challenge::Static(_) => None,
            open_request::Challenge::Dynamic(challenge) => Some(&challenge.username),
        }
    }

    /// The user name and password that carry the response.
    pub(crate) fn respond(
        &self,
        username: Secret,
        password: &Secret,
        response: &Secret,
    ) -> (Secret, Secret) {
        match &self.0 {
            open_request::Challenge::Static(challenge) if challenge.concat() => {
                (username, joined(&[password.expose(), response.expose()]))
            }
            open_request::Challenge::Static(_) => {
                let password = Zeroizing::new(STANDARD.encode(password.expose()));
                let response = Zeroizing::new(STANDARD.encode(response.expose()));
                let parts = [b"SCRV1:", password.as_bytes(), b":", response.as_bytes()];
                (username, joined(&parts))
            }
            open_request::Challenge::Dynamic(challenge) => {
                let parts = [b"CRV1::", challenge.state_id.expose(), b"::", response.expose()];
                (Secret::from(challenge.username.as_bytes()), joined(&parts))
            }
        }
    }
}

/// One secret of several parts, in memory of just that size, so that growth leaves nothing behind.
fn joined(parts: &[&[u8]]) -> Secret {
    let mut whole = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        whole.extend_from_slice(part);
    }
    Secret::from(whole)
}
