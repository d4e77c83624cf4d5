//! Whole conversations with a scripted daemon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod scripted;

use std::time::Duration;

use openvpn_mgmt::reply::NetworkChange;
use openvpn_mgmt::{
    ArgumentProblem, Builder, Cid, CloseReason, Error, Event, History, Info, Kid, ReplyShape,
    Result, Session, Signal,
};
use scripted::{Daemon, PROMPT, STATES_ON, attached, beside, client, connected, pipe, pipe_of};
use tokio::io::{AsyncRead, AsyncWrite};

/// Connects without collecting requests, which would send a `state on` of its own.
async fn attach<S: AsyncRead + AsyncWrite + Send + 'static>(stream: S) -> Result<Session> {
    Builder::new().requests(false).attach(stream).await
}

#[tokio::test]
async fn a_first_program() {
    let (ours, mut daemon) = pipe();
    let script = async move {
        daemon.greets(5).await.says(">HOLD:Waiting for hold release:0\r\n").await;
        daemon.hears("state on").await.says(STATES_ON).await;
        daemon.hears("bytecount 5").await;
        daemon.says(">LOG:1795332238,D,MANAGEMENT: CMD 'bytecount 5'\r\n").await;
        daemon.says("SUCCESS: bytecount interval changed\r\n").await;
        daemon.hears("hold release").await;
        daemon.says("SUCCESS: hold release succeeded\r\n>STATE:1795332239,WAIT,,,,,,\r\n").await;
    };
    let program = async {
        let (client, events, _) = attach(ours).await.unwrap().split();
        client.state_on().await.unwrap();
        client.bytecount(Duration::from_secs(5)).await.unwrap();
        client.hold_release().await.unwrap();
        assert!(matches!(client.closed().await, CloseReason::Remote));
        events
    };
    let mut events = beside(program, script).await;
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
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let states = beside(client.state_on_with_history(History::All), async {
        daemon.hears("state on all").await.says(STATES_ON).await;
        daemon.says("1795332238,CONNECTING,,,,,,\r\n").await;
        daemon.says(">BYTECOUNT:1,2\r\n1795332239,WAIT,,,,,,\r\nEND\r\n").await;
    });
    assert_eq!(states.await.unwrap().len(), 2);
    let log = beside(client.log_history(2), async {
        daemon.hears("log 2").await;
        daemon.says("1795332244,D,MANAGEMENT: CMD 'log 2'\r\nEND\r\n").await;
    });
    assert_eq!(log.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_of_the_network_is_told_and_answered() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    let restart = "PROTECTFD: fd '-2' sent to be protected\r\nSUCCESS: signal SIGUSR1 thrown\r\n";
    for (same, command, reply, change) in [
        (false, "network-change", restart, NetworkChange::Restart),
        (
            true,
            "network-change samenetwork",
            "PROTECTFD: fd '7' sent to be protected\r\n",
            NetworkChange::Protect { fd: 7 },
        ),
        (true, "network-change samenetwork", "", NetworkChange::Nothing),
    ] {
        let answer = beside(client.network_change(same), async {
            daemon.hears(command).await;
            let fence = daemon.hears_fence().await;
            daemon.says(format!("{reply}{fence}")).await;
        });
        assert_eq!(answer.await.unwrap(), change);
    }
    let answer = beside(client.network_change(false), async {
        daemon.hears("network-change").await;
        let fence = daemon.hears_fence().await;
        daemon.says(format!("ERROR: unknown command [network-change]\r\n{fence}")).await;
    });
    let answer = answer.await;
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
    let (client, _events, mut daemon) = client(Builder::new()).await;
    tokio::spawn(async move {
        daemon.hears("state all").await.says(rows).await;
        daemon.hears("log all").await.says(log).await;
        daemon.hears("echo all").await.says(echo).await;
        daemon.hears("remote-entry-get all").await.says(remotes).await;
    });
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
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let refused = beside(client.signal(Signal::Sighup), async {
        daemon.hears("signal SIGHUP").await;
        daemon.says("ERROR: signal 'SIGHUP' is currently ignored\r\n").await;
        daemon.says(">HOLD:Waiting for hold release:0\r\n").await;
    });
    assert_eq!(
        refused.await.unwrap_err().to_string(),
        "daemon refused `signal`: signal 'SIGHUP' is currently ignored"
    );
    let pid = beside(client.pid(), async {
        daemon.hears("pid").await.says("SUCCESS: pid=3528\r\n").await;
    });
    assert_eq!(pid.await.unwrap(), 3528);
}

#[tokio::test]
async fn bad_arguments_are_refused_before_anything_is_sent() {
    let (client, events, mut daemon) = client(Builder::new()).await;
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
    drop((client, events));
    assert!(daemon.is_closed().await, "and nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn a_greeting_needs_a_number_and_nothing_behind_it() {
    let (ours, mut daemon) = pipe();
    daemon.says(">INFO:OpenVPN Management Interface Version 5\r\n").await;
    assert_eq!(attach(ours).await.unwrap().client().management_version(), 5);
    let start = tokio::time::Instant::now();
    let greeting = "INFO:OpenVPN Management Interface Version -- type 'help' for more info";
    let (ours, mut daemon) = pipe();
    daemon.says(format!(">{greeting}\r\n")).await;
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
        let (ours, mut daemon) = pipe();
        daemon.says(says).await;
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
        let (client, _events, mut daemon) = client(set(Builder::new())).await;
        let pid = beside(client.pid(), async {
            daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
        });
        assert_eq!(pid.await.unwrap(), 7, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_manager_learns_why_there_is_no_greeting() {
    let (ours, _daemon) = pipe();
    let error = attach(ours).await.unwrap_err();
    assert!(matches!(error, Error::NoGreeting { .. }));
    assert!(error.to_string().contains("another management client may hold the session"));
}

#[tokio::test]
async fn a_socket_that_is_not_openvpn() {
    let (ours, mut other) = pipe();
    other.says("220 mail.example.com ESMTP\r\n").await;
    let error = attach(ours).await.unwrap_err();
    assert!(
        matches!(error, Error::NotOpenVpn { ref line } if *line == "220 mail.example.com ESMTP")
    );
    let (ours, mut other) = pipe();
    other.says("* OK no line end").await;
    drop(other);
    assert!(matches!(attach(ours).await, Err(Error::NotOpenVpn { .. })));
    let (ours, other) = pipe();
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
    let builder = Builder::new().requests(false);
    let (ours, mut daemon) = pipe();
    let right = builder.clone().password("s3cret pass");
    let session = beside(right.attach(ours), async {
        daemon.asks_password("s3cret pass").await.greets(5).await;
    });
    assert_eq!(session.await.unwrap().client().management_version(), 5);

    let (ours, mut daemon) = pipe();
    let wrong = builder.clone().password("wrong");
    let result = beside(wrong.attach(ours), async {
        daemon.says(PROMPT).await.hears("wrong").await.says(PROMPT).await;
    });
    assert!(matches!(result.await, Err(Error::PasswordRejected)));

    let (ours, mut daemon) = pipe();
    daemon.says(PROMPT).await;
    assert!(matches!(attach(ours).await, Err(Error::PasswordRequired)));
    assert!(daemon.is_closed().await, "and nothing was sent");

    let (ours, mut silent) = pipe();
    let result = Builder::new().password("two\nlines").attach(ours).await;
    assert!(matches!(result, Err(Error::InvalidArgument { argument: "password", .. })));
    assert!(silent.is_closed().await, "and nothing was sent");
}

#[tokio::test]
async fn a_garbage_event_is_a_value() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    daemon.says(b">\x00\xff\r\n>BYTECOUNT:x,\r\n>NEWTHING:1\r\nlibrary output\r\n").await;
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
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let late = tokio::time::timeout(Duration::from_secs(1), client.pid()).await;
    assert!(late.is_err());
    let next = tokio::spawn({
        let client = client.clone();
        async move { client.verb().await }
    });
    daemon.hears("pid").await;
    daemon.says("SUCCESS: pid=1\r\n").await;
    daemon.hears("verb").await;
    daemon.says("SUCCESS: verb=4\r\n").await;
    assert_eq!(next.await.unwrap().unwrap(), 4);

    // The crate's own timeout does the same.
    let slow = client.hold().await.unwrap_err();
    assert!(matches!(slow, Error::Timeout { command: "hold", .. }));
    daemon.hears("hold").await;
    daemon.says("SUCCESS: hold=1\r\n").await;
    let pid = beside(client.pid(), async {
        daemon.hears("pid").await;
        daemon.says("SUCCESS: pid=2\r\n").await;
    });
    assert_eq!(pid.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_command_nobody_waits_for_is_withdrawn_while_it_is_queued() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.pid().await }
    });
    daemon.hears("pid").await;
    assert!(tokio::time::timeout(Duration::from_secs(1), client.hold_release()).await.is_err());
    daemon.says("SUCCESS: pid=1\r\n").await;
    assert_eq!(first.await.unwrap().unwrap(), 1);
    let verb = beside(client.verb(), async {
        daemon.hears("verb").await;
        daemon.says("SUCCESS: verb=3\r\n").await;
    });
    assert_eq!(verb.await.unwrap(), 3, "and `hold release` was not sent");
}

#[tokio::test]
async fn every_waiter_and_every_later_call_learns_the_reason() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.pid().await })
        })
        .collect();
    daemon.hears("pid").await;
    daemon.says(">FATAL:Cannot open TUN/TAP dev\r\n").await;
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
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let quit = beside(client.quit(), async {
        daemon.hears("quit").await;
        drop(daemon);
    });
    quit.await.unwrap();
    assert!(matches!(client.closed().await, CloseReason::Requested));
    client.quit().await.unwrap();
    assert!(matches!(client.pid().await, Err(Error::Closed(CloseReason::Requested))));
}

#[tokio::test(start_paused = true)]
async fn quit_does_not_wait_for_ever() {
    let (client, _events, _daemon) = client(Builder::new()).await;
    client.quit().await.unwrap();
}

#[tokio::test]
async fn dropping_every_handle_closes_the_connection() {
    let (client, events, mut daemon) = client(Builder::new()).await;
    let other = client.clone();
    drop((client, events));
    drop(other);
    assert!(daemon.is_closed().await);
}

#[tokio::test]
async fn events_alone_keep_the_connection() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    drop(client);
    daemon.says(">BYTECOUNT:1,2\r\n").await;
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    assert!(matches!(events.next().await, Some(Ok(Event::ByteCount(_)))));
    drop(events);
    assert!(daemon.is_closed().await);
}

#[tokio::test]
async fn a_subscriber_that_never_reads_holds_up_nobody() {
    let (ours, mut daemon) = pipe_of(256);
    let session = attached(Builder::new().event_capacity(4), ours, &mut daemon).await;
    let (client, mut events, _) = session.split();
    // Far more than any buffer between: it is only taken if the driver always reads.
    for _ in 0..1000 {
        daemon.says(">LOG:1795332238,D,MANAGEMENT: a line\r\n").await;
    }
    let pid = beside(client.pid(), async {
        daemon.hears("pid").await;
        daemon.says(">LOG:1,,x\r\nSUCCESS: pid=1\r\n").await;
    });
    assert_eq!(pid.await.unwrap(), 1);
    let lost = events.next().await.unwrap().unwrap_err();
    assert_eq!(lost.0, 1002 - 4);
    assert!(matches!(events.next().await, Some(Ok(Event::Log(_)))));
}

#[tokio::test]
async fn a_runaway_line_or_reply_ends_with_its_reason() {
    let (session, mut daemon) = connected(Builder::new().line_limit(100)).await;
    daemon.says([b'x'; 200]).await;
    assert!(matches!(session.client().closed().await, CloseReason::LineTooLong(100)));

    let (session, mut daemon) = connected(Builder::new().reply_limit(1000)).await;
    let status = beside(session.client().status(), async {
        daemon.hears("status 3").await;
        while daemon.can_say("CLIENT_LIST\tx\r\n").await {}
    });
    assert!(matches!(status.await, Err(Error::Closed(CloseReason::ReplyTooLarge(1000)))));
}

#[tokio::test]
async fn a_shut_down_runtime_is_told() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let connecting = runtime.spawn(client(Builder::new()));
    let (client, _events, _daemon) = connecting.await.unwrap();
    runtime.shutdown_background();
    assert!(matches!(client.closed().await, CloseReason::DriverGone));
    assert!(matches!(client.pid().await, Err(Error::Closed(CloseReason::DriverGone))));
}

#[tokio::test]
async fn dropping_a_call_at_every_poll_never_shifts_a_reply() {
    use std::future::Future;
    for polls in 0..6 {
        let (client, _events, daemon) = client(Builder::new()).await;
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
async fn answer_pids(mut daemon: Daemon) {
    loop {
        let reply = match daemon.line().await.as_str() {
            "pid" => "SUCCESS: pid=77\r\n",
            "verb" => "SUCCESS: verb=3\r\n",
            other => panic!("not a command of this test: {other}"),
        };
        daemon.says(reply).await;
    }
}

#[tokio::test]
async fn a_command_is_written_whole_or_not_at_all() {
    use std::future::Future;
    let reason = "x".repeat(200);
    let whole = format!("client-deny 7 1 \"{reason}\"");
    for polls in 0..8 {
        // Far less than the command: it goes out in many pieces.
        let (ours, mut daemon) = pipe_of(16);
        let (client, _events, _) = attached(Builder::new(), ours, &mut daemon).await.split();
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
        let mut denied = 0;
        let pid = beside(client.pid(), async {
            let mut line = daemon.line().await;
            while line != "pid" {
                assert_eq!(line, whole);
                denied += 1;
                daemon.says("SUCCESS: client-deny command succeeded\r\n").await;
                line = daemon.line().await;
            }
            daemon.says("SUCCESS: pid=7\r\n").await;
        });
        assert_eq!(pid.await.unwrap(), 7);
        assert!(denied <= 1, "{denied} times");
        assert!(polls < 2 || denied == 1, "the driver had the command by then");
    }
}

/// Of the scripted daemon itself.
#[tokio::test(start_paused = true)]
async fn a_step_that_fails_shows_the_conversation() {
    for (command, why) in [
        (Some("verb"), "expected \"pid\", heard \"verb\""),
        (None, "could not hear a line within 600s"),
    ] {
        let (client, _events, mut daemon) = client(Builder::new()).await;
        let script = tokio::spawn(async move {
            daemon.hears("verb").await.says("SUCCESS: verb=3\r\n").await.hears("pid").await;
        });
        client.verb().await.unwrap();
        if let Some(command) = command {
            let _ = client.raw_command(command, ReplyShape::Line).await;
        }
        let panic = script.await.unwrap_err().into_panic();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.starts_with(why), "{message}");
        let said = "  client: verb\\n\n  daemon: SUCCESS: verb=3\\r\\n\n";
        assert!(message.contains(said), "{message}");
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
