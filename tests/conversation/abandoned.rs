//! Calls that nobody waits for any more.

use std::time::Duration;

use openvpn_mgmt::{Builder, Cid, Error, Kid};

use openvpn_mgmt_test::scripted::{Daemon, attached, beside, client, pipe_of};

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
