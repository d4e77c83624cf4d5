//! A last line without its line end counts as nothing whole.

use openvpn_mgmt::events::Malformed;
use openvpn_mgmt::{Builder, CloseReason, Error, Event};

use openvpn_mgmt_test::scripted::client;

#[tokio::test]
async fn a_cut_reply_answers_nobody() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    let (pid, ()) = tokio::join!(client.pid(), async move {
        daemon.hears("pid").await.says("SUCCESS: pid=12").await;
    });
    assert!(matches!(pid, Err(Error::Closed(CloseReason::Remote))), "{pid:?}");
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    let stray = events.next().await.unwrap().unwrap();
    assert!(
        matches!(&stray, Event::Stray(stray) if stray.line() == "SUCCESS: pid=12"),
        "{stray:?}"
    );
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_cut_event_is_malformed() {
    for (cut, before) in [
        (">BYTECOUNT:123456,98", ""),
        (">STATE:1795332239,EXI", ""),
        (">CLIENT:ENV,EN", ">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,a=b\r\n"),
        (">CLIENT:DISCONNECT,1", ""),
    ] {
        let (client, mut events, mut daemon) = client(Builder::new()).await;
        daemon.says(format!("{before}{cut}")).await;
        drop(daemon);
        assert!(matches!(client.closed().await, CloseReason::Remote), "{cut}");
        let mut seen: Vec<Malformed> = Vec::new();
        while let Some(event) = events.next().await {
            match event.unwrap() {
                Event::Info(_) => {}
                Event::Malformed(malformed) => seen.push(malformed),
                other => panic!("{cut}: {other:?}"),
            }
        }
        assert_eq!(seen[0].line().as_ref(), &cut.as_bytes()[1..]);
        assert_eq!(seen[0].problem(), "the connection ended before the line did");
        assert_eq!(seen.len(), 1 + usize::from(!before.is_empty()), "{cut}");
    }
}

/// Its text may be cut, but that the daemon ends is sure.
#[tokio::test]
async fn a_cut_fatal_is_the_reason_all_the_same() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    daemon.says(">FATAL:Cannot open TUN").await;
    drop(daemon);
    let reason = client.closed().await;
    assert!(matches!(&reason, CloseReason::Fatal(text) if *text == "Cannot open TUN"), "{reason}");
}
