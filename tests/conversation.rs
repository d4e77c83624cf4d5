//! Whole conversations with a scripted daemon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use openvpn_mgmt::reply::NetworkChange;
use openvpn_mgmt::{
    ArgumentProblem, Builder, Cid, CloseReason, Error, Event, History, Info, Kid, ReplyShape,
    Result, Session, Signal,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio_test::io::Builder as Script;

const GREETING: &[u8] =
    b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

/// Connects without collecting requests, which would send a `state on` of its own.
async fn attach<S: AsyncRead + AsyncWrite + Send + 'static>(stream: S) -> Result<Session> {
    Builder::new().requests(false).attach(stream).await
}

/// The daemon's end of a connection whose greeting has been sent.
async fn connected() -> (Session, DuplexStream) {
    let (ours, mut daemon) = duplex(64 * 1024);
    daemon.write_all(GREETING).await.unwrap();
    (attach(ours).await.unwrap(), daemon)
}

/// Reads just these bytes, as the daemon.
async fn expect(daemon: &mut DuplexStream, bytes: &[u8]) {
    let mut got = vec![0; bytes.len()];
    daemon.read_exact(&mut got).await.unwrap();
    assert_eq!(got.escape_ascii().to_string(), bytes.escape_ascii().to_string());
}

/// Says this before it answers the fence, as the daemon.
async fn fence(daemon: &mut DuplexStream, reply: &str) {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        line.push(daemon.read_u8().await.unwrap());
    }
    let line = String::from_utf8(line).unwrap();
    let answer = match line.trim_end().strip_prefix("signal ") {
        Some(name) => {
            format!("ERROR: signal '{}' is not a known signal type", name.trim_matches('"'))
        }
        None if line == "pid\n" => "SUCCESS: pid=1".to_owned(),
        None => panic!("no fence: {line:?}"),
    };
    daemon.write_all(format!("{reply}{answer}\r\n").as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_first_program() {
    let daemon = Script::new()
        .read(GREETING)
        .read(b">HOLD:Waiting for hold release:0\r\n")
        .write(b"state on\n")
        .read(b"SUCCESS: real-time state notification set to ON\r\n")
        .write(b"bytecount 5\n")
        .read(b">LOG:1795332238,D,MANAGEMENT: CMD 'bytecount 5'\r\nSUCCESS: bytecount interval changed\r\n")
        .write(b"hold release\n")
        .read(b"SUCCESS: hold release succeeded\r\n>STATE:1795332239,WAIT,,,,,,\r\n")
        .build();
    let (client, mut events, _) = attach(daemon).await.unwrap().split();
    client.state_on().await.unwrap();
    client.bytecount(Duration::from_secs(5)).await.unwrap();
    client.hold_release().await.unwrap();
    assert!(matches!(client.closed().await, CloseReason::Remote));
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        seen.push(event.unwrap());
    }
    assert!(
        matches!(
            seen.as_slice(),
            [
                Event::Info(Info::Greeting { management_version: 5, .. }),
                Event::Hold(_),
                Event::Log(_),
                Event::State(_)
            ]
        ),
        "{seen:?}"
    );
}

#[tokio::test]
async fn blocks_with_events_between_their_lines() {
    let daemon = Script::new()
        .read(GREETING)
        .write(b"state on all\n")
        .read(b"SUCCESS: real-time state notification set to ON\r\n1795332238,CONNECTING,,,,,,\r\n")
        .read(b">BYTECOUNT:1,2\r\n1795332239,WAIT,,,,,,\r\nEND\r\n")
        .write(b"log 2\n")
        .read(b"1795332244,D,MANAGEMENT: CMD 'log 2'\r\nEND\r\n")
        .build();
    let (client, _events, _) = attach(daemon).await.unwrap().split();
    let states = client.state_on_with_history(History::All).await.unwrap();
    assert_eq!(states.len(), 2);
    let log = client.log_history(2).await.unwrap();
    assert_eq!(log.len(), 1);
}

#[tokio::test]
async fn a_change_of_the_network_is_told_and_answered() {
    let (session, mut daemon) = connected().await;
    let (client, mut events, _) = session.split();
    let restart = "PROTECTFD: fd '-2' sent to be protected\r\nSUCCESS: signal SIGUSR1 thrown\r\n";
    for (same, command, reply, change) in [
        (false, "network-change\n", restart, NetworkChange::Restart),
        (
            true,
            "network-change samenetwork\n",
            "PROTECTFD: fd '7' sent to be protected\r\n",
            NetworkChange::Protect { fd: 7 },
        ),
        (true, "network-change samenetwork\n", "", NetworkChange::Nothing),
    ] {
        let (answer, ()) = tokio::join!(client.network_change(same), async {
            expect(&mut daemon, command.as_bytes()).await;
            fence(&mut daemon, reply).await;
        });
        assert_eq!(answer.unwrap(), change);
    }
    let (answer, ()) = tokio::join!(client.network_change(false), async {
        expect(&mut daemon, b"network-change\n").await;
        fence(&mut daemon, "ERROR: unknown command [network-change]\r\n").await;
    });
    assert!(matches!(answer, Err(Error::Refused { .. })), "{answer:?}");
    while let Some(event) = events.try_next() {
        assert!(matches!(event, Ok(Event::Info(_))), "{event:?}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_hides_no_other() {
    let rows = "1,CONNECTING,,,,,,\r\nnonsense\r\n2,CONNECTED,SUCCESS,10.0.0.2,vpn.example.com,1194,,\r\nEND\r\n";
    let log = "1,I,one\r\nx,I,two\r\n3,I,three\r\nEND\r\n";
    let echo = "1,one\r\ntwo\r\n3,three\r\nEND\r\n";
    let remotes = "0,a,1,udp,enabled\r\n1,b,2,udp,maybe\r\n2,c,3,udp,disabled\r\nEND\r\n";
    let mut script = Script::new();
    script.read(GREETING);
    for (command, reply) in [
        ("state all", rows),
        ("log all", log),
        ("echo all", echo),
        ("remote-entry-get all", remotes),
    ] {
        script.write(format!("{command}\n").as_bytes()).read(reply.as_bytes());
    }
    let (client, _events, _) = attach(script.build()).await.unwrap().split();
    let states = client.state_history(History::All).await.unwrap();
    let [Ok(_), Err(unread), Ok(connected)] = states.as_slice() else { panic!("{states:?}") };
    assert_eq!((unread.row(), connected.remote_port), (&"nonsense".into(), Some(1194)));
    let log = client.log_history(History::All).await.unwrap();
    assert!(matches!(log.as_slice(), [Ok(_), Err(_), Ok(_)]), "{log:?}");
    let echoes = client.echo_history(History::All).await.unwrap();
    assert!(matches!(echoes.as_slice(), [Ok(_), Err(_), Ok(_)]), "{echoes:?}");
    let remotes = client.remote_entries().await.unwrap();
    assert!(matches!(remotes.as_slice(), [Ok(_), Err(_), Ok(_)]), "{remotes:?}");
}

#[tokio::test]
async fn a_refusal_is_the_callers_and_the_connection_goes_on() {
    let daemon = Script::new()
        .read(GREETING)
        .write(b"signal SIGHUP\n")
        .read(
            b"ERROR: signal 'SIGHUP' is currently ignored\r\n>HOLD:Waiting for hold release:0\r\n",
        )
        .write(b"pid\n")
        .read(b"SUCCESS: pid=3528\r\n")
        .build();
    let (client, _events, _) = attach(daemon).await.unwrap().split();
    let refused = client.signal(Signal::Sighup).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "daemon refused `signal`: signal 'SIGHUP' is currently ignored"
    );
    assert_eq!(client.pid().await.unwrap(), 3528);
}

#[tokio::test]
async fn bad_arguments_are_refused_before_anything_is_sent() {
    // A script without a write fails on any byte.
    let daemon = Script::new().read(GREETING).wait(Duration::from_secs(3600)).build();
    let (client, _events, _) = attach(daemon).await.unwrap().split();
    let long = "x".repeat(257);
    for (text, problem) in [
        ("new\nline", ArgumentProblem::ControlByte { byte: b'\n', offset: 3 }),
        ("TAB\t", ArgumentProblem::ControlByte { byte: b'\t', offset: 3 }),
        ("\u{7f}", ArgumentProblem::ControlByte { byte: 0x7f, offset: 0 }),
    ] {
        let result = client.username("Auth", text).await;
        let Err(Error::InvalidArgument { command, argument, problem: found }) = result else {
            panic!("{text:?} was accepted: {result:?}");
        };
        assert_eq!((command, argument, found), ("username", "user name", problem));
    }
    let denied = client.client_deny(Cid(0), Kid(1), &long, None).await.unwrap_err();
    assert!(matches!(
        denied,
        Error::InvalidArgument {
            argument: "reason",
            problem: ArgumentProblem::TooLong { len: 257, limit: 256, .. },
            ..
        }
    ));
    // Quoting makes this one too long for a line, though each part is short enough.
    let quotes = "\"".repeat(256);
    let denied = client.client_deny(Cid(0), Kid(1), &quotes, Some(&quotes)).await.unwrap_err();
    assert!(matches!(denied, Error::InvalidArgument { argument: "client reason", .. }), "{denied}");
    assert!(client.client_auth(Cid(0), Kid(1), ["END"]).await.is_err());
    assert!(client.kill(&openvpn_mgmt::KillTarget::CommonName("1.2.3.4:5".into())).await.is_err());
    assert!(client.bytecount(Duration::from_millis(1500)).await.is_err());
    assert!(client.log_history(0).await.is_err());
    assert!(client.raw_command("", ReplyShape::Line).await.is_err());
    assert!(client.raw_command("quit", ReplyShape::Line).await.is_err());
    assert!(client.raw_command("client-auth 0 1", ReplyShape::Line).await.is_err());
    assert!(client.raw_command("pid\nverb 7", ReplyShape::Line).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_greeting_needs_a_number_and_nothing_behind_it() {
    let (ours, mut daemon) = duplex(1024);
    daemon.write_all(b">INFO:OpenVPN Management Interface Version 5\r\n").await.unwrap();
    assert_eq!(attach(ours).await.unwrap().client().management_version(), 5);
    let start = tokio::time::Instant::now();
    let greeting = "INFO:OpenVPN Management Interface Version -- type 'help' for more info";
    let (ours, mut daemon) = duplex(1024);
    daemon.write_all(format!(">{greeting}\r\n").as_bytes()).await.unwrap();
    let error = attach(ours).await.unwrap_err();
    assert!(matches!(&error, Error::NotOpenVpn { line } if *line == greeting), "{error}");
    assert_eq!(start.elapsed(), Duration::ZERO, "it is told at once");
}

#[tokio::test(start_paused = true)]
async fn what_came_in_place_of_a_greeting_is_named() {
    for (says, named) in [
        (">INFO:hello\r\n>INFO:again\r\n", "INFO:hello"),
        ("220 mail.example.com", "220 mail.example.com"),
        (">INFO:OpenVPN Management Inter", "INFO:OpenVPN Management Inter"),
    ] {
        let (ours, mut daemon) = duplex(1024);
        daemon.write_all(says.as_bytes()).await.unwrap();
        let error = attach(ours).await.unwrap_err();
        assert!(matches!(&error, Error::NotOpenVpn { line } if *line == named), "{error}");
    }
}

#[tokio::test]
async fn settings_at_their_extremes_still_connect() {
    type Set = fn(Builder) -> Builder;
    let settings: [(&str, Set); 10] = [
        ("event_capacity", |builder| builder.event_capacity(usize::MAX)),
        ("event_capacity", |builder| builder.event_capacity(0)),
        ("pipeline", |builder| builder.pipeline(usize::MAX).pipeline(0)),
        ("pipeline", |builder| builder.pipeline(usize::MAX)),
        ("line_limit", |builder| builder.line_limit(usize::MAX)),
        ("reply_limit", |builder| builder.reply_limit(usize::MAX)),
        ("command_timeout", |builder| builder.command_timeout(Duration::MAX)),
        ("greeting_timeout", |builder| builder.greeting_timeout(Duration::MAX)),
        ("connect_timeout", |builder| builder.connect_timeout(Duration::MAX)),
        ("request_limit", |builder| {
            builder.request_limit(usize::MAX).request_limit_per_address(usize::MAX)
        }),
    ];
    for (name, set) in settings {
        let builder = set(Builder::new().requests(false));
        let (ours, mut daemon) = duplex(1024);
        daemon.write_all(GREETING).await.unwrap();
        let session = builder.attach(ours).await.unwrap();
        let (pid, ()) = tokio::join!(session.client().pid(), async {
            expect(&mut daemon, b"pid\n").await;
            daemon.write_all(b"SUCCESS: pid=7\r\n").await.unwrap();
        });
        assert_eq!(pid.unwrap(), 7, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_manager_learns_why_there_is_no_greeting() {
    let (ours, _daemon) = duplex(64);
    let error = attach(ours).await.unwrap_err();
    assert!(matches!(error, Error::NoGreeting { .. }));
    assert!(error.to_string().contains("another management client may hold the session"));
}

#[tokio::test]
async fn a_socket_that_is_not_openvpn() {
    let (ours, mut other) = duplex(1024);
    other.write_all(b"220 mail.example.com ESMTP\r\n").await.unwrap();
    let error = attach(ours).await.unwrap_err();
    assert!(
        matches!(error, Error::NotOpenVpn { ref line } if *line == "220 mail.example.com ESMTP")
    );
    let (ours, mut other) = duplex(1024);
    other.write_all(b"* OK no line end").await.unwrap();
    drop(other);
    assert!(matches!(attach(ours).await, Err(Error::NotOpenVpn { .. })));
    let (ours, other) = duplex(1024);
    drop(other);
    assert!(matches!(attach(ours).await, Err(Error::Closed(CloseReason::Remote))));
}

#[tokio::test]
async fn an_unreachable_address() {
    let error = openvpn_mgmt::connect("/nonexistent/openvpn.sock").await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }));
    assert!(error.to_string().starts_with("cannot connect to /nonexistent/openvpn.sock: "));
    // Bound, so that nobody else takes it, and not listening.
    let silent = tokio::net::TcpSocket::new_v4().unwrap();
    silent.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = silent.local_addr().unwrap();
    assert!(matches!(openvpn_mgmt::connect(address).await, Err(Error::Connect { .. })));
}

#[tokio::test]
async fn the_management_password() {
    let right = Script::new()
        .read(b"ENTER PASSWORD:")
        .write(b"s3cret pass\n")
        .read(b"SUCCESS: password is correct\r\n")
        .read(GREETING)
        .build();
    let session =
        Builder::new().requests(false).password("s3cret pass").attach(right).await.unwrap();
    assert_eq!(session.client().management_version(), 5);

    let wrong =
        Script::new().read(b"ENTER PASSWORD:").write(b"wrong\n").read(b"ENTER PASSWORD:").build();
    let result = Builder::new().password("wrong").attach(wrong).await;
    assert!(matches!(result, Err(Error::PasswordRejected)));

    let asks = Script::new().read(b"ENTER PASSWORD:").build();
    assert!(matches!(attach(asks).await, Err(Error::PasswordRequired)));

    let silent = Script::new().build();
    let result = Builder::new().password("two\nlines").attach(silent).await;
    assert!(matches!(result, Err(Error::InvalidArgument { argument: "password", .. })));
}

#[tokio::test]
async fn a_garbage_event_is_a_value() {
    let (session, mut daemon) = connected().await;
    let (client, mut events, _) = session.split();
    daemon
        .write_all(b">\x00\xff\r\n>BYTECOUNT:x,\r\n>NEWTHING:1\r\nlibrary output\r\n")
        .await
        .unwrap();
    let mut next = async || events.next().await.unwrap().unwrap();
    assert!(matches!(next().await, Event::Info(_)));
    assert!(matches!(next().await, Event::Unknown(_) | Event::Malformed(_)));
    assert!(matches!(next().await, Event::Malformed(_)));
    assert!(matches!(next().await, Event::Unknown(_)));
    assert!(matches!(next().await, Event::Stray(stray) if stray.line() == "library output"));
    assert!(!client.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_timed_out_caller_keeps_its_place() {
    let (session, mut daemon) = connected().await;
    let (client, _events, _) = session.split();
    let late = tokio::time::timeout(Duration::from_secs(1), client.pid()).await;
    assert!(late.is_err());
    let next = tokio::spawn({
        let client = client.clone();
        async move { client.verb().await }
    });
    expect(&mut daemon, b"pid\n").await;
    daemon.write_all(b"SUCCESS: pid=1\r\n").await.unwrap();
    expect(&mut daemon, b"verb\n").await;
    daemon.write_all(b"SUCCESS: verb=4\r\n").await.unwrap();
    assert_eq!(next.await.unwrap().unwrap(), 4);

    // The crate's own timeout does the same.
    let slow = client.hold().await.unwrap_err();
    assert!(matches!(slow, Error::Timeout { command: "hold", .. }));
    expect(&mut daemon, b"hold\n").await;
    daemon.write_all(b"SUCCESS: hold=1\r\n").await.unwrap();
    let (pid, ()) = tokio::join!(client.pid(), async {
        expect(&mut daemon, b"pid\n").await;
        daemon.write_all(b"SUCCESS: pid=2\r\n").await.unwrap();
    });
    assert_eq!(pid.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_command_nobody_waits_for_is_withdrawn_while_it_is_queued() {
    let (session, mut daemon) = connected().await;
    let (client, _events, _) = session.split();
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.pid().await }
    });
    expect(&mut daemon, b"pid\n").await;
    assert!(tokio::time::timeout(Duration::from_secs(1), client.hold_release()).await.is_err());
    daemon.write_all(b"SUCCESS: pid=1\r\n").await.unwrap();
    assert_eq!(first.await.unwrap().unwrap(), 1);
    let (verb, ()) = tokio::join!(client.verb(), async {
        expect(&mut daemon, b"verb\n").await;
        daemon.write_all(b"SUCCESS: verb=3\r\n").await.unwrap();
    });
    assert_eq!(verb.unwrap(), 3, "and `hold release` was not sent");
}

#[tokio::test]
async fn every_waiter_and_every_later_call_learns_the_reason() {
    let (session, mut daemon) = connected().await;
    let (client, mut events, _) = session.split();
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.pid().await })
        })
        .collect();
    expect(&mut daemon, b"pid\n").await;
    daemon.write_all(b">FATAL:Cannot open TUN/TAP dev\r\n").await.unwrap();
    drop(daemon);
    let is_fatal = |error: &Error| matches!(error, Error::Closed(CloseReason::Fatal(text)) if *text == "Cannot open TUN/TAP dev");
    for waiter in waiters {
        assert!(is_fatal(&waiter.await.unwrap().unwrap_err()));
    }
    assert!(is_fatal(&client.status().await.unwrap_err()));
    assert!(client.is_closed());
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    assert!(matches!(events.next().await, Some(Ok(Event::Fatal(_)))));
    assert!(events.next().await.is_none());
    assert!(client.subscribe().next().await.is_none());
}

#[tokio::test]
async fn quit_ends_the_session_and_nothing_else() {
    let (session, mut daemon) = connected().await;
    let (client, _events, _) = session.split();
    let (quit, ()) = tokio::join!(client.quit(), async {
        expect(&mut daemon, b"quit\n").await;
        drop(daemon);
    });
    quit.unwrap();
    assert!(matches!(client.closed().await, CloseReason::Requested));
    client.quit().await.unwrap();
    assert!(matches!(client.pid().await, Err(Error::Closed(CloseReason::Requested))));
}

#[tokio::test(start_paused = true)]
async fn quit_does_not_wait_for_ever() {
    let (session, _daemon) = connected().await;
    session.client().quit().await.unwrap();
}

#[tokio::test]
async fn dropping_every_handle_closes_the_connection() {
    let (session, mut daemon) = connected().await;
    let (client, events, _) = session.split();
    let other = client.clone();
    drop((client, events));
    drop(other);
    assert_eq!(daemon.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn events_alone_keep_the_connection() {
    let (session, mut daemon) = connected().await;
    let (client, mut events, _) = session.split();
    drop(client);
    daemon.write_all(b">BYTECOUNT:1,2\r\n").await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    assert!(matches!(events.next().await, Some(Ok(Event::ByteCount(_)))));
    drop(events);
    assert_eq!(daemon.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_subscriber_that_never_reads_holds_up_nobody() {
    let (ours, mut daemon) = duplex(256);
    daemon.write_all(GREETING).await.unwrap();
    let (client, mut events, _) =
        Builder::new().requests(false).event_capacity(4).attach(ours).await.unwrap().split();
    // Far more than any buffer between: it is only taken if the driver always reads.
    for _ in 0..1000 {
        daemon.write_all(b">LOG:1795332238,D,MANAGEMENT: a line\r\n").await.unwrap();
    }
    let (pid, ()) = tokio::join!(client.pid(), async {
        expect(&mut daemon, b"pid\n").await;
        daemon.write_all(b">LOG:1,,x\r\nSUCCESS: pid=1\r\n").await.unwrap();
    });
    assert_eq!(pid.unwrap(), 1);
    let lost = events.next().await.unwrap().unwrap_err();
    assert_eq!(lost.0, 1002 - 4);
    assert!(matches!(events.next().await, Some(Ok(Event::Log(_)))));
}

#[tokio::test]
async fn a_runaway_line_or_reply_ends_with_its_reason() {
    let (ours, mut daemon) = duplex(1024);
    daemon.write_all(GREETING).await.unwrap();
    let session = Builder::new().requests(false).line_limit(100).attach(ours).await.unwrap();
    daemon.write_all(&[b'x'; 200]).await.unwrap();
    assert!(matches!(session.client().closed().await, CloseReason::LineTooLong(100)));

    let (ours, mut daemon) = duplex(1024);
    daemon.write_all(GREETING).await.unwrap();
    let session = Builder::new().requests(false).reply_limit(1000).attach(ours).await.unwrap();
    let (status, ()) = tokio::join!(session.client().status(), async {
        expect(&mut daemon, b"status 3\n").await;
        while daemon.write_all(b"CLIENT_LIST\tx\r\n").await.is_ok() {}
    });
    assert!(matches!(status, Err(Error::Closed(CloseReason::ReplyTooLarge(1000)))));
}

#[tokio::test]
async fn a_shut_down_runtime_is_told() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let session = runtime
        .spawn(async {
            let (ours, mut daemon) = duplex(1024);
            daemon.write_all(GREETING).await.unwrap();
            (attach(ours).await.unwrap(), daemon)
        })
        .await
        .unwrap();
    runtime.shutdown_background();
    assert!(matches!(session.0.client().closed().await, CloseReason::DriverGone));
    assert!(matches!(session.0.client().pid().await, Err(Error::Closed(CloseReason::DriverGone))));
}

#[tokio::test]
async fn dropping_a_call_at_every_poll_never_shifts_a_reply() {
    use std::future::Future;
    for polls in 0..6 {
        let (session, daemon) = connected().await;
        let (client, _events, _) = session.split();
        let answering = tokio::spawn(answer_pids(daemon));
        {
            let mut call = Box::pin(client.verb());
            for _ in 0..polls {
                let polled = std::future::poll_fn(|cx| {
                    std::task::Poll::Ready(call.as_mut().poll(cx).is_ready())
                });
                if polled.await {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        for _ in 0..100 {
            assert_eq!(client.pid().await.unwrap(), 77, "after {polls} polls");
        }
        drop(client);
        answering.abort();
    }
}

/// A daemon that knows `pid` and `verb`.
async fn answer_pids(daemon: DuplexStream) {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let mut daemon = BufReader::new(daemon);
    let mut line = String::new();
    while daemon.read_line(&mut line).await.unwrap_or(0) > 0 {
        let reply: &[u8] = match line.trim_end() {
            "pid" => b"SUCCESS: pid=77\r\n",
            "verb" => b"SUCCESS: verb=3\r\n",
            other => panic!("not a command of this test: {other}"),
        };
        daemon.write_all(reply).await.unwrap();
        line.clear();
    }
}

#[tokio::test]
async fn a_command_is_written_whole_or_not_at_all() {
    use std::future::Future;
    use tokio::io::{AsyncBufReadExt, BufReader};
    let reason = "x".repeat(200);
    let whole = format!("client-deny 7 1 \"{reason}\"");
    for polls in 0..8 {
        // Far less than the command: it goes out in many pieces.
        let (ours, mut daemon) = duplex(16);
        let (session, greeted) = tokio::join!(attach(ours), daemon.write_all(GREETING));
        greeted.unwrap();
        let (client, _events, _) = session.unwrap().split();
        {
            let mut call = Box::pin(client.client_deny(Cid(7), Kid(1), &reason, None));
            for _ in 0..polls {
                std::future::poll_fn(|cx| {
                    std::task::Poll::Ready(call.as_mut().poll(cx).is_ready())
                })
                .await;
                tokio::task::yield_now().await;
            }
        }
        let (mut heard, mut daemon) = (Vec::new(), BufReader::new(daemon));
        let (pid, ()) = tokio::join!(client.pid(), async {
            while heard.last().is_none_or(|line| line != "pid") {
                let mut line = String::new();
                daemon.read_line(&mut line).await.unwrap();
                heard.push(line.trim_end().to_owned());
                let reply: &[u8] = match heard.last().unwrap().as_str() {
                    "pid" => b"SUCCESS: pid=7\r\n",
                    _ => b"SUCCESS: client-deny command succeeded\r\n",
                };
                daemon.write_all(reply).await.unwrap();
            }
        });
        assert_eq!(pid.unwrap(), 7);
        let denied = heard.len() - 1;
        assert!(denied <= 1 && heard[..denied].iter().all(|line| *line == whole), "{heard:?}");
        assert!(polls < 2 || denied == 1, "the driver had the command by then");
    }
}

#[test]
fn handles_and_values_move_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<openvpn_mgmt::Client>();
    shared::<openvpn_mgmt::Events>();
    shared::<openvpn_mgmt::Requests>();
    shared::<openvpn_mgmt::Request>();
    shared::<Session>();
    shared::<Builder>();
    shared::<Event>();
    shared::<Error>();
    shared::<openvpn_mgmt::demux::Demuxer>();
}
