//! What a command reads of its reply, and what it shows of itself.

use bytes::Bytes;

use super::*;
use crate::command::encoded::Effect;
use crate::reply::RawReply;
use crate::types::Text;

fn said(text: &'static str) -> RawReply {
    RawReply::success(text)
}

fn lines(lines: &[&'static str]) -> RawReply {
    RawReply { success: None, lines: lines.iter().map(|line| Bytes::from(*line)).collect() }
}

#[test]
fn numbers_are_read() {
    assert_eq!(Verb.read(&said("verb=4")).unwrap(), 4);
    assert_eq!(Mute.read(&said("mute=40")).unwrap(), 40);
    assert_eq!(Nclients.read(&said("nclients=7")).unwrap(), 7);
    assert_eq!(RemoteEntryCount.read(&lines(&["3"])).unwrap(), 3);
    assert!(Hold.read(&said("hold=1")).unwrap() && !Hold.read(&said("hold=0")).unwrap());
}

#[test]
fn lines_are_kept_in_order() {
    let expected = [Text::from("a"), Text::from("b")];
    assert_eq!(Net.read(&lines(&["a", "b"])).unwrap(), expected);
    assert_eq!(Test(2).read(&lines(&["a", "b"])).unwrap(), expected);
    assert_eq!(
        RawCommand::new("x", ReplyShape::Block).read(&lines(&["a"])).unwrap(),
        lines(&["a"])
    );
    let entries = RemoteEntryGet::all().read(&lines(&["0,vpn.example.com,1194,udp"])).unwrap();
    assert_eq!(entries.len(), 1);
}

#[test]
fn identities_of_tokens_are_read_from_what_looks_like_an_event() {
    let count = Pkcs11IdCount.read(&lines(&["PKCS11ID-COUNT:2"])).unwrap();
    assert_eq!(count.count, 2);
    let entry = "PKCS11ID-ENTRY:'1', ID:'a', BLOB:'YWJj'";
    assert_eq!(Pkcs11IdGet(1).read(&lines(&[entry])).unwrap().index, 1);
    for odd in [&["PKCS11ID-COUNT:x"][..], &[]] {
        assert!(
            Pkcs11IdCount.read(&lines(odd)).is_err() && Pkcs11IdGet(1).read(&lines(odd)).is_err()
        );
    }
}

#[test]
fn what_a_history_is_equal_to() {
    let history = HistoryOf::<Echo>::new(2);
    assert_eq!(history, HistoryOf::new(2));
    assert_ne!(history, HistoryOf::new(3));
    assert_ne!(history, history.turning_on());
    assert_eq!(
        format!("{:?}", history.turning_on()),
        "HistoryOf { channel: Echo, history: Last(2), turns_on: true }"
    );
}

#[test]
fn what_is_shown_holds_no_secret_and_names_the_rest() {
    let (cid, kid) = (Cid(7), Kid(1));
    for (shown, starts, holds) in [
        (format!("{:?}", PkSig::new(*b"abc")), "PkSig(3 bytes)", ""),
        (format!("{:?}", RsaSig::new(*b"abcd")), "RsaSig(4 bytes)", ""),
        (format!("{:?}", ClientDeny::new(cid, kid, "no")), "ClientDeny { cid: ", "reason: "),
        (
            format!("{:?}", ClientKill::new(cid).message("HALT")),
            "ClientKill { cid: ",
            "message: Some(",
        ),
        (format!("{:?}", PushUpdate::cid(cid, "dns")), "PushUpdate { cid: ", "options: "),
        (
            format!("{:?}", PeerConfig::new().directive("push-reset").unwrap()),
            "PeerConfig { lines: [",
            "push-reset",
        ),
        (format!("{:?}", Pid.encode(V2_6).unwrap()), "Encoded { name: \"pid\", shape: Line", ".."),
        (
            format!("{:?}", RawCommand::new("needs-it hunter2", ReplyShape::Line)),
            "RawCommand { name: \"needs-it\", shape: Line",
            "..",
        ),
        (
            format!(
                "{:?}",
                ClientPendingAuth::new(cid, kid, "WEB_AUTH::https://x", Duration::from_secs(60))
            ),
            "ClientPendingAuth { cid: ",
            "extra: \"WEB_AUTH\", timeout: ",
        ),
    ] {
        assert!(shown.starts_with(starts) && shown.contains(holds), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("https"), "{shown}");
    }
}

#[test]
fn a_command_names_itself() {
    assert_eq!(Pid.encode(V2_6).unwrap().name(), "pid");
    assert_eq!(ClientKill::new(Cid(1)).encode(V2_6).unwrap().name(), "client-kill");
    assert_eq!(
        [Channel::State, Channel::Log, Channel::Echo].map(Channel::notification),
        [
            "real-time state notification",
            "real-time log notification",
            "real-time echo notification",
        ]
    );
}

#[test]
fn what_a_raw_command_changes_is_known() {
    let effect = |line: &str| RawCommand::new(line, ReplyShape::Line).encode(V2_6).unwrap().effect;
    assert_eq!(effect("hold release"), Effect::ReleasesHold);
    assert_eq!(effect("hold on"), Effect::None);
    assert_eq!(effect("version 5"), Effect::Announces(5));
    assert_eq!(effect("version x"), Effect::None);
    assert_eq!(effect("state on"), Effect::TellsStates);
    assert_eq!(effect("env-filter 1"), Effect::FiltersEnv { zero: false });
    assert_eq!(effect("client-deny 1 2 no"), Effect::Decides(Cid(1), Kid(2)));
}

#[test]
fn a_raw_command_that_is_not_over_with_its_line_is_refused() {
    for line in [
        "exit",
        "quit",
        "client-auth 1 2",
        "client-pf 1",
        "pk-sig",
        "rsa-sig",
        "certificate",
        "password Auth",
    ] {
        let refused = RawCommand::new(line, ReplyShape::Line).encode(V2_6);
        assert!(refused.is_err(), "{line}");
    }
    for line in ["password Auth x", "exits", "pid"] {
        assert!(RawCommand::new(line, ReplyShape::Line).encode(V2_6).is_ok(), "{line}");
    }
}

#[test]
fn a_response_is_limited_by_its_base64() {
    assert!(CrResponse::new(vec![b'x'; 192]).encode(V2_6).is_ok());
    let problem = refusal(&CrResponse::new(vec![b'x'; 193]), V2_6);
    assert!(problem.contains("193") && problem.contains("192"), "{problem}");
}

#[test]
fn a_password_is_long_where_it_is_no_parameter_any_more() {
    let announces = |len| Password::new("Auth", vec![b'x'; len]).to_announce(V2_7).is_some();
    assert_eq!((announces(256), announces(257)), (false, true));
}

#[test]
fn an_empty_message_is_refused() {
    assert!(ClientKill::new(Cid(7)).message("").encode(V2_6).is_err());
}

#[test]
fn a_configuration_is_taken_by_reference_as_it_stands() {
    let config = PeerConfig::new().directive("push-reset").unwrap();
    assert_eq!((&config).into_peer_config().unwrap(), config);
}

#[test]
fn a_filter_of_other_lines_is_refused() {
    let filter = |line: &'static str| ClientPf::new(Cid(7), [line]).encode(V2_4);
    for line in ["[CLIENTS ACCEPT]", "+client1", "-client2"] {
        assert!(filter(line).is_ok(), "{line}");
    }
    assert!(filter("client1").is_err());
}

#[test]
fn the_version_is_asked_for_where_the_form_depends_on_it() {
    const UNKNOWN: Dialect = Dialect::new(5);
    for (dialect, needs) in [(UNKNOWN, true), (V2_6, false), (V2_7, false)] {
        assert_eq!(PushUpdate::cid(Cid(7), "dns").needs_version(dialect), needs);
        assert_eq!(AnyCommand::new(PushUpdate::cid(Cid(7), "dns")).needs_version(dialect), needs);
        assert_eq!(Password::new("Auth", vec![b'x'; 257]).needs_version(dialect), needs);
        assert!(!KillTarget::CommonName("a".into()).needs_version(dialect));
    }
}

#[test]
fn limits_are_told_to_the_byte() {
    let word = "a".repeat(257);
    let raw = RawCommand::new(format!("x {word}"), ReplyShape::Line);
    assert!(refusal(&raw, V2_6).contains("257"), "{}", refusal(&raw, V2_6));
    let line = format!("x {}", "a ".repeat(510));
    for (len, is_read) in [(1022, true), (1023, true), (1024, false)] {
        let line = format!("{line:a<len$}");
        let too_long = matches!(parse(&line, V2_6), Err(ParseCommandError::LineTooLong { .. }));
        assert_eq!(!too_long, is_read, "{len}");
    }
}

#[test]
fn what_a_release_does_not_take_is_not_read_of_a_pending_authentication() {
    let read = |line: &str, dialect| {
        let command = parse(line, dialect).ok()?;
        let pending: &ClientPendingAuth = command.downcast_ref()?;
        Some((pending.kid.map(|kid| kid.0), pending.timeout.map(|timeout| timeout.as_secs())))
    };
    assert_eq!(read("client-pending-auth 7 1 x 60", V2_6), Some((Some(1), Some(60))));
    assert_eq!(read("client-pending-auth 7 x 60", V2_6), None);
    assert_eq!(read("client-pending-auth 7 x 60", V2_6_0), Some((None, Some(60))));
    for line in
        ["client-pending-auth 7 x", "client-pending-auth 7 x 60", "client-pending-auth 7 x 60 1"]
    {
        assert_eq!(read(line, V2_5), Some((None, None)), "{line}");
    }
}

#[test]
fn each_format_of_the_status_is_read() {
    for format in [StatusFormat::V1, StatusFormat::V2, StatusFormat::V3] {
        let line = written(&Status(format), V2_6);
        let read = parse(line.as_bytes(), V2_6).unwrap();
        assert_eq!(read.downcast_ref(), Some(&Status(format)));
    }
    let problem = |line: &str| parse(line, V2_6).unwrap_err().to_string();
    assert!(!problem("status").contains("format") && problem("status 4").contains("format"));
}

#[test]
fn only_a_directive_that_is_all_a_tag_begins_an_inline_file() {
    let taken = |line: &str| PeerConfig::new().directive_unchecked(line).is_ok();
    for (line, expected) in [
        ("<ca>", false),
        ("<ca", true),
        ("ca>", true),
        ("x> y", true),
        ("<ca> x", true),
        ("push-reset", true),
    ] {
        assert_eq!(taken(line), expected, "{line}");
    }
}

#[test]
fn the_last_of_sixteen_parameters_may_end_in_a_quote() {
    let sixteen = format!("x {}\"16\"", "y ".repeat(14));
    assert!(RawCommand::new(&sixteen, ReplyShape::Line).encode(V2_6).is_ok());
    let more = format!("{sixteen} z");
    assert!(RawCommand::new(more, ReplyShape::Line).encode(V2_6).is_err());
}

#[test]
fn what_is_wrong_with_a_host_names_its_command() {
    let socks = ProxyAction::Socks { host: String::new(), port: 1080 };
    assert!(refusal(&socks, V2_6).contains("proxy"), "{}", refusal(&socks, V2_6));
}
