//! Handles, dropped in every order: the connection ends when it is documented to, whoever waits is told, no task is left.

use std::sync::Arc;
use std::time::Duration;

use openvpn_mgmt::command::Pid;
use openvpn_mgmt::handler::Responder;
use openvpn_mgmt::peers::LivePeers;
use openvpn_mgmt::{
    Builder, Client, CloseReason, Error, Events, Fleet, FleetClient, FleetRequests, Link,
    LinkClient, LinkWatch, MemberItem, Request, RequestSource as _, Requests, WhileAway,
};
use openvpn_mgmt_test::FakeDaemon;
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{sleep, timeout};

use crate::called::called;
use crate::sessions::Place;
use crate::stepped::no_task_is_left;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(20);

/// Something that is dropped.
type Handle = Box<dyn Send>;

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(last) {
        for place in 0..=last {
            let mut order = order.clone();
            order.insert(place, last);
            all.push(order);
        }
    }
    all
}

fn in_order(handles: Vec<Handle>, order: &[usize]) -> impl Iterator<Item = Handle> {
    let mut handles: Vec<_> = handles.into_iter().map(Some).collect();
    order.iter().map(move |at| handles[*at].take().unwrap()).collect::<Vec<_>>().into_iter()
}

/// The handles of a session with a request that is open, each of which keeps the connection; and one more for calls.
async fn handles(fake: FakeDaemon) -> (FakeDaemon, Client, Vec<Handle>) {
    let fake = fake.server().client_connects("alice", |client| client);
    let mut world = World::of(fake, &Builder::new()).await;
    let request: Request = world.requests.next().await.unwrap();
    let World { fake, client, events, requests, .. } = world;
    let (second, events, requests): (Client, Events, Requests) = (client.clone(), events, requests);
    let another = client.subscribe();
    let handles: Vec<Handle> = vec![
        Box::new(second),
        Box::new(events),
        Box::new(another),
        Box::new(requests),
        Box::new(request),
    ];
    (fake, client, handles)
}

#[test]
fn there_are_as_many_orders_as_there_should_be() {
    let all = orders(5);
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 120);
    assert!(all.iter().all(|order| order.len() == 5));
}

/// As is documented of `Client`: the last clone, the last events, and the requests.
#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_its_last_handle_and_not_before() {
    for order in orders(5) {
        let (fake, client, handles) = handles(FakeDaemon::v2_6()).await;
        drop(client);
        for (at, handle) in in_order(handles, &order).enumerate() {
            drop(handle);
            sleep(MOMENT).await;
            assert_eq!(fake.with(|daemon| daemon.is_connected()), at < 4, "{at} of {order:?}");
        }
        drop(fake);
        no_task_is_left(&format!("{order:?}")).await;
    }
}

/// A call keeps the connection until it has its reply, whatever else is dropped.
#[tokio::test(start_paused = true)]
async fn a_command_in_flight_has_its_reply_whatever_is_dropped() {
    for order in orders(5) {
        for turns in [0, 2] {
            let (fake, client, handles) = handles(FakeDaemon::v2_6()).await;
            let calls = [client.clone(), client]
                .map(|client| tokio::spawn(async move { client.pid().await }));
            for handle in in_order(handles, &order) {
                drop(handle);
                for _ in 0..turns {
                    yield_now().await;
                }
            }
            for call in calls {
                let pid = timeout(MINUTE, call).await.unwrap().unwrap();
                assert_eq!(pid.unwrap(), 4711, "{order:?} in {turns} turns");
            }
            fake.until(|daemon| !daemon.is_connected()).await.unwrap();
            drop(fake);
            no_task_is_left(&format!("{order:?}")).await;
        }
    }
}

/// Callers, and whoever waits for the end, have its reason where the daemon leaves between any two drops.
#[tokio::test(start_paused = true)]
async fn whoever_waits_is_told_when_the_daemon_leaves() {
    for order in orders(5) {
        for leaves_at in [0, 2, 5] {
            let (fake, client, handles) = handles(FakeDaemon::v2_6().answers("pid", &[])).await;
            let calls = [client.clone(), client.clone()]
                .map(|client| tokio::spawn(async move { client.pid().await }));
            let closed = tokio::spawn(async move { client.closed().await });
            yield_now().await;
            for (at, handle) in in_order(handles, &order).enumerate() {
                if at == leaves_at {
                    fake.with(openvpn_mgmt_test::Daemon::hangs_up);
                }
                drop(handle);
                yield_now().await;
            }
            fake.with(openvpn_mgmt_test::Daemon::hangs_up);
            for call in calls {
                let error = timeout(MINUTE, call).await.unwrap().unwrap().unwrap_err();
                assert!(matches!(error, Error::Closed(CloseReason::Remote)), "{error}");
            }
            let reason = timeout(MINUTE, closed).await.unwrap().unwrap();
            assert!(matches!(reason, CloseReason::Remote), "{reason}");
            drop(fake);
            no_task_is_left(&format!("{order:?}")).await;
        }
    }
}

/// The fleet keeps the sessions of its members, and so do the requests that were given; its other handles keep nothing.
#[tokio::test(start_paused = true)]
async fn the_handles_of_a_fleet_in_every_order() {
    for order in orders(5) {
        let place = Place::of(FakeDaemon::v2_6());
        let (mut fleet, peers) = (Fleet::new(), LivePeers::new());
        let mut requests: FleetRequests = fleet.requests();
        fleet.add("udp", place.link()).unwrap();
        let attached = fleet.next().await.unwrap();
        assert!(matches!(attached.what, MemberItem::Attached(_)));
        peers.note(&attached);
        let changes = peers.changes();
        let given = called!(RequestSource for FleetRequests: requests.next_connection()).await;
        // As the items of a session, this holds its handle.
        drop(attached);
        let client: FleetClient = fleet.client();
        let member: LinkClient = client.to("udp").unwrap();
        let (fake, waits) = (Arc::clone(&place.fake), member.while_away(WhileAway::Wait));
        let handles: Vec<Handle> = vec![
            Box::new(fleet),
            Box::new(given),
            Box::new(requests),
            Box::new((client, member)),
            Box::new((peers, changes)),
        ];
        let (mut fleet_is_there, mut requests_are_there) = (true, true);
        for (at, handle) in order.iter().zip(in_order(handles, &order)) {
            fleet_is_there &= *at != 0;
            requests_are_there &= *at != 1;
            drop(handle);
            sleep(MOMENT).await;
            let is_connected = fake.with(|daemon| daemon.is_connected());
            assert_eq!(is_connected, fleet_is_there || requests_are_there, "{at} of {order:?}");
            let pid = timeout(SECOND, waits.send(&Pid)).await;
            let can_be_sent = fleet_is_there || (requests_are_there && is_connected);
            assert!(!can_be_sent || pid.is_ok(), "{at} of {order:?}: {pid:?}");
        }
        // It does not wait for ever for a session of nobody.
        let gone = timeout(MINUTE, waits.send(&Pid)).await.unwrap();
        assert!(matches!(gone, Err(Error::Away { .. })), "{gone:?}");
        drop((fake, waits));
        place.ends(&format!("{order:?}")).await;
    }
}

/// A session is its own handles', and not the link's.
#[tokio::test(start_paused = true)]
async fn the_handles_of_a_link_in_every_order() {
    for order in orders(5) {
        let place = Place::of(FakeDaemon::v2_6());
        let mut link: Link = place.link();
        let (over, watch): (LinkClient, LinkWatch) = (link.client(), link.watch());
        let (client, events, requests) = link.next().await.unwrap().session.split();
        let (fake, waits) = (Arc::clone(&place.fake), over.clone());
        let handles: Vec<Handle> = vec![
            Box::new(link),
            Box::new((over, watch)),
            Box::new(client),
            Box::new(events),
            Box::new(requests),
        ];
        let mut dropped = [false; 5];
        for (at, handle) in order.iter().zip(in_order(handles, &order)) {
            dropped[*at] = true;
            drop(handle);
            sleep(MOMENT).await;
            let [no_link, _, no_client, no_events, no_requests] = dropped;
            let is_over = no_client && no_events && no_requests;
            assert_eq!(fake.with(|daemon| daemon.is_connected()), !is_over, "{at} of {order:?}");
            let pid = timeout(SECOND, waits.send(&Pid)).await;
            match pid {
                Ok(Ok(pid)) => assert!(pid == 4711 && !(no_client && no_requests)),
                Ok(Err(Error::Away { .. })) => assert!(no_client && no_requests && no_link),
                // As is documented: events alone take no commands.
                Err(_) => assert!(no_client && no_requests && !no_link),
                Ok(Err(error)) => panic!("{at} of {order:?}: {error}"),
            }
        }
        let gone = timeout(MINUTE, waits.send(&Pid)).await.unwrap();
        assert!(matches!(gone, Err(Error::Away { .. })), "{gone:?}");
        drop((fake, waits));
        place.ends(&format!("{order:?}")).await;
    }
}

/// Tasks that read a session and a table that follows it: those that run keep the connection, the table does not.
#[tokio::test(start_paused = true)]
async fn readers_and_followers_in_every_order() {
    for order in orders(5) {
        let fake = FakeDaemon::v2_6().hold();
        let World { fake, client, mut events, requests, .. } =
            World::of(fake, &Builder::new()).await;
        let peers = LivePeers::new();
        peers.follow("udp", &client);
        let changes = peers.changes();
        let reading = tokio::spawn(async move { while events.next().await.is_some() {} });
        let responding = tokio::spawn(Responder::new().run(requests));
        let handles: Vec<Handle> = vec![
            Box::new(client),
            Box::new(Aborted(reading.abort_handle())),
            Box::new(Aborted(responding.abort_handle())),
            Box::new(peers),
            Box::new(changes),
        ];
        let mut left = 3;
        for (at, handle) in order.iter().zip(in_order(handles, &order)) {
            left -= usize::from(*at < 3);
            drop(handle);
            sleep(MOMENT).await;
            assert_eq!(fake.with(|daemon| daemon.is_connected()), left > 0, "{at} of {order:?}");
        }
        drop(fake);
        no_task_is_left(&format!("{order:?}")).await;
    }
}

/// A task that ends where this is dropped.
struct Aborted(AbortHandle);

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}
