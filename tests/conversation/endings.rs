//! How a connection ends.

use openvpn_mgmt::{Builder, CloseReason, Error, Event};

use openvpn_mgmt_test::scripted::{beside, client, connected};

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
