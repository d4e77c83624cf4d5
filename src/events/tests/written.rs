//! What is written is read back, for every family.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::option;
use proptest::strategy::Union;

use super::*;
use crate::demux::{Demuxer, Item};
use crate::types::{Cid, Kid, Text, VirtualAddress, WriteRow, any_text};

/// The events of what was written, read as the client reads it.
fn read(written: &[u8]) -> Vec<Event> {
    let (mut demuxer, mut assembler, mut events) = (Demuxer::new(), Assembler::new(), Vec::new());
    assembler.set_env_trusted(true);
    demuxer.feed(written);
    while let Some(item) = demuxer.next_item() {
        match item.unwrap() {
            Item::Event(line) => assembler.push(&line, &mut |event| events.push(event)),
            Item::Reply(line) => events.push(Event::Stray(Stray::new(line))),
            Item::PasswordPrompt => panic!("a prompt"),
        }
    }
    if let Some(Item::Event(line)) = demuxer.finish() {
        events.push(Event::Malformed(Malformed::cut(line)));
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

fn written(event: &Event) -> String {
    String::from_utf8(event.to_bytes().unwrap()).unwrap()
}

#[test]
fn every_sample_is_written_as_it_came() {
    for line in SAMPLES {
        assert_eq!(written(&parse(line)), format!(">{line}\r\n"));
    }
    for line in
        ["NOSUCH:x", "x", "", "LOG:x", "CLIENT:ENV,a=1", "CLIENT:ADDRESS,0,10.1.0.0/255.255.0.0,0"]
    {
        assert_eq!(written(&parse(line)), format!(">{line}\r\n"));
    }
}

#[test]
fn blocks_are_written_as_they_came() {
    for block in [
        ">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,END\r\n",
        ">CLIENT:CONNECT,0,1,more,\r\n>CLIENT:ENV,a=1\r\n>CLIENT:ENV,password=x=y\r\n>CLIENT:ENV,\r\n\
         >CLIENT:ENV,token\r\n>CLIENT:ENV,b=\r\n>CLIENT:ENV,secret=\r\n>CLIENT:ENV,END\r\n",
        ">CLIENT:REAUTH,0,2\r\n>CLIENT:ENV,bare\r\n>CLIENT:ENV,END\r\n",
        ">CLIENT:ESTABLISHED,0,\r\n>CLIENT:ENV,END\r\n",
        ">CLIENT:DISCONNECT,0\r\n>CLIENT:ENV,a=1\r\n>CLIENT:ENV,a=2\r\n>CLIENT:ENV,END\r\n",
        ">CLIENT:CR_RESPONSE,0,1,MTIz\r\n>CLIENT:ENV,password=x\r\n>CLIENT:ENV,END\r\n",
        ">UPDOWN:UP\r\n>UPDOWN:ENV,dev=tun0\r\n>UPDOWN:ENV,END\r\n",
        ">UPDOWN:DOWN\r\n>UPDOWN:ENV,END\r\n",
        // A kind that is not known, and blocks without an end.
        ">CLIENT:NEW,0\r\n>CLIENT:ENV,a=1\r\n>CLIENT:ENV,END\r\n",
        ">CLIENT:NEW,0\r\n",
        ">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,password=x\r\n",
        ">UPDOWN:UP\r\n>UPDOWN:ENV,dev=tun0\r\n",
        // A line without an end, and one of no event.
        ">LOG:1,I,tex",
        "PROTECTFD: fd '7' sent to be protected\r\n",
    ] {
        let events = read(block.as_bytes());
        let [event] = events.as_slice() else { panic!("{block}: {events:?}") };
        assert_eq!(written(event), block);
    }
}

#[test]
fn a_second_line_is_refused_and_nothing_written() {
    let mut out = b"before".to_vec();
    for text in ["x\n>FATAL:y", "x\r\n>FATAL:y", "\n"] {
        let env = Env::builder().set("a", "1").set("password", text).build().unwrap();
        let bare = Env::builder().line(text).build().unwrap();
        for event in [
            Event::Log(LogLine::new(1, LogFlags::default(), text)),
            Event::Echo(Echo::new(1, text)),
            Event::Fatal(Fatal::new(text)),
            Event::Client(ClientEvent::connect(Cid(0), Kid(1), env)),
            Event::UpDown(UpDown::new(Direction::Up, bare)),
            Event::Password(Password::auth_token(text)),
        ] {
            let error = event.write(&mut out).unwrap_err();
            assert!(matches!(error, WriteError::LineEnd { .. }), "{event:?}: {error}");
            assert_eq!(out, b"before");
        }
    }
}

#[test]
fn what_is_withheld_is_not_written() {
    for line in [
        "PASSWORD:Auth-Token:x",
        "PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:Om01u7:Y3Ix:PIN']",
        "INFOMSG:OPEN_URL:https://x/",
        "INFOMSG:WEB_AUTH:proxy=h;1;;cHc=:https://x/",
        "CLIENT:ADDRESS,0,10.8.0.2,1,x",
        "CLIENT:CONNECT,x,password",
        "PASSWORT:x",
    ] {
        let error = parse(line).withhold_secrets().to_bytes().unwrap_err();
        assert!(matches!(error, WriteError::Withheld { .. }), "{line}: {error}");
    }
    let connect = ">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,password=x\r\n>CLIENT:ENV,END\r\n";
    let event = read(connect.as_bytes()).remove(0).withhold_secrets();
    let error = event.to_bytes().unwrap_err().to_string();
    assert_eq!(error, "the secret of the environment is withheld");
    // What was cut in a text is written as it is now.
    let log = parse("LOG:1,D,MANAGEMENT: CMD 'cr-response MTIz'").withhold_secrets();
    assert_eq!(written(&log), ">LOG:1,D,MANAGEMENT: CMD 'cr-response [redacted]\r\n");
    // What holds no secret is whole.
    let failed = parse("PASSWORD:Verification Failed: 'Auth' ['no']").withhold_secrets();
    assert_eq!(written(&failed), ">PASSWORD:Verification Failed: 'Auth' ['no']\r\n");
}

#[test]
fn values_that_are_built_are_written() {
    let pss = SignAlgorithm::pss("SHA256", SaltLength::Digest);
    let sign = PkSign { algorithm: Some(pss), ..PkSign::new(SignCommand::PkSig, b"abc") };
    let proxy = WebAuthFlag::Proxy(WebAuthProxy::new("::1", 8080, "cr1", "pw".into()));
    let challenge = StaticChallenge::new(1, "PIN?");
    for (event, line) in [
        (Event::Hold(Hold::new(10)), ">HOLD:Waiting for hold release:10"),
        (
            Event::Info(Info::greeting(5)),
            ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info",
        ),
        (Event::State(State::new(1, StateName::Wait)), ">STATE:1,WAIT,,,,,,"),
        (Event::ByteCountClient(ByteCountClient::new(Cid(7), 1, 2)), ">BYTECOUNT_CLI:7,1,2"),
        (Event::Log(LogLine::new(1, LogFlags::new("NW").unwrap(), "x")), ">LOG:1,NW,x"),
        (
            Event::Password(Password::need_user_pass(Realm::Auth, Some(challenge))),
            ">PASSWORD:Need 'Auth' username/password SC:1,PIN?",
        ),
        (
            Event::Password(Password::need_password(Realm::new("Private Key"), None)),
            ">PASSWORD:Need 'Private Key' password",
        ),
        (
            Event::Password(Password::verification_failed(Realm::Auth, None)),
            ">PASSWORD:Verification Failed: 'Auth'",
        ),
        (
            Event::InfoMsg(InfoMsg::cr_text(ChallengeFlags::new("R,E"), "code")),
            ">INFOMSG:CR_TEXT:R,E:code",
        ),
        (
            Event::InfoMsg(InfoMsg::WebAuth(WebAuth::new(
                [proxy, WebAuthFlag::Hidden],
                "https://x",
            ))),
            ">INFOMSG:WEB_AUTH:proxy=[::1];8080;Y3Ix;cHc=,hidden:https://x",
        ),
        (Event::NeedOk(NeedOk::new("n", "t")), ">NEED-OK:Need 'n' confirmation MSG:t"),
        (Event::NeedStr(NeedStr::new("n", "t")), ">NEED-STR:Need 'n' string MSG:t"),
        (Event::Notify(Notify::info("remote-exit", "EXIT")), ">NOTIFY:info,remote-exit,EXIT"),
        (Event::PkSign(sign), ">PK_SIGN:YWJj,RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest"),
        (Event::Proxy(ProxyQuery::new(1, ProxyProtocol::Tcp, "h")), ">PROXY:1,TCP,h"),
        (
            Event::Remote(RemoteQuery::new("h", RemotePort::Number(1194), "udp")),
            ">REMOTE:h,1194,udp",
        ),
        (
            Event::Client(ClientEvent::address(Cid(0), "10.1.0.0/255.255.0.0", false)),
            ">CLIENT:ADDRESS,0,10.1.0.0/255.255.0.0,0",
        ),
    ] {
        assert_eq!(written(&event), format!("{line}\r\n"));
        assert_eq!(read(&event.to_bytes().unwrap()), [event]);
    }
    let state = State::builder(1, StateName::Exiting).detail("a,b").build();
    assert_eq!(state.unwrap_err().to_string(), "the detail holds what ends it");
    let env = Env::builder().set("a=b", "c").build();
    assert_eq!(env.unwrap_err().to_string(), "the name of a line holds an equals sign");
}

#[test]
fn an_event_is_no_larger_for_what_it_writes() {
    assert!(size_of::<Event>() <= 120, "{}", size_of::<Event>());
}

#[test]
fn what_contradicts_itself_is_refused() {
    let Event::Client(ClientEvent::Address { cid, text, primary, extra, .. }) =
        parse("CLIENT:ADDRESS,0,10.1.0.0/255.255.0.0,1")
    else {
        panic!()
    };
    let address = VirtualAddress::Ip(Ipv4Addr::LOCALHOST.into());
    let sign = PkSign { data: Bytes::from_static(b"x"), ..PkSign::new(SignCommand::PkSig, b"abc") };
    for (event, error) in [
        (
            Event::Client(ClientEvent::Address { cid, address, text, primary, extra }),
            "the address is not that of its text",
        ),
        (
            Event::Hold(Hold { seconds: Some(1), ..Hold::new(2) }),
            "the text would be read as something else",
        ),
        (Event::PkSign(sign), "the data or algorithm would be read as something else"),
        (
            Event::State(State::new(1, StateName::Unknown("WAIT".into()))),
            "the name is none, or that of another state",
        ),
        (
            Event::Client(ClientEvent::connect(
                Cid(0),
                Kid(0),
                Env::builder().line("END").build().unwrap(),
            )),
            "the environment holds its own end",
        ),
    ] {
        assert_eq!(event.to_bytes().unwrap_err().to_string(), error);
    }
}

prop_compose! {
    fn any_env()(
        lines in vec((any_text(), any_text()), 0..4),
        secrets in vec(("password|[ab]_token|secret_1", any_text()), 0..3),
        bare in option::of(any_text()),
    ) -> Env {
        let is_name = |name: &Text| !name.as_bytes().contains(&b'=');
        let mut secrets = secrets.into_iter();
        let mut env = Env::builder().trusted(true);
        for (name, value) in lines.into_iter().filter(|(name, _)| is_name(name)) {
            env = env.set(name, value);
            env = secrets.next().into_iter().fold(env, |env, (name, value)| env.set(name, value));
        }
        env = secrets.fold(env, |env, (name, value)| env.set(name, value));
        bare.into_iter().fold(env, EnvBuilder::line).build().unwrap()
    }
}

fn any_client() -> impl Strategy<Value = ClientEvent> {
    let extra = option::of(any_text().prop_map(SecretText::new));
    let address =
        prop_oneof!["10\\.1\\.0\\.0/(16|255\\.255\\.0\\.0)".prop_map(Text::from), any_text()];
    (0..6, any::<u64>(), any::<u32>(), any_env(), extra, address, any::<bool>()).prop_map(
        |(kind, cid, kid, env, extra, text, primary)| {
            let (cid, kid) = (Cid(cid), Kid(kid));
            match kind {
                0 => ClientEvent::Connect { cid, kid, env, extra },
                1 => ClientEvent::Reauth { cid, kid, env, extra },
                2 => ClientEvent::Established { cid, env, extra },
                3 => ClientEvent::Disconnect { cid, env, extra },
                4 => ClientEvent::cr_response(cid, kid, text, env),
                _ => match ClientEvent::address(cid, text, primary) {
                    ClientEvent::Address { cid, address, text, primary, .. } => {
                        ClientEvent::Address { cid, address, text, primary, extra }
                    }
                    other => other,
                },
            }
        },
    )
}

fn any_realm() -> impl Strategy<Value = Realm> {
    prop_oneof![
        Just(Realm::Auth),
        "Auth|Private Key|it's' password|x' password SC:1,y"
            .prop_map(|name| Realm::Other(name.into())),
        any_text().prop_map(Realm::Other),
    ]
}

fn any_password() -> impl Strategy<Value = Password> {
    let challenge = option::of(
        (any::<u32>(), any_text()).prop_map(|(flags, text)| StaticChallenge::new(flags, text)),
    );
    let reason = prop_oneof![
        any_text(),
        "CRV1:[RE,]{0,3}:[a-z]{1,3}:(Y3Ix|x):[a-z:']{0,4}".prop_map(Text::from)
    ];
    (0..5, any_realm(), challenge, option::of(reason), any_text()).prop_map(
        |(kind, realm, challenge, reason, token)| match kind {
            0 => Password::need_user_pass(realm, challenge),
            1 => Password::need_password(realm, challenge),
            2 => Password::need_username(realm),
            3 => Password::verification_failed(realm, reason),
            _ => Password::auth_token(token),
        },
    )
}

fn any_info_msg() -> impl Strategy<Value = InfoMsg> {
    let proxy = (any_text(), any::<u16>(), any_text(), any_text()).prop_map(
        |(host, port, user, password)| {
            WebAuthFlag::Proxy(WebAuthProxy::new(host, port, user, password))
        },
    );
    let flag = prop_oneof![
        Just(WebAuthFlag::Hidden),
        Just(WebAuthFlag::External),
        any_text().prop_map(|flag| WebAuthFlag::Unknown(SecretText::new(flag))),
        proxy,
    ];
    prop_oneof![
        (vec(flag, 0..3), any_text())
            .prop_map(|(flags, url)| InfoMsg::WebAuth(WebAuth::new(flags, url))),
        any_text().prop_map(|url| InfoMsg::OpenUrl(SecretText::new(url))),
        (any_text(), any_text())
            .prop_map(|(flags, text)| InfoMsg::cr_text(ChallengeFlags::new(flags), text)),
        any_text().prop_map(InfoMsg::Other),
        "(WEB_AUTH|OPEN_URL|CR_TEXT):[a:]{0,3}".prop_map(|text| InfoMsg::Other(text.into())),
    ]
}

fn any_algorithm() -> impl Strategy<Value = SignAlgorithm> {
    let length = prop_oneof![
        Just(SaltLength::Digest),
        Just(SaltLength::Max),
        Just(SaltLength::Auto),
        any::<u32>().prop_map(SaltLength::Bytes),
    ];
    prop_oneof![
        Just(SignAlgorithm::RsaNoPadding),
        Just(SignAlgorithm::Ed25519),
        Just(SignAlgorithm::Ed448),
        option::of(any_text()).prop_map(SignAlgorithm::pkcs1),
        option::of(any_text()).prop_map(SignAlgorithm::ecdsa),
        (any_text(), length).prop_map(|(hash, length)| SignAlgorithm::pss(hash, length)),
        any_text().prop_map(SignAlgorithm::Other),
        Just(SignAlgorithm::Other("ED25519".into())),
    ]
}

fn any_state() -> impl Strategy<Value = State> {
    let name = prop_oneof![
        Just(StateName::Connected),
        Just(StateName::Reconnecting),
        any_text().prop_map(StateName::Unknown),
    ];
    let ip = option::of((any::<IpAddr>(), any::<u16>()));
    let ips = (option::of(any::<Ipv4Addr>()), option::of(any::<Ipv6Addr>()), ip.clone(), ip);
    (any::<u64>(), name, any_text(), ips).prop_map(
        |(time, name, text, (ipv4, ipv6, remote, local))| {
            let builder = State::builder(time, name.clone()).detail(text.clone());
            let builder = ipv4.into_iter().fold(builder, StateBuilder::local_ipv4);
            let builder = ipv6.into_iter().fold(builder, StateBuilder::local_ipv6);
            let builder = remote.into_iter().fold(builder, |it, (ip, port)| it.remote(ip, port));
            let builder = local.into_iter().fold(builder, |it, (ip, port)| it.local(ip, port));
            // Else any fields at all.
            let Ok(state) = builder.build() else { return State::with_fields(time, name, text) };
            assert_eq!(state.detail().unwrap_or_default(), text);
            assert_eq!((state.local_ipv4(), state.local_ipv6()), (ipv4, ipv6));
            assert_eq!((state.remote_addr(), state.remote_port()), remote.unzip());
            assert_eq!((state.local_addr(), state.local_port()), local.unzip());
            state
        },
    )
}

fn any_simple() -> impl Strategy<Value = Event> {
    let flags = "[A-Z,]{0,7}".prop_map(|flags| LogFlags::new(&flags).unwrap());
    let texts = (any_text(), any_text(), any_text());
    (0..17, any::<u64>(), any::<u32>(), flags, texts).prop_map(
        |(kind, long, short, flags, (a, b, c))| match kind {
            0 => Event::Hold(Hold::new(short)),
            1 => Event::Hold(Hold { seconds: None, text: a }),
            2 => Event::Fatal(Fatal::new(a)),
            3 => Event::Info(Info::greeting(short)),
            4 => Event::Info(Info::Other(a)),
            5 => Event::ByteCount(ByteCount::new(long, short.into())),
            6 => Event::ByteCountClient(ByteCountClient::new(Cid(long), long, short.into())),
            7 => Event::Log(LogLine::new(long, flags, a)),
            8 => Event::Echo(Echo::new(long, a)),
            9 => Event::NeedOk(NeedOk::new(a, b)),
            10 => Event::NeedStr(NeedStr::new(a, b)),
            11 => Event::NeedCertificate(NeedCertificate::new(a)),
            12 => Event::Notify(Notify { level: a, kind: b, text: c }),
            13 => Event::Proxy(ProxyQuery::new(short, ProxyProtocol::Unknown(a), b)),
            14 => Event::Remote(RemoteQuery::new(a, RemotePort::Service(b), c)),
            15 => Event::Pkcs11IdEntry(Pkcs11IdEntry::new(short, a, b.as_bytes())),
            _ => Event::Pkcs11IdCount(Pkcs11IdCount::new(short)),
        },
    )
}

fn any_event() -> impl Strategy<Value = Event> {
    let up = prop_oneof![Just(Direction::Up), Just(Direction::Down)];
    let sign = (any::<bool>(), vec(any::<u8>(), 0..5), option::of(any_algorithm()), any::<bool>())
        .prop_map(|(rsa, data, algorithm, is_message)| {
            let command = if rsa { SignCommand::RsaSig } else { SignCommand::PkSig };
            PkSign { algorithm, is_message, ..PkSign::new(command, &data) }
        });
    let families: Vec<BoxedStrategy<Event>> = vec![
        any_simple().boxed(),
        any_client().prop_map(Event::Client).boxed(),
        (up, any_env()).prop_map(|(up, env)| Event::UpDown(UpDown::new(up, env))).boxed(),
        any_password().prop_map(Event::Password).boxed(),
        any_info_msg().prop_map(Event::InfoMsg).boxed(),
        sign.prop_map(Event::PkSign).boxed(),
        any_state().prop_map(Event::State).boxed(),
    ];
    Union::new(families)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_is_written_is_read_back(event in any_event()) {
        match event.to_bytes() {
            Ok(written) => prop_assert_eq!(read(&written), [event]),
            Err(WriteError::Withheld { .. }) => prop_assert!(false, "{event:?}"),
            Err(_) => {}
        }
    }

    #[test]
    fn whatever_is_read_can_be_written(lines in vec(lines(), 1..4)) {
        let is_line = |line: &Vec<u8>| !line.contains(&b'\n');
        let lines: Vec<_> = lines.into_iter().filter(is_line).map(|line| [b">", &line[..], b"\r\n"].concat()).collect();
        for event in read(&lines.concat()) {
            let written = event.to_bytes().unwrap();
            let again = read(&written);
            // Why a block was cut is told from what came behind it.
            if !matches!(event, Event::Malformed(_)) {
                prop_assert_eq!(&again, &[event]);
            }
            let again: Vec<_> = again.iter().map(|event| event.to_bytes().unwrap()).collect();
            prop_assert_eq!(again.concat(), written);
        }
    }

    #[test]
    fn rows_are_bodies(state in any_state(), time: u64, text in any_text()) {
        fn row<T: WriteRow>(row: &T) -> Option<Bytes> {
            let mut out = Vec::new();
            row.write_row(&mut out).ok()?;
            out.truncate(out.len() - 2);
            Some(out.into())
        }
        if let Some(row) = row(&state) {
            prop_assert_eq!(State::read_row(&row), Ok(state));
        }
        let log = LogLine::new(time, LogFlags::new("IW").unwrap(), text.clone());
        if let Some(row) = row(&log) {
            prop_assert_eq!(LogLine::read_row(&row), Ok(log));
        }
        let echo = Echo::new(time, text);
        if let Some(row) = row(&echo) {
            prop_assert_eq!(Echo::read_row(&row), Ok(echo));
        }
    }
}
