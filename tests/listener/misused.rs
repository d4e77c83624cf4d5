//! What a program does to a listener that it should not, or may.

use std::time::Duration;

use openvpn_mgmt::{Builder, Error, Listener};
use openvpn_mgmt_test::scripted::Daemon;
use tokio::net::UnixStream;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(60);

/// Whoever drops a listener can listen there again, without a wait between.
#[tokio::test]
async fn what_is_dropped_is_free_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    for _ in 0..3 {
        let listener = Listener::bind(&path).await.unwrap();
        drop(listener);
        assert!(!path.exists());
    }
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.endpoint().clone();
    drop(listener);
    let again = Listener::bind(endpoint.clone()).await.unwrap();
    assert_eq!(again.endpoint(), &endpoint);
}

#[tokio::test]
async fn who_is_asked_about_in_a_panic_is_not_admitted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    let first = std::sync::atomic::AtomicBool::new(true);
    let admit = move |_: &openvpn_mgmt::Dialer| {
        assert!(!first.swap(false, std::sync::atomic::Ordering::Relaxed), "the first");
        true
    };
    let sessions = Builder::new().requests(false).greeting_timeout(DEADLINE);
    let mut listener =
        Listener::builder().sessions(sessions).admit(admit).bind(&path).await.unwrap();
    let mut refused = Daemon::on(UnixStream::connect(&path).await.unwrap());
    let error = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap_err();
    assert!(matches!(error.error, Error::DialerRefused { .. }), "{error}");
    assert!(refused.is_closed().await);
    let _daemon = Daemon::on(UnixStream::connect(&path).await.unwrap()).greets(5).await;
    timeout(DEADLINE, listener.accept()).await.unwrap().unwrap();
}
