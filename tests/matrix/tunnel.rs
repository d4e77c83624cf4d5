//! The tunnel: up and down, its routes, and options that change while it is up.

use anyhow::Result;
use openvpn_mgmt::events::{Event, UpDown};
use openvpn_mgmt::{Builder, Signal, StateName};

use crate::support::{Connection, Fixture, matchers};
use lab::{ClientOptions, KeyKind, Management, Port, ServerOptions};

fn updown(event: &Event) -> Option<UpDown> {
    match event {
        Event::UpDown(updown) => Some(updown.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn a_tunnel_goes_up_and_down() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_tunnel_goes_up_and_down")? else { return Ok(()) };
    let server = fixture.serving_server(ServerOptions::new().without_client_auth()).await?;
    let options = ClientOptions::to(&server.daemon).without_auth_user_pass();
    let mut client = fixture.client(options.up_down()).await?;
    client.release().await;
    let up = client.until("UP", updown).await;
    assert!(up.is_up());
    assert_eq!(up.env.get("script_context"), Some("init".into()));
    assert_eq!(up.env.common_name(), Ok(Some("server".into())));
    client.connected().await;
    client.answered("signal SIGHUP", client.client.signal(Signal::Sighup)).await;
    let down = client.until("DOWN", updown).await;
    assert!(!down.is_up());
    Ok(())
}

/// Two of the documentation networks, in nobody's way.
const POINT_TO_POINT: &str = "dev tun\nproto udp\nlocal 127.0.0.1\ntls-server\ndh none\n\
    ifconfig 198.51.100.1 198.51.100.2\nroute 203.0.113.0 255.255.255.0\nmanagement-hold\n\
    verb 3\n";

#[tokio::test]
async fn a_point_to_point_daemon_tells_of_its_address_and_routes() -> Result<()> {
    let name = "a_point_to_point_daemon_tells_of_its_address_and_routes";
    let Some(fixture) = Fixture::serving(name)? else { return Ok(()) };
    let port = Port::reserve()?;
    let identity = fixture.lab.identity("server", &KeyKind::Ec)?;
    let socket = fixture.lab.dir().join("p2p.sock");
    let config = format!(
        "{POINT_TO_POINT}port {}\nmanagement {} unix\nca {}\ncert {}\nkey {}\n",
        port.number(),
        socket.display(),
        fixture.lab.dir().join("ca.crt").display(),
        identity.cert.display(),
        identity.key.display(),
    );
    let daemon = fixture.lab.start("p2p", &config, Management::Unix(socket), Some(port)).await?;
    let mut daemon =
        Connection::open(daemon, &Builder::new(), fixture.version(), "conversation").await?;
    daemon.release().await;
    daemon.until("an address", matchers::state(StateName::AssignIp)).await;
    daemon.until("routes", matchers::state(StateName::AddRoutes)).await;
    // It has a peer, not clients.
    daemon.is_in_step().await;
    Ok(())
}

#[tokio::test]
async fn options_are_pushed_to_a_client_that_is_up() -> Result<()> {
    let name = "options_are_pushed_to_a_client_that_is_up";
    let Some(fixture) = Fixture::serving(name)? else { return Ok(()) };
    let (mut server, mut client, peer) =
        fixture.pair(ServerOptions::new(), |client| client).await?;
    let options = "route 10.10.10.1 255.255.255.255, -dns, ?tun-mtu 1400";
    if !fixture.at_least(2, 7) {
        let broad = async |c: &openvpn_mgmt::Client| c.push_update_broad(options).await;
        server.unsupported("push-update-broad", broad).await;
        let cid =
            async |c: &openvpn_mgmt::Client| c.push_update_cid_unchecked(peer.cid, options).await;
        server.unsupported("push-update-cid", cid).await;
        return Ok(());
    }
    let call = server.client.push_update_broad(options);
    assert_eq!(server.answered("push-update-broad", call).await.updated, 1);
    server.is_in_step().await;
    client.connected().await;
    let call =
        server.client.push_update_cid_unchecked(peer.cid, "route 10.10.11.1 255.255.255.255");
    assert_eq!(server.answered("push-update-cid", call).await.updated, 1);
    server.is_in_step().await;
    let nobody = server.client.push_update_cid_unchecked(openvpn_mgmt::Cid(77), "route 10.10.11.1");
    let text = server.refused("push-update-cid", nobody).await;
    assert!(text.contains("no client updated"), "{text}");
    Ok(())
}
