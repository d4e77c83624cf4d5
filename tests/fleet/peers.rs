//! A session table that is fed by the items of a fleet alone.

use std::sync::Arc;

use openvpn_mgmt::peers::Peers;
use openvpn_mgmt::{Builder, Fleet, FleetItem, MemberItem, Request};
use openvpn_mgmt_test::{Client, FakeDaemon};
use tokio::time::timeout;

use crate::support::SECOND;

fn feed(peers: &mut Peers, item: &FleetItem) {
    let name = item.member.name();
    match &item.what {
        MemberItem::Attached(attached) => {
            drop(peers.attached(name, &attached.now, &attached.missed));
        }
        MemberItem::Event(event) => drop(peers.event(name, event, item.peer.as_ref(), item.epoch)),
        MemberItem::Lagged(_) => peers.lagged(name),
        MemberItem::Detached(_) => peers.disconnected(name),
        MemberItem::Ended(_) | MemberItem::Removed => drop(peers.remove(name)),
        _ => {}
    }
}

/// Feeds the table, and lets everybody in, until nothing more comes within ten seconds.
async fn read(fleet: &mut Fleet, peers: &mut Peers) {
    while let Ok(Some(item)) = timeout(10 * SECOND, fleet.next()).await {
        feed(peers, &item);
        if let MemberItem::Request(Request::ClientConnect(client)) = item.what {
            client.allow().await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_is_fed_by_items_and_names_the_right_client_of_the_right_member() {
    let (mut fleet, mut peers) = (Fleet::new(), Peers::new());
    let fakes = ["udp", "tcp"].map(|name| {
        let fake = Arc::new(FakeDaemon::v2_6().server());
        let connect = Arc::clone(&fake);
        let link = Builder::new().reconnect_with(move || std::future::ready(connect.connect()));
        fleet.add(name, link).unwrap();
        fake
    });
    read(&mut fleet, &mut peers).await;
    // Both have the same number at their servers.
    for fake in &fakes {
        assert_eq!(fake.connects(Client::new("alice")).unwrap(), 0);
    }
    read(&mut fleet, &mut peers).await;
    let alices: Vec<_> = peers.by_name("alice").map(Arc::clone).collect();
    assert_eq!((alices.len(), peers.len_of("udp"), peers.len_of("tcp")), (2, 1, 1));

    let at_udp = alices.iter().find(|record| &*record.daemon == "udp").unwrap();
    let peer = peers.peer(at_udp.id).unwrap().clone();
    let udp = fleet.client().to("udp").unwrap().client().await.unwrap();
    let tcp = fleet.client().to("tcp").unwrap().client().await.unwrap();
    assert!(tcp.client_kill(&peer).await.is_err(), "it is a client of another member");
    udp.client_kill(&peer).await.unwrap();
    read(&mut fleet, &mut peers).await;
    assert!(peers.get(at_udp.id).is_none());
    let at_tcp = alices.iter().find(|record| &*record.daemon == "tcp").unwrap();
    assert!(peers.get(at_tcp.id).is_some());
    fleet.remove("tcp").unwrap();
    read(&mut fleet, &mut peers).await;
    assert!(peers.is_empty());
}
