//! Who is slow or busy is not taken for dead, and who is dead not for slow.

use std::time::Duration;

use openvpn_mgmt::{Builder, CloseReason, Error, ReplyShape};
use tokio::time::{Instant, sleep, timeout};

use openvpn_mgmt_test::scripted::{attached, beside, client, pipe_of};

/// A fence that goes out with its command has as long as one that is sent later.
#[tokio::test(start_paused = true)]
async fn a_busy_daemon_has_two_silences_for_every_command() {
    for raw in [false, true] {
        let (client, _events, mut daemon) = client(Builder::new()).await;
        let patient = client.with_timeout(Duration::MAX);
        let call = async {
            if raw {
                patient.raw_command("pid", ReplyShape::Line).await.map(drop)
            } else {
                patient.pid().await.map(drop)
            }
        };
        let answered = beside(call, async {
            daemon.hears("pid").await;
            sleep(Duration::from_secs(90)).await;
            let fence = daemon.hears_fence().await;
            daemon.says(format!("SUCCESS: pid=5\r\n{fence}")).await;
        });
        answered.await.unwrap();
    }
}

/// New commands do not make the time of an older one longer.
#[tokio::test(start_paused = true)]
async fn calls_do_not_keep_a_dead_session_alive() {
    for depth in [1, 8, 1000] {
        let (client, _events, mut daemon) = client(Builder::new().pipeline(depth)).await;
        let begun = Instant::now();
        while !client.is_closed() {
            let asked = timeout(Duration::from_secs(10), client.pid()).await;
            assert!(!matches!(asked, Ok(Ok(_))));
            assert!(begun.elapsed().as_secs() < 200, "depth {depth}");
        }
        assert!(matches!(client.closed().await, CloseReason::Desynchronized(_)));
        daemon.rest().await;
    }
}

/// Bytes that are taken one by one show that somebody is there.
#[tokio::test(start_paused = true)]
async fn a_slow_link_is_not_taken_for_silence() {
    let (ours, mut daemon) = pipe_of(1);
    let (client, _events, _) = attached(Builder::new(), ours, &mut daemon).await.split();
    let patient = client.with_timeout(Duration::MAX);
    let signed = beside(patient.pk_sig([7; 1500]), async {
        let mut taken = Vec::new();
        while !taken.ends_with(b"END\n") {
            taken.push(daemon.byte().await);
            sleep(Duration::from_millis(100)).await;
        }
        daemon.says("SUCCESS: pk-sign command succeeded\r\n").await;
    });
    signed.await.unwrap();
}

/// Beside others, a long reply that paused is nobody's; and yet the daemon lives.
#[tokio::test(start_paused = true)]
async fn rows_that_are_nobodys_put_the_end_off_but_not_for_ever() {
    for rows in [80, 2000] {
        let (client, _events, mut daemon) = client(Builder::new().pipeline(4)).await;
        let patient = client.with_timeout(Duration::MAX);
        let (log, verb, came) = tokio::join!(patient.log_history(1000), patient.verb(), async {
            daemon.hears("log 1000").await.hears("verb").await;
            daemon.says("1795332244,D,slow\r\n").await;
            sleep(Duration::from_secs(61)).await;
            let fence = daemon.hears_fence().await;
            for row in 0..rows {
                if !daemon.can_say("1795332244,D,slow\r\n").await {
                    return row;
                }
                sleep(Duration::from_secs(1)).await;
            }
            daemon.says(format!("END\r\nSUCCESS: verb=3\r\n{fence}")).await;
            rows
        });
        if rows == 80 {
            assert_eq!(came, rows);
            assert!(matches!(log, Err(Error::UnexpectedReply { .. })), "{log:?}");
            assert!(matches!(verb, Err(Error::NoReply { .. })), "{verb:?}");
            assert!(!client.is_closed());
        } else {
            assert!((500..800).contains(&came), "{came}");
            assert!(matches!(verb, Err(Error::Closed(CloseReason::Desynchronized(_)))));
        }
    }
}

/// Events tell that the daemon lives, and not that it will answer.
#[tokio::test(start_paused = true)]
async fn events_put_off_no_end() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let patient = client.with_timeout(Duration::MAX);
    let (pid, said) = tokio::join!(patient.pid(), async {
        daemon.hears("pid").await;
        let mut said = 0;
        while daemon.can_say(">LOG:1795332244,D,alive\r\n").await {
            said += 1;
            assert!(said < 1000, "it goes on for ever");
            sleep(Duration::from_secs(1)).await;
        }
        said
    });
    assert!(matches!(pid, Err(Error::Closed(CloseReason::Desynchronized(_)))), "{pid:?}");
    assert!((100..200).contains(&said), "{said}");
}
