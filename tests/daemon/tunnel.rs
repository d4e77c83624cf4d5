//! A server, a client, and what each says of the other.

use std::time::Duration;

use anyhow::{Context as _, Result};
use openvpn_mgmt::events::{ClientEvent, Notify};
use openvpn_mgmt::reply::ServerStatus;
use openvpn_mgmt::{
    CloseReason, Error, Event, History, KillTarget, PeerConfig, Protocol, Signal, StateName,
    Status, StatusFormat, Transport,
};

use crate::support::{Tunnel, until, until_client, until_state};
use lab::{Lab, ServerOptions};

/// Every byte that a lexer, a shell or a decoder could stumble over.
const USERNAME: &[u8] = b"al \"ice\" \\ #1;2 'x' %41 \x80\xc3\xa9\xff";
const PASSWORD: &[u8] = b"#p;\"a\\s s' w\\\"ord \x80\xfe\xff ;";

#[tokio::test]
async fn a_tunnel_from_its_hold_to_its_end() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("a_tunnel_from_its_hold_to_its_end")? else {
        return Ok(());
    };
    let mut tunnel = Tunnel::new(&lab, ServerOptions::new()).await?;
    for client in [&tunnel.at_server, &tunnel.at_client] {
        assert!(client.hold().await?);
        client.log_on().await?;
        client.echo_on().await?;
    }
    assert_eq!(tunnel.at_server.pid().await?, tunnel.server.pid());
    tunnel.release(USERNAME, PASSWORD).await?;
    admit(&mut tunnel).await?;
    both_know_each_other(&mut tunnel).await?;
    both_count_bytes(&mut tunnel).await?;
    both_have_a_history(&tunnel).await?;
    halt(&mut tunnel).await?;
    tunnel.at_server.signal(Signal::Sigterm).await?;
    let reason = tunnel.at_server.closed().await;
    assert!(matches!(&reason, CloseReason::Exiting(why) if *why == "SIGTERM"), "{reason}");
    tunnel.server.wait().await?;
    Ok(())
}

async fn admit(tunnel: &mut Tunnel) -> Result<()> {
    let connect = tunnel.asks_to_connect().await?;
    let env = connect.env().context("no env")?;
    assert_eq!(env.common_name()?.context("no name")?, "alice");
    let username = env.username()?.context("no user name")?;
    assert_eq!(username.as_bytes().escape_ascii().to_string(), USERNAME.escape_ascii().to_string());
    let password = tunnel.password_of(connect.cid()).await?;
    let given = PASSWORD.escape_ascii().to_string();
    assert_eq!(password.expose().escape_ascii().to_string(), given);

    let config = PeerConfig::new()
        .push("route 10.1.0.0 255.255.0.0")?
        .push("echo one \"two\"")?
        .iroute("192.168.7.0".parse()?, "255.255.255.0".parse()?)?;
    let kid = connect.kid().context("no KID")?;
    tunnel.at_server.client_auth(connect.cid(), kid, config).await?;

    let is_network = |event: &ClientEvent| {
        matches!(event, ClientEvent::Address { primary: false, address, .. }
            if address.to_string() == "192.168.7.0/24")
    };
    until_client(&mut tunnel.server_events, "ADDRESS of the network", is_network).await?;
    let is_established = |event: &ClientEvent| matches!(event, ClientEvent::Established { .. });
    until_client(&mut tunnel.server_events, "ESTABLISHED", is_established).await?;
    let echoed = |event| match event {
        Event::Echo(echo) => Some(echo.text),
        _ => None,
    };
    let echo = until(&mut tunnel.client_events, "the pushed echo", echoed).await?;
    // The client reads the quotes as its lexer does.
    assert_eq!(echo, "one two");
    until_state(&mut tunnel.client_events, StateName::Connected).await
}

async fn both_know_each_other(tunnel: &mut Tunnel) -> Result<()> {
    for format in [StatusFormat::V1, StatusFormat::V2, StatusFormat::V3] {
        let Status::Server(status) = tunnel.at_server.status_format(format).await? else {
            panic!("not a server's status");
        };
        listed(&status, format);
    }
    let Status::Client(statistics) = tunnel.at_client.status().await? else {
        panic!("not a client's status");
    };
    assert!(statistics.tcp_udp_read_bytes.context("no count")? > 0);
    assert!(statistics.unparsed.is_empty(), "{statistics:?}");

    assert_eq!(tunnel.at_server.nclients().await?, 1);
    let load = tunnel.at_server.load_stats().await?;
    assert_eq!(load.clients, 1);
    assert!(load.bytes_in > 0 && load.bytes_out > 0, "{load:?}");
    assert_eq!(tunnel.at_client.load_stats().await?.clients, 0);
    let state = tunnel.at_client.state().await?;
    assert_eq!((&state.name, state.remote_port()), (&StateName::Connected, tunnel.server.port()));
    Ok(())
}

fn listed(status: &ServerStatus, format: StatusFormat) {
    assert!(status.unparsed.is_empty(), "{format:?}: {status:?}");
    let [client] = status.clients.as_slice() else { panic!("{format:?}: {status:?}") };
    assert_eq!(client.common_name(), Some("alice".into()));
    assert_eq!(client.real_address().ip, Some([127, 0, 0, 1].into()));
    assert!(client.real_address().port.is_some() && client.bytes_received() > 0);
    if format != StatusFormat::V1 {
        assert_eq!(client.username().unwrap().as_bytes(), USERNAME);
        assert_eq!(client.cid(), Some(openvpn_mgmt::Cid(0)));
    }
    // Its own address, and the network behind it.
    assert_eq!(status.routes.len(), 2, "{status:?}");
}

async fn both_count_bytes(tunnel: &mut Tunnel) -> Result<()> {
    for client in [&tunnel.at_server, &tunnel.at_client] {
        client.bytecount(Duration::from_secs(1)).await?;
    }
    let of_client = |event| {
        matches!(event, Event::ByteCountClient(count)
        if count.cid.0 == 0 && count.bytes_in > 0 && count.bytes_out > 0)
        .then_some(())
    };
    until(&mut tunnel.server_events, "BYTECOUNT_CLI", of_client).await?;
    let own = |event| matches!(event, Event::ByteCount(count) if count.bytes_in > 0).then_some(());
    until(&mut tunnel.client_events, "BYTECOUNT", own).await?;
    for client in [&tunnel.at_server, &tunnel.at_client] {
        client.bytecount_off().await?;
    }
    Ok(())
}

async fn both_have_a_history(tunnel: &Tunnel) -> Result<()> {
    for client in [&tunnel.at_server, &tunnel.at_client] {
        let states = client.state_history(History::All).await?;
        let names = states.iter().cloned().map(|state| state.map(|state| state.name));
        let names: Vec<StateName> = names.collect::<Result<_, _>>()?;
        assert!(names.contains(&StateName::Connected), "{states:?}");
        assert!(names.iter().all(|name| !matches!(name, StateName::Unknown(_))));
        assert_eq!(client.state_history(1).await?.len(), 1);
        let states_again = client.state_on_with_history(History::All).await?;
        assert_eq!(states_again, states);
        let log = client.log_on_with_history(History::All).await?;
        assert!(log.len() > 10, "{log:?}");
        let last = client.log_history(2).await?;
        assert_eq!(last.len(), 2);
        assert_eq!(last[1].as_ref().unwrap().text, "MANAGEMENT: CMD 'log 2'");
    }
    let echoes = tunnel.at_client.echo_history(History::All).await?;
    assert_eq!(echoes.len(), 1);
    assert_eq!(tunnel.at_client.echo_on_with_history(5).await?, echoes);
    assert!(tunnel.at_server.echo_history(History::All).await?.is_empty());
    Ok(())
}

async fn halt(tunnel: &mut Tunnel) -> Result<()> {
    tunnel.at_server.client_kill_with_unchecked(openvpn_mgmt::Cid(0), "HALT,bye").await?;
    let halted = |event| match event {
        Event::Notify(notify) => Some(notify),
        _ => None,
    };
    let notify: Notify = until(&mut tunnel.client_events, "NOTIFY", halted).await?;
    assert!(notify.to_string().contains("bye"), "{notify}");
    let reason = tunnel.at_client.closed().await;
    assert!(
        matches!(&reason, CloseReason::Exiting(why) if *why == "server-pushed-halt"),
        "{reason}"
    );
    tunnel.client.wait().await?;
    Ok(())
}

#[tokio::test]
async fn clients_are_killed_by_name_address_and_id() -> Result<()> {
    let name = "clients_are_killed_by_name_address_and_id";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let mut tunnel = Tunnel::new(&lab, ServerOptions::new()).await?;
    tunnel.at_client.hold_off().await?;
    tunnel.release(b"alice", b"secret").await?;
    let stranger = KillTarget::CommonName("bob".into());
    let refused = tunnel.at_server.kill(&stranger).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Refused { command: "kill", text } if *text == "common name 'bob' not found")
    );
    let nobody =
        KillTarget::Address { transport: Transport::Udp, ip: [127, 0, 0, 1].into(), port: 9 };
    let refused = tunnel.at_server.kill(&nobody).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused { .. }), "{refused}");

    for round in ["name", "address", "id"] {
        let connect = tunnel.asks_to_connect().await?;
        tunnel.at_server.client_auth_nt(connect.cid(), connect.kid().context("no KID")?).await?;
        until_state(&mut tunnel.client_events, StateName::Connected).await?;
        let status = tunnel.at_server.status().await?;
        let client = status.as_server().context("no server")?.client(connect.cid());
        let address = client.context("not listed")?.real_address();
        assert!(matches!(address.protocol, None | Some(Protocol::Udp4)), "{address:?}");
        let report = match round {
            "name" => Some(KillTarget::CommonName("alice".into())),
            "address" => Some(KillTarget::Address {
                transport: Transport::Udp,
                ip: address.ip.context("no address")?,
                port: address.port.context("no port")?,
            }),
            _ => None,
        };
        match report {
            Some(target) => assert_eq!(tunnel.at_server.kill(&target).await?.killed, 1, "{round}"),
            None => tunnel.at_server.client_kill_unchecked(connect.cid()).await?,
        }
        let is_gone = |event: &ClientEvent| matches!(event, ClientEvent::Disconnect { cid, .. } if *cid == connect.cid());
        until_client(&mut tunnel.server_events, "DISCONNECT", is_gone).await?;
        if round != "id" {
            // It is not told; it would find out when its pings are not answered. It knows
            // its credentials still.
            tunnel.at_client.signal(Signal::Sigusr1).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_password_too_long_for_a_parameter_arrives_whole() -> Result<()> {
    let name = "a_password_too_long_for_a_parameter_arrives_whole";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let mut tunnel = Tunnel::new(&lab, ServerOptions::new()).await?;
    let long: Vec<u8> = (0x20..=0xff).filter(|byte| *byte != 0x7f).cycle().take(1500).collect();
    if tunnel.at_client.management_version() < 6 {
        let refused = tunnel.at_client.password("Auth", long.as_slice()).await;
        assert!(matches!(refused, Err(Error::Unsupported { command: "password", .. })));
        return Ok(());
    }
    tunnel.release(b"alice", &long).await?;
    let connect = tunnel.asks_to_connect().await?;
    let password = tunnel.password_of(connect.cid()).await?;
    assert_eq!(password.expose().escape_ascii().to_string(), long.escape_ascii().to_string());
    Ok(())
}
