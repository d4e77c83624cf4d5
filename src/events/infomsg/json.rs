//! The JSON of an [`InfoMsg`], without links, the password of a proxy, and flags that nobody knows.

use serde::{Serialize, Serializer};

use super::{InfoMsg, WebAuthFlag, WebAuthProxy};
use crate::challenge::ChallengeFlags;
use crate::types::{Text, masked};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Shown<'a> {
    WebAuth { flags: Vec<&'a WebAuthFlag> },
    OpenUrl {},
    CrText { flags: &'a ChallengeFlags, echo: bool, response_required: bool, text: &'a Text },
    Other { text: Text },
}

impl Serialize for InfoMsg {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = match self {
            Self::WebAuth(web) => Shown::WebAuth { flags: web.flags().collect() },
            Self::OpenUrl(_) => Shown::OpenUrl {},
            Self::CrText { flags, text } => {
                let (echo, response_required) = (flags.echo(), flags.response_required());
                Shown::CrText { flags, echo, response_required, text }
            }
            Self::Other(text) => Shown::Other { text: masked(text) },
        };
        shown.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ShownFlag<'a> {
    Proxy { host: &'a Text, port: u16, user: &'a Text },
    Hidden,
    External,
    Unknown,
}

impl Serialize for WebAuthFlag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = match self {
            Self::Proxy(WebAuthProxy { host, port, user, password: _ }) => {
                ShownFlag::Proxy { host, port: *port, user }
            }
            Self::Hidden => ShownFlag::Hidden,
            Self::External => ShownFlag::External,
            Self::Unknown(_) => ShownFlag::Unknown,
        };
        shown.serialize(serializer)
    }
}
