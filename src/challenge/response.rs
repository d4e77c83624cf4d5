//! [`Challenge`]: what a server wants of a user beside the password.

use super::{DynamicChallenge, StaticChallenge};
use crate::types::{Secret, Text, base64};

/// A challenge that goes with a prompt for user name and password, or for a password alone.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Challenge(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Static(StaticChallenge),
    Dynamic(DynamicChallenge),
}

impl From<StaticChallenge> for Challenge {
    fn from(challenge: StaticChallenge) -> Self {
        Self(Kind::Static(challenge))
    }
}

impl From<DynamicChallenge> for Challenge {
    fn from(challenge: DynamicChallenge) -> Self {
        Self(Kind::Dynamic(challenge))
    }
}

impl Challenge {
    /// The text for the user.
    #[must_use]
    pub fn text(&self) -> &Text {
        match &self.0 {
            Kind::Static(challenge) => &challenge.text,
            Kind::Dynamic(challenge) => &challenge.text,
        }
    }

    /// Whether the response may be shown while it is typed.
    #[must_use]
    pub fn echo(&self) -> bool {
        match &self.0 {
            Kind::Static(challenge) => challenge.echo(),
            Kind::Dynamic(challenge) => challenge.flags.echo(),
        }
    }

    /// Whether a response is wanted; else the text is only to be shown, and the response is empty.
    #[must_use]
    pub fn response_required(&self) -> bool {
        match &self.0 {
            Kind::Static(_) => true,
            Kind::Dynamic(challenge) => challenge.flags.response_required(),
        }
    }

    /// The user whom a dynamic challenge is for; the daemon has the user name and password
    /// already, and only the response is wanted. `None` for a static challenge.
    #[must_use]
    pub fn username(&self) -> Option<&Text> {
        match &self.0 {
            Kind::Static(_) => None,
            Kind::Dynamic(challenge) => Some(&challenge.username),
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
            Kind::Static(challenge) if challenge.concat() => {
                (username, joined(&[password.expose(), response.expose()]))
            }
            Kind::Static(_) => {
                let password = base64::encode(password.expose());
                let response = base64::encode(response.expose());
                let parts = [b"SCRV1:", password.as_bytes(), b":", response.as_bytes()];
                (username, joined(&parts))
            }
            Kind::Dynamic(challenge) => {
                // A request's challenge is that of the line itself, of which nothing is withheld.
                let state_id = challenge.state_id.expose().unwrap_or_default();
                let parts = [b"CRV1::", state_id, b"::", response.expose()];
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
