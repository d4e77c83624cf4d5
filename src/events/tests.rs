//! What holds for every family.

#[cfg(feature = "serde")]
mod json;
mod written;

use proptest::prelude::*;

use super::*;

pub(super) fn parse(line: &str) -> Event {
    Event::parse(&Bytes::copy_from_slice(line.as_bytes()))
}

pub(super) fn malformed(line: &str) {
    match parse(line) {
        Event::Malformed(malformed) => assert_eq!(malformed.line(), line.as_bytes()),
        other => panic!("{line}: {other:?}"),
    }
}

/// One line of each form.
const SAMPLES: &[&str] = &[
    "BYTECOUNT:2956,2847",
    "BYTECOUNT_CLI:0,2847,2956",
    "CLIENT:ADDRESS,0,10.99.0.2,1",
    "CLIENT:ADDRESS,0,aa:bb:cc:dd:ee:ff@0,1",
    "ECHO:1795332308,forget-passwords",
    "FATAL:ERROR: could not read Auth username/password/ok/string from management interface",
    "HOLD:Waiting for hold release:10",
    "INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info",
    "INFOMSG:CR_TEXT:R,E:Enter your TOTP code: now",
    "INFOMSG:OPEN_URL:https://sso.example.com/",
    "INFOMSG:WEB_AUTH:proxy=[::1];8080;Y3Ix;Y3Ix,hidden:https://sso.example.com/?id=1",
    "LOG:1795332307,D,MANAGEMENT: CMD 'state on'",
    "NEED-CERTIFICATE:macosx-keychain:subject:o=OpenVPN-TEST",
    "NEED-OK:Need 'token-insertion-request' confirmation MSG:Please insert your token",
    "NEED-STR:Need 'pkcs11-id-request' string MSG:Please specify PKCS#11 id to use",
    "NOTIFY:info,server-pushed-halt,bye",
    "PASSWORD:Auth-Token:SESS_ID_AT_x6VtHd4I0OR2Fr",
    "PASSWORD:Need 'Auth' username",
    "PASSWORD:Need 'Auth' username/password",
    "PASSWORD:Need 'Auth' username/password SC:1,Please enter token PIN, or not",
    "PASSWORD:Need 'Private Key' password",
    "PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:Om01u7:Y3Ix:Please enter token PIN']",
    "PASSWORD:Verification Failed: 'Auth' ['go away: it's late']",
    "PKCS11ID-COUNT:1",
    r"PKCS11ID-ENTRY:'0', ID:'SoftHSM\x20project/0A', BLOB:'MIID'",
    "PK_SIGN:N+HVu4ZS7eA5OVr1EPvrLB3pkVSGuAT8usgo3WReO4Y=,RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest",
    "PROXY:1,TCP,127.0.0.1",
    "REMOTE:::1,1194,udp",
    "RSA_SIGN:07TiqRh2CGKMkDZdRhT4xVWN+2uFomCI+9u68RWC4IA=",
    "STATE:1795332308,CONNECTED,SUCCESS,10.99.0.2,127.0.0.1,15000,10.0.0.1,1194,fd00::2",
];

/// Lines of blocks, which are for the assembler alone.
const BLOCK_LINES: &[&str] = &[
    "CLIENT:CONNECT,0,1",
    "CLIENT:REAUTH,0,2",
    "CLIENT:ESTABLISHED,0",
    "CLIENT:DISCONNECT,0",
    "CLIENT:CR_RESPONSE,0,1,MTIzNDU2",
    "CLIENT:ENV,password=hunter2",
    "CLIENT:ENV,END",
    "CLIENT:NEW,0",
    "UPDOWN:UP",
    "UPDOWN:ENV,dev=tun0",
    "UPDOWN:ENV,END",
];

fn is_typed(event: &Event) -> bool {
    !matches!(event, Event::Unknown(_) | Event::Malformed(_))
}

#[test]
fn every_sample_is_typed() {
    for line in SAMPLES {
        let event = parse(line);
        assert!(is_typed(&event), "{line}: {event:?}");
        assert!(!event.to_string().is_empty(), "{line}");
    }
}

#[test]
fn every_prefix_of_a_sample_parses_and_none_is_taken_for_the_whole() {
    for line in SAMPLES {
        let whole = parse(line);
        for end in 0..line.len() {
            let part = parse(&line[..end]);
            // All that counts of a greeting is its number.
            if !line.starts_with("INFO:OpenVPN") {
                assert_ne!(part, whole, "{}", &line[..end]);
            }
            let _ = format!("{part} {part:?}");
        }
    }
}

#[test]
fn names_are_matched_whole() {
    for line in ["LOGS:1,I,x", "log:1,I,x", " LOG:1,I,x", ">LOG:1,I,x", "LOG", ":", ""] {
        assert!(matches!(parse(line), Event::Unknown(_)), "{line}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_kept() {
    let line = Bytes::from_static(b"LOG:1,I,caf\xe9");
    assert!(matches!(Event::parse(&line), Event::Log(log) if log.text == b"caf\xe9"[..]));
    let Event::State(state) = Event::parse(&Bytes::from_static(b"STATE:1,WAIT,,\xff")) else {
        panic!()
    };
    assert_eq!(state.unread().collect::<Vec<_>>(), [(StateField::LocalIpv4, &b"\xff"[..])]);
    let line = Bytes::from_static(b"STATE:\xff,WAIT,,");
    assert!(matches!(Event::parse(&line), Event::Malformed(bad) if bad.line() == &line));
}

#[test]
fn what_an_event_says_is_shown_by_its_type() {
    for (line, shown) in [
        ("LOG:1,D,text", "Log(LogLine { time: 1, flags: \"D\", text: "),
        ("INFOMSG:OPEN_URL:https://a/", "InfoMsg(OpenUrl("),
        ("INFOMSG:CR_TEXT:R:Code", "InfoMsg(CrText { flags: "),
        ("INFOMSG:news", "InfoMsg(Other("),
    ] {
        let event = format!("{:?}", parse(line));
        assert!(event.starts_with(shown), "{event}");
    }
    assert_eq!(format!("{:?}", Env::builder()), "EnvBuilder(0 lines)");
}

#[test]
fn each_realm_is_known_by_its_name() {
    for realm in [Realm::Auth, Realm::PrivateKey, Realm::HttpProxy, Realm::SocksProxy] {
        let name = realm.to_string();
        assert_eq!(Realm::from(name.as_str()), realm);
        assert_ne!(realm, Realm::Other(name.into()));
    }
    assert_eq!(Realm::from("Other Proxy"), Realm::Other("Other Proxy".into()));
}

#[test]
fn an_event_holds_memory_of_its_own_for_its_env_alone() {
    let (mut assembler, mut held) = (Assembler::new(), Vec::new());
    for line in [
        "LOG:1,I,x",
        "UPDOWN:UP",
        "UPDOWN:ENV,a=1",
        "UPDOWN:ENV,END",
        "CLIENT:CONNECT,0,1",
        "CLIENT:ENV,bc=2",
        "CLIENT:ENV,END",
        "CLIENT:NEW,0",
        "CLIENT:ENV,bcd=3",
        "CLIENT:ENV,END",
        "CLIENT:CONNECT,0,1",
        "CLIENT:ENV,bcde=4",
        // Cut off by the next.
        "CLIENT:DISCONNECT,0",
        "CLIENT:ENV,END",
    ] {
        assembler.push(&line.into(), &mut |event| held.push(event.own_bytes()));
    }
    // Beside each pair's bytes, its place.
    assert_eq!(held, [0, 3 + 12, 4 + 12, 5 + 12, 6 + 12, 0]);
}

#[test]
fn a_line_of_a_block_is_no_event_by_itself() {
    for line in ["UPDOWN:UP", "UPDOWN:ENV,a=1", "CLIENT:CONNECT,0,1", "CLIENT:ENV,a=1"] {
        malformed(line);
    }
}

#[test]
fn each_event_is_named_as_its_line() {
    for line in SAMPLES {
        let name = line.split(':').next();
        assert_eq!(parse(line).name(), name, "{line}");
    }
    assert_eq!(parse("NEW:x").name(), Some("NEW"));
    assert_eq!(parse("BYTECOUNT:x").name(), Some("BYTECOUNT"));
    assert_eq!(parse("no name").name(), None);
}

/// Lines that look like events: a sample with some of its bytes changed, or any bytes.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let sample = prop::sample::select([SAMPLES, BLOCK_LINES].concat());
    let edit = (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..3));
    let edited = (sample, prop::collection::vec(edit, 0..4)).prop_map(|(line, edits)| {
        let mut line = line.as_bytes().to_vec();
        for (at, bytes) in edits {
            let at = at.index(line.len() + 1);
            let end = (at + 1).min(line.len());
            line.splice(at..end, bytes);
        }
        line
    });
    prop_oneof![4 => edited, 1 => prop::collection::vec(any::<u8>(), 0..64)]
}

proptest! {
    #[test]
    fn no_line_panics_and_the_bytes_are_kept(line in lines()) {
        let line = Bytes::from(line);
        let event = Event::parse(&line);
        let _ = format!("{event} {event:?}");
        match event {
            Event::Unknown(unknown) => prop_assert_eq!(unknown.line(), &line),
            Event::Malformed(malformed) => prop_assert_eq!(malformed.line(), &line),
            Event::State(state) => {
                let fields: Vec<_> = state.fields().collect();
                let end = [b",", &fields.join(&b',')[..]].concat();
                prop_assert!(fields.is_empty() || line.ends_with(&end));
            }
            other => prop_assert_eq!(Event::parse(&line), other),
        }
    }

    #[test]
    fn no_sequence_of_lines_panics(lines in prop::collection::vec(lines(), 0..40)) {
        let mut assembler = Assembler::new();
        let mut events = 0;
        for line in &lines {
            assembler.push(&Bytes::from(line.clone()), &mut |_| events += 1);
        }
        assembler.finish(&mut |_| events += 1);
        prop_assert!(events <= lines.len());
    }

    #[test]
    fn single_lines_are_the_same_through_the_assembler(line in lines()) {
        let line = Bytes::from(line);
        let mut events = Vec::new();
        let mut assembler = Assembler::new();
        assembler.push(&line, &mut |event| events.push(event));
        if !line.starts_with(b"CLIENT:") && !line.starts_with(b"UPDOWN:") {
            prop_assert_eq!(events, [Event::parse(&line)]);
        }
    }
}
