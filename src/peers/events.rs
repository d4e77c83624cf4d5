//! What events tell of the clients of a daemon.

use std::net::IpAddr;
use std::time::Duration;

use super::daemon::Daemon;
use super::store::Store;
use super::{Departure, Facts, PeerRecord, Phase};
use crate::client::Peer;
use crate::events::{ByteCountClient, ClientEvent, Env, Event, State, StateName};
use crate::types::{Cid, Kid, VirtualAddress};

impl Daemon {
    pub(super) fn event(&mut self, store: &mut Store, event: &Event, peer: Option<&Peer>) {
        match event {
            Event::ByteCountClient(count) => self.counted(store, *count, peer),
            Event::Client(client) => self.client(store, client, peer),
            Event::State(state) => self.state(store, state),
            // In a hold nobody is served.
            Event::Hold(_) => self.restarted(store),
            // Who has come or gone by it cannot be read.
            Event::Malformed(malformed) if malformed.name() == Some("CLIENT") => {
                self.wants_status = true;
            }
            _ => {}
        }
    }

    fn state(&mut self, store: &mut Store, state: &State) {
        if matches!(state.name, StateName::Reconnecting | StateName::Exiting) {
            self.restarted(store);
        }
    }

    fn counted(&mut self, store: &mut Store, count: ByteCountClient, peer: Option<&Peer>) {
        match self.find(store, count.cid, peer, None) {
            Some(id) => store.count(id, count.bytes_in, count.bytes_out),
            None => self.is_unknown(store),
        }
    }

    /// Something was told of a client that is not known.
    fn is_unknown(&mut self, store: &Store) {
        // Where there is no room a `status` is of no use.
        self.wants_status |= !store.is_full();
    }

    fn client(&mut self, store: &mut Store, event: &ClientEvent, peer: Option<&Peer>) {
        let cid = event.cid();
        match event {
            ClientEvent::Connect { kid, env, .. } => self.connects(store, (cid, *kid), peer, env),
            ClientEvent::Reauth { kid, env, .. } => {
                self.seen(store, (cid, Some(*kid)), peer, env, Phase::Renewing);
            }
            ClientEvent::Established { env, .. } => {
                self.seen(store, (cid, None), peer, env, Phase::In);
            }
            ClientEvent::Address { address, primary, .. } => {
                self.has_address(store, cid, peer, (address, *primary));
            }
            ClientEvent::Disconnect { env, .. } => self.disconnects(store, cid, peer, env),
            ClientEvent::CrResponse { .. } => {
                if self.find(store, cid, peer, None).is_none() {
                    self.is_unknown(store);
                }
            }
        }
    }

    /// A new session, whoever had its ID before; but for one that was seen in its handshake.
    fn connects(&mut self, store: &mut Store, who: (Cid, Kid), peer: Option<&Peer>, env: &Env) {
        let (cid, kid) = who;
        let known = self.id(cid).and_then(|id| Some((id, store.get(id)?.awaits_connect())));
        let found = match known {
            Some((id, true)) => Some(id),
            Some((id, false)) => {
                self.replaced(store, id);
                None
            }
            None => None,
        };
        if let Some(id) = found {
            store.confirm(id, peer);
        }
        self.wants_status |= !env.is_trusted();
        self.change(store, found, (cid, peer, Phase::Waiting), |record| {
            record.kid = Some(kid);
            learn(record, env, Phase::Waiting);
        });
    }

    fn seen(
        &mut self,
        store: &mut Store,
        (cid, kid): (Cid, Option<Kid>),
        peer: Option<&Peer>,
        env: &Env,
        phase: Phase,
    ) {
        let found = self.find(store, cid, peer, Some(env));
        // What came before, as its networks, or what is filtered, stands in `status` alone.
        self.wants_status |= (found.is_none() && !store.is_full()) || !env.is_trusted();
        self.change(store, found, (cid, peer, phase), |record| {
            record.phase = phase;
            record.kid = kid.or(record.kid);
            learn(record, env, phase);
        });
    }

    fn has_address(
        &mut self,
        store: &mut Store,
        cid: Cid,
        peer: Option<&Peer>,
        (address, is_own): (&VirtualAddress, bool),
    ) {
        match self.find(store, cid, peer, None) {
            Some(id) => store.update(id, |record| record.add_address(address.clone(), is_own)),
            None => self.is_unknown(store),
        }
    }

    fn disconnects(&mut self, store: &mut Store, cid: Cid, peer: Option<&Peer>, env: &Env) {
        let Some(id) = self.find(store, cid, peer, Some(env)) else { return };
        let received = env.bytes_received().ok().flatten().unwrap_or_default();
        let sent = env.bytes_sent().ok().flatten().unwrap_or_default();
        store.count(id, received, sent);
        let told = env.time_duration().ok().flatten().map(Duration::from_secs);
        self.leaves(store, id, Departure::Disconnected, told);
    }
}

/// Takes what a block tells of its client; of one that is not trusted, what the client may say of itself alone.
fn learn(record: &mut PeerRecord, env: &Env, phase: Phase) {
    let (facts, is_all) = Facts::of(env);
    if !facts.is_empty() {
        record.facts = facts;
        record.is_partial |= !is_all;
    }
    if !env.is_trusted() {
        return;
    }
    record.name_as(env.common_name().ok().flatten(), env.username().ok().flatten());
    record.since = env.time_unix().ok().flatten().or(record.since);
    let untrusted = (env.untrusted_ip().ok().flatten(), env.untrusted_port().ok().flatten());
    let trusted = (env.trusted_ip().ok().flatten(), env.trusted_port().ok().flatten());
    // A client that is asked about anew may come from another address than when it was let in.
    let (first, second) =
        if phase == Phase::In { (trusted, untrusted) } else { (untrusted, trusted) };
    let (ip, port) = if first.0.is_some() { first } else { second };
    if let Some(ip) = ip {
        record.come_from(ip, port);
    }
    let ip4 = env.ifconfig_pool_remote_ip().ok().flatten().map(IpAddr::from);
    let ip6 = env.ifconfig_pool_remote_ip6().ok().flatten().map(IpAddr::from);
    if phase != Phase::Waiting {
        for ip in ip4.into_iter().chain(ip6) {
            record.add_address(VirtualAddress::Ip(ip), true);
        }
    }
}
