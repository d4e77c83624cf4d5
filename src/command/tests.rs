//! What each command looks like on the wire, for the versions that differ.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::lexer::lex;
use super::received::{BlockLines, Line, Parse};
use super::*;
use crate::events::{Echo, LogLine};
use crate::reply::AuthRetry as Mode;
use crate::types::grammar::Problem;
use crate::types::{Cid, Kid};

const V2_4: Dialect = Dialect::openvpn(2, 4, 12);
const V2_5: Dialect = Dialect::openvpn(2, 5, 1);
const V2_6_0: Dialect = Dialect::openvpn(2, 6, 0);
const V2_6: Dialect = Dialect::openvpn(2, 6, 14);
const V2_7: Dialect = Dialect::openvpn(2, 7, 8);
const DIALECTS: [Dialect; 5] = [V2_4, V2_5, V2_6_0, V2_6, V2_7];

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
    same(&Pid, "pid\n");
    same(&Version, "version\n");
    same(&AnnounceVersion(5), "version 5\n");
    same(&Help, "help\n");
    same(&Net, "net\n");
    same(&NetworkChange::Changed, "network-change\n");
    same(&NetworkChange::Same, "network-change samenetwork\n");
    same(&Signal::Sigusr1, "signal SIGUSR1\n");
    same(&Verb, "verb\n");
    same(&SetVerb(4), "verb 4\n");
    same(&Mute, "mute\n");
    same(&SetMute(0), "mute 0\n");
    same(&Test(3), "test 3\n");
    same(&Quit, "quit\n");
    same(&Hold, "hold\n");
    same(&SetHold(true), "hold on\n");
    same(&SetHold(false), "hold off\n");
    same(&HoldRelease, "hold release\n");
    same(&State, "state\n");
    same(&Notifications::on(Channel::State), "state on\n");
    same(&Notifications::off(Channel::Echo), "echo off\n");
    same(&HistoryOf::<LogLine>::new(20), "log 20\n");
    same(&HistoryOf::<Echo>::new(History::All).turning_on(), "echo on all\n");
    same(&Bytecount::every(seconds(5)), "bytecount 5\n");
    same(&Bytecount::off(), "bytecount 0\n");
    same(&Status::default(), "status 3\n");
    same(&Status(StatusFormat::V1), "status 1\n");
    same(&LoadStats, "load-stats\n");
    same(&Nclients, "nclients\n");
    same(&ClientAuthNt::new(cid, kid), "client-auth-nt 7 1\n");
    same(&ClientAuth::new(cid, kid, ["push-reset"]).unwrap(), "client-auth 7 1\npush-reset\nEND\n");
    same(&ClientDeny::new(cid, kid, "a \"b\""), "client-deny 7 1 \"a \\\"b\\\"\"\n");
    same(&ClientDeny::new(cid, kid, "no").client_reason("ask"), "client-deny 7 1 \"no\" \"ask\"\n");
    same(&ClientKill::new(cid), "client-kill 7\n");
    same(&ClientKill::new(cid).message("HALT,bye"), "client-kill 7 \"HALT,bye\"\n");
    same(&EnvFilter::Reduced, "env-filter 1\n");
    same(&KillTarget::CommonName("al ice".to_owned()), "kill \"al ice\"\n");
    same(&Username::new("Auth", "al ice"), "username \"Auth\" \"al ice\"\n");
    same(&Password::new("Auth", "s\\p"), "password \"Auth\" \"s\\\\p\"\n");
    same(&NeedOk::ok("token"), "needok \"token\" ok\n");
    same(&NeedOk::cancel("token"), "needok \"token\" cancel\n");
    same(&NeedOk::with("TUN", "NOACTION"), "needok \"TUN\" \"NOACTION\"\n");
    same(&NeedStr::new("name", "x y"), "needstr \"name\" \"x y\"\n");
    same(&ForgetPasswords, "forget-passwords\n");
    same(&AuthRetry, "auth-retry\n");
    same(&SetAuthRetry(Mode::Interact), "auth-retry interact\n");
    same(&RsaSig::new(*b"sig"), "rsa-sig\nc2ln\nEND\n");
    same(&Pkcs11IdCount, "pkcs11-id-count\n");
    same(&Pkcs11IdGet(2), "pkcs11-id-get 2\n");
    same(&RemoteAction::Accept, "remote ACCEPT\n");
    same(&RemoteAction::Modify { host: "h".to_owned(), port: 1194 }, "remote MOD \"h\" 1194\n");
    same(&ProxyAction::None, "proxy NONE\n");
    for dialect in DIALECTS {
        let raw = RawCommand::new("pid", ReplyShape::Line);
        assert_eq!(written(&raw, dialect), "pid\n");
    }
}

/// Every version writes a command in this way, and reads it back.
fn same<C: Command + Parse + Clone + PartialEq + 'static>(command: &C, line: &str) {
    let erased = AnyCommand::new(command.clone());
    for dialect in DIALECTS {
        assert_eq!(written(command, dialect), line);
        assert_eq!(written(&erased, dialect), line);
        assert!(!erased.needs_version(dialect), "{command:?}");
        assert_eq!(&read::<C>(line.as_bytes(), dialect).unwrap(), command, "{line}");
        assert_eq!(parse(line, dialect).unwrap().downcast_ref(), Some(command), "{line}");
    }
}

/// Reads what was written, as a daemon of this dialect has it.
fn read<C: Parse>(written: &[u8], dialect: Dialect) -> Result<C, Problem> {
    let mut lines = written.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n');
    let lexed = lex(lines.next().unwrap());
    assert_eq!(lexed.problem, None);
    let parameters: Vec<&[u8]> = lexed.parameters.iter().map(|p| p.as_slice()).collect();
    let (name, arguments) = parameters.split_first().unwrap();
    assert!(C::NAMES.iter().any(|known| known.as_bytes() == *name));
    let block = block(&lines.collect::<Vec<_>>());
    C::parse(&Line { name, arguments, block: block.as_ref(), dialect })
}

fn block(lines: &[&[u8]]) -> Option<BlockLines> {
    let (end, lines) = lines.split_last()?;
    assert_eq!(*end, b"END");
    let mut block = BlockLines::default();
    for line in lines {
        block.push(line, usize::MAX);
    }
    Some(block)
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

/// Behind 1,023 bytes a daemon runs what follows as a command.
#[test]
fn the_longest_line_is_sent_and_one_byte_more_is_refused() {
    // Each quote is two bytes of the line: 15 of the command, 515 and 493 of the reasons.
    let deny = |plain: usize| {
        let (reason, user) = ("\"".repeat(256), "\"".repeat(240) + &"x".repeat(plain));
        ClientDeny::new(Cid(0), Kid(0), reason).client_reason(user)
    };
    assert_eq!(written(&deny(10), V2_6).trim_end().len(), 1023);
    assert!(refusal(&deny(11), V2_6).contains("1024"), "{}", refusal(&deny(11), V2_6));
}

mod read_back;
mod replies;
