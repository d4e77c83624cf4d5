use super::*;
use crate::events::BadField;

fn env(lines: &'static [&'static str]) -> Env {
    from_lines(lines, true)
}

fn from_lines(lines: &'static [&'static str], trusted: bool) -> Env {
    let mut collected = EnvLines::default();
    for line in lines {
        assert!(collected.push(line.as_bytes(), usize::MAX));
    }
    Env::new(collected, trusted)
}

fn error<T: std::fmt::Debug>(result: Result<T, BadField>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn pairs_keep_their_order_and_repeats() {
    let env = env(&["b=1", "a=x=y", "b=2", "c="]);
    let pairs: Vec<_> = env.iter().map(|(n, v)| format!("{n}:{v}")).collect();
    assert_eq!(pairs, ["b:1", "a:x=y", "b:2", "c:"]);
    assert_eq!(env.get("b"), Some("2".into()));
    assert_eq!(env.get_all("b").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!((env.get("c"), env.get("d")), (Some(Text::default()), None));
    assert_eq!((env.len(), env.is_empty()), (4, false));
}

#[test]
fn a_line_without_a_pair_is_kept() {
    let env = env(&["a=1", "no pair"]);
    assert_eq!(env.unparsed().collect::<Vec<_>>(), [Text::from("no pair")]);
    assert_eq!(env.len(), 1);
    assert_eq!(format!("{env:?}"), r#"{"a": "1", unparsed: 1}"#);
    assert_eq!(format!("{:?}", self::env(&["a=1"])), r#"{"a": "1"}"#);
}

/// A pair costs 12 bytes beside its own, its place in the text; a secret 228 on 64 bits: two texts and what allocates them.
#[test]
fn a_block_is_limited_to_the_byte_with_what_its_lines_cost() {
    let secret = size_of::<(Text, SecretText)>() + 4 + 96;
    for (lines, used) in [
        (&["a=1"][..], 3 + 12),
        (&["a=1", "bc=23"], 3 + 5 + 2 * 12),
        (&["a=1", "bc=23", "d=4"], 3 + 5 + 3 + 3 * 12),
        (&["pin=12", "d=4"], 5 + secret + 3 + 2 * 12),
        (&["pin=12", "pin=3", "d=4"], 5 + 4 + 2 * secret + 3 + 3 * 12),
    ] {
        for (limit, fits) in [(used, true), (used - 1, false)] {
            let mut collected = EnvLines::default();
            let (last, first) = lines.split_last().unwrap();
            for line in first {
                assert!(collected.push(line.as_bytes(), usize::MAX));
            }
            assert_eq!(collected.push(last.as_bytes(), limit), fits, "{lines:?} in {limit}");
        }
    }
}

#[test]
fn it_tells_how_much_memory_it_holds() {
    assert_eq!(env(&[]).own_bytes(), 0);
    assert_eq!(env(&["a=1", "bc=23"]).own_bytes(), 8 + 2 * 12);
    assert_eq!(env(&["a=1", "pin=12"]).own_bytes(), 3 + 12 + 4 + "pin=12".len());
}

#[test]
fn a_user_is_compared_by_name() {
    let alice = env(&["username=alice"]);
    assert_eq!((alice.is_user("alice"), alice.is_user(b"bob")), (Ok(true), Ok(false)));
    assert_eq!(env(&[]).is_user(""), Ok(false));
    assert!(from_lines(&["username=alice"], false).is_user("alice").is_err());
}

#[test]
fn ways_of_pending_authentication_are_whole_words() {
    let env = env(&["IV_SSO=webauth,openurlx,crtext"]);
    let known = [SsoMethod::WebAuth, SsoMethod::OpenUrl, SsoMethod::CrText];
    assert_eq!(known.map(|method| env.supports_sso(method)), [true, false, true]);
}

#[test]
fn secrets_are_redacted() {
    let env =
        env(&["username=al", "password=hunter2", "UV_Auth_Token=hunter2", "x_response=hunter2"]);
    let shown = format!("{env:?}");
    assert!(shown.contains(r#""username": "al""#) && !shown.contains("hunter2"), "{shown}");
    assert_eq!(env.password().unwrap().unwrap().expose(), b"hunter2");
}

#[test]
fn absent_and_unreadable_are_told_apart() {
    let none = env(&[]);
    assert_eq!(
        (none.time_unix(), none.untrusted_addr(), none.password()),
        (Ok(None), Ok(None), Ok(None))
    );
    let bad = env(&["time_unix=", "untrusted_ip=x", "trusted_port=65536", "bytes_sent=-1"]);
    assert_eq!(error(bad.time_unix()), "`time_unix` is not a number");
    assert_eq!(error(bad.untrusted_ip()), "`untrusted_ip` is not an IP address");
    assert_eq!(error(bad.untrusted_addr()), "`untrusted_ip` is not an IP address");
    assert_eq!(error(bad.trusted_port()), "`trusted_port` is not a port");
    assert_eq!(error(bad.bytes_sent()), "`bytes_sent` is not a number");
    let error = bad.time_unix().unwrap_err();
    assert_eq!((error.field(), error.expected()), (&"time_unix".into(), "a number"));
    assert!(!error.is_withheld() && !error.is_untrusted());
}

#[test]
fn addresses() {
    let v4 = env(&["untrusted_ip=10.1.2.3", "untrusted_port=1194", "trusted_ip=::1"]);
    assert_eq!(v4.untrusted_addr(), Ok(Some("10.1.2.3:1194".parse().unwrap())));
    assert_eq!(v4.trusted_ip(), Ok(Some("::1".parse().unwrap())));
    assert_eq!(v4.trusted_addr(), Ok(None));
    let v6 = env(&[
        "untrusted_ip6=fe80::1%eth0",
        "untrusted_port=5",
        "ifconfig_pool_remote_ip=10.8.0.2",
    ]);
    assert_eq!(v6.untrusted_addr(), Ok(Some("[fe80::1]:5".parse().unwrap())));
    assert_eq!(v6.ifconfig_pool_remote_ip(), Ok(Some("10.8.0.2".parse().unwrap())));
}

#[test]
fn both_parts_of_a_trusted_address() {
    let env =
        env(&["trusted_ip=10.1.2.3", "trusted_port=1194", "ifconfig_pool_remote_ip6=fd00::2"]);
    assert_eq!(env.trusted_addr(), Ok(Some("10.1.2.3:1194".parse().unwrap())));
    assert_eq!(env.ifconfig_pool_remote_ip6(), Ok(Some("fd00::2".parse().unwrap())));
}

#[test]
fn an_attempt_is_counted_by_the_last_address_whatever_vouches_for_it() {
    let counted = |lines| from_lines(lines, false).peer_address().map(|ip| ip.to_string());
    assert_eq!(
        counted(&["untrusted_ip=10.0.0.9", "untrusted_ip=10.0.0.1"]),
        Some("10.0.0.1".into())
    );
    assert_eq!(
        counted(&["untrusted_ip6=fe80::1%eth0", "trusted_ip=10.0.0.1"]),
        Some("fe80::1".into())
    );
    assert_eq!(counted(&["trusted_ip6=fe80::2", "a=10.0.0.1"]), Some("fe80::2".into()));
    assert_eq!(counted(&["a=10.0.0.1"]), None);
}

#[test]
fn what_a_session_carried() {
    let env = env(&["bytes_received=5", "bytes_sent=6", "time_duration=7", "time_unix=8"]);
    assert_eq!((env.bytes_received(), env.bytes_sent()), (Ok(Some(5)), Ok(Some(6))));
    assert_eq!((env.time_duration(), env.time_unix()), (Ok(Some(7)), Ok(Some(8))));
}

#[test]
fn what_a_client_says_of_its_machine() {
    let env = env(&[
        "IV_PLAT=win",
        "IV_PLAT_VER=10.0",
        "IV_GUI_VER=OpenVPN_GUI_11",
        "IV_SSL=OpenSSL_3",
        "IV_HWADDR=00:11",
        "IV_MTU=1600",
    ]);
    assert_eq!((env.iv_plat(), env.iv_plat_ver()), (Some("win".into()), Some("10.0".into())));
    assert_eq!(
        (env.iv_gui_ver(), env.iv_ssl(), env.iv_hwaddr()),
        (Some("OpenVPN_GUI_11".into()), Some("OpenSSL_3".into()), Some("00:11".into()))
    );
    assert_eq!(env.iv_mtu(), Ok(Some(1600)));
}

#[test]
fn peer_info_is_what_the_client_says() {
    let env = env(&[
        "n_clients=0",
        "IV_VER=2.6.14",
        "IV_PROTO=990",
        "IV_SSO=webauth,crtext",
        "UV_NAME=x",
        "IV_CIPHERS=A:B",
        "username=a",
    ]);
    assert_eq!(env.peer_info().count(), 5);
    assert_eq!((env.iv_ver(), env.iv_proto()), (Some("2.6.14".into()), Ok(Some(990))));
    assert_eq!(env.iv_sso().collect::<Vec<_>>(), ["webauth", "crtext"]);
    assert_eq!(env.iv_ciphers().count(), 2);
    assert_eq!((env.iv_plat(), env.iv_mtu()), (None, Ok(None)));
}

#[test]
fn certificates_go_by_depth() {
    let env = env(&[
        "tls_serial_hex_0=0a",
        "tls_serial_0=10",
        "tls_serial_1=11",
        "tls_digest_sha256_0=d2",
        "tls_digest_0=d1",
        "tls_id_1=CN=ca",
        "X509_0_CN=alice",
        "X509_0_OU=one",
        "X509_0_OU_1=two",
        "X509_10_CN=far",
    ]);
    let text = |text: &'static str| Text::from(text);
    assert_eq!(
        (env.tls_serial(0), env.tls_serial(1)),
        (Ok(Some(text("10"))), Ok(Some(text("11"))))
    );
    assert_eq!((env.tls_serial(2), env.tls_serial_hex(0)), (Ok(None), Ok(Some(text("0a")))));
    assert_eq!(
        (env.tls_digest(0), env.tls_digest_sha256(0)),
        (Ok(Some(text("d1"))), Ok(Some(text("d2"))))
    );
    assert_eq!(env.tls_id(1), Ok(Some(text("CN=ca"))));
    assert_eq!((env.x509(0, "CN"), env.x509(1, "CN")), (Ok(Some(text("alice"))), Ok(None)));
    assert_eq!(env.x509(10, "CN"), Ok(Some(text("far"))));
    let fields: Vec<_> = env.x509_fields(0).unwrap().map(|(field, _)| field).collect();
    assert_eq!(fields, ["CN", "OU", "OU_1"]);
}

#[test]
fn session_states() {
    for name in
        "Initial Authenticated AuthenticatedEmptyUser Expired ExpiredEmptyUser Invalid".split(' ')
    {
        let state = SessionState::from_wire(&Text::from(name));
        assert!(!matches!(state, SessionState::Unknown(_)));
        assert_eq!(state.to_string(), name);
    }
    let env = env(&["session_state=Empty", "session_id=x"]);
    assert_eq!(env.session_state(), Ok(Some(SessionState::Unknown("Empty".into()))));
}

#[test]
fn what_a_client_may_have_claimed_is_told_by_every_typed_getter() {
    let claimed = from_lines(
        &[
            "common_name=admin",
            "username=admin",
            "password=x",
            "session_state=Authenticated",
            "session_id=x",
            "trusted_ip=127.0.0.1",
            "untrusted_port=1",
            "tls_digest_0=aa",
            "X509_0_CN=admin",
            "bytes_sent=1",
            "IV_VER=2.6.14",
            "IV_PROTO=990",
        ],
        false,
    );
    assert!(!claimed.is_trusted());
    let untrusted = [
        claimed.common_name().err(),
        claimed.username().err(),
        claimed.password().err(),
        claimed.session_state().err(),
        claimed.session_id().err(),
        claimed.trusted_ip().err(),
        claimed.untrusted_addr().err(),
        claimed.tls_digest(0).err(),
        claimed.x509(0, "CN").err(),
        claimed.x509_fields(0).err(),
        claimed.bytes_sent().err(),
        // Also what it does not hold: the client may have kept it from being seen.
        claimed.time_unix().err(),
    ];
    for (at, error) in untrusted.into_iter().enumerate() {
        assert!(error.is_some_and(|error| error.is_untrusted()), "{at}");
    }
    assert_eq!((claimed.iv_ver(), claimed.iv_proto()), (Some("2.6.14".into()), Ok(Some(990))));
    assert_eq!(claimed.get("common_name"), Some("admin".into()));
    assert!(format!("{claimed:?}").starts_with("{trusted: false"), "{claimed:?}");
}
