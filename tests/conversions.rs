//! The conversions that programs try first: `FromStr`, `Display`, `From`, `TryFrom`, `Ord`, `Hash`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeSet, HashSet};
use std::fmt::{Debug, Display};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use openvpn_mgmt::command::{Channel, History};
use openvpn_mgmt::events::{
    LogFlags, ProxyProtocol, Realm, RemotePort, SaltLength, SessionState, SignAlgorithm, SsoMethod,
};
use openvpn_mgmt::peers::RecordId;
use openvpn_mgmt::reply::{DaemonVersion, Version};
use openvpn_mgmt::{
    AuthRetry, Cid, Dialect, Endpoint, EnvFilter, Kid, KillTarget, MacAddress, Origin, ParseError,
    Protocol, RealAddress, Secret, Signal, StateName, StatusFormat, Text, Transport,
    VirtualAddress,
};
use proptest::prelude::*;
use zeroize::Zeroizing;

/// Reads a text, and shows it as it was.
fn reads<T>(text: &str) -> T
where
    T: FromStr<Err: Debug> + Display + PartialEq + Debug,
{
    let value: T = text.parse().unwrap();
    assert_eq!(value.to_string(), text);
    assert_eq!(value.to_string().parse::<T>().unwrap(), value);
    value
}

fn refuses<T: FromStr<Err = ParseError> + Debug>(expected: &str, texts: &[&str]) {
    for text in texts {
        let error = text.parse::<T>().expect_err(text);
        assert_eq!(error.expected(), expected, "{text}");
        assert_eq!(error.to_string(), format!("not {expected}: {}", error.problem()));
    }
}

#[test]
fn ids() {
    assert_eq!(reads::<Cid>("7"), Cid(7));
    assert_eq!(reads::<Cid>("18446744073709551615"), Cid(u64::MAX));
    assert_eq!(reads::<Kid>("4294967295"), Kid(u32::MAX));
    assert_eq!((u64::from(Cid(7)), u32::from(Kid(1))), (7, 1));
    assert_eq!((Cid::from(7), Kid::from(1)), (Cid(7), Kid(1)));
    refuses::<Cid>("a client ID", &["", "-1", "+1", " 7", "7 ", "0x7", "18446744073709551616"]);
    refuses::<Kid>("a key ID", &["", "1.", "4294967296"]);
}

#[test]
fn words() {
    assert_eq!(reads::<StateName>("CONNECTED"), StateName::Connected);
    assert_eq!(reads::<StateName>("DOZING"), StateName::Unknown("DOZING".into()));
    refuses::<StateName>("a state's name", &["", "A,B", "A\n"]);
    assert_eq!(reads::<Signal>("SIGTERM"), Signal::Sigterm);
    refuses::<Signal>("a signal of a daemon's", &["", "TERM", "SIGKILL", "sigterm"]);
    assert_eq!(reads::<AuthRetry>("nointeract"), AuthRetry::NoInteract);
    refuses::<AuthRetry>("a mode of auth-retry", &["", "always"]);
    assert_eq!(reads::<Transport>("udp"), Transport::Udp);
    refuses::<Transport>("a transport", &["", "UDP", "udp4"]);
    assert_eq!(reads::<Channel>("echo"), Channel::Echo);
    refuses::<Channel>("a kind of notification", &["", "hold"]);
    assert_eq!(reads::<SsoMethod>("webauth"), SsoMethod::WebAuth);
    refuses::<SsoMethod>("a way of pending authentication", &["", "sms"]);
    assert_eq!(reads::<SessionState>("Expired"), SessionState::Expired);
    assert_eq!(reads::<ProxyProtocol>("TCP"), ProxyProtocol::Tcp);
    assert_eq!(reads::<Protocol>("tcp4-server"), Protocol::Tcp4Server);
    refuses::<Protocol>("a transport protocol", &["", "quic"]);
    assert!(reads::<LogFlags>("NW").is_warning());
    refuses::<LogFlags>("flags of the log", &["IIIIIIII"]);
}

#[test]
fn realms() {
    assert_eq!(reads::<Realm>("Private Key"), Realm::PrivateKey);
    let token = String::from("my token");
    assert_eq!(Realm::from(token.as_str()), Realm::Other("my token".into()));
    assert_eq!(Realm::from(token.clone()), Realm::from(Text::from(token)));
}

#[test]
fn numbers() {
    for (number, format) in [(1, StatusFormat::V1), (2, StatusFormat::V2), (3, StatusFormat::V3)] {
        assert_eq!(StatusFormat::try_from(number), Ok(format));
        assert_eq!((u8::from(format), format.number()), (number, number));
        assert_eq!(reads::<StatusFormat>(&number.to_string()), format);
    }
    refuses::<StatusFormat>("a format of `status`", &["", "0", "4", "255", "256", "V3"]);
    assert!(StatusFormat::try_from(4).is_err());
    assert_eq!(EnvFilter::try_from(2), Ok(EnvFilter::Minimal));
    assert_eq!(u8::from(EnvFilter::Reduced), 1);
    assert_eq!(
        EnvFilter::try_from(3).unwrap_err().to_string(),
        "not a level of `env-filter`: it is none of 0, 1 and 2"
    );
    assert_eq!(History::from(20), History::Last(20));
    assert_eq!(reads::<RemotePort>("1194"), RemotePort::from(1194));
    assert_eq!(reads::<RemotePort>("https"), RemotePort::Service("https".into()));
    refuses::<RemotePort>("a port", &["", "65536", "1,2"]);
    assert_eq!(reads::<SaltLength>("max"), SaltLength::Max);
    assert_eq!(reads::<SaltLength>("32"), SaltLength::Bytes(32));
    refuses::<SaltLength>("a length of the salt", &["", "long", "-1"]);
}

#[test]
fn algorithms() {
    let pss = SignAlgorithm::pss("SHA256", SaltLength::Digest);
    assert_eq!(reads::<SignAlgorithm>("RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest"), pss);
    assert_eq!(reads::<SignAlgorithm>("ECDSA"), SignAlgorithm::ecdsa(None));
    let whole = "ECDSA,hashalg=SHA256,data=message";
    assert_eq!(reads::<SignAlgorithm>(whole), SignAlgorithm::Other(whole.into()));
}

#[test]
fn versions_have_an_order() {
    let mut versions = ["2.7_rc1", "2.6.14", "2.7.0", "2.5.1", "2.6.2"].map(reads::<DaemonVersion>);
    versions.sort();
    let shown = versions.each_ref().map(DaemonVersion::to_string);
    assert_eq!(shown, ["2.5.1", "2.6.2", "2.6.14", "2.7_rc1", "2.7.0"]);
    assert!(DaemonVersion::new(2, 6, 14) >= "2.6".parse().unwrap());
    let texts = ["", "2", "2.x", "OpenVPN 2.6.14", "2.6.14 x86_64", "2..1"];
    refuses::<DaemonVersion>("a version of OpenVPN", &texts);
}

#[test]
fn addresses_of_clients() {
    let v4: SocketAddr = "192.0.2.1:5000".parse().unwrap();
    let v6: SocketAddr = "[2001:db8::1]:5000".parse().unwrap();
    for address in [v4, v6] {
        assert_eq!(RealAddress::from(address), reads(&address.to_string()));
        assert_eq!(RealAddress::from(address).socket_addr(), Some(address));
    }
    let client = reads::<RealAddress>("tcp4-server:192.0.2.1:5000");
    assert_eq!(
        (client.protocol.clone(), client.socket_addr()),
        (Some(Protocol::Tcp4Server), Some(v4))
    );
    assert_eq!(reads::<RealAddress>("2001:db8::1").socket_addr(), None);
    refuses::<RealAddress>("a client's address", &["", "alice", "192.0.2.1:x", "udp4:host:1"]);
}

#[test]
fn clients_to_kill() {
    let target = |address: &str| KillTarget::try_from(&address.parse::<RealAddress>().unwrap());
    let v4: SocketAddr = "192.0.2.1:5000".parse().unwrap();
    let any = KillTarget::AnyTransport { ip: Ipv4Addr::new(192, 0, 2, 1), port: 5000 };
    assert_eq!(target("192.0.2.1:5000"), Ok(any));
    assert_eq!(target("tcp4-server:192.0.2.1:5000"), Ok((Transport::Tcp, v4).into()));
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 5000));
    assert_eq!(target("udp6:[::1]:5000"), Ok(KillTarget::from((Transport::Udp, v6))));
    assert_eq!(target("::1"), Ok(KillTarget::AnyPort(Ipv6Addr::LOCALHOST)));
    for unclear in ["[::1]:5000", "192.0.2.1", "quic:192.0.2.1:5000"] {
        assert!(target(unclear).is_err(), "{unclear}");
    }
    assert_eq!(Transport::try_from(&Protocol::Tcp6Client), Ok(Transport::Tcp));
}

#[test]
fn what_sorts_and_what_is_a_key() {
    let mut clients = ["192.0.2.10:1", "udp4:192.0.2.9:7", "192.0.2.9:5"].map(reads::<RealAddress>);
    clients.sort();
    let shown = clients.each_ref().map(RealAddress::to_string);
    assert_eq!(shown, ["192.0.2.9:5", "udp4:192.0.2.9:7", "192.0.2.10:1"]);
    let mut inside = ["10.8.0.10", "10.0.0.0/8", "10.8.0.9"].map(reads::<VirtualAddress>);
    inside.sort();
    assert_eq!(inside.map(|it| it.to_string()), ["10.8.0.9", "10.8.0.10", "10.0.0.0/8"]);
    assert!(StatusFormat::V1 < StatusFormat::V3 && Origin::new("a", 1) < Origin::new("a", 2));
    let endpoints: BTreeSet<Endpoint> = ["b:1", "/a", "a:1"].map(Endpoint::from).into();
    assert_eq!(endpoints.len(), 3);
    assert_eq!(HashSet::from([Dialect::new(5), Dialect::new(5)]).len(), 1);
}

#[test]
fn a_dialect_is_told_by_the_version() {
    let version = |title| Dialect::from(&Version::new(title, 5));
    let title = "OpenVPN 2.6.14 x86_64-pc-linux-gnu [PKCS11]";
    assert_eq!(version(title), Dialect::openvpn(2, 6, 14));
    assert_eq!(version("OpenVPN3/Linux"), Dialect::new(5).with_pkcs11(false));
}

#[test]
fn what_is_no_value_goes_on_as_the_error_of_the_crate() {
    fn read(text: &str) -> openvpn_mgmt::Result<Cid> {
        Ok(text.parse::<Cid>()?)
    }
    assert_eq!(read("7").unwrap(), Cid(7));
    let error = read("x").unwrap_err();
    assert!(error.to_string().starts_with("not a client ID: ") && error.is_permanent());
}

#[test]
fn addresses_in_the_tunnel() {
    let host = VirtualAddress::Ip(Ipv4Addr::new(10, 8, 0, 6).into());
    assert_eq!(reads::<VirtualAddress>("10.8.0.6"), host);
    assert_eq!(VirtualAddress::from(Ipv4Addr::new(10, 8, 0, 6)), host);
    assert_eq!(VirtualAddress::from(IpAddr::from([10, 8, 0, 6])), host);
    assert_eq!(VirtualAddress::from(Ipv6Addr::LOCALHOST), reads("::1"));
    let network = reads::<VirtualAddress>("fd00::/64");
    assert!(matches!(network, VirtualAddress::Network { prefix_len: 64, .. }));
    let mac = reads::<MacAddress>("aa:bb:cc:dd:ee:0f");
    assert_eq!(mac, MacAddress::from([0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0x0f]));
    assert_eq!(<[u8; 6]>::from(mac)[5], 0x0f);
    assert_eq!(VirtualAddress::from(mac), reads("aa:bb:cc:dd:ee:0f"));
    let tagged = reads::<VirtualAddress>("aa:bb:cc:dd:ee:0f@7");
    assert!(matches!(tagged, VirtualAddress::Mac { vlan: Some(7), .. }));
    refuses::<VirtualAddress>(
        "an address in the tunnel",
        &["", "10.8.0", "10.8.0.6C", "10.0.0.0/33"],
    );
    refuses::<MacAddress>(
        "a MAC address",
        &["", "aa:bb:cc:dd:ee", "aa:bb:cc:dd:ee:0g", "aabbccddee0f"],
    );
}

#[test]
fn endpoints() {
    let v4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7505);
    let v6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 7505, 0, 0);
    let tcp = reads::<Endpoint>("127.0.0.1:7505");
    for same in [
        Endpoint::from("127.0.0.1:7505"),
        Endpoint::from(String::from("127.0.0.1:7505")),
        Endpoint::from(v4),
        Endpoint::from(SocketAddr::from(v4)),
        Endpoint::from((IpAddr::from(*v4.ip()), 7505)),
        Endpoint::from(("127.0.0.1", 7505)),
    ] {
        assert_eq!(same, tcp);
    }
    assert_eq!(Endpoint::from(v6), reads("[::1]:7505"));
    assert_eq!(Endpoint::from(("::1", 7505)), Endpoint::from(v6));
    assert_eq!(Endpoint::from(("localhost", 7505)), reads("localhost:7505"));
    let path = Path::new("/run/openvpn/server.sock");
    for same in [
        Endpoint::from(path),
        Endpoint::from(PathBuf::from(path)),
        reads("/run/openvpn/server.sock"),
    ] {
        assert_eq!(same, Endpoint::Unix(path.into()));
    }
    assert_eq!(reads::<Endpoint>("server.sock"), Endpoint::Unix("server.sock".into()));
    let expected = "an address of a management interface";
    refuses::<Endpoint>(expected, &["", "host:65536", "127.0.0.1:123456", ":7505", "a\0b"]);
    assert_eq!(HashSet::from([tcp.clone(), tcp]).len(), 1);
}

#[test]
fn texts() {
    let text = reads::<Text>("caf\u{e9}");
    assert_eq!(text, String::from("caf\u{e9}"));
    assert_eq!(String::from("caf\u{e9}"), text);
    assert_eq!(Text::from(b"a\xff"), b"a\xff");
    assert_eq!(Text::from(b"a\xff".as_slice()), b"a\xff".as_slice());
    assert_eq!(Text::from(b"a\xff".as_slice()), *b"a\xff");
    let names: BTreeSet<Text> = ["bob", "alice"].into_iter().map(Text::from).collect();
    assert_eq!(names.first(), Some(&Text::from("alice")));
}

#[test]
fn secrets_are_made_of_all_that_is_text_and_never_shown() {
    let owned = String::from("hunter2");
    let text = Text::from("hunter2");
    for secret in [
        Secret::from("hunter2"),
        Secret::from(&owned),
        Secret::from(owned.clone()),
        Secret::from(b"hunter2"),
        Secret::from(b"hunter2".as_slice()),
        Secret::from(b"hunter2".to_vec()),
        Secret::from(Zeroizing::new(owned.clone())),
        Secret::from(Zeroizing::new(owned.clone().into_bytes())),
        Secret::from(&text),
        "hunter2".parse().unwrap(),
    ] {
        assert_eq!(secret.expose(), b"hunter2");
        assert_eq!(format!("{secret:?}"), "[redacted]");
    }
}

#[test]
fn errors_show_nothing_of_the_text() {
    let secret = "hunter2";
    let errors = [
        secret.parse::<Cid>().unwrap_err(),
        secret.parse::<Signal>().unwrap_err(),
        secret.parse::<RealAddress>().unwrap_err(),
        secret.parse::<VirtualAddress>().unwrap_err(),
        secret.parse::<DaemonVersion>().unwrap_err(),
    ];
    for error in errors {
        assert!(!format!("{error} {error:?}").contains(secret));
    }
}

proptest! {
    #[test]
    fn what_is_shown_is_read_again(
        number in any::<u64>(), short in any::<u32>(), bytes in any::<[u8; 6]>(), ip in any::<IpAddr>(),
        port in any::<u16>(), vlan in any::<u16>(), prefix in 0..=32_u8, v4 in any::<Ipv4Addr>(), name in "[!-+\\--~ ]{1,20}",
    ) {
        reads::<Cid>(&Cid(number).to_string());
        reads::<Kid>(&Kid(short).to_string());
        reads::<VirtualAddress>(&VirtualAddress::from(ip).to_string());
        reads::<VirtualAddress>(&format!("{v4}/{prefix}"));
        reads::<VirtualAddress>(&format!("{}@{vlan}", MacAddress(bytes)));
        reads::<MacAddress>(&MacAddress(bytes).to_string());
        reads::<RealAddress>(&SocketAddr::new(ip, port).to_string());
        reads::<Endpoint>(&SocketAddr::new(ip, port).to_string());
        reads::<Endpoint>(&format!("/run/{name}"));
        reads::<StateName>(&name);
        reads::<Realm>(&name);
        reads::<SessionState>(&name);
        reads::<ProxyProtocol>(&name);
        reads::<DaemonVersion>(&format!("{prefix}.{short}.{port}"));
        reads::<RemotePort>(&port.to_string());
        reads::<SaltLength>(&short.to_string());
    }
}

#[test]
fn of_the_session_table() {
    assert_eq!(reads::<RecordId>("12"), RecordId(12));
    refuses::<RecordId>("the ID of a record", &["", "-1", "1 "]);
    assert_eq!((u64::from(RecordId(7)), RecordId::from(7)), (7, RecordId(7)));
}
