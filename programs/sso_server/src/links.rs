//! The links that are out: each is for one client, and good for one answer.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openvpn_mgmt::Secret;
use server_common::token::unguessable;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use crate::asking::Asking;

/// How long a link that is over is remembered, to say what became of it.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// How many links that are over are remembered: anybody can have some made.
const REMEMBERED: usize = 1000;

/// The links. None can be read out of it: a link is kept as its hash.
pub(crate) struct Links {
    limits: Limits,
    table: Mutex<Table>,
}

/// How many links may be open. A client that only asks for a page is known to nobody yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) all: usize,
    /// From one address; of IPv6, from one network of 64 bits.
    pub(crate) per_address: usize,
}

#[derive(Default)]
struct Table {
    open: HashMap<Key, Open>,
    /// Those that are over, the oldest first.
    over: VecDeque<(Key, End, Instant)>,
}

/// The hash of a link's unguessable part. How long it takes to find one tells nothing of another.
type Key = [u8; 32];

struct Open {
    asking: Asking,
    network: Option<IpAddr>,
    /// What a form of this page, and of no other, sends along.
    token: Secret,
    answer: oneshot::Sender<Answer>,
}

/// A link that a client waits for. Dropping it closes it, whatever ended the waiting.
pub(crate) struct Link {
    links: Arc<Links>,
    id: Secret,
    answer: oneshot::Receiver<Answer>,
}

/// What somebody answered on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Approve,
    Deny,
}

/// How a link came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Answered(Answer),
    /// Nobody answered in time.
    Expired,
    /// The client does not wait: it has left, or was not told to.
    ClientLeft,
}

/// What is to be seen at a link.
#[derive(Debug)]
pub(crate) enum View {
    Open {
        asking: Asking,
        token: Secret,
    },
    /// Not who asked: the link may be in the history of a browser for years.
    Over(End),
}

/// Why an answer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    /// It does not come from the page's own form.
    Forged,
    Over,
}

/// No link is made, because so many are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooMany {
    #[error("{0} links are open")]
    All(usize),
    #[error("{0} links are open for its address")]
    ForAddress(usize),
}

impl Links {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, table: Mutex::default() }
    }

    /// Makes a link for a client at an address.
    pub(crate) fn open(
        self: &Arc<Self>,
        asking: Asking,
        address: Option<IpAddr>,
    ) -> Result<Link, TooMany> {
        let network = address.map(network);
        let mut table = self.table();
        let same = table.open.values().filter(|open| open.network == network).count();
        if table.open.len() >= self.limits.all {
            return Err(TooMany::All(table.open.len()));
        }
        if same >= self.limits.per_address {
            return Err(TooMany::ForAddress(same));
        }
        let (sender, answer) = oneshot::channel();
        let id = Secret::from(unguessable());
        let open = Open { asking, network, token: unguessable().into(), answer: sender };
        table.open.insert(key(id.expose()), open);
        Ok(Link { links: Arc::clone(self), id, answer })
    }

    /// What is to be seen at a link, where there is one.
    pub(crate) fn view(&self, id: &str) -> Option<View> {
        let (key, mut table) = (key(id.as_bytes()), self.table());
        if let Some(Open { asking, token, .. }) = table.open.get(&key) {
            return Some(View::Open { asking: asking.clone(), token: token.clone() });
        }
        table.forget();
        table.over.iter().find(|(known, ..)| *known == key).map(|(_, end, _)| View::Over(*end))
    }

    /// Takes an answer, and with it the link; gives who asked.
    pub(crate) fn answer(
        &self,
        id: &str,
        shown: &Secret,
        given: Answer,
    ) -> Result<Asking, Refusal> {
        let (key, mut table) = (key(id.as_bytes()), self.table());
        let Some(open) = table.open.get(&key) else {
            let is_over = table.over.iter().any(|(known, ..)| *known == key);
            return Err(if is_over { Refusal::Over } else { Refusal::Unknown });
        };
        // Compared in constant time.
        if open.token != *shown {
            return Err(Refusal::Forged);
        }
        let Some(open) = table.end(key, End::Answered(given)) else { return Err(Refusal::Over) };
        open.answer.send(given).map_err(|_| Refusal::Over)?;
        Ok(open.asking)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Ends a link that is open, and gives what it was.
    fn end(&mut self, key: Key, end: End) -> Option<Open> {
        let open = self.open.remove(&key)?;
        self.over.push_back((key, end, Instant::now()));
        self.forget();
        Some(open)
    }

    /// Forgets links that were over long ago, and the oldest where they are too many.
    fn forget(&mut self) {
        let is_old = |since: &Instant| since.elapsed() >= MEMORY;
        while self.over.len() > REMEMBERED
            || self.over.front().is_some_and(|(.., since)| is_old(since))
        {
            self.over.pop_front();
        }
    }
}

impl Link {
    /// The part of the URL that nobody can guess.
    pub(crate) fn id(&self) -> &str {
        self.id.expose_str().unwrap_or_default()
    }

    /// Waits for the answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        match (&mut self.answer).await {
            Ok(answer) => answer,
            // Closed by nobody but this value.
            Err(_) => std::future::pending().await,
        }
    }

    /// Closes it; an answer that was given stays what became of it.
    pub(crate) fn close(self, end: End) {
        self.end(end);
    }

    fn end(&self, end: End) {
        self.links.table().end(key(self.id.expose()), end);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end(End::ClientLeft);
    }
}

fn key(id: &[u8]) -> Key {
    Sha256::digest(id).into()
}

/// Whom a provider gives an address to: of IPv6, all of a network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => ip.into(),
            None => IpAddr::V6((ip.to_bits() & (u128::MAX << 64)).into()),
        },
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
