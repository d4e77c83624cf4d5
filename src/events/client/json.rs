//! The JSON of a [`ClientEvent`], without a response and without fields that nobody knows.

use serde::{Serialize, Serializer};

use super::{ClientEvent, Env};
use crate::types::{Cid, Kid, Text, VirtualAddress};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Shown<'a> {
    Connect { cid: Cid, kid: Kid, env: &'a Env },
    Reauth { cid: Cid, kid: Kid, env: &'a Env },
    Established { cid: Cid, env: &'a Env },
    Disconnect { cid: Cid, env: &'a Env },
    CrResponse { cid: Cid, kid: Kid, env: &'a Env },
    Address { cid: Cid, address: &'a VirtualAddress, text: Option<&'a Text>, primary: bool },
}

impl Serialize for ClientEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = match self {
            Self::Connect { cid, kid, env, extra: _ } => {
                Shown::Connect { cid: *cid, kid: *kid, env }
            }
            Self::Reauth { cid, kid, env, extra: _ } => Shown::Reauth { cid: *cid, kid: *kid, env },
            Self::Established { cid, env, extra: _ } => Shown::Established { cid: *cid, env },
            Self::Disconnect { cid, env, extra: _ } => Shown::Disconnect { cid: *cid, env },
            Self::CrResponse { cid, kid, response: _, env } => {
                Shown::CrResponse { cid: *cid, kid: *kid, env }
            }
            Self::Address { cid, address, text, primary, extra: _ } => {
                let (cid, primary) = (*cid, *primary);
                Shown::Address { cid, address, text: text.as_deref(), primary }
            }
        };
        shown.serialize(serializer)
    }
}
