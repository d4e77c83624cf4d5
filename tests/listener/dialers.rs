//! Dialers of every kind; none is a real daemon.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use openvpn_mgmt::{Builder, Endpoint, Error, Listener, ListenerBuilder};
use openvpn_mgmt_test::scripted::Daemon;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// For what a test waits for until it has failed.
const DEADLINE: Duration = Duration::from_secs(120);

struct Place {
    _folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.sock");
        Self { _folder: folder, path }
    }

    /// A listener whose sessions send nothing of their own.
    async fn listener(&self, builder: ListenerBuilder) -> Listener {
        builder.sessions(quiet()).bind(&self.path).await.unwrap()
    }

    async fn dial(&self) -> Daemon<UnixStream> {
        Daemon::on(UnixStream::connect(&self.path).await.unwrap())
    }
}

fn quiet() -> Builder {
    Builder::new().requests(false).greeting_timeout(DEADLINE)
}

/// Dials, greets, and is asked for its process ID.
async fn serve(place: &Place, pid: u32) -> Daemon<UnixStream> {
    let mut daemon = place.dial().await;
    daemon.greets(5).await;
    daemon.hears("pid").await.says(format!("SUCCESS: pid={pid}\r\n")).await;
    daemon
}

async fn accept(listener: &mut Listener) -> openvpn_mgmt::Session {
    timeout(DEADLINE, listener.accept()).await.expect("nobody came").unwrap()
}

#[tokio::test]
async fn one_that_says_nothing_holds_up_nobody() {
    let place = Place::new();
    let mut listener = place.listener(Listener::builder()).await;
    let _silent = place.dial().await;
    let (session, _daemon) = tokio::join!(
        async {
            let session = accept(&mut listener).await;
            assert_eq!(session.client().pid().await.unwrap(), 7);
            session
        },
        serve(&place, 7)
    );
    let dialer = session.dialer().unwrap();
    assert_eq!(dialer.pid, Some(std::process::id()));
    assert_eq!(
        (dialer.uid, dialer.gid),
        (Some(nix::unistd::getuid().as_raw()), Some(nix::unistd::getgid().as_raw()))
    );
    assert_eq!(dialer.address, None);
}

#[tokio::test]
async fn a_dropped_accept_loses_nobody() {
    const DAEMONS: u32 = 20;
    let place = Place::new();
    let mut listener = place.listener(Listener::builder()).await;
    let daemons = async {
        for pid in 0..DAEMONS {
            place.dial().await.greets(pid + 1).await;
        }
    };
    let versions = async {
        let mut versions = Vec::new();
        while versions.len() < DAEMONS as usize {
            // Dropped whenever anything else is ready, which a yielded task soon is.
            tokio::select! {
                biased;
                () = tokio::task::yield_now() => {}
                accepted = listener.accept() => versions.push(accepted.unwrap().client().management_version()),
            }
        }
        versions.sort_unstable();
        versions
    };
    let (versions, ()) =
        timeout(DEADLINE, async { tokio::join!(versions, daemons) }).await.unwrap();
    assert_eq!(versions, (1..=DAEMONS).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_is_not_admitted_hears_nothing() {
    let place = Place::new();
    let mut listener =
        place.listener(Listener::builder().admit(|dialer| dialer.uid.is_none())).await;
    let mut stream = UnixStream::connect(&place.path).await.unwrap();
    let refused = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap_err();
    assert!(matches!(refused.error, Error::DialerRefused { .. }), "{refused}");
    assert_eq!(refused.dialer.as_ref().unwrap().pid, Some(std::process::id()));
    assert!(refused.to_string().contains("may not dial in"), "{refused}");
    let mut heard = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut heard)).await.unwrap().unwrap();
    assert_eq!(heard, b"");
}

#[tokio::test]
async fn one_that_is_no_openvpn_is_told_and_the_next_is_served() {
    let place = Place::new();
    let mut listener = place.listener(Listener::builder()).await;
    place.dial().await.says("SSH-2.0-OpenSSH_9.2\r\n").await;
    let error = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap_err();
    assert!(matches!(error.error, Error::NotOpenVpn { .. }), "{error}");
    assert!(error.dialer.is_some());
    // One that leaves at once.
    drop(place.dial().await);
    let error = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap_err();
    assert!(matches!(error.error, Error::Closed(_)), "{error}");
    let _daemon = place.dial().await.greets(5).await;
    assert_eq!(accept(&mut listener).await.client().management_version(), 5);
}

#[tokio::test]
async fn those_without_a_place_wait_in_the_queue() {
    let place = Place::new();
    let mut listener = place.listener(Listener::builder().places(1)).await;
    let mut first = place.dial().await;
    let mut second = place.dial().await;
    first.greets(1).await;
    second.greets(2).await;
    for version in [1, 2] {
        assert_eq!(accept(&mut listener).await.client().management_version(), version);
    }
}

#[tokio::test]
async fn it_is_a_stream_that_never_ends() {
    let place = Place::new();
    let mut listener = place.listener(Listener::builder()).await;
    for version in 1..4 {
        let _daemon = place.dial().await.greets(version).await;
        let next = std::future::poll_fn(|cx| Pin::new(&mut listener).poll_next(cx));
        let session = timeout(DEADLINE, next).await.unwrap().unwrap().unwrap();
        assert_eq!(session.client().management_version(), version);
    }
}

#[tokio::test]
async fn over_tcp_only_this_machine_dials_unless_it_is_said() {
    let error = Listener::bind("0.0.0.0:0").await.unwrap_err();
    assert!(matches!(error, Error::InvalidArgument { argument: "address", .. }), "{error}");
    let anywhere = Listener::builder().any_address(true).bind("0.0.0.0:0").await.unwrap();
    drop(anywhere);

    let mut listener = Listener::builder().sessions(quiet()).bind("127.0.0.1:0").await.unwrap();
    let Endpoint::Tcp(address) = listener.endpoint().clone() else { panic!("{listener:?}") };
    assert!(!address.ends_with(":0"), "{address}");
    let stream = TcpStream::connect(address).await.unwrap();
    let from = stream.local_addr().unwrap();
    let _daemon = Daemon::on(stream).greets(5).await;
    let session = accept(&mut listener).await;
    let dialer = session.dialer().unwrap();
    assert_eq!((dialer.address, dialer.pid, dialer.uid), (Some(from), None, None));
}

/// As the system tells it: a timer of kind 2 is that of the keepalive.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_session_over_tcp_is_kept_alive() {
    let mut listener = Listener::builder().sessions(quiet()).bind("127.0.0.1:0").await.unwrap();
    let Endpoint::Tcp(address) = listener.endpoint().clone() else { panic!("{listener:?}") };
    let stream = TcpStream::connect(address).await.unwrap();
    let remote = format!("0100007F:{:04X}", stream.local_addr().unwrap().port());
    let mut daemon = Daemon::on(stream);
    daemon.greets(5).await;
    let _session = accept(&mut listener).await;
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let is_open = [remote.as_str(), "01"];
    let fields = |line: &str| line.split_whitespace().skip(2).take(2).eq(is_open);
    let line = sockets.lines().find(|line| fields(line)).unwrap();
    let timer = line.split_whitespace().nth(5).unwrap();
    assert!(timer.starts_with("02:"), "{line}");
}

#[tokio::test]
async fn a_socket_that_is_there_already_is_served_and_left() {
    let place = Place::new();
    let socket = std::os::unix::net::UnixListener::bind(&place.path).unwrap();
    let mut listener = Listener::builder().sessions(quiet()).listen_on_unix(socket).unwrap();
    assert_eq!(listener.endpoint(), &Endpoint::from(&place.path));
    let _daemon = place.dial().await.greets(5).await;
    accept(&mut listener).await;
    drop(listener);
    assert!(place.path.exists());

    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let listener = Listener::builder().listen_on_tcp(socket).unwrap();
    assert_eq!(listener.endpoint(), &Endpoint::from(address));
}

/// Who was greeted and not taken is let go, and the file goes.
#[tokio::test]
async fn a_listener_that_is_dropped_leaves_nothing() {
    let place = Place::new();
    let listener = place.listener(Listener::builder()).await;
    let mut greeted = place.dial().await;
    greeted.greets(5).await;
    let mut silent = place.dial().await;
    drop(listener);
    assert!(greeted.is_closed().await);
    assert!(silent.is_closed().await);
    assert!(!place.path.exists());
    let again = place.listener(Listener::builder()).await;
    assert!(place.path.exists());
    drop(again);
}

#[tokio::test]
async fn where_somebody_listens_nobody_else_can() {
    let place = Place::new();
    let _listener = place.listener(Listener::builder()).await;
    let error = Listener::bind(&place.path).await.unwrap_err();
    assert!(matches!(error, Error::Listen { .. }), "{error}");
    assert!(error.to_string().contains("somebody listens there already"), "{error}");
}
