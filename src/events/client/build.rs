//! Client events that a daemon is to tell.

use super::address::read_address;
use super::{ClientEvent, CrResponse};
use crate::events::{Env, SecretText};
use crate::types::{Cid, Kid, Text};

impl ClientEvent {
    /// A new client waits to be let in.
    #[must_use]
    pub fn connect(cid: Cid, kid: Kid, env: Env) -> Self {
        Self::Connect { cid, kid, env, extra: None }
    }

    /// A client waits to be let in again.
    #[must_use]
    pub fn reauth(cid: Cid, kid: Kid, env: Env) -> Self {
        Self::Reauth { cid, kid, env, extra: None }
    }

    /// A client was let in.
    #[must_use]
    pub fn established(cid: Cid, env: Env) -> Self {
        Self::Established { cid, env, extra: None }
    }

    /// A client left.
    #[must_use]
    pub fn disconnect(cid: Cid, env: Env) -> Self {
        Self::Disconnect { cid, env, extra: None }
    }

    /// A client answers a challenge; `response` is what it sent, which should be base64.
    #[must_use]
    pub fn cr_response(cid: Cid, kid: Kid, response: impl Into<Text>, env: Env) -> Self {
        let response = CrResponse(SecretText::new(response.into()));
        Self::CrResponse { cid, kid, response, env }
    }

    /// An address leads to a client now, in the form that the daemon writes: `10.8.0.2`, `10.1.0.0/255.255.0.0`,
    /// `fd00::/64`, an Ethernet address.
    #[must_use]
    pub fn address(cid: Cid, address: impl Into<Text>, primary: bool) -> Self {
        let (address, text) = read_address(address.into());
        Self::Address { cid, address, text, primary, extra: None }
    }
}
