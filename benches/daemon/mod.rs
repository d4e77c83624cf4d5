//! A daemon at the other end of a socket pair, that greets and knows `pid`.
#![allow(dead_code, reason = "each bench takes some of it")]

pub(crate) mod pinned;

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::thread;

use openvpn_mgmt::{Builder, Client, Session};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::runtime::Runtime;

pub(crate) const GREETING: &[u8] =
    b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";
pub(crate) const COMMAND: &[u8] = b"pid\n";
pub(crate) const REPLY: &[u8] = b"SUCCESS: pid=3528\r\n";

/// A runtime whose tasks all run in one thread.
pub(crate) fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A daemon in a thread of its own, which ends with the connection; this is the other end.
pub(crate) fn in_its_own_thread() -> tokio::net::UnixStream {
    let (mut daemon, ours) = UnixStream::pair().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        daemon.write_all(GREETING).unwrap();
        while let Ok(count @ 1..) = daemon.read(&mut buffer) {
            daemon.write_all(&REPLY.repeat(count / COMMAND.len())).unwrap();
        }
    });
    ours.set_nonblocking(true).unwrap();
    tokio::net::UnixStream::from_std(ours).unwrap()
}

/// Takes the greeting from a stream that is used raw.
pub(crate) async fn greeted<S: AsyncRead + Unpin>(mut stream: S) -> S {
    stream.read_exact(&mut [0; GREETING.len()]).await.unwrap();
    stream
}

/// Answers each `pid`, however many come at once; the bytes in one write.
pub(crate) async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let replies = REPLY.repeat(count / COMMAND.len());
        stream.write_all(&replies).await.unwrap();
    }
}

/// `count` commands in one write, and their replies.
pub(crate) async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), count: usize) {
    let mut buffer = vec![0; REPLY.len() * count];
    stream.write_all(&COMMAND.repeat(count)).await.unwrap();
    stream.read_exact(&mut buffer).await.unwrap();
}

/// One command and its reply, with nothing allocated.
pub(crate) async fn ping(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let mut buffer = [0; REPLY.len()];
    stream.write_all(COMMAND).await.unwrap();
    stream.read_exact(&mut buffer).await.unwrap();
}

/// A client of a daemon that greets and then answers.
pub(crate) async fn connected<S>(ours: S, mut daemon: S, builder: &Builder) -> Client
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    daemon.write_all(GREETING).await.unwrap();
    tokio::spawn(answer(daemon));
    attached(ours, builder).await.split().0
}

pub(crate) async fn attached<S>(ours: S, builder: &Builder) -> Session
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    builder.attach(ours).await.unwrap()
}
