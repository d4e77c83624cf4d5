//! What a daemon makes of the lines of a `client-auth` block.
//!
//! Between any two lines of a block stands a directive no daemon knows: the daemon's word about
//! each of these, in its log, tells what it said of the line before.

use std::cell::RefCell;
use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use anyhow::Result;
use openvpn_mgmt::{Event, IntoPeerConfig as _, PeerConfig, VirtualAddress};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::support::{Connection, Fixture, matchers};
use lab::{ClientOptions, Raw, ServerOptions};

/// Lines that are let through, each of a form of its own.
const TAKEN: &[&str] = &[
    "push-reset",
    "push \"echo first\"",
    "--push \"echo second\"",
    "push-remove \"echo second\"",
    "push \"topology subnet\"",
    "ifconfig-push 10.9.0.6 10.9.0.5",
    "ifconfig-push 10.9.0.7 255.255.255.0 10.9.0.8",
    "ifconfig-push 10.9.0.7 255.255.255.0",
    "ifconfig-ipv6-push fd00::7/124 ::",
    "ifconfig-ipv6-push fd00::7/64 fd00::1",
    "iroute 192.168.7.9",
    "iroute 192.168.8.9 255.255.255.255",
    "iroute 128.0.0.0 128.0.0.0",
    "--iroute  192.168.9.0   '255.255.255.0'",
    "iroute-ipv6 fd00:7::/64",
    "iroute-ipv6 fd00:8::1/128",
    "ping 0",
    "ping 86400",
    "ping-exit 60",
    "ping-restart 86400",
    "ping-timer-rem",
    "inactive 2147483647",
    "inactive 600 2147483647",
    "max-routes-per-client 2147483647",
    "vlan-pvid 1",
    "vlan-pvid 4094",
];

/// Lines that are refused, as each daemon here drops them, with a word in its log alone.
const DROPPED: &[&str] = &[
    "push",
    "push echo hello",
    "push \"echo a,b\"",
    "push-reset now",
    "push-remove",
    "push-remove a b",
    "ifconfig-push 10.9.0.7",
    "ifconfig-push 0.0.0.0 255.255.255.0",
    "ifconfig-push 10.9.0.7 0.0.0.0",
    "ifconfig-push 10.9.0.7 255.255.255.0 10.9.0.8 1",
    "ifconfig-ipv6-push fd00::7/129 fd00::1",
    "ifconfig-ipv6-push fd00::7/64",
    "ifconfig-ipv6-push fd00::7/64 fd00::1 1",
    "iroute",
    "iroute 192.168.7.0 255.0.255.0",
    "iroute 10.1.0.0 0.0.255.255",
    "iroute 192.168.7.0 24",
    "iroute 192.168.7.0 255.255.255.0 1",
    "iroute-ipv6 fd00:7::/129",
    "iroute-ipv6 fd00:7::/64 1",
    "vlan-pvid 0",
    "vlan-pvid 4095",
    "inactive 60 1000 1",
    "disable 1",
    "bogus-directive 1",
    "-push-reset",
    "PUSH \"echo a\"",
    "setenv-safe A b",
    "setenv A b",
    "route 10.1.0.0 255.255.0.0",
    "topology net30",
    "redirect-gateway def1",
    "dhcp-option DNS 10.1.0.1",
    "mssfix 1300",
    "keepalive 10 60",
    "auth-gen-token",
    "verb 9",
    "config /does/not/exist",
    "socket-flags BOGUS",
];

/// Lines that are refused, as only OpenVPN 2.7 says that it drops them: others take another
/// number, mostly 0.
const DROPPED_BY_2_7: &[&str] = &[
    "ping x",
    "ping -1",
    "ping 86401",
    "ping-restart 86401",
    "inactive x",
    "inactive 60 x",
    "max-routes-per-client 0",
    "max-routes-per-client x",
    "vlan-pvid 5x",
];

/// Lines that are refused though the daemon says nothing, and how many networks behind the
/// client each leaves as it was written.
const MISREAD: &[(&str, &str)] = &[
    ("iroute 192.168.10.0/24", "192.168.10.0/32"),
    ("iroute 192.168.11", "192.168.0.11/32"),
    ("iroute 010.0.0.12", "8.0.0.12/32"),
    ("iroute-ipv6 fd00:13::", "fd00:13::/64"),
    ("iroute-ipv6 fd00:14::1/64", "fd00:14::/64"),
];

/// What a daemon was given, and what came of it.
struct Told {
    server: Connection,
    client: Connection,
    /// What the daemon logged of each line.
    said: Vec<Vec<String>>,
    /// Everything it logged until the client was in.
    log: Vec<String>,
}

/// Lets a client in with these lines, none of them checked.
async fn told(fixture: &Fixture, lines: &[&str]) -> Result<Told> {
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let mut client = fixture.client(ClientOptions::to(&server.daemon)).await?;
    client.answered("echo on", client.client.echo_on()).await;
    client.release().await;
    client.log_in("alice", "secret").await;
    let peer = server.next_client().await;
    server.answered("log on", server.client.log_on()).await;
    server.drain();
    let mut config = PeerConfig::new();
    for line in lines {
        config = config.directive_unchecked(line)?.directive_unchecked("next-line")?;
    }
    server.answered("client-auth", server.client.client_auth(peer.cid, peer.kid, config)).await;

    let log = RefCell::new(Vec::new());
    let established = |event: &Event| {
        if let Event::Log(line) = event {
            log.borrow_mut().push(line.text.to_string());
        }
        matchers::established(event)
    };
    server.until("the client's session", established).await;
    let log = log.into_inner();
    let mut said: Vec<_> =
        log.split(|line| line.contains("next-line")).map(<[_]>::to_vec).collect();
    assert_eq!(said.len(), lines.len() + 1, "{log:#?}");
    said.pop();
    Ok(Told { server, client, said, log })
}

fn errors(said: &[String]) -> Vec<&String> {
    said.iter().filter(|line| line.contains("Options error")).collect()
}

/// The networks the server knows, in one form: 2.5 shows no bits of a host.
async fn networks(server: &Connection) -> Result<HashSet<VirtualAddress>> {
    let status = server.client.status().await?;
    let routes = &status.as_server().expect("a server's status").routes;
    Ok(routes.iter().map(|route| as_network(route.virtual_address())).collect())
}

fn as_network(address: VirtualAddress) -> VirtualAddress {
    let VirtualAddress::Ip(ip) = address else { return address };
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    VirtualAddress::parse(format!("{ip}/{bits}").into())
}

fn network(text: &str) -> VirtualAddress {
    let network = VirtualAddress::parse(text.to_owned().into());
    assert!(matches!(network, VirtualAddress::Network { .. }), "{text}");
    network
}

#[tokio::test]
async fn lines_that_are_taken_reach_the_daemon_and_the_client() -> Result<()> {
    let name = "lines_that_are_taken_reach_the_daemon_and_the_client";
    let Some(fixture) = Fixture::serving(name)? else { return Ok(()) };
    assert_eq!(TAKEN.into_peer_config()?.lines().count(), TAKEN.len());
    let mut told = told(&fixture, TAKEN).await?;
    for (line, said) in TAKEN.iter().zip(&told.said) {
        assert!(errors(said).is_empty(), "{line:?}: {said:?}");
    }
    let failed = told.log.iter().find(|line| line.contains("Can't learn"));
    assert_eq!(failed, None);
    let networks = networks(&told.server).await?;
    for known in [
        "10.9.0.7/32",
        "fd00::7/128",
        "192.168.7.9/32",
        "192.168.8.9/32",
        "192.168.9.0/24",
        "128.0.0.0/1",
        "fd00:7::/64",
        "fd00:8::1/128",
    ] {
        assert!(networks.contains(&network(known)), "{known}: {networks:?}");
    }
    let echo = |event: &Event| match event {
        Event::Echo(echo) => Some(echo.text.to_string()),
        _ => None,
    };
    assert_eq!(told.client.until("the pushed echo", echo).await, "first");
    told.client.connected().await;
    assert!(!told.client.daemon.log().contains("Options error"), "{}", told.client.daemon.log());
    Ok(())
}

#[tokio::test]
async fn lines_that_are_dropped_are_refused_here() -> Result<()> {
    let Some(fixture) = Fixture::serving("lines_that_are_dropped_are_refused_here")? else {
        return Ok(());
    };
    let newest = if fixture.at_least(2, 7) { DROPPED_BY_2_7 } else { &[] };
    let lines = [DROPPED, newest].concat();
    let mut told = told(&fixture, &lines).await?;
    for (line, said) in lines.iter().zip(&told.said) {
        assert!(!errors(said).is_empty(), "{line:?} is taken: {said:?}");
        let checked = PeerConfig::new().directive(line);
        assert!(checked.is_err(), "{line:?}: {:?} is let through", errors(said));
    }
    // It is in all the same.
    told.client.connected().await;
    Ok(())
}

#[tokio::test]
async fn lines_that_are_misread_are_refused_here() -> Result<()> {
    let Some(fixture) = Fixture::serving("lines_that_are_misread_are_refused_here")? else {
        return Ok(());
    };
    let mut lines: Vec<_> = MISREAD.iter().map(|(line, _)| *line).collect();
    // Dropped by 2.5, kept and never matched by later ones.
    lines.push("iroute 192.168.15.1 255.255.255.0");
    // Not learned.
    lines.extend(["iroute 0.0.0.0 255.0.0.0", "iroute 255.255.255.255", "iroute-ipv6 ::/8"]);
    // Dropped by the client.
    lines.push("ifconfig-ipv6-push fd00::7/63 fd00::1");
    let mut told = told(&fixture, &lines).await?;
    for line in &lines {
        assert!(PeerConfig::new().directive(line).is_err(), "{line:?} is let through");
    }
    let networks = networks(&told.server).await?;
    for (line, kept) in MISREAD {
        assert!(networks.contains(&network(kept)), "{line:?}: {networks:?}");
    }
    assert!(!networks.contains(&network("192.168.15.0/24")), "{networks:?}");
    let is_kept = networks.contains(&network("192.168.15.1/24"));
    assert_eq!(is_kept, fixture.at_least(2, 6), "{networks:?}");
    let failed = told.log.iter().filter(|line| line.contains("Can't learn"));
    assert_eq!(failed.count(), 3, "{:#?}", told.log);
    told.client.connected().await;
    let log = told.client.daemon.log();
    assert!(log.contains("must be between 64 and 124"), "{log}");
    Ok(())
}

/// A line of a known directive whose parameters are right or nearly so.
fn line() -> impl Strategy<Value = String> {
    let bits = || 0u32..=33;
    let mask = |bits: u32| Ipv4Addr::from(u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0));
    let ipv4 = || {
        let base = (any::<u32>(), 0u32..32).prop_map(|(ip, zeros)| ip >> zeros << zeros);
        base.prop_map(Ipv4Addr::from)
    };
    let ipv6 = || {
        let base = (any::<u128>(), 0u32..128).prop_map(|(ip, zeros)| ip >> zeros << zeros);
        base.prop_map(Ipv6Addr::from)
    };
    prop_oneof![
        (ipv4(), bits()).prop_map(move |(ip, bits)| format!("iroute {ip} {}", mask(bits))),
        (ipv4(), ipv4()).prop_map(|(ip, mask)| format!("iroute {ip} {mask}")),
        (ipv6(), 0u32..=129).prop_map(|(ip, bits)| format!("iroute-ipv6 {ip}/{bits}")),
        (ipv4(), ipv4()).prop_map(|(ip, remote)| format!("ifconfig-push {ip} {remote}")),
        (ipv4(), bits()).prop_map(move |(ip, bits)| format!("ifconfig-push {ip} {}", mask(bits))),
        (ipv6(), 60u32..=130, ipv6())
            .prop_map(|(ip, bits, remote)| format!("ifconfig-ipv6-push {ip}/{bits} {remote}")),
        ("[a-z-]{4,12}", any::<i32>()).prop_map(|(name, n)| format!("{name} {n}")),
        ("(ping|ping-exit|ping-restart|inactive|vlan-pvid)", any::<u16>())
            .prop_map(|(name, n)| format!("{name} {n}")),
        r#"push "echo [ -~]{0,40}""#,
        r"push-remove [ -~]{1,20}",
        r"(push|iroute|disable|push-reset|ping-timer-rem|setenv-safe) ?[ -~]{0,20}",
    ]
}

#[tokio::test]
async fn whatever_is_let_through_is_taken_by_the_daemon() -> Result<()> {
    let Some(fixture) = Fixture::serving("whatever_is_let_through_is_taken_by_the_daemon")? else {
        return Ok(());
    };
    let mut runner = TestRunner::deterministic();
    let mut lines: Vec<String> = Vec::new();
    while lines.len() < 400 {
        let line = line().new_tree(&mut runner).expect("a line").current();
        // With this one the client would not get in.
        let is_disable = line.trim_start_matches("--").starts_with("disable");
        if !is_disable && PeerConfig::new().directive(&line).is_ok() {
            lines.push(line);
        }
    }
    // At last an address that the tunnel works with, and a server's patience.
    lines.push("ifconfig-push 10.9.0.7 255.255.255.0".to_owned());
    lines.extend(
        ["ping 10", "ping-restart 60", "inactive 0", "max-routes-per-client 2000"]
            .map(str::to_owned),
    );
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let told = told(&fixture, &lines).await?;
    for (line, said) in lines.iter().zip(&told.said) {
        assert!(errors(said).is_empty(), "{line:?}: {said:?}");
    }
    let failed: Vec<_> = told.log.iter().filter(|line| line.contains("Can't learn")).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let networks = networks(&told.server).await?;
    for line in lines.iter().filter(|line| line.starts_with("iroute")) {
        assert!(networks.contains(&behind(line)), "{line:?}: {networks:?}");
    }
    Ok(())
}

/// The network of an `iroute` or `iroute-ipv6`.
fn behind(line: &str) -> VirtualAddress {
    let words: Vec<_> = line.split(' ').filter(|word| !word.is_empty()).collect();
    match words[..] {
        ["iroute", ip, mask] => network(&format!("{ip}/{mask}")),
        ["iroute", ip] => network(&format!("{ip}/32")),
        ["iroute-ipv6", text] => network(text),
        _ => panic!("{line}"),
    }
}

#[tokio::test]
async fn an_inline_file_in_a_block_ends_the_daemon() -> Result<()> {
    let Some(fixture) = Fixture::serving("an_inline_file_in_a_block_ends_the_daemon")? else {
        return Ok(());
    };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let mut client = fixture.client(ClientOptions::to(&server.daemon)).await?;
    client.release().await;
    client.log_in("alice", "secret").await;
    let peer = server.next_client().await;
    for line in ["<push>", "--<ca>", "\"<ca>\""] {
        let given = server.client.client_auth(peer.cid, peer.kid, [line]).await;
        assert!(given.is_err(), "{line}");
        assert!(PeerConfig::new().directive_unchecked(line).is_err(), "{line}");
    }
    server.is_in_step().await;
    server.answered("quit", server.client.quit()).await;
    let mut raw = Raw::connect(server.daemon.socket()).await?;
    raw.send(&format!("client-auth {} {}\n--<ca>\nEND", peer.cid, peer.kid)).await?;
    server.daemon.wait().await?;
    let log = server.daemon.log();
    assert!(log.contains("Endtag </ca> missing"), "{log}");
    Ok(())
}
