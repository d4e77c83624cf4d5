//! Sockets that the starting program hands over, as systemd does: this program is started again with one.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use openvpn_mgmt::{Builder, Endpoint, Error, Listener};
use openvpn_mgmt_test::scripted::Daemon;
use tokio::net::UnixStream;

const PATH: &str = "LISTENER_TEST_PATH";

/// Has the ignored test `name` run in a process that is handed this socket; whether it passed.
fn run_with(name: &str, socket: OwnedFd, path: &str) -> bool {
    let program = std::env::current_exe().unwrap();
    let name = format!("handed_over::{name}");
    let script = r#"exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" --exact --ignored --nocapture "$1""#;
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(program).arg(&name).env(PATH, path);
    let output = command.stdin(Stdio::from(socket)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("running 1 test"), "{said}");
    println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[test]
fn a_socket_that_is_handed_over_is_listened_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    let socket = UnixListener::bind(&path).unwrap();
    assert!(run_with("with_a_unix_socket", socket.into(), path.to_str().unwrap()));
    assert!(path.exists());
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(run_with("with_a_tcp_socket", socket.into(), ""));
    let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
    assert!(run_with("with_one_of_another_kind", socket.into(), ""));
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn with_a_unix_socket() {
    let path = std::env::var(PATH).unwrap();
    let builder = Listener::builder().sessions(Builder::new().requests(false));
    let mut listeners = builder.clone().listen_on_handed_over().unwrap();
    let [listener] = listeners.as_mut_slice() else { panic!("{listeners:?}") };
    assert_eq!(listener.endpoint(), &Endpoint::from(path.as_str()));
    let _daemon = Daemon::on(UnixStream::connect(&path).await.unwrap()).greets(5).await;
    assert_eq!(listener.accept().await.unwrap().client().management_version(), 5);
    assert!(builder.listen_on_handed_over().unwrap().is_empty());
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn with_a_tcp_socket() {
    let listeners = Listener::builder().listen_on_handed_over().unwrap();
    let [listener] = listeners.as_slice() else { panic!("{listeners:?}") };
    assert!(
        matches!(listener.endpoint(), Endpoint::Tcp(address) if address.starts_with("127.0.0.1:"))
    );
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn with_one_of_another_kind() {
    let error = Listener::builder().listen_on_handed_over().unwrap_err();
    assert!(matches!(error, Error::Listen { .. }), "{error}");
}
