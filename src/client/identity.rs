//! [`Peer`]: which client of a server is meant, beyond its number.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::error::CloseReason;
use crate::events::{ClientEvent, Event, Unread};
use crate::types::{Cid, Kid};

/// The identity of one client of a server, as one connection knows it.
///
/// A [`Cid`] alone names whoever has that number now: numbers start over when the daemon
/// restarts, and a client that restarts from its own port keeps its number without a
/// `DISCONNECT`. An identity holds the connection, how often the daemon had restarted on it, the
/// CID, and the `>CLIENT:CONNECT` the client came by, where this connection saw it. A command by an
/// identity that is over gives [`Error::Stale`](crate::Error::Stale) and sends nothing.
///
/// Comes from [`ClientRequest::peer`](crate::ClientRequest::peer),
/// [`Attempt::peer`](crate::handler::Attempt::peer), [`Events::peer`](crate::Events::peer) and
/// [`Client::status_with_peers`](crate::Client::status_with_peers). Two are equal where they mean
/// the same client; all of them need [`Builder::requests`](crate::Builder::requests), which is on by default.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    connection: u64,
    epoch: u64,
    cid: Cid,
    /// Counts the CONNECTs of a connection; `None` where this connection saw none.
    connect: Option<u64>,
}

impl Peer {
    /// The client that an event was about when it came.
    pub(super) fn of_event(
        connection: u64,
        epoch: u64,
        event: &Event,
        connect: Option<u64>,
    ) -> Option<Self> {
        let cid = match event {
            Event::Client(client) => client.cid(),
            Event::ByteCountClient(count) => count.cid,
            _ => return None,
        };
        Some(Self { connection, epoch, cid, connect })
    }

    /// The client of this ID, as it was when the connection began.
    pub(super) fn at_first(connection: u64, cid: Cid) -> Self {
        Self { connection, epoch: 0, cid, connect: None }
    }

    /// The CONNECT it came by.
    pub(crate) fn connect(&self) -> Option<u64> {
        self.connect
    }

    /// The client's ID, for display.
    #[must_use]
    pub fn cid(&self) -> Cid {
        self.cid
    }

    /// How often the daemon had restarted on this connection, as far as it knows.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.cid)
    }
}

/// The identities of a server's clients at the moment a reply arrived: [`Client::status_with_peers`](crate::Client::status_with_peers).
#[derive(Clone)]
pub struct PeerIdentities {
    connection: u64,
    epoch: u64,
    connects: Arc<HashMap<Cid, u64>>,
    undecided: Arc<HashSet<(Cid, Kid)>>,
    /// How many events had come.
    number: u64,
    /// Whether restarts are seen in any case, without which an identity proves nothing.
    are_sure: bool,
}

impl PeerIdentities {
    /// The identity of the client that had this ID at that moment, be it connected or not.
    #[must_use]
    pub fn peer(&self, cid: Cid) -> Peer {
        let connect = self.connects.get(&cid).copied();
        Peer { connection: self.connection, epoch: self.epoch, cid, connect }
    }

    /// As [`peer`](Self::peer); `None` on a connection that has no identities.
    pub(crate) fn known(&self, cid: Cid) -> Option<Peer> {
        self.are_sure.then(|| self.peer(cid))
    }

    /// The same on a connection that sees restarts in any case, or one that may not.
    pub(super) fn sure_if(self, are_sure: bool) -> Self {
        Self { are_sure, ..self }
    }

    /// Whether a decision about this client, at this CONNECT or REAUTH, was open at that moment: asked as a
    /// [request](crate::Requests), and not answered.
    #[must_use]
    pub fn is_undecided(&self, cid: Cid, kid: Kid) -> bool {
        self.undecided.contains(&(cid, kid))
    }

    /// How often the daemon had restarted on this connection, as far as it knows.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of the first event that came behind the reply.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Debug for PeerIdentities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerIdentities").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// How a client's session came to its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PeerEnd {
    /// `>CLIENT:DISCONNECT` came for it.
    Disconnected,
    /// Its ID was taken over by a newer `>CLIENT:CONNECT`, of a client at the same address and port.
    Replaced,
    /// The daemon restarted, and all clients with it.
    Restarted,
    /// The connection to the daemon ended; what became of the client is not known.
    Closed(CloseReason),
}

/// Told when an identity is over.
#[derive(Debug)]
pub(crate) struct PeerWatch {
    pub(crate) peer: Peer,
    pub(crate) end: oneshot::Sender<PeerEnd>,
}

/// The most clients whose CONNECT is remembered; a server of over 100,000 is unheard of.
const MAX_CLIENTS: usize = 1 << 18;

/// The driver's own record of which client has which ID.
pub(crate) struct PeerTable {
    connection: u64,
    epoch: u64,
    connects: Arc<HashMap<Cid, u64>>,
    next: u64,
    watches: Vec<PeerWatch>,
}

impl PeerTable {
    pub(crate) fn new(connection: u64) -> Self {
        let connects = Arc::default();
        Self { connection, epoch: 0, connects, next: 0, watches: Vec::new() }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Client IDs start over: every identity is over.
    pub(crate) fn restart(&mut self) {
        self.epoch += 1;
        self.connects = Arc::default();
        self.end(|_| true, &PeerEnd::Restarted);
    }

    /// Takes note of an event, and says which client it is about.
    pub(crate) fn notice(&mut self, event: &Event) -> Option<Peer> {
        match event {
            Event::Client(ClientEvent::Connect { cid, .. }) => Some(self.connected(*cid)),
            Event::Client(ClientEvent::Disconnect { cid, .. }) => Some(self.disconnected(*cid)),
            Event::Client(client) => Some(self.peer(client.cid())),
            Event::ByteCountClient(count) => Some(self.peer(count.cid)),
            Event::Malformed(malformed) => {
                match malformed.unread_client() {
                    Some(Unread::Connect(cid)) => drop(self.connected(cid)),
                    Some(Unread::Disconnect(cid)) => drop(self.disconnected(cid)),
                    None => {}
                }
                None
            }
            _ => None,
        }
    }

    /// Whether an identity still means the client that has its ID.
    pub(crate) fn is_current(&self, peer: &Peer) -> bool {
        *peer == self.peer(peer.cid)
    }

    /// Has `watch` told of the end of its client, from now on.
    pub(crate) fn watch(&mut self, watch: PeerWatch) {
        self.watches.retain(|watch| !watch.end.is_closed());
        self.watches.push(watch);
    }

    /// Who has which ID behind so many events, while these decisions are open.
    pub(crate) fn snapshot(&self, number: u64, undecided: HashSet<(Cid, Kid)>) -> PeerIdentities {
        let (connects, undecided) = (Arc::clone(&self.connects), Arc::new(undecided));
        PeerIdentities {
            connection: self.connection,
            epoch: self.epoch,
            connects,
            undecided,
            number,
            are_sure: true,
        }
    }

    /// The connection has ended.
    pub(crate) fn close(&mut self, reason: &CloseReason) {
        self.end(|_| true, &PeerEnd::Closed(reason.clone()));
    }

    pub(crate) fn peer(&self, cid: Cid) -> Peer {
        let connect = self.connects.get(&cid).copied();
        Peer { connection: self.connection, epoch: self.epoch, cid, connect }
    }

    fn connected(&mut self, cid: Cid) -> Peer {
        self.end(|peer| peer.cid == cid, &PeerEnd::Replaced);
        self.next += 1;
        let connects = Arc::make_mut(&mut self.connects);
        if connects.len() >= MAX_CLIENTS {
            // Identities that are forgotten are stale, which sends nothing.
            connects.clear();
        }
        connects.insert(cid, self.next);
        self.peer(cid)
    }

    fn disconnected(&mut self, cid: Cid) -> Peer {
        let peer = self.peer(cid);
        self.end(|watched| watched.cid == cid, &PeerEnd::Disconnected);
        if peer.connect.is_some() {
            Arc::make_mut(&mut self.connects).remove(&cid);
        }
        peer
    }

    fn end(&mut self, over: impl Fn(&Peer) -> bool, how: &PeerEnd) {
        let watches = std::mem::take(&mut self.watches);
        let (ended, kept) = watches.into_iter().partition(|watch| over(&watch.peer));
        self.watches = kept;
        let ended: Vec<PeerWatch> = ended;
        for watch in ended {
            let _ = watch.end.send(how.clone());
        }
    }
}

#[cfg(test)]
#[path = "identity/tests.rs"]
mod tests;
