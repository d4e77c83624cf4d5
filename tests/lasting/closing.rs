//! The end comes when it is asked for, whatever is in flight.

use std::time::Duration;

use openvpn_mgmt::{Builder, CloseReason, Error, Event};

use openvpn_mgmt_test::scripted::NeverShut;
use openvpn_mgmt_test::scripted::{attached, beside, client, pipe, pipe_of};

fn is_requested(error: &Error) -> bool {
    matches!(error, Error::Closed(CloseReason::Requested))
}

#[tokio::test(start_paused = true)]
async fn close_works_at_once_with_a_stuck_command_and_many_behind_it() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    let begun = tokio::time::Instant::now();
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.hold().await })
        })
        .collect();
    daemon.hears("hold").await;
    client.close().await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(daemon.is_closed().await, "and nothing more was sent");
    for call in calls {
        assert!(is_requested(&call.await.unwrap().unwrap_err()));
    }
    assert!(is_requested(&client.pid().await.unwrap_err()));
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    assert!(events.next().await.is_none());
    client.close().await;
    client.quit().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn quit_has_its_time_from_the_asking_whatever_is_in_flight() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.hold().await })
        })
        .collect();
    daemon.hears("hold").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let begun = tokio::time::Instant::now();
    client.quit().await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 5);
    assert!(daemon.is_closed().await, "`quit` stood behind the stuck command");
    for call in calls {
        assert!(is_requested(&call.await.unwrap().unwrap_err()));
    }
}

#[tokio::test(start_paused = true)]
async fn quit_lets_the_commands_before_it_have_their_replies() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let (pid, quit, ()) = tokio::join!(client.pid(), client.quit(), async {
        daemon.hears("pid").await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        daemon.says("SUCCESS: pid=1\r\n").await.hears("quit").await;
        daemon.closes().await;
    });
    assert_eq!(pid.unwrap(), 1);
    quit.unwrap();
}

/// Nothing follows the beginning of a command that the daemon does not read on.
#[tokio::test(start_paused = true)]
async fn behind_a_half_written_block_nothing_more_is_written() {
    for at_once in [true, false] {
        let (ours, mut daemon) = pipe_of(64);
        let (client, _events, _) = attached(Builder::new(), ours, &mut daemon).await.split();
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.pk_sig([7; 3000]).await }
        });
        daemon.hears("pk-sig").await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        // The stream is full now, and the block is not out.
        let begun = tokio::time::Instant::now();
        if at_once {
            client.close().await;
            assert_eq!(begun.elapsed(), Duration::ZERO);
        } else {
            client.quit().await.unwrap();
            assert_eq!(begun.elapsed().as_secs(), 5);
        }
        assert!(is_requested(&call.await.unwrap().unwrap_err()));
        let rest = String::from_utf8(daemon.rest().await).unwrap();
        assert!(rest.len() <= 128 && !rest.contains("END") && !rest.contains("quit"), "{rest}");
    }
}

/// The driver takes no more commands than it can hold, and yet learns that all handles are gone.
#[tokio::test(start_paused = true)]
async fn dropping_every_handle_closes_also_behind_a_stuck_command() {
    for waiting in [0, 1, 63, 64, 65, 200] {
        let (client, events, mut daemon) = client(Builder::new()).await;
        let calls: Vec<_> = (0..=waiting)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.hold().await })
            })
            .collect();
        daemon.hears("hold").await;
        for call in calls {
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
        }
        drop(events);
        drop(client);
        assert!(daemon.is_closed().await, "with {waiting} behind it");
    }
}

/// As long as somebody listens, the connection is of use.
#[tokio::test(start_paused = true)]
async fn a_subscription_keeps_the_connection_without_handles() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    drop(client);
    daemon.says(">BYTECOUNT:1,2\r\n").await;
    while !matches!(events.next().await, Some(Ok(Event::ByteCount(_)))) {}
    drop(events);
    assert!(daemon.is_closed().await);
}

/// Their bytes may be passwords.
#[tokio::test(start_paused = true)]
async fn a_withdrawn_command_makes_room_for_others_at_once() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let stuck = tokio::spawn({
        let client = client.clone();
        async move { client.hold().await }
    });
    daemon.hears("hold").await;
    for _ in 0..10 {
        let calls: Vec<_> = (0..200)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.password("Auth", "s3cret").await })
            })
            .collect();
        tokio::task::yield_now().await;
        calls.iter().for_each(tokio::task::JoinHandle::abort);
    }
    let verb = beside(client.verb(), async {
        daemon.says("SUCCESS: hold=0\r\n").await;
        daemon.hears("verb").await.says("SUCCESS: verb=3\r\n").await;
    });
    assert_eq!(verb.await.unwrap(), 3, "and no password was sent");
    stuck.await.unwrap().unwrap();
}

/// A time that no clock can hold is for ever.
#[tokio::test(start_paused = true)]
async fn every_time_may_be_for_ever() {
    let builder = Builder::new()
        .close_timeout(Duration::MAX)
        .command_timeout(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .greeting_timeout(Duration::MAX)
        .reply_timeout(Duration::MAX);
    let (client, _events, mut daemon) = client(builder).await;
    let quit = beside(client.quit(), async {
        daemon.hears("quit").await;
        tokio::time::sleep(Duration::from_secs(1_000_000)).await;
        daemon.closes().await;
    });
    quit.await.unwrap();
}

/// A stream that never ends its shutdown holds up nobody for longer than the time to close.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_stream_that_does_not_shut_down_is_told_in_time() {
    let (ours, mut daemon) = pipe();
    let session = attached(Builder::new(), NeverShut(ours), &mut daemon).await;
    let (client, _events, _) = session.split();
    let begun = tokio::time::Instant::now();
    client.close().await;
    assert_eq!(begun.elapsed().as_secs(), 5);
    assert!(daemon.is_closed().await);
}
