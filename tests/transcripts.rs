//! What real daemons sent, each version in a folder of its own, read through the demultiplexer and
//! the events layer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use openvpn_mgmt::demux::{Demuxer, Item};
use openvpn_mgmt::events::{Assembler, ClientEvent, Event, Password, SignAlgorithm, StateName};

/// The bytes the daemon sent; `data` holds one code point a byte.
fn daemon_bytes(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        if record["from"] == "daemon" {
            let data = record["data"].as_str().unwrap();
            bytes.extend(data.chars().map(|char| u8::try_from(u32::from(char)).unwrap()));
        }
    }
    bytes
}

fn events(path: &Path) -> Vec<Event> {
    let (mut demuxer, mut assembler) = (Demuxer::new(), Assembler::new());
    assembler.set_env_trusted(true);
    let mut events = Vec::new();
    demuxer.feed(&daemon_bytes(path));
    while let Some(item) = demuxer.next_item() {
        if let Item::Event(line) = item.unwrap() {
            assembler.push(&line, &mut |event| events.push(event));
        }
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

/// The folder of each version.
fn versions() -> impl Iterator<Item = PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    fs::read_dir(root).unwrap().map(|version| version.unwrap().path())
}

fn transcripts() -> Vec<PathBuf> {
    let mut paths: Vec<_> = versions()
        .flat_map(|version| fs::read_dir(version).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn all_events() -> impl Iterator<Item = (PathBuf, Event)> {
    transcripts()
        .into_iter()
        .flat_map(|path| events(&path).into_iter().map(move |event| (path.clone(), event)))
}

/// The name of a variant, which `Debug` starts with.
fn family(event: &Event) -> String {
    format!("{event:?}").split('(').next().unwrap().to_owned()
}

#[test]
fn every_event_of_every_daemon_has_a_type() {
    let mut families: BTreeMap<String, usize> = BTreeMap::new();
    for (path, event) in all_events() {
        let unread = matches!(event, Event::Unknown(_) | Event::Malformed(_) | Event::Stray(_));
        assert!(!unread, "{}: {event:?}", path.display());
        assert!(!event.to_string().is_empty(), "{}: {event:?}", path.display());
        *families.entry(family(&event)).or_default() += 1;
    }
    for family in [
        "ByteCount",
        "ByteCountClient",
        "Client",
        "Echo",
        "Fatal",
        "Hold",
        "Info",
        "InfoMsg",
        "Log",
        "NeedCertificate",
        "NeedStr",
        "Notify",
        "Password",
        "Pkcs11IdCount",
        "Pkcs11IdEntry",
        "PkSign",
        "Proxy",
        "Remote",
        "State",
        "UpDown",
    ] {
        assert!(families.contains_key(family), "no {family} in {families:?}");
    }
}

#[test]
fn every_client_block_is_understood() {
    let mut blocks = 0;
    for (path, event) in all_events() {
        let Event::Client(client) = event else { continue };
        let Some(env) = client.env() else { continue };
        blocks += 1;
        let place = path.display();
        assert_eq!(env.unparsed().count(), 0, "{place}");
        env.untrusted_ip().unwrap();
        env.untrusted_addr().unwrap();
        env.trusted_addr().unwrap();
        env.ifconfig_pool_remote_ip().unwrap();
        env.iv_proto().unwrap();
        env.iv_mtu().unwrap();
        env.time_unix().unwrap();
        if let ClientEvent::Connect { kid, .. } = &client {
            assert!(kid.0 <= 1, "{place}");
            assert_eq!(env.x509(0, "CN").unwrap().unwrap(), "alice", "{place}");
            assert!(env.untrusted_ip().unwrap().is_some(), "{place}");
            assert!(env.password().unwrap().is_some(), "{place}");
        }
        if let ClientEvent::Disconnect { .. } = &client {
            env.bytes_received().unwrap();
            env.bytes_sent().unwrap();
            env.time_duration().unwrap();
        }
    }
    assert_eq!(blocks, 48);
}

#[test]
fn states_are_all_known() {
    for (path, event) in all_events() {
        if let Event::State(state) = event {
            let known = !matches!(state.name, StateName::Unknown(_));
            let read = state.extra().next().is_none() && state.unread().next().is_none();
            assert!(known && read, "{}: {state:?}", path.display());
            if state.name == StateName::Connected && state.remote_addr().is_some() {
                assert!(state.local_ipv4().is_some() && state.remote_port().is_some());
            }
        }
    }
}

#[test]
fn what_the_scenarios_are_about_is_found() {
    for version in versions() {
        let find = |name: &str, wanted: &dyn Fn(&Event) -> bool| {
            let path = version.join(format!("{name}.jsonl"));
            !path.exists() || events(&path).iter().any(wanted)
        };
        assert!(find("client_denied_crv1", &|event| matches!(
            event,
            Event::Password(Password::VerificationFailed { challenge: Some(challenge), .. })
                if challenge.username == "cr1"
        )));
        assert!(find("client_static_challenge", &|event| matches!(
            event,
            Event::Password(Password::NeedUserPass { challenge: Some(challenge), .. })
                if challenge.echo() && !challenge.concat()
        )));
        assert!(find("client_external_key_v3", &|event| matches!(
            event,
            Event::PkSign(request) if request.data.len() == 32 && matches!(
                request.algorithm, Some(SignAlgorithm::RsaPkcs1PssPadding { .. })
            )
        )));
        assert!(find("server_pending_auth", &|event| matches!(
            event,
            Event::Client(ClientEvent::CrResponse { response, .. })
                if response.decode().unwrap().expose() == b"123456"
        )));
    }
}
