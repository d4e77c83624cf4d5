//! What a program does to a listener that it should not, or may.

use std::time::Duration;

use openvpn_mgmt::{Builder, Endpoint, Error, Listener};
use openvpn_mgmt_test::scripted::Daemon;
use tokio::net::{TcpStream, UnixStream};
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

/// Where a socket takes both, an IPv4 address comes within an IPv6 one.
#[tokio::test]
async fn an_address_is_the_one_a_rule_names() {
    let sessions = Builder::new().requests(false).greeting_timeout(DEADLINE);
    let unwanted = |dialer: &openvpn_mgmt::Dialer| {
        dialer.address.is_some_and(|address| address.ip().to_string() == "127.0.0.1")
    };
    let builder = Listener::builder().sessions(sessions).any_address(true);
    let Ok(mut listener) = builder.admit(move |dialer| !unwanted(dialer)).bind("[::]:0").await
    else {
        eprintln!("skipped: no IPv6 here");
        return;
    };
    let Endpoint::Tcp(address) = listener.endpoint().clone() else { panic!("{listener:?}") };
    let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
    let _daemon = Daemon::on(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    let error = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap_err();
    assert!(matches!(error.error, Error::DialerRefused { .. }), "{error}");
}

/// What comes before a greeting is none of a daemon's, and is not kept without a bound.
#[tokio::test]
async fn who_talks_before_the_greeting_is_not_listened_to_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    let sessions = Builder::new().requests(false).greeting_timeout(DEADLINE);
    let mut listener = Listener::builder().sessions(sessions).bind(&path).await.unwrap();
    let mut dialer = Daemon::on(UnixStream::connect(&path).await.unwrap());
    let long = format!(">LOG:1,I,{}\r\n", "x".repeat(100_000));
    dialer.says(long.as_str()).await.greets(5).await;
    let error = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap_err();
    assert!(matches!(error.error, Error::NotOpenVpn { .. }), "{error}");
}
