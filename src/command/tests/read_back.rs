//! Each command value reads the line it writes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Reads back what each version writes; one that does not know the command, or would cut it, writes nothing.
fn is_read_back<C: Command + Parse + PartialEq + 'static>(command: &C) -> usize {
    let announced = V2_7.with_announced(5);
    let versions = DIALECTS.into_iter().chain([announced]);
    let written = versions.filter_map(|dialect| Some((dialect, command.encode(dialect).ok()?)));
    let check = |(dialect, encoded): (Dialect, Encoded)| {
        assert_eq!(&read::<C>(encoded.as_bytes(), dialect).unwrap(), command);
        assert_eq!(parse(encoded.as_bytes(), dialect).unwrap().downcast_ref(), Some(command));
    };
    written.map(check).count()
}

#[test]
fn what_not_all_versions_have_is_read_back() {
    let pem = "-----BEGIN X-----\r\n\r\nAAAA \nBBBB\n-----END X-----";
    for (written, versions) in [
        (is_read_back(&Certificate::new(pem)), 6),
        (is_read_back(&PkSig::new(vec![7; 200])), 5),
        (is_read_back(&CrResponse::new("123")), 5),
        (is_read_back(&ClientPf::new(Cid(7), ["[CLIENTS ACCEPT]", "-unknown", "[END]"])), 2),
        (is_read_back(&PushUpdate::broad("echo x")), 2),
        (is_read_back(&PushUpdate::cid(Cid(7), "echo \"x\"")), 2),
        (is_read_back(&RemoteAction::SkipBy(2)), 4),
        (is_read_back(&RemoteEntryCount), 4),
        (is_read_back(&RemoteEntryGet::all()), 4),
        (is_read_back(&RemoteEntryGet::range(0..u32::MAX)), 4),
        (is_read_back(&ProxyAction::Socks { host: "::1".to_owned(), port: 1080 }), 6),
        (is_read_back(&Password::new("Auth", "x".repeat(4095))), 1),
    ] {
        assert_eq!(written, versions);
    }
    for no_clear_text in [true, false] {
        let http = ProxyAction::Http { host: "proxy".to_owned(), port: 3128, no_clear_text };
        assert_eq!(is_read_back(&http), 6);
    }
    for signal in
        [Signal::Sighup, Signal::Sigint, Signal::Sigterm, Signal::Sigusr1, Signal::Sigusr2]
    {
        assert_eq!(is_read_back(&signal), 6);
    }
    for mode in [Mode::None, Mode::Interact, Mode::NoInteract] {
        assert_eq!(is_read_back(&SetAuthRetry(mode)), 6);
    }
    for level in [EnvFilter::All, EnvFilter::Reduced, EnvFilter::Minimal] {
        assert_eq!(is_read_back(&level), 6);
    }
    for channel in [Channel::State, Channel::Log, Channel::Echo] {
        assert_eq!(is_read_back(&Notifications::on(channel)), 6);
        assert_eq!(is_read_back(&Notifications::off(channel)), 6);
    }
}

#[test]
fn an_older_form_holds_what_it_says() {
    let pending = ClientPendingAuth::new(Cid(7), Kid(1), "OPEN_URL:x", Duration::from_secs(30));
    assert_eq!(
        read::<ClientPendingAuth>(b"client-pending-auth 7 1 OPEN_URL:x 30\n", V2_6).unwrap(),
        pending
    );
    for (line, dialect) in [
        ("client-pending-auth 7 \"OPEN_URL:x\"\n", V2_5),
        ("client-pending-auth 7 \"OPEN_URL:x\" 30\n", V2_6_0),
    ] {
        let older: ClientPendingAuth = read(line.as_bytes(), dialect).unwrap();
        assert_ne!(older, pending);
        assert_eq!(written(&older, dialect), line);
        assert!(refusal(&older, V2_6).ends_with("is empty"));
    }
    let ip = Ipv4Addr::new(192, 0, 2, 1);
    let kill: KillTarget = read(b"kill 192.0.2.1:1194\n", V2_6).unwrap();
    assert_eq!(kill, KillTarget::AnyTransport { ip, port: 1194 });
    assert_eq!(written(&kill, V2_6), "kill 192.0.2.1:1194\n");
    assert!(refusal(&kill, V2_7).contains("OpenVPN 2.6 or earlier"));
    let told = KillTarget::Address { transport: Transport::Udp, ip: ip.into(), port: 1194 };
    assert_eq!(read::<KillTarget>(b"kill udp:192.0.2.1:1194\n", V2_7).unwrap(), told);
    assert_eq!(read::<RemoteAction>(b"remote SKIP 2\n", V2_5).unwrap(), RemoteAction::Skip);
}

#[test]
fn what_daemons_take_beyond_our_own_form_is_read() {
    assert_eq!(read::<Pid>(b"pid x\n", V2_6), Ok(Pid));
    assert_eq!(read::<Quit>(b"exit\n", V2_6), Ok(Quit));
    assert_eq!(read::<EnvFilter>(b"env-filter\n", V2_6), Ok(EnvFilter::All));
    assert_eq!(read::<NeedOk>(b"needok 'x' \"ok\"\n", V2_6), Ok(NeedOk::ok("x")));
    assert_eq!(read::<NetworkChange>(b"network-change x\n", V2_6), Ok(NetworkChange::Changed));
    assert_eq!(
        read::<RemoteEntryGet>(b"remote-entry-get 3\n", V2_6),
        Ok(RemoteEntryGet::range(3..4))
    );
    let deny = ClientDeny::new(Cid(7), Kid(1), "a").client_reason("");
    assert_eq!(read::<ClientDeny>(b"client-deny 7 1 a '' more\n", V2_6), Ok(deny));
}

#[test]
fn what_is_no_value_is_a_problem() {
    fn fails<C: Parse + std::fmt::Debug>(lines: &[&str]) {
        for line in lines {
            read::<C>(format!("{line}\n").as_bytes(), V2_6).unwrap_err();
        }
    }
    fails::<Version>(&["version 5"]);
    fails::<AnnounceVersion>(&["version", "version x", "version -1"]);
    fails::<Signal>(&["signal", "signal SIGQUIT", "signal sigterm"]);
    fails::<SetVerb>(&["verb", "verb 256", "verb 4x"]);
    fails::<Test>(&["test", "test -1"]);
    fails::<Status>(&["status", "status 4"]);
    fails::<Notifications>(&["state", "log 5", "echo on all", "state off 5"]);
    fails::<HistoryOf<LogLine>>(&["log", "log off", "log on", "log on off"]);
    fails::<SetHold>(&["hold", "hold x"]);
    fails::<HoldRelease>(&["hold", "hold x"]);
    fails::<Bytecount>(&["bytecount", "bytecount -1"]);
    fails::<ClientAuth>(&["client-auth 7 1", "client-auth 7\nEND", "client-auth 7x 1\nEND"]);
    fails::<ClientAuthNt>(&["client-auth-nt 7", "client-auth-nt 7 x"]);
    fails::<ClientDeny>(&["client-deny 7 1", "client-deny x 1 a", "client-deny 7 4294967296 a"]);
    fails::<ClientKill>(&["client-kill", "client-kill 18446744073709551616"]);
    fails::<ClientPendingAuth>(&["client-pending-auth 7 1 x", "client-pending-auth 7 1 x y"]);
    fails::<ClientPf>(&["client-pf 7", "client-pf x\nEND"]);
    fails::<EnvFilter>(&["env-filter 3"]);
    fails::<PushUpdate>(&["push-update-broad", "push-update-cid 7", "push-update-cid x y"]);
    fails::<KillTarget>(&["kill", "kill udp:192.0.2.1:9", "kill 192.0.2.1:x", "kill a:9"]);
    fails::<Username>(&["username Auth"]);
    fails::<Password>(&["password", "password Auth", "password Auth\n!\nEND"]);
    fails::<NeedOk>(&["needok x"]);
    fails::<CrResponse>(&["cr-response", "cr-response MTI"]);
    fails::<SetAuthRetry>(&["auth-retry", "auth-retry x"]);
    fails::<PkSig>(&["pk-sig", "pk-sig\nA\nEND"]);
    fails::<Certificate>(&["certificate"]);
    fails::<Pkcs11IdGet>(&["pkcs11-id-get", "pkcs11-id-get x"]);
    fails::<RemoteAction>(&["remote", "remote MOD h", "remote MOD h 65536", "remote SKIP x"]);
    fails::<ProxyAction>(&["proxy", "proxy HTTP h", "proxy SOCKS h x"]);
    fails::<RemoteEntryGet>(&["remote-entry-get", "remote-entry-get 1 x"]);
    assert!(read::<KillTarget>(b"kill \xff\n", V2_6).is_err());
    assert!(read::<Certificate>(b"certificate\n\xff\nEND\n", V2_6).is_err());
}

/// What a parameter can hold, those that need escapes among it.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        Just(b'"'),
        Just(b'\\'),
        Just(b' '),
        Just(b'\''),
        Just(b'#'),
        0x20_u8..=0x7e,
        0x80_u8..
    ];
    vec(byte, 1..40)
}

proptest! {
    #[test]
    fn texts_are_read_back(kind in text(), value in text(), more in proptest::option::of(text())) {
        let (cid, kid) = (Cid(u64::MAX), Kid(u32::MAX));
        is_read_back(&Username::new(&kind, value.clone()));
        is_read_back(&Password::new(&kind, value.clone()));
        is_read_back(&NeedOk::with(&kind, &value));
        is_read_back(&NeedStr::new(&kind, value.clone()));
        is_read_back(&CrResponse::new(value.clone()));
        is_read_back(&PushUpdate::cid(cid, &value));
        let deny = ClientDeny::new(cid, kid, &kind);
        is_read_back(&if let Some(more) = &more { deny.client_reason(more) } else { deny });
        let kill = ClientKill::new(cid);
        is_read_back(&if let Some(more) = &more { kill.message(more) } else { kill });
        let filter = [b"[".as_slice(), &value].concat();
        prop_assert_eq!(is_read_back(&ClientPf::new(cid, [&filter, &filter])), 2);
        is_read_back(&PkSig::new(value.clone()));
        is_read_back(&RsaSig::new(value));
    }

    #[test]
    fn names_are_read_back(name in "[ -~é]{1,60}", port in 1_u16..) {
        is_read_back(&KillTarget::CommonName(name.clone()));
        is_read_back(&RemoteAction::Modify { host: name.clone(), port });
        is_read_back(&ProxyAction::Socks { host: name.clone(), port });
        is_read_back(&ProxyAction::Http { host: name.clone(), port, no_clear_text: true });
        is_read_back(&Certificate::new(format!("-----BEGIN {name}\n{name}")));
        if let Ok(config) = PeerConfig::new().directive_unchecked(&name) {
            prop_assert_eq!(is_read_back(&ClientAuth::new(Cid(1), Kid(2), config).unwrap()), 6);
        }
    }

    #[test]
    fn numbers_are_read_back(number in any::<u32>(), long in any::<u64>(), port in 1_u16.., ip in any::<[u8; 4]>()) {
        let seconds = Duration::from_secs(number.into());
        is_read_back(&AnnounceVersion(number));
        is_read_back(&SetMute(number));
        is_read_back(&Test(number));
        is_read_back(&HistoryOf::<Echo>::new(number));
        is_read_back(&HistoryOf::<LogLine>::new(number).turning_on());
        is_read_back(&Bytecount::every(seconds));
        is_read_back(&Pkcs11IdGet(number));
        is_read_back(&ClientAuthNt::new(Cid(long), Kid(number)));
        let pending = ClientPendingAuth::new(Cid(long), Kid(number), "CR_TEXT:R:x", seconds);
        for dialect in [V2_6, V2_7] {
            if let Ok(encoded) = pending.encode(dialect) {
                prop_assert_eq!(&read::<ClientPendingAuth>(encoded.as_bytes(), dialect).unwrap(), &pending);
            }
        }
        for transport in [Transport::Udp, Transport::Tcp] {
            let kill = KillTarget::Address { transport, ip: ip.into(), port };
            let encoded = kill.encode(V2_7).unwrap();
            prop_assert_eq!(&read::<KillTarget>(encoded.as_bytes(), V2_7).unwrap(), &kill);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn long_passwords_are_read_back(password in vec(0x20_u8..0x7f, 257..4096)) {
        prop_assert_eq!(is_read_back(&Password::new("Auth", password)), 1);
    }
}
