//! The end is told to all, at once, and behind the last events.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use openvpn_mgmt::{Builder, Client, Error, Event, Events};
use tokio::time::Instant;

use openvpn_mgmt_test::scripted::NeverShut;
use openvpn_mgmt_test::scripted::{attached, client, pipe, with_requests};

#[tokio::test(start_paused = true)]
async fn the_events_end_at_once_where_the_stream_does_not_shut_down() {
    let (ours, mut daemon) = pipe();
    let (client, mut events, _) =
        attached(Builder::new(), NeverShut(ours), &mut daemon).await.split();
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    let begun = Instant::now();
    drop(daemon);
    client.closed().await;
    assert!(events.next().await.is_none());
    assert_eq!(begun.elapsed().as_secs(), 0);
}

/// Looks for an event in the very moment it is woken.
struct Looks {
    events: Mutex<Events>,
    found: Mutex<Vec<Event>>,
}

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        let found = self.events.lock().unwrap().try_next();
        self.found.lock().unwrap().extend(found.map(Result::unwrap));
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_event_is_there_when_the_end_is_told() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    let looks = Arc::new(Looks { events: Mutex::new(events), found: Mutex::default() });
    let mut closed = pin!(client.closed());
    let waker = Waker::from(Arc::clone(&looks));
    assert!(closed.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    // Without a line end, only the end of the input tells that it is whole.
    daemon.says(">FATAL:gone").await;
    drop(daemon);
    client.closed().await;
    let found = std::mem::take(&mut *looks.found.lock().unwrap());
    assert!(matches!(found.as_slice(), [Event::Fatal(_)]), "{found:?}");
}

async fn state_on_and_off(client: &Client) -> [Result<(), Error>; 2] {
    [client.state_on().await, client.state_off().await]
}

#[tokio::test(start_paused = true)]
async fn calls_that_would_send_nothing_tell_the_end_too() {
    let (session, daemon) = with_requests(Builder::new()).await;
    let (client, _events, _requests) = session.split();
    drop(daemon);
    client.closed().await;
    for called in state_on_and_off(&client).await {
        assert!(matches!(called, Err(Error::Closed(_))), "{called:?}");
    }
}
