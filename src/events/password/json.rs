//! The JSON of a [`Password`] event, without a token and the ID of a challenge.

use serde::{Serialize, Serializer};

use super::{Password, Realm};
use crate::challenge::{DynamicChallenge, StaticChallenge};
use crate::types::{Text, masked};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Shown<'a> {
    NeedUserPass {
        realm: &'a Realm,
        challenge: Option<&'a StaticChallenge>,
    },
    NeedPassword {
        realm: &'a Realm,
        challenge: Option<&'a StaticChallenge>,
    },
    NeedUsername {
        realm: &'a Realm,
    },
    VerificationFailed {
        realm: &'a Realm,
        reason: Option<Text>,
        challenge: Option<&'a DynamicChallenge>,
    },
    AuthToken {},
}

impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = match self {
            Self::NeedUserPass { realm, challenge } => {
                Shown::NeedUserPass { realm, challenge: challenge.as_ref() }
            }
            Self::NeedPassword { realm, challenge } => {
                Shown::NeedPassword { realm, challenge: challenge.as_ref() }
            }
            Self::NeedUsername { realm } => Shown::NeedUsername { realm },
            Self::VerificationFailed { realm, reason, challenge } => {
                let (reason, challenge) = (reason.as_ref().map(masked), challenge.as_deref());
                Shown::VerificationFailed { realm, reason, challenge }
            }
            Self::AuthToken(_) => Shown::AuthToken {},
        };
        shown.serialize(serializer)
    }
}
