//! Challenges: what a server wants of a user beside the password, static, dynamic (`CRV1`) and pending, both from
//! the side of the client and from that of the server, which makes a `CRV1:…` and reads what a client's password holds.
//!
//! ```
//! use openvpn_mgmt::challenge::{ClientPassword, Crv1};
//!
//! // The first password was right: deny with a challenge in place of a reason…
//! let challenge = Crv1::new("a9f2", "alice", "Enter the code of your token")?;
//! assert_eq!(challenge.encode(), "CRV1:R,E:a9f2:YWxpY2U=:Enter the code of your token");
//! // …and the next attempt's password holds the response.
//! let ClientPassword::Dynamic { state_id, response } = ClientPassword::parse(b"CRV1::a9f2::123456")?
//! else { panic!() };
//! assert_eq!((state_id.expose(), response.expose()), (&b"a9f2"[..], &b"123456"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "serde")]
mod json;
mod prompt;
mod response;

use std::fmt;

use crate::error::Result;
use crate::error::invalid;
use crate::types::ArgumentProblem;
use crate::types::Secret;
use crate::types::{base64, check, limits};

pub(crate) use prompt::flags_and_text;
pub use prompt::{ChallengeFlags, DynamicChallenge, StaticChallenge};
pub use response::Challenge;

const COMMAND: &str = "CRV1 challenge";

/// A dynamic challenge: `CRV1:flags:state_id:b64(user):text`, given as the client reason of a denial.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Crv1 {
    state_id: String,
    username: String,
    text: String,
    echo: bool,
    response_required: bool,
}

impl Crv1 {
    /// A challenge that wants a response, which may be shown while it is typed.
    ///
    /// `state_id` is the server's own, to know the client again: unguessable, used once. The
    /// client gives it back, with `username` as its user name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a `state_id` that is empty or
    /// holds a colon, for control bytes, and for what is over 256 bytes when it is encoded: the
    /// daemon refuses more.
    pub fn new(
        state_id: impl Into<String>,
        username: impl Into<String>,
        text: impl Into<String>,
    ) -> Result<Self> {
        let (state_id, username, text) = (state_id.into(), username.into(), text.into());
        let why = "the daemon refuses longer parameters";
        for (argument, value) in [("state id", &state_id), ("text", &text)] {
            check(value.as_bytes(), limits::PARAMETER, why)
                .map_err(|problem| invalid(COMMAND, argument, problem))?;
        }
        if state_id.is_empty() {
            return Err(invalid(COMMAND, "state id", ArgumentProblem::Empty));
        }
        if state_id.contains(':') {
            let problem = ArgumentProblem::Other("holds a colon, which ends it");
            return Err(invalid(COMMAND, "state id", problem));
        }
        let challenge = Self { state_id, username, text, echo: true, response_required: true };
        check(challenge.encode().as_bytes(), limits::PARAMETER, why)
            .map_err(|problem| invalid(COMMAND, "challenge", problem))?;
        Ok(challenge)
    }

    /// Whether the response may be shown while it is typed. Default: `true`.
    pub fn echo(mut self, echo: bool) -> Self {
        self.echo = echo;
        self
    }

    /// Whether a response is wanted; else the text is only shown. Default: `true`.
    pub fn response_required(mut self, required: bool) -> Self {
        self.response_required = required;
        self
    }

    /// The text that goes to the client as the reason of its denial.
    #[must_use]
    pub fn encode(&self) -> String {
        let flags = match (self.response_required, self.echo) {
            (true, true) => "R,E",
            (true, false) => "R",
            (false, true) => "E",
            (false, false) => "",
        };
        let user = base64::encode(self.username.as_bytes());
        format!("CRV1:{flags}:{}:{}:{}", self.state_id, *user, self.text)
    }
}

/// The state ID is a token, and shows as `[redacted]`.
impl fmt::Debug for Crv1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crv1")
            .field("state_id", &"[redacted]")
            .field("username", &self.username)
            .field("text", &self.text)
            .field("echo", &self.echo)
            .field("response_required", &self.response_required)
            .finish()
    }
}

/// What a client sent as its password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientPassword {
    /// A password and nothing else.
    Plain(Secret),
    /// `CRV1::state_id::response`: the response to a dynamic challenge.
    Dynamic {
        /// The challenge's own ID.
        state_id: Secret,
        /// The user's response.
        response: Secret,
    },
    /// `SCRV1:b64(password):b64(response)`: a password, and the response to the static challenge.
    Static {
        /// The password.
        password: Secret,
        /// The user's response.
        response: Secret,
    },
}

/// A password that starts as a response and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password starts as a challenge response but is not formed like one")]
pub struct MalformedResponse;

impl ClientPassword {
    /// Reads a password.
    ///
    /// # Errors
    /// [`MalformedResponse`] where it starts with `CRV1:` or `SCRV1:` and does not go on as such.
    pub fn parse(password: &[u8]) -> Result<Self, MalformedResponse> {
        if password.starts_with(b"CRV1:") {
            return dynamic(password).ok_or(MalformedResponse);
        }
        if let Some(parts) = password.strip_prefix(b"SCRV1:") {
            return fixed(parts).ok_or(MalformedResponse);
        }
        Ok(Self::Plain(Secret::from(password)))
    }
}

fn dynamic(password: &[u8]) -> Option<ClientPassword> {
    let rest = password.strip_prefix(b"CRV1::")?;
    let at = memchr::memmem::find(rest, b"::")?;
    let (state_id, response) = rest.split_at_checked(at)?;
    Some(ClientPassword::Dynamic {
        state_id: Secret::from(state_id),
        response: Secret::from(response.strip_prefix(b"::")?),
    })
}

fn fixed(parts: &[u8]) -> Option<ClientPassword> {
    let at = memchr::memchr(b':', parts)?;
    let (password, response) = parts.split_at_checked(at)?;
    Some(ClientPassword::Static {
        password: base64::decode(password)?,
        response: base64::decode(response.strip_prefix(b":")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_carry_their_flags() {
        let challenge = Crv1::new("id", "u", "t:x").unwrap();
        assert_eq!(challenge.encode(), "CRV1:R,E:id:dQ==:t:x");
        assert_eq!(challenge.clone().echo(false).encode(), "CRV1:R:id:dQ==:t:x");
        assert_eq!(challenge.response_required(false).echo(false).encode(), "CRV1::id:dQ==:t:x");
    }

    #[test]
    fn what_would_be_read_otherwise_is_refused() {
        assert!(Crv1::new("", "u", "t").is_err());
        assert!(Crv1::new("a:b", "u", "t").is_err());
        assert!(Crv1::new("a", "u", "t\n").is_err());
        assert!(Crv1::new("a", "u".repeat(200), "t").is_err());
    }

    #[test]
    fn passwords_are_told_apart() {
        let plain = |text: &str| ClientPassword::Plain(Secret::from(text));
        assert_eq!(ClientPassword::parse(b"secret"), Ok(plain("secret")));
        assert_eq!(ClientPassword::parse(b""), Ok(plain("")));
        assert_eq!(
            ClientPassword::parse(b"SCRV1:YmFy:ODY3NTMwOQ=="),
            Ok(ClientPassword::Static {
                password: Secret::from("bar"),
                response: Secret::from("8675309")
            })
        );
        for bad in ["CRV1:", "CRV1:x::y", "CRV1::x", "SCRV1:", "SCRV1:YmFy", "SCRV1:!:YmFy"] {
            assert_eq!(ClientPassword::parse(bad.as_bytes()), Err(MalformedResponse), "{bad}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", Crv1::new("s3cret", "u", "t").unwrap());
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
