//! The clients of a simulated server as they are, for tests that hold what a program makes of them against the truth.

use std::net::Ipv4Addr;

use super::{Member, Standing};
use crate::daemon::Daemon;
use crate::personality::Personality;

/// A client of a simulated server, as it is now: [`Daemon::clients`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "what is so of a client and what is not")]
pub struct ClientState {
    /// Its ID.
    pub cid: u64,
    /// The KID of its newest session.
    pub kid: u32,
    /// The name in its certificate, where it has one.
    pub common_name: Option<String>,
    /// The user name it sent.
    pub username: Option<String>,
    /// Whether it was let in.
    pub is_in: bool,
    /// The port it comes from, of 127.0.0.1.
    pub port: u16,
    /// Its address in the tunnel.
    pub address: Option<Ipv4Addr>,
    /// The networks behind it, as in `status`: `10.1.0.0/16`.
    pub networks: Vec<String>,
    /// When it came, in seconds of Unix time.
    pub since: u64,
    /// Bytes received from it.
    pub bytes_in: u64,
    /// Bytes sent to it.
    pub bytes_out: u64,
}

impl Daemon {
    /// The clients of a server as they are now, by their IDs: those that wait, those that are in, and those that are about to
    /// be let go of.
    #[must_use]
    pub fn clients(&self) -> Vec<ClientState> {
        let state = |member| ClientState::of(member, self.personality);
        self.clients.members.values().map(state).collect()
    }
}

impl ClientState {
    fn of(member: &Member, personality: Personality) -> Self {
        let networks = member.networks.iter().map(|network| network.in_status(personality));
        Self {
            cid: member.cid,
            kid: member.kid,
            common_name: member.client.has_certificate.then(|| member.client.name.clone()),
            username: member.client.username.clone(),
            is_in: matches!(member.standing, Standing::In | Standing::Leaving),
            port: member.port,
            address: member.address,
            networks: networks.collect(),
            since: member.since,
            bytes_in: member.bytes_in,
            bytes_out: member.bytes_out,
        }
    }
}
