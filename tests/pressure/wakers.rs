//! A waker may own what it wakes, and drop it wherever it is dropped itself.

use std::pin::Pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_core::Stream;
use openvpn_mgmt::{Builder, Client, ClientRequest, DroppedRequest, Request};

use openvpn_mgmt_test::scripted::{client, with_requests};

/// How long a test may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs a test on a thread of its own, so that one that is dead-locked fails.
fn ends<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test());
        done.send(()).unwrap();
    });
    is_done.recv_timeout(DEADLINE).expect("it has failed, or is dead-locked");
}

/// Whether there is nothing yet, of which this waker is to be told.
fn waits(stream: &mut (impl Stream + Unpin), waker: &Waker) -> bool {
    Pin::new(stream).poll_next(&mut Context::from_waker(waker)).is_pending()
}

/// A waker that begins and ends a subscription when it is dropped.
struct Subscribes(Client);

impl Wake for Subscribes {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Subscribes {
    fn drop(&mut self) {
        drop(self.0.subscribe());
    }
}

#[test]
fn a_waker_that_another_replaces_may_drop_a_subscription() {
    ends(|| async {
        let (client, mut events, _daemon) = client(Builder::new()).await;
        events.next().await.unwrap().unwrap();
        let waker = Waker::from(Arc::new(Subscribes(client)));
        assert!(waits(&mut events, &waker));
        drop(waker);
        assert!(waits(&mut events, Waker::noop()));
    });
}

#[test]
fn a_waker_that_goes_with_its_subscription_may_drop_another() {
    ends(|| async {
        let (client, mut events, _daemon) = client(Builder::new()).await;
        events.next().await.unwrap().unwrap();
        let waker = Waker::from(Arc::new(Subscribes(client)));
        assert!(waits(&mut events, &waker));
        drop(waker);
        drop(events);
    });
}

/// A waker that owns a request, which it drops with itself.
struct Owns(#[expect(dead_code, reason = "it is dropped")] Mutex<ClientRequest>);

impl Wake for Owns {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_of_the_requests_may_own_a_request() {
    ends(|| async {
        let builder = Builder::new().dropped_request(DroppedRequest::Deny);
        let (session, mut daemon) = with_requests(builder).await;
        let (_client, _events, mut requests) = session.split();
        daemon.says(">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,END\r\n").await;
        let Some(Request::ClientConnect(request)) = requests.next().await else { panic!() };
        let waker = Waker::from(Arc::new(Owns(Mutex::new(request))));
        assert!(waits(&mut requests, &waker));
        drop(waker);
        assert!(waits(&mut requests, Waker::noop()));
        // Nobody answers it any more.
        assert!(daemon.line().await.starts_with("client-deny 0 1 "));
    });
}
