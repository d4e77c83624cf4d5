//! [`Dialer`]: who connects to a listener.

use std::fmt;
use std::net::SocketAddr;

/// Who has connected to a [`Listener`](super::Listener), as the system tells it, before anything was said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dialer {
    /// The process, over a unix socket, where the system tells it.
    pub pid: Option<u32>,
    /// The user it ran as when it connected, over a unix socket.
    pub uid: Option<u32>,
    /// Its group then, over a unix socket.
    pub gid: Option<u32>,
    /// Where it connects from, over TCP; never an IPv4 address within an IPv6 one.
    pub address: Option<SocketAddr>,
}

impl Dialer {
    /// A process that connects over a unix socket: for tests of what decides who is admitted.
    #[must_use]
    pub fn process(pid: u32, uid: u32, gid: u32) -> Self {
        Self { pid: Some(pid), uid: Some(uid), gid: Some(gid), address: None }
    }

    /// Whoever is at the other end; where this side has connected, who listens.
    #[cfg(unix)]
    pub(crate) fn of_unix(stream: &tokio::net::UnixStream) -> std::io::Result<Self> {
        let peer = stream.peer_cred()?;
        let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
        Ok(Self { pid, uid: Some(peer.uid()), gid: Some(peer.gid()), address: None })
    }

    /// A socket that takes IPv6 and IPv4 gives `::ffff:192.0.2.1` for `192.0.2.1`, which no rule names.
    pub(super) fn of_tcp(address: SocketAddr) -> Self {
        let mapped = match address {
            SocketAddr::V6(address) => address.ip().to_ipv4_mapped(),
            SocketAddr::V4(_) => None,
        };
        let address = mapped.map_or(address, |ip| SocketAddr::from((ip, address.port())));
        Self { pid: None, uid: None, gid: None, address: Some(address) }
    }
}

/// Who connects from there over TCP.
impl From<SocketAddr> for Dialer {
    fn from(address: SocketAddr) -> Self {
        Self::of_tcp(address)
    }
}

impl fmt::Display for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, self.pid, self.uid) {
            (Some(address), ..) => address.fmt(f),
            (_, Some(pid), Some(uid)) => write!(f, "process {pid} of user {uid}"),
            (_, _, Some(uid)) => write!(f, "a process of user {uid}"),
            _ => f.write_str("an unknown process"),
        }
    }
}
