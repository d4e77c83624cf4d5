//! Events that are odd, and too many.

use openvpn_mgmt::{Builder, Event};

use openvpn_mgmt_test::scripted::{attached, beside, client, pipe_of};

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
async fn a_subscriber_of_the_same_thread_loses_nothing_of_a_flood() {
    const LINES: usize = 100_000;
    let (ours, mut daemon) = pipe_of(4 * 1024 * 1024);
    let session = attached(Builder::new(), ours, &mut daemon).await;
    let (_client, mut events, _) = session.split();
    let reading = tokio::spawn(async move {
        let mut read = 0;
        while let Some(event) = events.next().await {
            read += usize::from(matches!(event.unwrap(), Event::Log(_)));
        }
        read
    });
    for _ in 0..LINES / 1000 {
        daemon.says(">LOG:1795332238,D,MANAGEMENT: a line\r\n".repeat(1000)).await;
    }
    drop(daemon);
    assert_eq!(reading.await.unwrap(), LINES);
}
