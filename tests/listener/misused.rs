//! What a program does to a listener that it should not, or may.

use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream as _;
use openvpn_mgmt::{Builder, Endpoint, Error, Listener, RequestSource as _};
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

/// More than there are places and files, at once: each is told, and a daemon behind them is served.
#[tokio::test]
async fn a_flood_of_dialers_holds_up_nobody_for_long() {
    const DIALERS: usize = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    let sessions = Builder::new().requests(false).greeting_timeout(DEADLINE);
    let mut listener = Listener::builder().sessions(sessions).bind(&path).await.unwrap();
    let dialing = tokio::spawn({
        let path = path.clone();
        async move {
            for number in 0..DIALERS {
                let Ok(stream) = dial(&path).await else { panic!("{number}") };
                // Nothing, or half a greeting.
                if number % 2 == 0 {
                    let _ = stream.try_write(b">INFO:OpenVPN Management Inter");
                }
            }
            Daemon::on(dial(&path).await.unwrap()).greets(5).await;
        }
    });
    let mut refused = 0;
    let session = loop {
        match timeout(DEADLINE, listener.accept()).await.expect("nobody comes") {
            Ok(session) => break session,
            Err(error) => {
                assert!(error.dialer.is_some(), "{error}");
                refused += 1;
            }
        }
    };
    assert_eq!((session.client().management_version(), refused), (5, DIALERS));
    dialing.await.unwrap();
    drop((session, listener));
    let ended = async {
        while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, ended).await.expect("a task is left");
}

/// Where the queue is full a connect says so.
async fn dial(path: &std::path::Path) -> std::io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                tokio::task::yield_now().await;
            }
            connected => return connected,
        }
    }
}

/// One that holds its place is let go when its time is over.
#[tokio::test]
async fn half_a_greeting_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    let sessions = Builder::new().requests(false).greeting_timeout(Duration::from_millis(50));
    let builder = Listener::builder().sessions(sessions).places(1);
    let mut listener = builder.bind(&path).await.unwrap();
    for said in [
        "",
        ">INFO:OpenVPN Management Interface Vers",
        ">INFO:OpenVPN Management Interface Version 5 -- ",
    ] {
        let mut dialer = Daemon::on(UnixStream::connect(&path).await.unwrap());
        dialer.says(said).await;
        let error = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap_err();
        let is_told = matches!(error.error, Error::NoGreeting { .. } | Error::NotOpenVpn { .. });
        assert!(is_told, "{said:?}: {error}");
        assert!(dialer.is_closed().await);
    }
}

/// A listener outlives the runtime that it was made on, if of no use, and its file does not outlive it.
#[test]
fn a_runtime_that_has_shut_down_is_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let mut listener = first.block_on(Listener::bind(&path)).unwrap();
    drop(first);
    let ended = runtime().block_on(async { timeout(DEADLINE, listener.accept()).await });
    assert!(matches!(ended.unwrap().unwrap_err().error, Error::Closed(_)));
    // No loop over it goes round for ever.
    let next = std::future::poll_fn(|cx| Pin::new(&mut listener).poll_next(cx));
    assert!(runtime().block_on(next).is_none());
    assert!(runtime().block_on(listener.next_connection()).is_none());
    drop(listener);
    assert!(!path.exists());
}
