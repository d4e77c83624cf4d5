//! A session with a fake daemon, of which all that is written is seen.

use openvpn_mgmt::{Builder, Client, Events, Peer, Request, Requests};
use openvpn_mgmt_test::FakeDaemon;

use crate::stepped::no_task_is_left;
use crate::trickle::{Trickle, Written};

/// A session, taken apart.
pub(crate) struct World {
    pub(crate) fake: FakeDaemon,
    pub(crate) client: Client,
    pub(crate) events: Events,
    pub(crate) requests: Requests,
    pub(crate) written: Written,
}

impl World {
    pub(crate) async fn of(fake: FakeDaemon, builder: &Builder) -> Self {
        let (stream, written) = Trickle::over(fake.connect().unwrap());
        let (client, events, requests) = builder.attach(stream).await.unwrap().split();
        written.commands();
        Self { fake, client, events, requests, written }
    }

    /// The client that waits for a decision, whose request stays open.
    pub(crate) async fn peer(&mut self) -> (Peer, Request) {
        let request = self.requests.next().await.unwrap();
        let Request::ClientConnect(client) = &request else { panic!("{request:?}") };
        (client.peer().clone(), request)
    }

    /// Drops all handles: the daemon sees the connection end, and no task is left.
    pub(crate) async fn ends(self, what: &str) {
        let Self { fake, client, events, requests, .. } = self;
        drop((client, events, requests));
        fake.until(|daemon| !daemon.is_connected()).await.unwrap();
        drop(fake);
        no_task_is_left(what).await;
    }
}
