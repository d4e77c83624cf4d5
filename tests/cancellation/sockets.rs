//! Daemons that dial in, in real time: no daemon is lost, and nothing is left.

use openvpn_mgmt::{Builder, Listener, ListenerBuilder, RequestSource as _};
use openvpn_mgmt_test::FakeDaemon;

use crate::called::called;
use crate::stepped::{MOST, at_every_poll, no_task_is_left, polled};

#[tokio::test]
async fn binding_that_is_dropped_leaves_nothing_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    for with_settings in [false, true] {
        at_every_poll("Listener::bind", |polls| {
            let path = folder.path().join(format!("{polls}.sock"));
            async move {
                let bound = if with_settings {
                    let builder: ListenerBuilder = Listener::builder();
                    polled(polls, called!(ListenerBuilder: builder.bind(&*path))).await
                } else {
                    polled(polls, called!(fn Listener::bind(&*path))).await
                };
                let is_over = bound.is_some();
                drop(bound);
                assert!(!path.exists(), "{polls} polls");
                drop(Listener::bind(&*path).await.unwrap());
                no_task_is_left("bind").await;
                is_over
            }
        })
        .await;
    }
}

/// Makes a call until it has something, each dropped after so many polls.
macro_rules! until_given {
    ($polls:expr, $call:expr) => {{
        let mut dropped = 0;
        loop {
            if let Some(given) = polled($polls, $call).await {
                break given;
            }
            dropped += 1;
            assert!(dropped < 100 * MOST);
            tokio::task::yield_now().await;
        }
    }};
}

#[tokio::test]
async fn a_listener_loses_no_daemon() {
    let folder = tempfile::tempdir().unwrap();
    for polls in [1, 2, 3, 5, 8] {
        let path = folder.path().join(format!("{polls}.sock"));
        let mut listener = Listener::builder().sessions(Builder::new()).bind(&*path).await.unwrap();
        for number in 1..=4_u32 {
            let fake = FakeDaemon::v2_6().pid(number);
            fake.dial_unix(&path).await.unwrap();
            // Each by its own way.
            let (client, kept): (_, Box<dyn Send>) = if number % 2 == 0 {
                let session = until_given!(polls, called!(Listener: listener.accept())).unwrap();
                (session.client().clone(), Box::new(session))
            } else {
                let sourced = until_given!(
                    polls,
                    called!(RequestSource for Listener: listener.next_connection())
                );
                let requests = sourced.unwrap().unwrap().requests;
                (requests.client().clone(), Box::new(requests))
            };
            assert_eq!(client.pid().await.unwrap(), number, "{polls} polls");
            drop((client, kept));
        }
        drop(listener);
        assert!(!path.exists());
        no_task_is_left("a listener").await;
    }
}

/// What it has given is not its own.
#[tokio::test]
async fn a_session_outlives_its_listener() {
    let folder = tempfile::tempdir().unwrap();
    for listener_first in [false, true] {
        let path = folder.path().join("in.sock");
        let mut listener = Listener::bind(&*path).await.unwrap();
        let fake = FakeDaemon::v2_6();
        fake.dial_unix(&path).await.unwrap();
        let session = listener.accept().await.unwrap();
        if listener_first {
            drop(listener);
            assert_eq!(session.client().pid().await.unwrap(), 4711);
            drop(session);
        } else {
            drop(session);
            fake.until(|daemon| !daemon.is_connected()).await.unwrap();
            let another = FakeDaemon::v2_6().pid(2);
            another.dial_unix(&path).await.unwrap();
            assert_eq!(listener.accept().await.unwrap().client().pid().await.unwrap(), 2);
            drop(listener);
        }
        fake.until(|daemon| !daemon.is_connected()).await.unwrap();
        drop(fake);
        no_task_is_left("a listener").await;
    }
}
