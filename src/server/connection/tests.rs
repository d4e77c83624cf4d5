use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

use super::*;
use crate::command::Dialect;
use crate::server::{ReceivedCommand, Reply};

fn connection(room: usize) -> (Connection<DuplexStream>, DuplexStream) {
    let (daemon, manager) = duplex(room);
    (Connection::new(daemon, Server::new(Dialect::openvpn(2, 6, 14))), manager)
}

/// Polls once and drops the future.
fn poll_and_drop<T>(future: impl Future<Output = T>) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

async fn pid(daemon: &mut Connection<DuplexStream>) -> bool {
    let received = daemon.next().await.unwrap().unwrap();
    matches!(received.command(), ReceivedCommand::Pid(_))
}

#[tokio::test]
async fn commands_come_and_replies_go() {
    let (mut daemon, mut manager) = connection(128);
    daemon.event("HOLD:Waiting for hold release:0").await.unwrap();
    manager.write_all(b"pid\npid\n").await.unwrap();
    for _ in 0..2 {
        assert!(pid(&mut daemon).await);
        daemon.reply(Reply::success("pid=7")).await.unwrap();
    }
    manager.write_all(b"quit\npid\n").await.unwrap();
    let quit = daemon.next().await.unwrap().unwrap();
    assert!(matches!(quit.command(), ReceivedCommand::Quit(_)));
    assert!(daemon.next().await.unwrap().is_none());
    daemon.close().await.unwrap();
    let mut said = String::new();
    manager.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, ">HOLD:Waiting for hold release:0\r\nSUCCESS: pid=7\r\nSUCCESS: pid=7\r\n");
}

#[tokio::test]
async fn a_manager_that_leaves_ends_it() {
    let (mut daemon, mut manager) = connection(64);
    manager.write_all(b"pid\npi").await.unwrap();
    drop(manager);
    assert!(pid(&mut daemon).await);
    assert!(daemon.next().await.unwrap().is_none());
    let error = daemon.reply("x").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn a_dropped_call_loses_nothing() {
    let (mut daemon, mut manager) = connection(8);
    assert!(!poll_and_drop(daemon.next()));
    manager.write_all(b"pi").await.unwrap();
    assert!(!poll_and_drop(daemon.next()));
    assert!(!poll_and_drop(daemon.reply("0123456789")), "there is room for 8 bytes");
    assert!(!poll_and_drop(daemon.event("abc")));
    manager.write_all(b"d\n").await.unwrap();
    // Nothing is read while there is something to be sent.
    assert!(!poll_and_drop(daemon.next()));
    let mut said = [0; 18];
    let (read, pid) = tokio::join!(manager.read_exact(&mut said), pid(&mut daemon));
    read.unwrap();
    assert!(pid);
    assert_eq!(&said, b"0123456789\r\n>abc\r\n");
}

#[tokio::test]
async fn a_bad_line_sends_nothing() {
    let (mut daemon, mut manager) = connection(64);
    let error = daemon.reply("a\nb").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let problem = error.get_ref().and_then(|error| error.downcast_ref::<LineError>());
    assert_eq!(problem, Some(&LineError::HoldsLineEnd { offset: 1 }));
    daemon.close().await.unwrap();
    assert_eq!(manager.read(&mut [0; 8]).await.unwrap(), 0);
}
