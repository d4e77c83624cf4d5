use socket2::SockRef;
use tokio::net::TcpListener;

use crate::session::builder::*;

/// The keepalive of a real connection with these settings: its idle time, where it is on.
async fn keepalive(builder: &Builder) -> Option<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::from(listener.local_addr().unwrap());
    let Stream::Tcp(stream) = endpoint.connect(builder.tcp_keepalive).await.unwrap() else {
        panic!()
    };
    let socket = SockRef::from(&stream);
    socket.keepalive().unwrap().then(|| socket.tcp_keepalive_time().unwrap())
}

#[tokio::test]
async fn tcp_connections_are_kept_alive() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(keepalive(&Builder::new()).await, seconds(60));
    assert_eq!(keepalive(&Builder::new().tcp_keepalive(None)).await, None);
    for (idle, set) in [
        (Duration::ZERO, 1),
        (Duration::from_millis(1500), 1),
        (Duration::from_secs(10), 10),
        (Duration::MAX, 32_767),
    ] {
        assert_eq!(keepalive(&Builder::new().tcp_keepalive(idle)).await, seconds(set));
    }
}

/// The whole way, as the system tells it: a timer of kind 2 is that of the keepalive.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_session_over_tcp_is_kept_alive() {
    use tokio::io::AsyncWriteExt;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let builder = Builder::new().requests(false);
    let (session, mut daemon) = tokio::join!(builder.connect(address), async {
        let mut daemon = listener.accept().await.unwrap().0;
        daemon.write_all(b">INFO:OpenVPN Management Interface Version 5\n").await.unwrap();
        daemon
    });
    let (remote, sockets) = (
        format!("0100007F:{:04X}", address.port()),
        std::fs::read_to_string("/proc/net/tcp").unwrap(),
    );
    let is_open = [remote.as_str(), "01"];
    let fields = |line: &str| line.split_whitespace().skip(2).take(2).eq(is_open);
    let line = sockets.lines().find(|line| fields(line)).unwrap();
    let timer = line.split_whitespace().nth(5).unwrap();
    assert!(timer.starts_with("02:"), "{line}");
    drop(session.unwrap());
    daemon.shutdown().await.unwrap();
}
