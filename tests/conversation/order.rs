//! Events and requests in one order.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use openvpn_mgmt::{Builder, Event, Events, Item, Request, Session};

use openvpn_mgmt_test::scripted::{STATES_ON, beside, with_requests};

/// What the next item is, in short.
async fn next(session: &mut Session) -> String {
    match session.next().await {
        None => "end".to_owned(),
        Some(Err(lagged)) => format!("lost {}", lagged.0),
        Some(Ok(Item::Event(event))) => match event {
            Event::State(state) => state.name.to_string(),
            Event::Log(line) => format!("log {}", line.text),
            Event::Hold(_) => "hold".to_owned(),
            Event::NeedOk(_) => "need".to_owned(),
            Event::Client(client) => format!("client {}", client.cid()),
            _ => "other".to_owned(),
        },
        Some(Ok(Item::Request(request))) => {
            let what = match &request {
                Request::Hold(_) => "hold",
                Request::NeedOk(_) => "need",
                Request::ClientConnect(_) => "client",
                other => panic!("{other:?}"),
            };
            // The daemon answers when the test has it do so.
            tokio::spawn(request.decline());
            format!("? {what}")
        }
        Some(Ok(other)) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_comes_right_behind_the_event_that_asks_it() {
    for cut in [1, 7, 40, 100, 1000] {
        let (mut session, mut daemon) = with_requests(Builder::new()).await;
        beside(session.client().state_on(), async {
            daemon.hears("state on").await.says(STATES_ON).await;
        })
        .await
        .unwrap();
        assert_eq!(next(&mut session).await, "other", "the greeting");
        let said = b">LOG:1,,a\r\n>STATE:1,RECONNECTING,SIGUSR1,,,,,\r\n>HOLD:Waiting:0\r\n\
                     >NEED-OK:Need 'x' confirmation MSG:y\r\n>LOG:2,,b\r\n";
        for part in said.chunks(cut) {
            daemon.says(part).await;
        }
        let expected = ["log a", "RECONNECTING", "hold", "? hold", "need", "? need", "log b"];
        for (at, expected) in expected.into_iter().enumerate() {
            assert_eq!(next(&mut session).await, expected, "item {at}, cut {cut}");
            let epoch = u64::from(at > 0);
            assert_eq!(session.epoch(), epoch, "item {at}, cut {cut}");
            if expected == "? need" {
                daemon.hears("needok \"x\" cancel").await;
                daemon.says("SUCCESS: 'x' needok entered\r\n").await;
            }
        }
    }
}

#[tokio::test]
async fn what_was_lost_stands_in_its_place_and_no_request_is_lost_with_it() {
    let (mut session, mut daemon) = with_requests(Builder::new().event_capacity(2)).await;
    assert_eq!(next(&mut session).await, "other", "the greeting");
    daemon.says(">HOLD:Waiting:0\r\n").await;
    for line in 1..=9 {
        daemon.says(format!(">LOG:{line},,{line}\r\n")).await;
    }
    let marker = beside(session.client().pid(), async {
        daemon.hears("pid").await.says("SUCCESS: pid=1\r\n").await;
    });
    assert_eq!(marker.await.unwrap(), 1);
    for expected in ["lost 8", "? hold", "log 8", "log 9"] {
        assert_eq!(next(&mut session).await, expected);
    }
    daemon.says(">HOLD:Waiting:0\r\n").await;
    drop(daemon);
    assert_eq!(next(&mut session).await, "hold");
    assert_eq!(next(&mut session).await, "end", "what is over is not asked");
}

#[tokio::test]
async fn an_event_before_a_reply_is_there_when_the_reply_is() {
    let (mut session, mut daemon) = with_requests(Builder::new()).await;
    assert_eq!(next(&mut session).await, "other", "the greeting");
    for round in 0..100 {
        let call = beside(session.client().pid(), async {
            daemon.hears("pid").await;
            daemon.says(format!(">LOG:1,,{round}\r\nSUCCESS: pid=1\r\n>LOG:2,,x\r\n")).await;
        });
        call.await.unwrap();
        let before = session.events_mut().try_next();
        assert!(matches!(before, Some(Ok(Event::Log(line))) if line.text == *round.to_string()));
        assert_eq!(next(&mut session).await, "log x");
    }
}

/// Looks for an event at the very moment a reply is told, as a thread beside the driver's could.
struct LooksWhenWoken {
    events: Mutex<Events>,
    found: Mutex<Vec<String>>,
}

impl Wake for LooksWhenWoken {
    fn wake(self: Arc<Self>) {
        let next = self.events.lock().unwrap().try_next();
        self.found.lock().unwrap().push(format!("{next:?}"));
    }
}

#[tokio::test]
async fn an_event_before_a_reply_is_there_when_its_caller_is_woken() {
    let (session, mut daemon) = with_requests(Builder::new()).await;
    let (client, _events, _requests) = session.split();
    let (events, found) = (Mutex::new(client.subscribe()), Mutex::default());
    let looks = Arc::new(LooksWhenWoken { events, found });
    let waker = Waker::from(Arc::clone(&looks));
    let mut call = Box::pin(client.pid());
    assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    daemon.hears("pid").await;
    daemon.says(">BYTECOUNT:1,2\r\nSUCCESS: pid=1\r\n").await;
    while !matches!(call.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(Ok(1))) {
        tokio::task::yield_now().await;
    }
    let found = looks.found.lock().unwrap();
    assert!(found.first().is_some_and(|first| first.contains("ByteCount")), "{found:?}");
}
