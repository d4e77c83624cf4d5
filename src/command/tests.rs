//! What each command looks like on the wire, for the versions that differ.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::*;
use crate::events::{Echo, LogLine};
use crate::reply::AuthRetry as Mode;
use crate::types::{Cid, Kid};

const V2_4: Dialect = Dialect::openvpn(2, 4, 12);
const V2_5: Dialect = Dialect::openvpn(2, 5, 1);
const V2_6_0: Dialect = Dialect::openvpn(2, 6, 0);
const V2_6: Dialect = Dialect::openvpn(2, 6, 14);
const V2_7: Dialect = Dialect::openvpn(2, 7, 8);

fn written(command: &impl Command, dialect: Dialect) -> String {
    let encoded = command.encode(dialect).unwrap();
    String::from_utf8(encoded.as_bytes().to_vec()).unwrap()
}

fn refusal(command: &impl Command, dialect: Dialect) -> String {
    command.encode(dialect).unwrap_err().to_string()
}

#[test]
fn commands_that_are_the_same_for_all() {
    let seconds = Duration::from_secs;
    let (cid, kid) = (Cid(7), Kid(1));
    let table: Vec<(AnyCommand, &str)> = vec![
        (AnyCommand::new(Pid), "pid\n"),
        (AnyCommand::new(Version), "version\n"),
        (AnyCommand::new(AnnounceVersion(5)), "version 5\n"),
        (AnyCommand::new(Help), "help\n"),
        (AnyCommand::new(Net), "net\n"),
        (AnyCommand::new(NetworkChange::Changed), "network-change\n"),
        (AnyCommand::new(NetworkChange::Same), "network-change samenetwork\n"),
        (AnyCommand::new(Signal::Sigusr1), "signal SIGUSR1\n"),
        (AnyCommand::new(Verb), "verb\n"),
        (AnyCommand::new(SetVerb(4)), "verb 4\n"),
        (AnyCommand::new(Mute), "mute\n"),
        (AnyCommand::new(SetMute(0)), "mute 0\n"),
        (AnyCommand::new(Test(3)), "test 3\n"),
        (AnyCommand::new(Quit), "quit\n"),
        (AnyCommand::new(Hold), "hold\n"),
        (AnyCommand::new(SetHold(true)), "hold on\n"),
        (AnyCommand::new(SetHold(false)), "hold off\n"),
        (AnyCommand::new(HoldRelease), "hold release\n"),
        (AnyCommand::new(State), "state\n"),
        (AnyCommand::new(Notifications::on(Channel::State)), "state on\n"),
        (AnyCommand::new(Notifications::off(Channel::Echo)), "echo off\n"),
        (AnyCommand::new(HistoryOf::<LogLine>::new(20)), "log 20\n"),
        (AnyCommand::new(HistoryOf::<Echo>::new(History::All).turning_on()), "echo on all\n"),
        (AnyCommand::new(Bytecount::every(seconds(5))), "bytecount 5\n"),
        (AnyCommand::new(Bytecount::off()), "bytecount 0\n"),
        (AnyCommand::new(Status::default()), "status 3\n"),
        (AnyCommand::new(Status(StatusFormat::V1)), "status 1\n"),
        (AnyCommand::new(LoadStats), "load-stats\n"),
        (AnyCommand::new(Nclients), "nclients\n"),
        (AnyCommand::new(ClientAuthNt::new(cid, kid)), "client-auth-nt 7 1\n"),
        (
            AnyCommand::new(ClientAuth::new(cid, kid, ["push-reset"]).unwrap()),
            "client-auth 7 1\npush-reset\nEND\n",
        ),
        (
            AnyCommand::new(ClientDeny::new(cid, kid, "a \"b\"")),
            "client-deny 7 1 \"a \\\"b\\\"\"\n",
        ),
        (
            AnyCommand::new(ClientDeny::new(cid, kid, "no").client_reason("ask")),
            "client-deny 7 1 \"no\" \"ask\"\n",
        ),
        (AnyCommand::new(ClientKill::new(cid)), "client-kill 7\n"),
        (AnyCommand::new(ClientKill::new(cid).message("HALT,bye")), "client-kill 7 \"HALT,bye\"\n"),
        (AnyCommand::new(EnvFilter::Reduced), "env-filter 1\n"),
        (AnyCommand::new(KillTarget::CommonName("al ice".to_owned())), "kill \"al ice\"\n"),
        (AnyCommand::new(Username::new("Auth", "al ice")), "username \"Auth\" \"al ice\"\n"),
        (AnyCommand::new(Password::new("Auth", "s\\p")), "password \"Auth\" \"s\\\\p\"\n"),
        (AnyCommand::new(NeedOk::ok("token")), "needok \"token\" ok\n"),
        (AnyCommand::new(NeedOk::cancel("token")), "needok \"token\" cancel\n"),
        (AnyCommand::new(NeedOk::with("TUN", "NOACTION")), "needok \"TUN\" \"NOACTION\"\n"),
        (AnyCommand::new(NeedStr::new("name", "x y")), "needstr \"name\" \"x y\"\n"),
        (AnyCommand::new(ForgetPasswords), "forget-passwords\n"),
        (AnyCommand::new(AuthRetry), "auth-retry\n"),
        (AnyCommand::new(SetAuthRetry(Mode::Interact)), "auth-retry interact\n"),
        (AnyCommand::new(RsaSig::new(*b"sig")), "rsa-sig\nc2ln\nEND\n"),
        (AnyCommand::new(Pkcs11IdCount), "pkcs11-id-count\n"),
        (AnyCommand::new(Pkcs11IdGet(2)), "pkcs11-id-get 2\n"),
        (AnyCommand::new(RemoteAction::Accept), "remote ACCEPT\n"),
        (
            AnyCommand::new(RemoteAction::Modify { host: "h".to_owned(), port: 1194 }),
            "remote MOD \"h\" 1194\n",
        ),
        (AnyCommand::new(ProxyAction::None), "proxy NONE\n"),
        (AnyCommand::new(RawCommand::new("pid", ReplyShape::Line)), "pid\n"),
    ];
    for (command, line) in table {
        for dialect in [V2_4, V2_5, V2_6_0, V2_6, V2_7] {
            assert_eq!(written(&command, dialect), line, "{command:?}");
            assert!(!command.needs_version(dialect), "{command:?}");
        }
    }
}

#[test]
fn pending_authentication_has_a_form_for_each_version() {
    let pending = |seconds| {
        ClientPendingAuth::new(Cid(7), Kid(1), "OPEN_URL:x", Duration::from_secs_f64(seconds))
    };
    assert_eq!(written(&pending(30.0), V2_5), "client-pending-auth 7 \"OPEN_URL:x\"\n");
    assert_eq!(written(&pending(30.0), V2_6_0), "client-pending-auth 7 \"OPEN_URL:x\" 30\n");
    assert_eq!(written(&pending(30.0), V2_6), "client-pending-auth 7 1 \"OPEN_URL:x\" 30\n");
    assert_eq!(refusal(&pending(30.0), V2_4), "`client-pending-auth` needs OpenVPN 2.5 or later");
    assert!(refusal(&pending(0.5), V2_6).contains("whole number of seconds"));
}

#[test]
fn a_client_is_killed_by_the_address_its_daemon_reads() {
    let ip = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let kill = KillTarget::Address { transport: Transport::Udp, ip, port: 1194 };
    assert_eq!(written(&kill, V2_6), "kill 192.0.2.1:1194\n");
    assert_eq!(written(&kill, V2_7), "kill udp:192.0.2.1:1194\n");
    // The greeting alone does not tell 2.6 from 2.7.1.
    assert!(kill.needs_version(Dialect::new(5)));
    assert!(refusal(&kill, Dialect::new(5)).contains("to know the daemon's release"));
    let ipv6 = KillTarget::AnyPort(Ipv6Addr::LOCALHOST);
    assert!(refusal(&ipv6, V2_7).contains("`Client::kill` looks it up"));
}

#[test]
fn a_long_password_is_a_block_that_was_announced() {
    let long = Password::new("Auth", "x".repeat(300));
    assert!(refusal(&long, V2_6).contains("OpenVPN 2.7.2"));
    assert!(refusal(&long, V2_7).contains("`version 5` before"));
    assert_eq!(long.to_announce(V2_7), Some(5));
    assert_eq!(long.to_announce(V2_6), None);
    let block = written(&long, V2_7.with_announced(5));
    assert!(block.starts_with("password \"Auth\"\neHh4"), "{block}");
    assert!(block.ends_with("\nEND\n"), "{block}");
}

#[test]
fn what_a_daemon_without_pkcs11_cuts_is_refused() {
    let name = Username::new("Auth", "x".repeat(128));
    let short = V2_6.with_pkcs11(false);
    assert!(refusal(&name, short).contains("cuts longer ones"));
    assert!(written(&name, V2_6).starts_with("username"));
    assert!(name.needs_version(Dialect::new(5)));
    assert!(!Username::new("Auth", "x".repeat(127)).needs_version(Dialect::new(5)));
}

#[test]
fn what_a_daemon_does_not_have_is_refused_by_name() {
    assert!(refusal(&PushUpdate::broad("echo x"), V2_6).contains("OpenVPN 2.7"));
    assert_eq!(written(&PushUpdate::cid(Cid(3), "a"), V2_7), "push-update-cid 3 \"a\"\n");
    assert!(refusal(&ClientPf::new(Cid(3), ["[END]"]), V2_6).contains("2.5 or earlier"));
    assert_eq!(written(&ClientPf::new(Cid(3), ["[END]"]), V2_5), "client-pf 3\n[END]\nEND\n");
    assert!(refusal(&RemoteAction::SkipBy(2), V2_5).contains("OpenVPN 2.6"));
    assert_eq!(written(&RemoteAction::SkipBy(2), V2_6), "remote SKIP 2\n");
    assert!(refusal(&RemoteEntryCount, V2_5).contains("OpenVPN 2.6"));
    assert_eq!(written(&RemoteEntryGet::range(1..3), V2_6), "remote-entry-get 1 3\n");
    assert_eq!(written(&RemoteEntryGet::all(), V2_6), "remote-entry-get all\n");
    assert!(refusal(&CrResponse::new("x"), V2_4).contains("OpenVPN 2.5"));
    assert_eq!(written(&CrResponse::new("123"), V2_5), "cr-response MTIz\n");
    assert!(refusal(&PkSig::new(*b"x"), V2_4).contains("OpenVPN 2.5"));
}

#[test]
fn replies_are_read_by_the_command_that_has_them() {
    assert_eq!(Pid.read(&RawReply::success("pid=7")).unwrap(), 7);
    assert!(Hold.read(&RawReply::success("hold=1")).unwrap());
    let silent = Signal::Sighup.read(&RawReply::default()).unwrap_err();
    assert_eq!(silent.to_string(), "daemon refused `signal`: signal 'SIGHUP' is currently ignored");
    let any = AnyCommand::new(Pid);
    let reply = RawReply::success("pid=7");
    assert_eq!(any.read(&reply).unwrap(), reply);
    assert!(any.read(&RawReply::success("pid=x")).is_err(), "also of a forgotten type");
    let title = "OpenVPN Version: OpenVPN 2.7.1 x86_64-pc-linux-gnu [SSL (OpenSSL)]";
    let version = RawReply::block(vec![title.into(), "Management Version: 5".into()]);
    assert!(matches!(AnyCommand::new(Version).learned(&version), Learned::Version(_)));
}

#[test]
fn secrets_do_not_show() {
    let secret = "hunter2";
    let link = "WEB_AUTH::https://sso/?token=hunter2";
    let commands = [
        AnyCommand::new(Password::new("Auth", secret)),
        AnyCommand::new(Username::new("Auth", secret)),
        AnyCommand::new(NeedStr::new("PIN", secret)),
        AnyCommand::new(CrResponse::new(secret)),
        AnyCommand::new(RawCommand::new(r#"password "Auth" "hunter2""#, ReplyShape::Line)),
        AnyCommand::new(ClientPendingAuth::new(Cid(0), Kid(0), link, Duration::from_secs(1))),
        AnyCommand::new(ClientDeny::new(Cid(0), Kid(0), "x").client_reason("CRV1:R:hunter2:x:y")),
    ];
    for command in commands {
        let shown = format!("{command:?} {:?}", command.encode(V2_6).unwrap());
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// What a program may have put where no secret is expected.
#[test]
fn arguments_that_may_be_secret_do_not_show() {
    let (cid, kid) = (Cid(0), Kid(0));
    let second = Duration::from_secs(1);
    let commands = [
        AnyCommand::new(RawCommand::new("'cr-response'HUNTER2", ReplyShape::Line)),
        AnyCommand::new(RawCommand::new("cr-response\tHUNTER2", ReplyShape::Line)),
        AnyCommand::new(RawCommand::new(r#"password"Auth""HUNTER2""#, ReplyShape::Line)),
        AnyCommand::new(PushUpdate::broad("auth-token HUNTER2")),
        AnyCommand::new(ClientKill::new(cid).message("HALT,OPEN_URL:HUNTER2")),
        AnyCommand::new(ClientPendingAuth::new(cid, kid, "HUNTER2", second)),
        AnyCommand::new(ClientAuth::new(cid, kid, ["push \"auth-token HUNTER2\""]).unwrap()),
        AnyCommand::new(ClientDeny::new(cid, kid, "x CRV1:HUNTER2")),
    ];
    let shown = commands.iter().map(|command| format!("{command:?}"));
    let leaks: Vec<_> = shown.filter(|shown| shown.contains("HUNTER2")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
