//! Replies that are missing, late or in other words cost their own call only.

use std::time::Duration;

use openvpn_mgmt::command::Fence;
use openvpn_mgmt::{Builder, Cid, CloseReason, Error, Event, Events, Kid, ReplyShape, Signal};

use openvpn_mgmt_test::scripted::{Daemon, PROMPT, attached, beside, client, pipe, pipe_of};

async fn strays(events: &mut Events, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    while lines.len() < count {
        if let Event::Stray(stray) = events.next().await.unwrap().unwrap() {
            lines.push(String::from_utf8(stray.line().to_vec()).unwrap());
        }
    }
    lines
}

/// A call and its reply, which shows that the connection is in step.
async fn is_in_step(client: &openvpn_mgmt::Client, daemon: &mut Daemon) {
    let verb = beside(client.verb(), async {
        daemon.hears("verb").await.says("SUCCESS: verb=7\r\n").await;
    });
    assert_eq!(verb.await.unwrap(), 7);
}

/// What daemons and their substitutes were seen to answer.
#[tokio::test(start_paused = true)]
async fn a_reply_in_other_words_costs_its_own_call() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    for odd in [
        "SUCCESS: hold release succeeded",
        "SUCCESS:",
        "SUCCESS:   ",
        "SUCCESS",
        "200 OK HTTP/1.1",
        "SUCCESS: pk-sign command succeeded",
    ] {
        let held = beside(client.hold(), async {
            daemon.hears("hold").await.says(format!("{odd}\r\n")).await.passes_fence().await;
        })
        .await;
        assert!(
            matches!(&held, Err(Error::UnexpectedReply { command: "hold", line, .. }) if *line == odd),
            "{odd}: {held:?}"
        );
        assert_eq!(strays(&mut events, 1).await, [odd]);
        is_in_step(&client, &mut daemon).await;
    }
    let help = beside(client.help(), async {
        daemon.hears("help").await.says("SUCCESS: help\r\n").await.passes_fence().await;
    });
    let help = help.await.map(|_| ());
    assert!(matches!(&help, Err(Error::UnexpectedReply { command: "help", .. })), "{help:?}");
    is_in_step(&client, &mut daemon).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_any_words_is_a_refusal() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let pid = beside(client.pid(), async {
        daemon.hears("pid").await.says("ERROR: unknown command\r\n").await;
    });
    assert!(matches!(pid.await, Err(Error::Refused { command: "pid", .. })));
    is_in_step(&client, &mut daemon).await;
}

/// A line of a library in the daemon, before the reply.
#[tokio::test(start_paused = true)]
async fn a_stray_line_costs_no_reply() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    let pid = beside(client.pid(), async {
        daemon.hears("pid").await.says("PROTECTFD: 7\r\nlibfoo: hello\r\n").await;
        let fence = daemon.hears_fence().await;
        daemon.says(format!("SUCCESS: pid=5\r\n{fence}")).await;
    });
    assert_eq!(pid.await.unwrap(), 5);
    assert_eq!(strays(&mut events, 2).await, ["PROTECTFD: 7", "libfoo: hello"]);
    is_in_step(&client, &mut daemon).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_reply_costs_its_own_call_and_the_time_that_was_set() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    let begun = tokio::time::Instant::now();
    let (lost, next) = (client.hold(), client.verb());
    let (lost, next, ()) = tokio::join!(lost, next, async {
        daemon.hears("hold").await;
        let fence = daemon.hears_fence().await;
        assert_eq!(begun.elapsed().as_secs(), 60, "the default of the reply timeout");
        daemon.says(format!("SUCCESS: odd\r\n{fence}")).await;
    });
    let sent_of = |error| match error {
        Error::Timeout { sent, .. } => sent,
        other => panic!("{other:?}"),
    };
    assert!(sent_of(lost.unwrap_err()), "30 s are over before the reply timeout");
    assert!(!sent_of(next.unwrap_err()), "it was never sent, and says so");
    assert_eq!(strays(&mut events, 1).await, ["SUCCESS: odd"]);
    is_in_step(&client, &mut daemon).await;

    // Whoever waits longer is told that there is no reply.
    let patient = client.with_timeout(Duration::from_secs(100));
    let lost = beside(patient.hold(), async {
        daemon.hears("hold").await.passes_fence().await;
    });
    assert!(matches!(lost.await, Err(Error::NoReply { command: "hold" })));
    is_in_step(&client, &mut daemon).await;
}

#[tokio::test(start_paused = true)]
async fn without_any_answer_the_connection_ends_and_all_learn_it() {
    let builder = Builder::new().reply_timeout(Duration::from_secs(10));
    let (client, mut events, mut daemon) = client(builder).await;
    let begun = tokio::time::Instant::now();
    let ((), first, second) = tokio::join!(
        async {
            daemon.hears("hold").await;
            daemon.hears_fence().await;
            assert!(daemon.is_closed().await);
            assert_eq!(begun.elapsed().as_secs(), 20);
        },
        client.hold(),
        client.verb(),
    );
    for error in [first.unwrap_err(), second.unwrap_err(), client.pid().await.unwrap_err()] {
        let lost = matches!(&error, Error::Closed(CloseReason::Desynchronized(_)));
        assert!(lost, "{error:?}");
    }
    assert!(matches!(client.closed().await, CloseReason::Desynchronized(_)));
    while events.next().await.is_some() {}
}

/// Lines that come show that the reply is on its way.
#[tokio::test(start_paused = true)]
async fn a_slow_reply_is_not_given_up() {
    let builder = Builder::new().reply_timeout(Duration::from_secs(10));
    let (client, _events, mut daemon) = client(builder).await;
    let patient = client.with_timeout(Duration::MAX);
    let log = beside(patient.log_history(9), async {
        daemon.hears("log 9").await;
        for _ in 0..9 {
            tokio::time::sleep(Duration::from_secs(9)).await;
            daemon.says("1795332244,D,slow\r\n").await;
        }
        daemon.says("END\r\n").await;
    });
    assert_eq!(log.await.unwrap().len(), 9);
    // An idle connection is not given up either.
    tokio::time::sleep(Duration::from_secs(1000)).await;
    is_in_step(&client, &mut daemon).await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_timeout_of_for_ever_gives_nothing_up() {
    let (client, _events, mut daemon) = client(Builder::new().reply_timeout(Duration::MAX)).await;
    let patient = client.with_timeout(Duration::MAX);
    let held = beside(patient.hold(), async {
        daemon.hears("hold").await;
        tokio::time::sleep(Duration::from_secs(1_000_000)).await;
        daemon.says("SUCCESS: hold=1\r\n").await;
    });
    assert!(held.await.unwrap());
}

/// What `raw_command` is told of a reply's form may be wrong.
#[tokio::test(start_paused = true)]
async fn no_reply_of_a_raw_command_reaches_another_caller() {
    let (client, _events, mut daemon) = client(Builder::new().pipeline(8)).await;
    let raw = client.raw_command("pid", ReplyShape::Fenced(Fence::AtOnce));
    let raw = beside(raw, async {
        daemon.hears("pid").await.says("SUCCESS: pid=1\r\n").await.passes_fence().await;
    });
    assert_eq!(raw.await.unwrap().lines, ["SUCCESS: pid=1"], "issue: it was taken for the fence's");
    let pid = beside(client.pid(), async {
        daemon.hears("pid").await.says("SUCCESS: pid=2\r\n").await;
    });
    assert_eq!(pid.await.unwrap(), 2);

    // Two lines where one was said to come.
    let (raw, next, ()) = tokio::join!(
        client.raw_command("push-update-broad x", ReplyShape::Line),
        client.raw_command("verb", ReplyShape::Line),
        async {
            daemon.hears("push-update-broad x").await;
            let fence = daemon.hears_fence().await;
            daemon.says(format!("SUCCESS: 1 updated\r\nSUCCESS: succeeded\r\n{fence}")).await;
            daemon.hears("verb").await;
            let fence = daemon.hears_fence().await;
            daemon.says(format!("SUCCESS: verb=3\r\n{fence}")).await;
        }
    );
    assert_eq!(raw.unwrap().success.unwrap(), "1 updated");
    assert_eq!(next.unwrap().success.unwrap(), "verb=3");

    // One where a block was said to come, and none at all.
    for said in ["SUCCESS: pid=1\r\n", ""] {
        let raw = beside(client.raw_command("x", ReplyShape::Block), async {
            daemon.hears("x").await;
            let fence = daemon.hears_fence().await;
            daemon.says(format!("{said}{fence}")).await;
        });
        let error = raw.await.unwrap_err();
        let is_told = matches!(error, Error::UnexpectedReply { .. } | Error::NoReply { .. });
        assert!(is_told, "{error:?}");
        is_in_step(&client, &mut daemon).await;
    }
}

/// The reply names the prompt that was answered, not the command.
#[tokio::test(start_paused = true)]
async fn a_signature_is_accepted_in_the_words_of_either_command() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    for words in ["pk-sign", "rsa-sign", "rsa-sig"] {
        let reply = format!("SUCCESS: {words} command succeeded\r\n");
        let signed = beside(client.pk_sig([1, 2, 3]), async {
            daemon.hears("pk-sig").await.hears("AQID").await.hears("END").await.says(&reply).await;
        });
        signed.await.unwrap();
        let signed = beside(client.rsa_sig([1, 2, 3]), async {
            daemon.hears("rsa-sig").await.hears("AQID").await.hears("END").await.says(&reply).await;
        });
        signed.await.unwrap();
    }
}

/// A fence proves nothing about a signature: its reply may come behind.
#[tokio::test(start_paused = true)]
async fn a_signature_whose_reply_is_late_is_taken_for_no_other() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    let block = async |daemon: &mut Daemon| {
        daemon.hears("pk-sig").await.hears("AQID").await.hears("END").await;
    };
    let patient = client.with_timeout(DEFAULT_AND_MORE);
    let lost = beside(patient.pk_sig([1, 2, 3]), async {
        block(&mut daemon).await;
        daemon.passes_fence().await;
    });
    assert!(matches!(lost.await, Err(Error::NoReply { command: "pk-sig" })));

    // The next signature waits, all others go on.
    let waiting = client.pk_sig([1, 2, 3]).await.unwrap_err();
    assert!(matches!(waiting, Error::Timeout { sent: false, .. }), "{waiting:?}");
    let (signed, ()) = tokio::join!(client.pk_sig([1, 2, 3]), async {
        is_in_step(&client, &mut daemon).await;
        daemon.says("SUCCESS: pk-sign command succeeded\r\n").await;
        block(&mut daemon).await;
        daemon.says("SUCCESS: pk-sign command succeeded\r\n").await;
    });
    signed.unwrap();
    assert_eq!(strays(&mut events, 1).await, ["SUCCESS: pk-sign command succeeded"]);
    is_in_step(&client, &mut daemon).await;
}

const DEFAULT_AND_MORE: Duration = Duration::from_secs(61);

/// OpenVPN before 2.5.8 ignores a signal in a hold without a word.
#[tokio::test(start_paused = true)]
async fn on_2_5_a_stray_line_makes_no_success_of_an_ignored_signal() {
    let (ours, mut daemon) = pipe();
    daemon.greets(3).await;
    let session = Builder::new().requests(false).attach(ours).await.unwrap();
    let (client, _events, _) = session.split();
    for stray in ["", "libfoo: hello\r\n", "SUCCESS: verb=3\r\n"] {
        let ignored = beside(client.signal(Signal::Sighup), async {
            daemon.hears("signal SIGHUP").await.says(stray).await.passes_fence().await;
        });
        let ignored = ignored.await;
        assert!(matches!(ignored, Err(Error::Refused { .. })), "{stray:?}: {ignored:?}");
    }
    let thrown = beside(client.signal(Signal::Sighup), async {
        daemon.hears("signal SIGHUP").await.says("SUCCESS: signal SIGHUP thrown\r\n").await;
        daemon.passes_fence().await;
    });
    thrown.await.unwrap();
}

/// Two commands of one call have one time together.
#[tokio::test(start_paused = true)]
async fn a_call_of_two_commands_takes_one_timeout() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let begun = tokio::time::Instant::now();
    let version = "OpenVPN Version: OpenVPN 2.6.14 x [PKCS11]\r\nManagement Version: 5\r\nEND\r\n";
    let killed = beside(client.password("Auth", "x".repeat(200)), async {
        daemon.hears("version").await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        daemon.says(version).await;
        daemon.line().await
    });
    let error = killed.await.unwrap_err();
    assert!(matches!(error, Error::Timeout { command: "password", sent: true, .. }), "{error:?}");
    assert_eq!(begun.elapsed().as_secs(), 30);
}

/// However many signatures wait for a late reply, others have their turn.
#[tokio::test(start_paused = true)]
async fn signatures_that_wait_starve_nobody() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let patient = client.with_timeout(Duration::MAX);
    let lost = beside(patient.pk_sig([1, 2, 3]), async {
        daemon.hears("pk-sig").await.hears("AQID").await.hears("END").await.passes_fence().await;
    });
    assert!(matches!(lost.await, Err(Error::NoReply { .. })));
    for _ in 0..100 {
        let patient = patient.clone();
        tokio::spawn(async move { patient.pk_sig([1, 2, 3]).await });
    }
    tokio::task::yield_now().await;
    is_in_step(&client, &mut daemon).await;
}

/// Nothing answers a command of which the daemon has not had the line.
#[tokio::test(start_paused = true)]
async fn no_reply_is_taken_before_the_command_is_out() {
    let (ours, mut daemon) = pipe_of(64);
    let (client, _events, _) = attached(Builder::new(), ours, &mut daemon).await.split();
    let deny = async |cid, reason: String| client.client_deny(Cid(cid), Kid(1), reason, None).await;
    let (first, second, ()) =
        tokio::join!(deny(1, "x".repeat(200)), deny(2, "y".to_owned()), async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let done = "SUCCESS: client-deny command succeeded\r\n";
            daemon.says(done).await;
            assert!(daemon.line().await.starts_with("client-deny 1 1"));
            daemon.says("ERROR: client-deny command failed\r\n").await;
            assert!(daemon.line().await.starts_with("client-deny 2 1"));
            daemon.says(done).await;
        });
    assert!(matches!(first, Err(Error::Refused { .. })), "{first:?}");
    second.unwrap();
}

/// A line that explains a refusal is not taken from another's reply.
#[tokio::test(start_paused = true)]
async fn an_explained_reply_is_not_pipelined() {
    let (client, _events, mut daemon) = client(Builder::new().pipeline(4)).await;
    let (set, verb, ()) = tokio::join!(
        client.set_auth_retry(openvpn_mgmt::AuthRetry::Interact),
        client.verb(),
        async {
            daemon.hears("auth-retry interact").await.says("200 OK\r\n").await.passes_fence().await;
            daemon.hears("verb").await.says("ERROR: not for you\r\n").await;
        }
    );
    assert!(matches!(set, Err(Error::UnexpectedReply { .. })), "{set:?}");
    assert!(matches!(verb, Err(Error::Refused { .. })), "{verb:?}");
}

/// What repeats our own words is not shown.
#[tokio::test(start_paused = true)]
async fn no_error_shows_a_secret_that_the_other_side_repeats() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    for (said, fence) in [
        ("password \"Auth\" \"hunter2\"", true),
        ("SUCCESS: password Auth hunter2", true),
        ("ERROR: unknown: password \"Auth\" \"hunter2\"", false),
        ("ERROR: value 'hunter2' not accepted", false),
    ] {
        let sent = beside(client.password("Auth", "hunter2"), async {
            daemon.line().await;
            daemon.says(format!("{said}\r\n")).await;
            if fence {
                daemon.passes_fence().await;
            }
        });
        let error = sent.await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    let raw = beside(client.raw_command("password Auth hunter2", ReplyShape::Line), async {
        daemon.line().await;
        daemon.says("ERROR: unknown command: password Auth hunter2\r\n").await.passes_fence().await;
    });
    assert!(!format!("{:?}", raw.await).contains("hunter2"));
    let long = beside(client.pid(), async {
        daemon.hears("pid").await.says("x".repeat(100_000)).await.says("\r\n").await;
        daemon.passes_fence().await;
    });
    assert!(long.await.unwrap_err().to_string().len() < 600);

    let (ours, mut daemon) = pipe();
    daemon.says(PROMPT).await;
    let builder = Builder::new().password("hunter2");
    let attached = beside(builder.attach(ours), async {
        let line = daemon.line().await;
        daemon.says(format!("{line}\r\n")).await;
    });
    let error = attached.await.unwrap_err();
    assert!(matches!(error, Error::NotOpenVpn { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}
