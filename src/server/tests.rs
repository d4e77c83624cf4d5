//! What a server makes of bytes, and what it says.

use super::ReceivedCommand as Command;
use super::*;
use crate::command::{ClientAuthNt, Dialect, History, LexerProblem, Pid, SetVerb};
use crate::events::{Event, Fatal, Malformed};
use crate::reply::Scalar;
use crate::types::{Cid, Kid, WriteError};

const V2_6: Dialect = Dialect::openvpn(2, 6, 14);

fn server() -> Server {
    Server::new(V2_6)
}

fn commands(server: &mut Server, bytes: &[u8]) -> Vec<Command> {
    server.receive(bytes);
    std::iter::from_fn(|| server.next()).map(Received::into_command).collect()
}

fn output(server: &mut Server) -> String {
    String::from_utf8(server.output().to_vec()).unwrap()
}

#[test]
fn lines_are_commands() {
    let received = commands(&mut server(), b"pid\r\n\n#x\nverb 4 x\nclient-auth-nt 7 1\nfoo\nhold");
    assert_eq!(
        received,
        [
            Command::Pid(Pid),
            Command::Empty,
            Command::Empty,
            Command::SetVerb(SetVerb(4)),
            Command::ClientAuthNt(ClientAuthNt::new(Cid(7), Kid(1))),
            Command::Unknown,
        ]
    );
}

#[test]
fn a_command_tells_what_it_says() {
    let deny = commands(&mut server(), b"client-deny 7 1 \"not you\" 'ask us'\n");
    let [Command::ClientDeny(deny)] = &deny[..] else { panic!("{deny:?}") };
    assert_eq!((deny.cid, deny.kid, &deny.reason), (Cid(7), Kid(1), &"not you".into()));
    assert_eq!(deny.client_reason, Some("ask us".into()));
    let password = commands(&mut server(), b"password Auth \"pa\\\\ss\"\n");
    let [Command::Password(password)] = &password[..] else { panic!("{password:?}") };
    assert_eq!(password.password.expose(), b"pa\\ss");
    let states = commands(&mut server(), b"state on all\nstate x\n");
    let [Command::StateHistory(history), wrong] = &states[..] else { panic!("{states:?}") };
    assert!(history.turns_on && history.history == History::All);
    let problem = "is neither `on`, `off`, `all` nor a number of entries";
    assert_eq!(wrong, &Command::Malformed { command: "state", problem });
}

#[test]
fn what_is_no_value_is_said_and_kept() {
    let mut server = server();
    server.receive(b"verb 4x y\nsignal \"a\npassword \"Auth\" \"hunter2\\n\n");
    let verb = server.next().unwrap();
    let problem = "has a level that is no number up to 255";
    assert_eq!(verb.command(), &Command::Malformed { command: "verb", problem });
    assert_eq!(verb.parameters(), [b"verb".as_slice(), b"4x", b"y"]);
    let open = server.next().unwrap();
    assert_eq!(open.command(), &Command::Unreadable(LexerProblem::OpenQuote));
    assert_eq!((open.line(), open.parameters().len()), (&b"signal \"a"[..], 0));
    assert!(!open.is_logged_without_parameters());
    let password = server.next().unwrap();
    assert_eq!(password.command(), &Command::Unreadable(LexerProblem::BadBackslash));
    assert!(password.is_logged_without_parameters());
    assert!(!format!("{password:?} {server:?}").contains("hunter2"));
}

#[test]
fn a_block_is_taken_where_it_is_wanted() {
    let block = b"client-auth 7 1\npush-reset\n\nEND\npk-sig\nc2ln\nEND\n";
    let mut server = server();
    server.receive(block);
    let auth = server.next().unwrap();
    assert_eq!(auth.block().unwrap().collect::<Vec<_>>(), [&b"push-reset"[..], b""]);
    assert!(matches!(auth.command(), Command::ClientAuth(_)));
    let refused = commands(&mut server, b"");
    assert_eq!(refused.len(), 3, "each line is a command: {refused:?}");
    server.blocks().signature(true);
    let taken = commands(&mut server, b"pk-sig\nc2ln\nEND\npk-sig\nEND\n");
    assert!(matches!(taken[0], Command::PkSig(_)), "{taken:?}");
    assert!(matches!(taken[1], Command::Malformed { .. }), "once: {taken:?}");
    assert_eq!(taken[2], Command::Unknown);
}

#[test]
fn a_block_is_of_what_it_names() {
    let mut server = server();
    server.blocks().password(Some("Auth")).client_auth(true);
    let passwords =
        commands(&mut server, b"password Other\npassword Auth x\npassword Auth\neA==\nEND\n");
    assert!(matches!(passwords[0], Command::Malformed { command: "password", .. }));
    assert!(matches!(passwords[1..], [Command::Password(_), Command::Password(_)]));
    assert_eq!(passwords[1], passwords[2]);
    // The daemon cannot parse the first ID, and parses the second as C does.
    let ids =
        commands(&mut server, b"client-auth x 1\nEND\nclient-auth 7x 1\nEND\nclient-auth 7\nEND\n");
    assert!(matches!(ids[0], Command::Malformed { command: "client-auth", .. }));
    assert_eq!(ids[1], Command::Unknown);
    let malformed = |command: &Command| matches!(command, Command::Malformed { .. });
    assert!(malformed(&ids[2]) && malformed(&ids[3]) && ids[4] == Command::Unknown, "{ids:?}");
}

#[test]
fn a_block_without_an_end_ends_the_connection() {
    // Lines without text take memory, too.
    for (line, limit) in [(&b"push \"a\"\n"[..], 1000), (b"\n", 1000), (b"\n", DEFAULT_BLOCK_LIMIT)]
    {
        let mut server = server().with_block_limit(limit);
        server.receive(b"client-auth 7 1\n");
        let mut received = None;
        for _ in 0..=limit / 8 {
            server.receive(line);
            received = received.or(server.next());
        }
        assert_eq!(received.unwrap().command(), &Command::BlockTooLong { limit });
        assert!(server.is_ended());
        assert_eq!(commands(&mut server, b"pid\n"), []);
    }
}

#[test]
fn nothing_is_read_behind_quit() {
    let mut server = server();
    let received = commands(&mut server, b"exit now\npid\n");
    assert!(matches!(received[..], [Command::Quit(_)]));
    assert!(server.is_ended());
}

/// As OpenVPN 2.5.1, 2.6.14 and 2.7.8 do.
#[test]
fn room_is_for_1024_bytes() {
    for (bytes, names) in [
        ([b"y".repeat(1023), b"\nhold\n".to_vec()].concat(), &[1023, 4][..]),
        ([b"y".repeat(1024), b"\nhold\n".to_vec()].concat(), &[4]),
        ([b"y".repeat(1025), b"hold\n".to_vec()].concat(), &[4]),
        ([b"y".repeat(1026), b"hold\n".to_vec()].concat(), &[5]),
        ([b"y".repeat(767), b"\nhold\n".to_vec()].concat(), &[767, 4]),
    ] {
        let mut server = server();
        server.receive(&bytes);
        let lengths: Vec<usize> =
            std::iter::from_fn(|| server.next()).map(|received| received.line().len()).collect();
        assert_eq!(lengths, names);
        assert_eq!(server.lost(), if names.len() == 1 { 1025 } else { 0 });
    }
}

#[test]
fn a_line_without_an_end_is_lost_and_not_kept() {
    let mut server = server();
    for _ in 0..1000 {
        assert_eq!(commands(&mut server, &[b'y'; 1000]), []);
    }
    assert_eq!(server.lost(), 1_000_000 / 1025 * 1025);
    let [Command::Unreadable(_), Command::Pid(_)] = commands(&mut server, b"\npid\n")[..] else {
        panic!("the rest is no line")
    };
}

#[test]
fn a_password_is_asked_for_three_times() {
    let try_each = |reads: &[&[u8]]| {
        let mut server = server().with_password("sesame");
        let mut said = vec![output(&mut server)];
        for read in reads {
            commands(&mut server, read);
            said.push(output(&mut server));
        }
        (said.join("|"), server.is_ended())
    };
    let (prompt, right) = ("ENTER PASSWORD:", "SUCCESS: password is correct\r\n");
    for (reads, said, ended) in [
        (&[&b"sesame\r\n"[..]][..], format!("{prompt}|{right}"), false),
        (&[b"a\n", b"\n", b"sesame \n"], format!("{prompt}|{prompt}|{prompt}|"), true),
        (&[b"a\nb\n", b"sesame\n"], format!("{prompt}|{prompt}|{right}"), false),
        (&[b"a\nb\nc\nsesame\n"], format!("{prompt}|"), true),
    ] {
        assert_eq!(try_each(reads), (said, ended));
    }
    let mut server = server().with_password("sesame");
    let received = commands(&mut server, b"pid\nsesame\npid\n");
    let password = Command::ManagementPassword;
    let tried = [password(PasswordTry::Wrong), password(PasswordTry::Right), Command::Pid(Pid)];
    assert_eq!(received, tried);
    assert!(!server.asks_password());
}

#[test]
fn one_line_cannot_become_two() {
    let mut server = server();
    server.event("HOLD:Waiting for hold release:0").unwrap();
    for text in ["a\nb", "a\rb"] {
        let error = LineError::HoldsLineEnd { offset: 1 };
        assert_eq!(server.event(text), Err(error));
        assert_eq!(server.reply(Reply::success(text)), Err(error));
        assert_eq!(server.reply(Reply::block(["x", text])), Err(error));
        assert_eq!(server.reply(Reply::lines(["x", text])), Err(error));
    }
    assert_eq!(server.reply(Reply::block(["END"])), Err(LineError::EndsBlock));
    assert_eq!(output(&mut server), ">HOLD:Waiting for hold release:0\r\n");
}

#[test]
fn raw_replies_are_said_as_they_came() {
    use crate::reply::RawReply;
    let mut server = server();
    server.reply(RawReply::success("pid=7")).unwrap();
    server.reply(RawReply::block(vec!["a".into()])).unwrap();
    server.reply(RawReply::block(Vec::new())).unwrap();
    assert_eq!(output(&mut server), "SUCCESS: pid=7\r\na\r\nEND\r\nEND\r\n");
}

mod properties;

#[test]
fn a_typed_event_is_said_whole_or_not_at_all() {
    let mut server = server();
    let line = bytes::Bytes::from_static(b"BYTECOUNT_CLI:7,1,2");
    server.event(Event::parse(&line)).unwrap();
    assert_eq!(output(&mut server), ">BYTECOUNT_CLI:7,1,2\r\n");
    let error = server.event(Event::Fatal(Fatal::new("over\r\n>HOLD:"))).unwrap_err();
    assert!(matches!(error, LineError::Unwritable(WriteError::LineEnd { .. })), "{error}");
    let error = server.reply(Typed(Scalar::Verb(3))).map(|()| output(&mut server));
    assert_eq!(error.unwrap(), "SUCCESS: verb=3\r\n");
}

/// A line that was cut where a connection ended is a line where it is said again.
#[test]
fn what_was_cut_is_not_said_into_the_next_line() {
    let cut = Event::Malformed(Malformed::cut(bytes::Bytes::from_static(b"LOG:1,I,tex")));
    let mut server = server();
    server.event(&cut).unwrap();
    server.event("HOLD:Waiting for hold release:0").unwrap();
    assert_eq!(output(&mut server), ">LOG:1,I,tex\r\n>HOLD:Waiting for hold release:0\r\n");
}
