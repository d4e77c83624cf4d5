//! What of the requests is kept where nobody takes them.

use super::*;
use crate::client::identity::PeerTable;
use crate::events::{Env, Hold};

const KEY: (Cid, Kid) = (Cid(0), Kid(1));

/// A registry, and what it is told of events.
struct Told {
    registry: Registry,
    peers: PeerTable,
    number: u64,
}

impl Told {
    fn new() -> Self {
        let limits = Limits { clients: 4, clients_per_address: 4 };
        let registry = Registry::new(limits, Dialect::openvpn(2, 6, 14), Arc::default());
        Self { registry, peers: PeerTable::new(0), number: 0 }
    }

    fn says(&mut self, event: &Event) {
        let peer = self.peers.notice(event);
        self.registry.notice(event, peer.as_ref(), self.number);
        self.number += 1;
    }

    fn kept(&self) -> usize {
        self.registry.lock().queue.len()
    }
}

fn connect() -> Event {
    Event::Client(ClientEvent::connect(KEY.0, KEY.1, Env::default()))
}

fn reauth() -> Event {
    Event::Client(ClientEvent::reauth(KEY.0, KEY.1, Env::default()))
}

#[test]
fn what_commands_past_their_requests_have_answered_is_not_kept() {
    let mut told = Told::new();
    for event in [connect(), reauth(), Event::Hold(Hold::new(0))] {
        told.says(&event);
        assert_eq!(told.kept(), 1, "{event}");
        told.registry.settled(KEY.0, KEY.1);
        told.registry.hold_released();
        assert_eq!(told.kept(), 0, "{event}");
    }
}

#[test]
fn of_a_renewal_that_is_said_again_the_newest_is_kept() {
    let mut told = Told::new();
    for _ in 0..3 {
        told.says(&reauth());
        assert_eq!(told.kept(), 1);
    }
    told.says(&connect());
    assert_eq!(told.kept(), 1);
}
