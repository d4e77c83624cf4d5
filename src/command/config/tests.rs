use proptest::prelude::*;

use super::*;
use crate::command::{ClientAuth, Command as _, Dialect};
use crate::error::Error;
use crate::types::{ArgumentProblem, Cid, Kid};

fn refusal(line: &str) -> String {
    PeerConfig::new().directive(line).unwrap_err().to_string()
}

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

#[test]
fn writes_the_lines_the_daemon_reads() {
    let config = PeerConfig::new()
        .push(r#"dhcp-option DOMAIN "a\\b""#)
        .unwrap()
        .ifconfig_push(v4("10.8.0.7"), v4("255.255.255.0"))
        .unwrap()
        .ifconfig_ipv6_push(v6("fd00::7"), 64, v6("fd00::1"))
        .unwrap()
        .iroute(v4("192.168.7.0"), v4("255.255.255.0"))
        .unwrap()
        .iroute_ipv6(v6("fd00:7::"), 48)
        .unwrap()
        .push_reset()
        .directive_unchecked("data-ciphers AES-256-GCM")
        .unwrap();
    let auth = ClientAuth::new(Cid(7), Kid(1), config).unwrap();
    let wire = auth.encode(Dialect::openvpn(2, 6, 14)).unwrap();
    assert_eq!(
        String::from_utf8(wire.as_bytes().to_vec()).unwrap(),
        "client-auth 7 1\npush \"dhcp-option DOMAIN \\\"a\\\\\\\\b\\\"\"\n\
         ifconfig-push 10.8.0.7 255.255.255.0\nifconfig-ipv6-push fd00::7/64 fd00::1\n\
         iroute 192.168.7.0 255.255.255.0\niroute-ipv6 fd00:7::/48\npush-reset\n\
         data-ciphers AES-256-GCM\nEND\n"
    );
}

#[test]
fn refuses_what_would_be_split_cut_or_run_also_unchecked() {
    let long = format!("push \"{}\"", "x".repeat(250));
    for line in [
        "END",
        "",
        " ",
        "#",
        "a\nEND",
        "a\tb",
        "setenv a \"b",
        "setenv a #b",
        // No end of the inline file follows, so the daemon would end itself.
        "<push>",
        "--<ca>",
        "\"<ca>\"",
        " <x> ",
        &long,
    ] {
        assert!(PeerConfig::new().directive(line).is_err(), "{line:?}");
        assert!(PeerConfig::new().directive_unchecked(line).is_err(), "{line:?}");
        assert!(ClientAuth::new(Cid(0), Kid(0), [line]).is_err(), "{line:?}");
    }
    assert!(PeerConfig::new().push("x".repeat(249)).is_err());
    assert!(PeerConfig::new().push("x".repeat(248)).is_ok());
    assert!(PeerConfig::new().push("a\"".repeat(124)).is_err(), "quoting counts");
}

#[test]
fn takes_what_every_daemon_takes() {
    for line in [
        "push echo",
        "--push \"echo a\"",
        "push-reset",
        "push-remove topology",
        "push-remove \"route-gateway 10\"",
        "ifconfig-push 10.8.0.7 255.255.255.0",
        "ifconfig-push 10.8.0.6 10.8.0.5",
        "ifconfig-push 10.8.0.7 255.255.255.0 10.9.0.7",
        "ifconfig-ipv6-push fd00::7/64 fd00::1",
        "ifconfig-ipv6-push fd00::7/124 ::",
        "iroute 192.168.7.9",
        "iroute 0.0.0.0 0.0.0.0",
        "iroute 128.0.0.0 128.0.0.0",
        "iroute 192.168.7.9 255.255.255.255",
        "--iroute  192.168.7.0   '255.255.255.0'",
        "iroute-ipv6 fd00:7::/64",
        "iroute-ipv6 ::/0",
        "iroute-ipv6 fd00:7::1/128",
        "ping 0",
        "ping-exit 60",
        "ping-restart 86400",
        "ping-timer-rem",
        "inactive 60",
        "inactive 60 2147483647",
        "max-routes-per-client 1",
        "vlan-pvid 4094",
        "disable",
    ] {
        let taken = PeerConfig::new().directive(line);
        assert!(taken.is_ok(), "{line:?}: {taken:?}");
    }
}

#[test]
fn a_directive_that_nobody_knows_is_named_without_dashes_in_front() {
    for (line, named) in [("--nonsense", "nonsense"), ("nonsense x", "nonsense"), ("--", "--")] {
        let refused = PeerConfig::new().directive(line).unwrap_err();
        let Error::InvalidArgument { problem, .. } = refused else { panic!() };
        assert_eq!(problem, ArgumentProblem::UnknownDirective(Some(named.to_owned())));
    }
}

#[test]
fn refuses_parameters_that_the_daemon_drops_or_reads_otherwise() {
    for (line, says) in [
        ("push", "push has too few or too many parameters"),
        ("push echo hello", "too few or too many"),
        ("push \"echo a,b\"", "push holds a comma"),
        ("push \"\"", "push has an option that is empty"),
        ("push \"echo \\\"a\"", "push has an open quote"),
        ("push-reset now", "push-reset has too few or too many"),
        ("push-remove", "too few or too many"),
        ("push-remove \"\"", "would remove every option"),
        ("ifconfig-push 10.8.0.7", "too few or too many"),
        ("ifconfig-push 10.8.0.7 255.0.255.0", "ifconfig-push has a netmask with holes"),
        ("ifconfig-push 0.0.0.0 255.255.255.0", "zeros or ones alone"),
        ("ifconfig-push 10.8.0.7 0.0.0.0", "zeros or ones alone"),
        ("ifconfig-push 255.255.255.255 255.255.255.0", "zeros or ones alone"),
        ("ifconfig-push host.example 255.255.255.0", "should be an IPv4 address"),
        ("ifconfig-push 10.8.7 255.255.255.0", "should be an IPv4 address"),
        ("ifconfig-push 10.8.0.7 255.255.255.0 x", "should be an IPv4 address"),
        ("ifconfig-ipv6-push fd00::7/64", "has no remote address"),
        ("ifconfig-ipv6-push fd00::7 fd00::1", "without its prefix"),
        ("ifconfig-ipv6-push fd00::7/63 fd00::1", "is 63, outside 64 to 124"),
        ("ifconfig-ipv6-push fd00::7/125 fd00::1", "is 125, outside 64 to 124"),
        ("ifconfig-ipv6-push ::/64 fd00::1", "zeros or ones alone"),
        ("ifconfig-ipv6-push fd00::7/64 x", "should be an IPv6 address"),
        ("iroute", "too few or too many"),
        ("iroute 192.168.7.1 255.255.255.0", "iroute has a network with host bits"),
        ("iroute 192.168.7.0 255.0.255.0", "iroute has a netmask with holes"),
        ("iroute 10.1.0.0 0.0.255.255", "a netmask with holes"),
        ("iroute 192.168.7.0/24", "should be an IPv4 address"),
        ("iroute 192.168.7", "should be an IPv4 address"),
        ("iroute 010.0.0.8", "should be an IPv4 address"),
        ("iroute 192.168.7.0 24", "should be an IPv4 address"),
        ("iroute 0.0.0.0 255.0.0.0", "zeros or ones alone"),
        ("iroute 255.255.255.255", "zeros or ones alone"),
        ("iroute 192.168.7.0 255.255.255.0 1", "too few or too many"),
        ("iroute-ipv6 fd00:7::1/64", "iroute-ipv6 has a network with host bits"),
        ("iroute-ipv6 fd00:7::", "without its prefix"),
        ("iroute-ipv6 fd00:7::/", "a prefix that is no number"),
        ("iroute-ipv6 fd00:7::/129", "is 129, outside 0 to 128"),
        ("iroute-ipv6 fd00:7::/+64", "a prefix that is no number"),
        ("iroute-ipv6 ::/8", "zeros or ones alone"),
        ("iroute-ipv6 10.1.0.0/24", "should be an IPv6 address"),
        ("ping", "too few or too many"),
        ("ping -1", "should be a number"),
        ("ping 86401", "is 86401, outside 0 to 86400"),
        ("inactive 60 x", "should be a number"),
        ("inactive 60 1 2", "too few or too many"),
        ("max-routes-per-client 0", "is 0, outside 1 to 2147483647"),
        ("vlan-pvid 4095", "is 4095, outside 1 to 4094"),
        ("vlan-pvid 5x", "should be a number"),
        ("disable 1", "disable has too few or too many"),
    ] {
        assert!(refusal(line).contains(says), "{line:?}: {}", refusal(line));
        assert!([line].into_peer_config().is_err(), "{line:?}");
        assert!(PeerConfig::new().directive_unchecked(line).is_ok(), "{line:?}");
    }
}

#[test]
fn refuses_other_directives_by_name() {
    for (line, name) in [
        ("bogus-directive 1", "`bogus-directive`"),
        ("--route 10.1.0.0 255.255.0.0", "`route`"),
        ("setenv-safe A b", "`setenv-safe`"),
        ("setenv opt push \"echo a\"", "`setenv`"),
        ("config /etc/passwd", "`config`"),
        ("auth-token secret", "`auth-token`"),
        ("data-ciphers AES-256-GCM", "`data-ciphers`"),
        ("-push-reset", "`-push-reset`"),
        ("PUSH \"echo a\"", "no directive's name"),
    ] {
        let said = refusal(line);
        assert!(said.contains(name) && said.contains("directive_unchecked"), "{said}");
        assert!(PeerConfig::new().directive_unchecked(line).is_ok(), "{line:?}");
    }
    let said = refusal("SESS_ID_AT_c2VjcmV0");
    assert!(!said.contains("SESS_ID"), "what is no directive may be a secret: {said}");
}

#[test]
fn lines_keep_the_check_they_were_given() {
    let config = PeerConfig::new().directive_unchecked("session-timeout 60").unwrap();
    assert!(ClientAuth::new(Cid(0), Kid(0), &config).is_ok());
    assert!(ClientAuth::new(Cid(0), Kid(0), config.lines()).is_err(), "bare lines are checked");
    assert!(ClientAuth::new(Cid(0), Kid(0), config).is_ok());
    assert!(ClientAuth::new(Cid(0), Kid(0), [[0; 0]; 0]).is_ok());
    assert!(ClientAuth::new(Cid(0), Kid(0), vec!["push-reset".to_owned()]).is_ok());
}

/// An address, and how many bits of it are a network's, which are not all 0.
fn in_network() -> impl Strategy<Value = (u32, u32)> {
    (1..u32::MAX).prop_flat_map(|base| (Just(base), base.leading_zeros() + 1..=32))
}

fn in_ipv6_network() -> impl Strategy<Value = (u128, u8)> {
    let bits = |base: u128| u8::try_from(base.leading_zeros() + 1).unwrap()..=128;
    (1..u128::MAX).prop_flat_map(move |base| (Just(base), bits(base)))
}

proptest! {
    /// The typed methods refuse what is not a network, and write what is one.
    #[test]
    fn networks_have_no_host_bits((base, bits) in in_network()) {
        let netmask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        let config = |base: u32| PeerConfig::new().iroute(base.into(), netmask.into());
        prop_assert!(config(base & netmask).is_ok());
        prop_assert_eq!(config(base).is_ok(), base & netmask == base);
    }

    #[test]
    fn ipv6_networks_have_no_host_bits((base, bits) in in_ipv6_network()) {
        let netmask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
        let config = |base: u128| PeerConfig::new().iroute_ipv6(base.into(), bits);
        prop_assert!(config(base & netmask).is_ok());
        prop_assert_eq!(config(base).is_ok(), base & netmask == base);
    }

    #[test]
    fn netmasks_have_no_holes(mask: u32) {
        let is_one = mask.count_ones() == mask.leading_ones();
        let config = PeerConfig::new().iroute(Ipv4Addr::UNSPECIFIED, mask.into());
        prop_assert_eq!(config.is_ok(), is_one && mask.leading_ones() < 8);
    }

    #[test]
    fn any_line_is_read_without_a_panic(line: Vec<u8>) {
        let checked = PeerConfig::new().directive(&line);
        prop_assert!(checked.is_err() || PeerConfig::new().directive_unchecked(&line).is_ok());
    }
}
