//! A server's clients: let in, counted, renewed, ended.

use std::net::Ipv6Addr;
use std::time::Duration;

use anyhow::Result;
use openvpn_mgmt::events::{ClientEvent, Event};
use openvpn_mgmt::{
    EnvFilter, History, KillTarget, PeerConfig, StateName, StatusFormat, Transport,
};

use crate::support::{Connection, Fixture, Peer, matchers};
use lab::{ClientOptions, ServerOptions};

/// Starts clients of these names and brings them all in.
async fn company(
    fixture: &Fixture,
    server: &mut Connection,
    names: &[&str],
) -> Result<Vec<(Connection, Peer)>> {
    let mut clients = Vec::new();
    for name in names {
        let options = ClientOptions::to(&server.daemon).common_name(name);
        let mut client = fixture.client(options).await?;
        client.release().await;
        client.log_in(name, "secret").await;
        clients.push(client);
    }
    let mut peers = Vec::new();
    for _ in names {
        let peer = server.next_client().await;
        server.admit(&peer).await;
        peers.push(peer);
    }
    let mut company = Vec::new();
    for (name, mut client) in names.iter().zip(clients) {
        client.connected().await;
        let is_it =
            |peer: &&Peer| peer.env.common_name().unwrap().is_some_and(|known| known == *name);
        company.push((client, peers.iter().find(is_it).expect("its peer").clone()));
    }
    Ok(company)
}

#[tokio::test]
async fn clients_are_ended_by_name_address_and_number() -> Result<()> {
    let Some(fixture) = Fixture::serving("clients_are_ended_by_name_address_and_number")? else {
        return Ok(());
    };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let mut company = company(&fixture, &mut server, &["alice", "bob", "carol", "dave"]).await?;
    let (mut dave, dave_peer) = company.pop().unwrap();
    let (mut carol, carol_peer) = company.pop().unwrap();
    let (bob, bob_peer) = company.pop().unwrap();
    let (alice, alice_peer) = company.pop().unwrap();
    assert_eq!(server.answered("nclients", server.client.nclients()).await, 4);

    let target = KillTarget::CommonName("alice".into());
    let report = server.answered("kill NAME", server.client.kill(&target)).await;
    assert_eq!(report.killed, 1);
    // Nothing is said to the client itself.
    server.gone(&alice_peer).await;
    alice.is_in_step().await;

    let address = bob_peer.env.untrusted_addr()?.expect("bob's address");
    let (ip, port) = (address.ip(), address.port());
    let target = KillTarget::Address { transport: Transport::Udp, ip, port };
    let report = server.answered("kill ADDRESS", server.client.kill(&target)).await;
    assert_eq!(report.killed, 1);
    server.gone(&bob_peer).await;
    bob.is_in_step().await;
    let text = server.refused("kill ADDRESS", server.client.kill(&target)).await;
    assert!(text.contains("not found"), "{text}");

    server.answered("client-kill", server.client.client_kill_unchecked(carol_peer.cid)).await;
    carol.until("a restart", matchers::state(StateName::Reconnecting)).await;

    let call = server.client.client_kill_with_unchecked(dave_peer.cid, "HALT,so long, \"dave\"");
    server.answered("client-kill with a message", call).await;
    let notice = dave.until("the farewell", |event| match event {
        Event::Notify(notify) => Some(notify.clone()),
        _ => None,
    });
    assert_eq!(notice.await.text, "so long, \"dave\"");
    dave.until("the exit", matchers::state(StateName::Exiting)).await;
    dave.daemon.wait().await?;
    server.is_in_step().await;
    Ok(())
}

#[tokio::test]
async fn a_tcp_client_is_ended_by_its_address() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_tcp_client_is_ended_by_its_address")? else {
        return Ok(());
    };
    let mut server = fixture.serving_server(ServerOptions::new().tcp()).await?;
    let mut client = fixture.client(ClientOptions::to_tcp(&server.daemon)).await?;
    client.release().await;
    client.log_in("alice", "secret").await;
    client.until("a TCP connection", matchers::state(StateName::TcpConnect)).await;
    let peer = server.next_client().await;
    server.admit(&peer).await;
    client.connected().await;

    let address = peer.env.untrusted_addr()?.expect("its address");
    let (ip, port) = (address.ip(), address.port());
    let target = KillTarget::Address { transport: Transport::Tcp, ip, port };
    assert_eq!(server.answered("kill ADDRESS", server.client.kill(&target)).await.killed, 1);
    server.gone(&peer).await;
    client.until("a restart", matchers::state(StateName::Reconnecting)).await;
    Ok(())
}

#[tokio::test]
async fn an_ipv6_client_is_looked_up_and_ended() -> Result<()> {
    let Some(fixture) = Fixture::serving("an_ipv6_client_is_looked_up_and_ended")? else {
        return Ok(());
    };
    let mut server = fixture.serving_server(ServerOptions::new().ipv6()).await?;
    let port = server.daemon.port().unwrap();
    let remote = format!("remote ::1 {port} udp6");
    let mut client = fixture.client(ClientOptions::new().line(&remote)).await?;
    client.release().await;
    client.log_in("alice", "secret").await;
    let peer = server.next_client().await;
    server.admit(&peer).await;
    client.connected().await;

    let address = peer.env.untrusted_addr()?.expect("its address");
    assert!(address.is_ipv6());
    let (ip, port) = (address.ip(), address.port());
    let exact = |transport, port| KillTarget::Address { transport, ip, port };
    // Another transport or port is another client, or none that this `status` can tell.
    server.invalid(server.client.kill(&exact(Transport::Tcp, port))).await;
    server.invalid(server.client.kill(&exact(Transport::Udp, port ^ 1))).await;
    let target = if fixture.at_least(2, 7) {
        exact(Transport::Udp, port)
    } else {
        server.invalid(server.client.kill(&exact(Transport::Udp, port))).await;
        KillTarget::AnyPort(Ipv6Addr::LOCALHOST)
    };
    client.is_in_step().await;
    let report = server.answered("kill ADDRESS (IPv6)", server.client.kill(&target)).await;
    assert_eq!(report.killed, 1);
    client.until("a restart", matchers::state(StateName::Reconnecting)).await;
    server.gone(&peer).await;
    server.invalid(server.client.kill(&target)).await;
    Ok(())
}

#[tokio::test]
async fn a_client_is_counted() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_is_counted")? else { return Ok(()) };
    let (mut server, mut client, peer) =
        fixture.pair(ServerOptions::new(), |client| client).await?;
    let second = Duration::from_secs(1);
    server.answered("bytecount N", server.client.bytecount(second)).await;
    client.answered("bytecount N", client.client.bytecount(second)).await;
    let count = server.until("a byte count", |event| match event {
        Event::ByteCountClient(count) => Some(*count),
        _ => None,
    });
    assert_eq!(count.await.cid, peer.cid);
    let count = client.until("a byte count", |event| match event {
        Event::ByteCount(count) => Some(*count),
        _ => None,
    });
    assert!(count.await.bytes_in > 0);
    server.answered("bytecount 0", server.client.bytecount_off()).await;

    let load = server.answered("load-stats", server.client.load_stats()).await;
    assert_eq!(load.clients, 1);
    for (name, format) in [
        ("status 1", StatusFormat::V1),
        ("status 2", StatusFormat::V2),
        ("status 3", StatusFormat::V3),
    ] {
        let status = server.answered(name, server.client.status_format(format)).await;
        let status = status.as_server().expect("a server's status").clone();
        assert_eq!(status.clients[0].common_name(), Some("alice".into()), "{name}");
        assert_eq!(status.clients[0].real_address().port, peer.env.untrusted_port()?, "{name}");
        assert_eq!(status.routes.len(), 1, "{name}");
        assert!(status.unparsed.is_empty(), "{name}: {status:?}");
        let status = client.answered(name, client.client.status_format(format)).await;
        assert!(status.as_client().expect("a client's status").tcp_udp_read_bytes > Some(0));
    }
    let states = client.answered("state all", client.client.state_history(History::All)).await;
    let states = states.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(states[0].name, StateName::Connecting);
    assert_eq!(states.last().map(|state| &state.name), Some(&StateName::Connected));
    let last = client.answered("state", client.client.state()).await;
    assert_eq!(Some(&last), states.last());
    let two = client.answered("state N", client.client.state_history(2)).await;
    assert_eq!(two.into_iter().collect::<Result<Vec<_>, _>>()?, states[states.len() - 2..]);
    Ok(())
}

#[tokio::test]
async fn a_client_gets_a_configuration_of_its_own() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_client_gets_a_configuration_of_its_own")? else {
        return Ok(());
    };
    let server = ServerOptions::new().line("push \"echo from the server\"");
    let mut server = fixture.serving_server(server).await?;
    for level in [EnvFilter::All, EnvFilter::Reduced, EnvFilter::Minimal] {
        server.answered("env-filter", server.client.env_filter(level)).await;
    }
    let mut client = fixture.client(ClientOptions::to(&server.daemon)).await?;
    client.answered("echo on", client.client.echo_on()).await;
    client.release().await;
    client.log_in("alice", "secret").await;

    let peer = server.next_client().await;
    // Level 2 keeps who it is and drops what a script would not need.
    let has = |name| peer.env.get(name).is_some();
    assert!(has("username") && !has("time_unix"), "{:?}", peer.env);
    assert!(peer.env.username().is_err_and(|error| error.is_untrusted()));
    let config = PeerConfig::new()
        .push("echo say \"hello world\" \\\\o/")?
        .push("route 10.1.0.0 255.255.0.0")?
        .iroute("192.168.7.0".parse()?, "255.255.255.0".parse()?)?;
    let call = server.client.client_auth(peer.cid, peer.kid, config);
    server.answered("client-auth", call).await;
    let behind = server.until("the network behind the client", |event| match event {
        Event::Client(ClientEvent::Address { address, primary: false, .. }) => {
            Some(address.to_string())
        }
        _ => None,
    });
    assert!(behind.await.starts_with("192.168.7.0/"));
    server.established(&peer).await;

    let pushed = |event: &Event| match event {
        Event::Echo(echo) => Some(echo.clone()),
        _ => None,
    };
    assert_eq!(client.until("the server's echo", pushed).await.text, "from the server");
    let own = client.until("the client's own echo", pushed).await;
    assert_eq!(own.text, "say hello world \\o/");
    client.connected().await;
    let echoes = client.answered("echo all", client.client.echo_history(History::All)).await;
    assert_eq!(echoes.last(), Some(&Ok(own.clone())));
    assert_eq!(client.answered("echo N", client.client.echo_history(1)).await, [Ok(own)]);
    let all = client.client.echo_on_with_history(History::All);
    assert_eq!(client.answered("echo on all", all).await, echoes);
    Ok(())
}
