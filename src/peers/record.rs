//! [`PeerRecord`]: what is known of one session of a client.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use super::Facts;
use crate::types::{Cid, Kid, ParseError, Protocol, Text, VirtualAddress, number};

/// Names one session of a client within one [`Peers`](super::Peers). It is never given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RecordId(pub u64);

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<u64> for RecordId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl From<RecordId> for u64 {
    fn from(RecordId(id): RecordId) -> Self {
        id
    }
}

/// Reads digits alone, as they are displayed.
impl FromStr for RecordId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is no number from 0 to 18446744073709551615";
        number(text.as_bytes()).map(Self).ok_or(ParseError::new("the ID of a record", PROBLEM))
    }
}

/// How far a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Phase {
    /// It waits to be let in: `>CLIENT:CONNECT` came and no `ESTABLISHED`, or its row in `status` is that of one that
    /// [waits](crate::reply::Admission::Waiting). So does one that was turned away, for some seconds.
    Waiting,
    /// It is in.
    In,
    /// It is in, and asked about again: `>CLIENT:REAUTH` came. As a daemon does not tell what was decided, this is over
    /// with the first `status` after the decision.
    Renewing,
    /// The daemon does not tell: see [`Admission::Unknown`](crate::reply::Admission::Unknown).
    Unknown,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "waiting",
            Self::In => "in",
            Self::Renewing => "renewing",
            Self::Unknown => "unknown",
        })
    }
}

/// One session of a client: from the time that it is first seen to its end.
///
/// Plain data, of memory of its own. It holds no secret: no password, token or response is ever kept.
///
/// Where a [block is not trusted](crate::events::Env::is_trusted), as after `env-filter 1`, names and addresses are not
/// taken from it, but from the next `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PeerRecord {
    /// Which session this is.
    pub id: RecordId,
    /// The daemon's name, as it was attached.
    pub daemon: Arc<str>,
    /// The client's ID at its daemon.
    pub cid: Cid,
    /// The KID of its last CONNECT or REAUTH; `None` where none was seen.
    pub kid: Option<Kid>,
    /// How far it has come.
    pub phase: Phase,
    /// The common name of its certificate, or what stands in for it. `None` where it has none or it is not known (yet).
    pub common_name: Option<Text>,
    /// The user name it gave; `None` where it gave none or it is not known (yet).
    pub username: Option<Text>,
    /// When its daemon saw it first, in seconds of Unix time by the daemon's clock; `None` where that was not told yet.
    pub since: Option<u64>,
    /// The IP address that it connects from.
    pub real_ip: Option<IpAddr>,
    /// The port that it connects from; a daemon before 2.7 tells none of a client with an IPv6 address in `status`.
    pub real_port: Option<u16>,
    /// The transport (OpenVPN 2.7, by `status`).
    pub protocol: Option<Protocol>,
    /// Its own addresses in the tunnel, 8 at most.
    pub addresses: Vec<VirtualAddress>,
    /// Networks, and Ethernet addresses, behind it, 32 at most.
    pub networks: Vec<VirtualAddress>,
    /// Bytes received from it in this session, as far as they were told. They never go back.
    pub bytes_received: u64,
    /// Bytes sent to it in this session, as far as they were told. They never go back.
    pub bytes_sent: u64,
    /// What it says of itself: `IV_VER`, `IV_PLAT` and others. Nothing of it is verified.
    pub facts: Facts,
    /// Whether something was left out because it was too long or too much: a name over 1 KiB, addresses, facts.
    pub is_partial: bool,
}

/// `alice (client 3 of udp), in, from 192.0.2.7:1194, 10.8.0.2, 1500 bytes in, 900 out`; what is not known is left out.
impl fmt::Display for PeerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            write!(f, "{name} ")?;
        }
        write!(f, "(client {} of {}), {}", self.cid, self.daemon, self.phase)?;
        match (self.real_address(), self.real_ip) {
            (Some(address), _) => write!(f, ", from {address}")?,
            (None, Some(ip)) => write!(f, ", from {ip}")?,
            (None, None) => {}
        }
        for address in &self.addresses {
            write!(f, ", {address}")?;
        }
        write!(f, ", {} bytes in, {} out", self.bytes_received, self.bytes_sent)
    }
}

/// A name that is longer is left out; a user name of OpenVPN has 128 bytes, of builds with PKCS#11 up to 4 KiB.
const NAME: usize = 1024;
const ADDRESSES: usize = 8;
const NETWORKS: usize = 32;
/// An address in no known form, and a word for a protocol.
const WORD: usize = 64;

impl PeerRecord {
    pub(super) fn new(id: RecordId, daemon: Arc<str>, cid: Cid, phase: Phase) -> Self {
        Self {
            id,
            daemon,
            cid,
            kid: None,
            phase,
            common_name: None,
            username: None,
            since: None,
            real_ip: None,
            real_port: None,
            protocol: None,
            addresses: Vec::new(),
            networks: Vec::new(),
            bytes_received: 0,
            bytes_sent: 0,
            facts: Facts::default(),
            is_partial: false,
        }
    }

    /// Whether it is in, and not waiting to be let in.
    #[must_use]
    pub fn is_in(&self) -> bool {
        matches!(self.phase, Phase::In | Phase::Renewing)
    }

    /// Where it connects from, where IP address and port are known.
    #[must_use]
    pub fn real_address(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.real_ip?, self.real_port?))
    }

    /// Its common name, or else its user name.
    #[must_use]
    pub fn name(&self) -> Option<&Text> {
        self.common_name.as_ref().or(self.username.as_ref())
    }

    /// Takes names that are known.
    pub(super) fn name_as(&mut self, common_name: Option<Text>, username: Option<Text>) {
        for (known, name) in [(&mut self.common_name, common_name), (&mut self.username, username)]
        {
            // A daemon's word for none.
            let Some(name) = name.filter(|name| *name != "UNDEF" && !name.is_empty()) else {
                continue;
            };
            if name.len() > NAME {
                self.is_partial = true;
            } else if known.as_ref() != Some(&name) {
                *known = Some(name.detach());
            }
        }
    }

    /// Takes where it connects from. A port that is not told stays, while the IP address is the same.
    pub(super) fn come_from(&mut self, ip: IpAddr, port: Option<u16>) {
        if self.real_ip != Some(ip) || port.is_some() {
            (self.real_ip, self.real_port) = (Some(ip), port);
        }
    }

    pub(super) fn carried_by(&mut self, protocol: Protocol) {
        match &protocol {
            Protocol::Other(word) if word.len() > WORD => self.is_partial = true,
            Protocol::Other(_) if self.protocol.as_ref() == Some(&protocol) => {}
            Protocol::Other(word) => self.protocol = Some(Protocol::Other(word.clone().detach())),
            _ => self.protocol = Some(protocol),
        }
    }

    /// Counters of the daemon; what was counted once stays counted.
    pub(super) fn count(&mut self, received: u64, sent: u64) {
        self.bytes_received = self.bytes_received.max(received);
        self.bytes_sent = self.bytes_sent.max(sent);
    }

    pub(super) fn add_address(&mut self, address: VirtualAddress, is_own: bool) {
        let (list, most) = self.list(is_own);
        self.is_partial |= !add(list, most, address);
    }

    /// Takes the place of all addresses that are known.
    pub(super) fn set_addresses(&mut self, addresses: &[VirtualAddress], is_own: bool) {
        let (list, most) = self.list(is_own);
        let same = list.len() == addresses.len() && list.iter().all(|it| addresses.contains(it));
        if same {
            return;
        }
        list.clear();
        let left_out =
            addresses.iter().filter(|address| !add(list, most, (*address).clone())).count();
        self.is_partial |= left_out > 0;
    }

    fn list(&mut self, is_own: bool) -> (&mut Vec<VirtualAddress>, usize) {
        if is_own { (&mut self.addresses, ADDRESSES) } else { (&mut self.networks, NETWORKS) }
    }

    /// How long its session has lasted at this time of the daemon's clock.
    pub(super) fn lasted(&self, clock: Option<u64>) -> Option<std::time::Duration> {
        let seconds = clock?.checked_sub(self.since?)?;
        Some(std::time::Duration::from_secs(seconds))
    }
}

/// Whether the address is there now.
fn add(list: &mut Vec<VirtualAddress>, most: usize, address: VirtualAddress) -> bool {
    if list.contains(&address) {
        return true;
    }
    let address = match address {
        VirtualAddress::Other(text) if text.len() > WORD => return false,
        VirtualAddress::Other(text) => VirtualAddress::Other(text.detach()),
        address => address,
    };
    let fits = list.len() < most;
    if fits {
        list.push(address);
    }
    fits
}
