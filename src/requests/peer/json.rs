//! The JSON of requests about a client, without its identity, its password and its response.

use serde::{Serialize, Serializer};

use super::{ClientRequest, ClientResponse, PendingClient};
use crate::events::Env;
use crate::types::{Cid, Kid};

#[derive(Serialize)]
struct Shown<'a> {
    cid: Cid,
    kid: Kid,
    epoch: u64,
    env: &'a Env,
}

impl Serialize for ClientRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (cid, kid, epoch, env) = (self.cid, self.kid, self.epoch(), &self.env);
        Shown { cid, kid, epoch, env }.serialize(serializer)
    }
}

impl Serialize for ClientResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.request.serialize(serializer)
    }
}

impl Serialize for PendingClient {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.request.serialize(serializer)
    }
}
