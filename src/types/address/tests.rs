use proptest::prelude::*;

use super::*;

const PROTOCOLS: [(&str, Protocol); 12] = [
    ("udp", Protocol::Udp),
    ("udp4", Protocol::Udp4),
    ("udp6", Protocol::Udp6),
    ("tcp", Protocol::Tcp),
    ("tcp4", Protocol::Tcp4),
    ("tcp6", Protocol::Tcp6),
    ("tcp-server", Protocol::TcpServer),
    ("tcp4-server", Protocol::Tcp4Server),
    ("tcp6-server", Protocol::Tcp6Server),
    ("tcp-client", Protocol::TcpClient),
    ("tcp4-client", Protocol::Tcp4Client),
    ("tcp6-client", Protocol::Tcp6Client),
];

fn real(text: &'static str) -> (Option<Protocol>, Option<IpAddr>, Option<u16>) {
    let address = RealAddress::parse(text.into());
    assert_eq!(address.text, text);
    assert_eq!(address.to_string(), text);
    (address.protocol, address.ip, address.port)
}

fn ip(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

#[test]
fn real_addresses_before_2_7() {
    assert_eq!(real("127.0.0.1:5000"), (None, ip("127.0.0.1"), Some(5000)));
    assert_eq!(real("::1"), (None, ip("::1"), None));
    assert_eq!(real("fd00::5:1194"), (None, ip("fd00::5:1194"), None));
    assert_eq!(real("fe80::1%eth0"), (None, ip("fe80::1"), None));
    assert_eq!(real("10.0.0.1"), (None, ip("10.0.0.1"), None));
}

#[test]
fn real_addresses_since_2_7() {
    for (word, protocol) in PROTOCOLS {
        let text = Text::from(format!("{word}:127.0.0.1:5000"));
        let address = RealAddress::parse(text);
        assert_eq!(address.protocol, Some(protocol));
        assert_eq!(address.ip, Some([127, 0, 0, 1].into()));
        assert_eq!(address.port, Some(5000));
    }
    let udp6 = Some(Protocol::Udp6);
    assert_eq!(real("udp6:[::1]:5000"), (udp6.clone(), ip("::1"), Some(5000)));
    let mapped = real("udp6:127.0.0.1:44109");
    assert_eq!(mapped, (udp6, ip("127.0.0.1"), Some(44109)));
    let tcp6 = Some(Protocol::Tcp6Server);
    let parsed = real("tcp6-server:[fe80::1%eth0]:443");
    assert_eq!(parsed, (tcp6, ip("fe80::1"), Some(443)));
}

#[test]
fn an_unknown_protocol_is_kept() {
    let quic = Some(Protocol::Other("quic4".into()));
    let parsed = real("quic4:1.2.3.4:5");
    assert_eq!(parsed, (quic, ip("1.2.3.4"), Some(5)));
}

#[test]
fn unreadable_addresses_keep_their_text() {
    let texts = [
        "",
        "UNDEF",
        "/run/x.sock",
        ":",
        "::1]",
        "[::1",
        "[::1]x",
        "[::1]:",
        "[::1]:99999",
        "1.2.3.4:+5",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "a:b",
        "unix:/run/x",
    ];
    for text in texts {
        assert_eq!(real(text), (None, None, None), "{text}");
    }
    assert_eq!(real("udp4:?"), (Some(Protocol::Udp4), None, None));
}

#[test]
fn protocol_displays_its_word() {
    for (word, protocol) in PROTOCOLS {
        assert_eq!(protocol.to_string(), word);
        assert_eq!(Protocol::parse(word.into()), protocol);
        assert_eq!(protocol.is_udp(), word.starts_with("udp"));
        assert_eq!(protocol.is_tcp(), word.starts_with("tcp"));
    }
    let other = Protocol::parse("sctp".into());
    assert_eq!(other, Protocol::Other("sctp".into()));
    assert_eq!(other.to_string(), "sctp");
    assert!(!other.is_tcp());
}

#[test]
fn a_network_of_zeros_is_written_without_its_address() {
    for (text, prefix_len) in [("/0", 0), ("/5", 5)] {
        let address = [0, 0, 0, 0].into();
        let network = VirtualAddress::Network { address, prefix_len };
        assert_eq!(VirtualAddress::parse(text.into()), network);
    }
    for text in ["/", "/33", "/x", "//0"] {
        assert_eq!(VirtualAddress::parse(text.into()), VirtualAddress::Other(text.into()));
    }
}

#[test]
fn virtual_addresses_roundtrip() {
    let texts = [
        "10.8.0.6",
        "10.1.0.0/24",
        "0.0.0.0/0",
        "fd00::6",
        "fd00::/64",
        "::/0",
        "aa:bb:cc:dd:ee:0f",
        "aa:bb:cc:dd:ee:0f@0",
        "aa:bb:cc:dd:ee:0f@4094",
    ];
    for text in texts {
        let address = VirtualAddress::parse(text.into());
        assert!(!matches!(address, VirtualAddress::Other(_)), "{text}");
        assert_eq!(address.to_string(), text);
    }
}

#[test]
fn a_netmask_becomes_a_prefix_length() {
    let masks = [("255.255.0.0", 16), ("0.0.0.0", 0), ("255.255.255.255", 32)];
    for (mask, expected) in masks {
        let text = Text::from(format!("10.1.0.0/{mask}"));
        let network =
            VirtualAddress::Network { address: [10, 1, 0, 0].into(), prefix_len: expected };
        assert_eq!(VirtualAddress::parse(text), network);
    }
}

#[test]
fn unreadable_virtual_addresses_are_other() {
    let texts = [
        "",
        "10.8.0",
        "10.8.0.6/33",
        "10.8.0.6/",
        "10.8.0.6/255.0.255.0",
        "fd00::/129",
        "fd00::/255.255.0.0",
        "aa:bb:cc:dd:ee",
        "aa:bb:cc:dd:ee:ff:00",
        "aa:bb:cc:dd:ee:+f",
        "aa:bb:cc:dd:ee:ff@",
        "aa:bb:cc:dd:ee:ff@65536",
        "é",
    ];
    for text in texts {
        let address = VirtualAddress::parse(text.into());
        assert_eq!(address, VirtualAddress::Other(text.into()), "{text}");
        assert_eq!(address.ip(), None);
    }
}

proptest! {
    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let text = Text::from(bytes::Bytes::from(bytes));
        prop_assert_eq!(RealAddress::parse(text.clone()).text, text.clone());
        let _ = VirtualAddress::parse(text.clone());
        let _ = Protocol::parse(text);
    }

    #[test]
    fn addresses_are_read_back(ip in any::<IpAddr>(), port in any::<u16>()) {
        let socket = std::net::SocketAddr::new(ip, port);
        let address = RealAddress::parse(format!("udp6:{socket}").into());
        prop_assert_eq!(address.ip, Some(ip));
        prop_assert_eq!(address.port, Some(port));
        let address = VirtualAddress::parse(ip.to_string().into());
        prop_assert_eq!(address, VirtualAddress::Ip(ip));
    }

    #[test]
    fn near_misses_do_not_panic(text in "(udp4:|tcp6-server:|x:)?\\[?[0-9a-f:.%/@C]{0,24}\\]?(:[0-9]{0,6})?") {
        let _ = RealAddress::parse(text.clone().into());
        let _ = VirtualAddress::parse(text.into());
    }
}
