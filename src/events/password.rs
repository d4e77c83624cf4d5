//! `>PASSWORD:`

#[cfg(feature = "serde")]
mod json;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::{Realm, SecretText};
use crate::challenge::{DynamicChallenge, StaticChallenge};
use crate::types::grammar::{Problem, quoted, split_once};
use crate::types::{Line, Masked, Text, WriteError, masked};

/// `>PASSWORD:`: the daemon needs credentials, or tells what became of them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Password {
    /// `Need 'REALM' username/password`, perhaps with ` SC:flags,text`.
    #[non_exhaustive]
    NeedUserPass {
        /// What the credentials are for.
        realm: Realm,
        /// The challenge to answer with them.
        challenge: Option<StaticChallenge>,
    },
    /// `Need 'REALM' password`: a pass phrase or PIN, without a user name; perhaps with ` SC:flags,text` (OpenVPN 3).
    #[non_exhaustive]
    NeedPassword {
        /// What the password is for.
        realm: Realm,
        /// The challenge to answer with it.
        challenge: Option<StaticChallenge>,
    },
    /// `Need 'REALM' username`: a user name alone (OpenVPN 2.7.1, after `version 4`).
    #[non_exhaustive]
    NeedUsername {
        /// What the user name is for.
        realm: Realm,
    },
    /// `Verification Failed: 'REALM'`, perhaps with ` ['reason']`.
    #[non_exhaustive]
    VerificationFailed {
        /// What the credentials were for.
        realm: Realm,
        /// The server's own words; they may hold quotes. Those that hold a challenge end in `[redacted]` behind
        /// its `CRV1:` while [requests](crate::Builder::requests) are on.
        reason: Option<Text>,
        /// The challenge the reason holds. A reason that starts like one but cannot
        /// be read is in [`reason`](Self::VerificationFailed::reason) alone.
        challenge: Option<Arc<DynamicChallenge>>,
    },
    /// `Auth-Token:token`: the server gave a token to use in place of the password. While
    /// [requests](crate::Builder::requests) are on, it is in [`Request::AuthToken`](crate::Request::AuthToken) alone.
    AuthToken(SecretText),
}

impl Password {
    /// Asks for a user name and password, and the response to a challenge.
    #[must_use]
    pub fn need_user_pass(realm: Realm, challenge: Option<StaticChallenge>) -> Self {
        Self::NeedUserPass { realm, challenge }
    }

    /// Asks for a password alone.
    #[must_use]
    pub fn need_password(realm: Realm, challenge: Option<StaticChallenge>) -> Self {
        Self::NeedPassword { realm, challenge }
    }

    /// Asks for a user name alone (OpenVPN 2.7.1).
    #[must_use]
    pub fn need_username(realm: Realm) -> Self {
        Self::NeedUsername { realm }
    }

    /// Tells that what was given is wrong, in the server's words; these may be a challenge, `CRV1:…`.
    #[must_use]
    pub fn verification_failed(realm: Realm, reason: Option<Text>) -> Self {
        let challenge = reason.clone().map(Text::into_bytes);
        let challenge = challenge.and_then(|reason| DynamicChallenge::parse(&reason, &reason));
        Self::VerificationFailed { realm, reason, challenge: challenge.map(Arc::new) }
    }

    /// Gives a token.
    #[must_use]
    pub fn auth_token(token: impl Into<Text>) -> Self {
        Self::AuthToken(SecretText::new(token.into()))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "PASSWORD");
        let need = |line: Line<'_>, realm: &Realm, what, challenge: Option<&StaticChallenge>| {
            let line = line.raw("Need '").text("realm", realm.as_bytes()).raw(what);
            let line = match challenge {
                Some(StaticChallenge { flags, text, .. }) => {
                    line.raw(" SC:").number(flags).raw(",").text("challenge", text)
                }
                None => line,
            };
            line.reads_as("realm", self, Self::parse).end()
        };
        match self {
            Self::NeedUserPass { realm, challenge } => {
                need(line, realm, "' username/password", challenge.as_ref())
            }
            Self::NeedPassword { realm, challenge } => {
                need(line, realm, "' password", challenge.as_ref())
            }
            Self::NeedUsername { realm } => need(line, realm, "' username", None),
            Self::VerificationFailed { realm, reason, challenge } => {
                let line = line.raw("Verification Failed: '").text("realm", realm.as_bytes());
                let line = match reason {
                    Some(reason) => line.raw("' ['").text("reason", reason).raw("']"),
                    None => line.raw("'"),
                };
                let line = match challenge {
                    Some(challenge) if challenge.state_id.is_withheld() => {
                        line.wrong(WriteError::Withheld { field: "challenge" })
                    }
                    _ => line,
                };
                line.reads_as("realm or reason", self, Self::parse).end()
            }
            Self::AuthToken(token) => line.raw("Auth-Token:").secret("token", token).end(),
        }
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        if let Some(need) = body.strip_prefix(b"Need ") {
            return Self::need(line, need).ok_or(Problem("it does not say what it needs"));
        }
        if let Some(failed) = body.strip_prefix(b"Verification Failed: ") {
            return Self::failed(line, failed).ok_or(Problem("the realm or reason is not quoted"));
        }
        if let Some(token) = body.strip_prefix(b"Auth-Token:") {
            return Ok(Self::AuthToken(SecretText::new(Text::slice_of(line, token))));
        }
        Err(Problem("neither a need, a failed verification nor a token"))
    }

    /// The same without a token or a challenge's state ID, which the requests have; what is left does not keep
    /// their line.
    pub(super) fn withhold_secrets(self) -> Self {
        match self {
            Self::VerificationFailed { realm, reason, challenge } => Self::VerificationFailed {
                realm: realm.detach(),
                reason: reason.map(|reason| masked(&reason).detach()),
                challenge: challenge.map(|challenge| Arc::new(challenge.withhold_secrets())),
            },
            Self::AuthToken(token) => Self::AuthToken(token.withheld()),
            need => need,
        }
    }

    fn need(line: &Bytes, input: &[u8]) -> Option<Self> {
        let (realm, wanted) = quoted(input, |rest| Wanted::parse(line, rest))?;
        let realm = Realm::from_wire(line, realm);
        Some(match wanted {
            Wanted::UserPass(challenge) => Self::NeedUserPass { realm, challenge },
            Wanted::Password(challenge) => Self::NeedPassword { realm, challenge },
            Wanted::Username => Self::NeedUsername { realm },
        })
    }

    fn failed(line: &Bytes, input: &[u8]) -> Option<Self> {
        let input = input.strip_prefix(b"'")?;
        let Some((realm, reason)) = split_once(input, b"' ['") else {
            let realm = Realm::from_wire(line, input.strip_suffix(b"'")?);
            return Some(Self::VerificationFailed { realm, reason: None, challenge: None });
        };
        let reason = reason.strip_suffix(b"']")?;
        Some(Self::VerificationFailed {
            realm: Realm::from_wire(line, realm),
            reason: Some(Text::slice_of(line, reason)),
            challenge: DynamicChallenge::parse(line, reason).map(Arc::new),
        })
    }
}

/// What a `Need` asks for.
enum Wanted {
    UserPass(Option<StaticChallenge>),
    Password(Option<StaticChallenge>),
    Username,
}

impl Wanted {
    fn parse(line: &Bytes, input: &[u8]) -> Option<Self> {
        match input {
            b"username/password" => Some(Self::UserPass(None)),
            b"password" => Some(Self::Password(None)),
            b"username" => Some(Self::Username),
            _ => Self::with_challenge(line, input),
        }
    }
}

impl Wanted {
    fn with_challenge(line: &Bytes, input: &[u8]) -> Option<Self> {
        let (wanted, challenge) = split_once(input, b" SC:")?;
        let challenge = StaticChallenge::parse(line, challenge);
        match wanted {
            b"username/password" => challenge.map(Some).map(Self::UserPass),
            b"password" => challenge.map(Some).map(Self::Password),
            _ => None,
        }
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedUserPass { realm, challenge: None } => {
                write!(f, "needs user name and password for '{realm}'")
            }
            Self::NeedUserPass { realm, challenge: Some(challenge) } => {
                write!(
                    f,
                    "needs user name, password and response for '{realm}': {}",
                    challenge.text
                )
            }
            Self::NeedPassword { realm, challenge: None } => {
                write!(f, "needs password for '{realm}'")
            }
            Self::NeedPassword { realm, challenge: Some(challenge) } => {
                write!(f, "needs password and response for '{realm}': {}", challenge.text)
            }
            Self::NeedUsername { realm } => write!(f, "needs user name for '{realm}'"),
            Self::VerificationFailed { realm, challenge: Some(challenge), .. } => {
                write!(f, "verification of '{realm}' needs a response: {}", challenge.text)
            }
            Self::VerificationFailed { realm, reason: Some(reason), .. } => {
                write!(f, "verification of '{realm}' failed: {}", Masked(reason))
            }
            Self::VerificationFailed { realm, .. } => write!(f, "verification of '{realm}' failed"),
            Self::AuthToken(_) => f.write_str("received an authentication token"),
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedUserPass { realm, challenge } => f
                .debug_struct("NeedUserPass")
                .field("realm", realm)
                .field("challenge", challenge)
                .finish(),
            Self::NeedPassword { realm, challenge } => f
                .debug_struct("NeedPassword")
                .field("realm", realm)
                .field("challenge", challenge)
                .finish(),
            Self::NeedUsername { realm } => {
                f.debug_struct("NeedUsername").field("realm", realm).finish()
            }
            Self::VerificationFailed { realm, reason, challenge } => f
                .debug_struct("VerificationFailed")
                .field("realm", realm)
                .field("reason", &reason.as_ref().map(Masked))
                .field("challenge", challenge)
                .finish(),
            Self::AuthToken(token) => f.debug_tuple("AuthToken").field(token).finish(),
        }
    }
}

#[cfg(test)]
#[path = "password/tests.rs"]
mod tests;
