//! The clients of a simulated server.

mod client;
mod decisions;
mod env;
mod life;
mod network;
mod rows;
mod seen;

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

use self::decisions::Verdict;
use self::network::Network;
use crate::personality::Personality;

pub use self::client::Client;
pub(super) use self::env::certificate_env;
pub use self::seen::ClientState;

/// Nobody of this name is there, or it cannot do that now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The daemon is no server, or serves nobody yet.
    #[error("the daemon serves no clients now")]
    NotServing,
    /// No client of this name is connected.
    #[error("no client {0:?} is connected")]
    Nobody(String),
    /// The server of a client has nobody at its door, or no tunnel to it.
    #[error("the server cannot do that now")]
    NotNow,
}

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Its manager is asked.
    Waiting,
    /// It is in.
    In,
    /// It was turned away, and is let go of soon.
    Refused,
    /// Its session is ended, and it is let go of soon.
    Leaving,
}

/// A client and its sessions.
#[derive(Debug)]
struct Member {
    client: Client,
    cid: u64,
    kid: u32,
    /// The KID before, which is good for a while.
    old_kid: Option<u32>,
    has_session: bool,
    /// The next renewal skips a KID, as the first one does.
    skips_kid: bool,
    standing: Standing,
    port: u16,
    address: Option<Ipv4Addr>,
    /// What its certificate puts into each environment.
    certificate: Vec<String>,
    /// The networks behind it.
    networks: Vec<Network>,
    since: u64,
    /// It is announced: `>CLIENT:ADDRESS:` and `>CLIENT:DISCONNECT:` are told.
    was_announced: bool,
    bytes_in: u64,
    bytes_out: u64,
    /// When the server lets go of it or it gives up, in seconds since 1970; 0 for never.
    due: u64,
}

/// A server's clients, by CID.
#[derive(Debug)]
pub(super) struct Clients {
    personality: Personality,
    members: BTreeMap<u64, Member>,
    next_cid: u64,
    next_port: u16,
    next_address: u32,
    /// Decisions of the commands that are being read.
    decided: Vec<(u64, Verdict)>,
    /// How many are in.
    inside: usize,
    /// What the managers of clients were told, by name; the last lines only.
    heard: HashMap<String, Vec<String>>,
    /// The bytes of those that are gone.
    gone: (u64, u64),
}

/// How many lines of a client's own manager are kept.
const HEARD: usize = 32;
/// The network of a simulated server, 10.8.0.0/16; 10.8.0.1 is its own.
const FIRST_ADDRESS: u32 = 0x0a08_0002;
const LAST_ADDRESS: u32 = 0x0a08_fffe;
const FIRST_PORT: u16 = 40_000;

impl Clients {
    pub(super) fn new(personality: Personality) -> Self {
        Self {
            personality,
            members: BTreeMap::new(),
            next_cid: 0,
            next_port: FIRST_PORT,
            next_address: FIRST_ADDRESS,
            decided: Vec::new(),
            inside: 0,
            heard: HashMap::new(),
            gone: (0, 0),
        }
    }

    /// How many are in, as `nclients` counts.
    pub(super) fn count(&self) -> usize {
        self.inside
    }

    /// Those of this common name, also who waits.
    pub(super) fn named(&self, name: &str) -> Vec<u64> {
        let members = self.members.values();
        members.filter(|member| member.common_name() == name).map(|member| member.cid).collect()
    }

    /// Who comes from this address.
    pub(super) fn at(&self, address: Ipv4Addr, port: u16) -> Option<u64> {
        let mut members = self.members.values().filter(|_| address == Ipv4Addr::LOCALHOST);
        members.find(|member| member.port == port).map(|member| member.cid)
    }

    /// The bytes of each that is in.
    pub(super) fn byte_counts(&self) -> Vec<(u64, u64, u64)> {
        let members = self.members.values();
        let inside = members.filter(|m| matches!(m.standing, Standing::In | Standing::Leaving));
        inside.map(|member| (member.cid, member.bytes_in, member.bytes_out)).collect()
    }

    /// The bytes of all of them.
    pub(super) fn traffic(&self) -> (u64, u64) {
        self.members.values().fold(self.gone, |(bytes_in, bytes_out), member| {
            (bytes_in + member.bytes_in, bytes_out + member.bytes_out)
        })
    }

    /// How many a push update reaches.
    pub(super) fn update(&self, cid: Option<u64>, options: &str) -> usize {
        let members = self.members.values().filter(|_| !options.is_empty());
        members
            .filter(|member| member.standing == Standing::In)
            .filter(|member| cid.is_none_or(|cid| cid == member.cid))
            .count()
    }

    /// What the manager of a client was told.
    pub(super) fn heard(&self, name: &str) -> &[String] {
        self.heard.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tells a line to the manager of a client.
    fn hears(&mut self, name: &str, line: String) {
        let lines = self.heard.entry(name.to_owned()).or_default();
        if lines.len() == HEARD {
            lines.remove(0);
        }
        lines.push(line);
    }

    /// The one of this name that came last, of those that are not leaving.
    fn latest(&self, name: &str) -> Option<u64> {
        let mut members = self.members.values().rev().filter(|member| member.client.name == name);
        let here = |member: &&Member| matches!(member.standing, Standing::Waiting | Standing::In);
        members.find(here).map(|member| member.cid)
    }

    fn port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
        port
    }

    fn address(&mut self) -> Ipv4Addr {
        let address = self.next_address;
        self.next_address = if address == LAST_ADDRESS { FIRST_ADDRESS } else { address + 1 };
        Ipv4Addr::from(address)
    }
}

impl Member {
    /// The name as the server knows it: that of the certificate.
    fn common_name(&self) -> &str {
        if self.client.has_certificate { &self.client.name } else { "UNDEF" }
    }

    /// Begins a session.
    fn begin_session(&mut self, first: u32) {
        let is_in = matches!(self.standing, Standing::In | Standing::Leaving);
        self.old_kid = (self.has_session && is_in).then_some(self.kid);
        self.kid = match (self.has_session, self.skips_kid) {
            (false, _) => first,
            // Keys of both sides are counted.
            (true, true) => self.kid + 2,
            (true, false) => self.kid + 1,
        };
        self.skips_kid &= !self.has_session;
        self.has_session = true;
    }

    /// Whether a decision about this KID is taken.
    fn takes(&self, kid: u64) -> bool {
        let is = |known: u32| u64::from(known) == kid;
        is(self.kid) || self.old_kid.is_some_and(is)
    }
}
