//! A scripted daemon and the connection to it.

use std::future::Future;
use std::time::Duration;

use openvpn_mgmt::{Builder, Client, Events, Session};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};

pub const GREETING: &str =
    ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

/// Long enough for a busy machine; paused time passes it at once.
pub const DEADLINE: Duration = Duration::from_secs(600);

/// The daemon's end of a connection.
pub struct Daemon(pub BufReader<DuplexStream>);

impl Daemon {
    pub async fn says(&mut self, lines: impl AsRef<str>) -> &mut Self {
        self.0.write_all(lines.as_ref().as_bytes()).await.unwrap();
        self
    }

    /// The next line, without its end.
    pub async fn line(&mut self) -> String {
        let mut line = String::new();
        let reading = tokio::time::timeout(DEADLINE, self.0.read_line(&mut line));
        reading.await.expect("a line in time").unwrap();
        line.trim_end().to_owned()
    }

    /// The next line, which must be this one.
    pub async fn hears(&mut self, line: &str) -> &mut Self {
        assert_eq!(self.line().await, line);
        self
    }

    /// The next line, which must be a fence; gives what a daemon answers.
    pub async fn hears_fence(&mut self) -> String {
        let line = self.line().await;
        let name = line.strip_prefix("signal ").filter(|name| name.starts_with("fence-"));
        let name = name.unwrap_or_else(|| panic!("not a fence: {line:?}"));
        format!("ERROR: signal '{name}' is not a known signal type\r\n")
    }

    /// The next line, which must be a fence, answered.
    pub async fn passes_fence(&mut self) -> &mut Self {
        let reply = self.hears_fence().await;
        self.says(reply).await
    }

    /// `true` where the other side has closed.
    pub async fn is_closed(&mut self) -> bool {
        self.line().await.is_empty()
    }
}

/// A connection that collects no requests, so that nothing is sent but what a test calls.
pub async fn connected(builder: Builder) -> (Session, Daemon) {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(BufReader::new(theirs));
    daemon.says(GREETING).await;
    (builder.requests(false).attach(ours).await.unwrap(), daemon)
}

pub async fn client(builder: Builder) -> (Client, Events, Daemon) {
    let (session, daemon) = connected(builder).await;
    let (client, events, _) = session.split();
    (client, events, daemon)
}

/// Runs a call beside what the daemon does.
pub async fn beside<T>(call: impl Future<Output = T>, daemon: impl Future) -> T {
    tokio::join!(call, daemon).0
}
