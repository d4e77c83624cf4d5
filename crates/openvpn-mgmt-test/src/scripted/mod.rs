//! A scripted daemon: the other end of a connection, which says and hears, byte for byte, what a test tells it to.
//!
//! For what no real daemon says on demand. One that behaves as a version of OpenVPN does is a `FakeDaemon`.
//!
//! # How to write a conversation
//! A test holds both ends. [`client`] connects a client that sends nothing of its own,
//! [`connected`] gives the whole session, and [`with_requests`] one that collects requests. The
//! client's calls and the daemon's script run [`beside`] each other, and the script reads as the
//! conversation goes:
//!
//! ```
//! use openvpn_mgmt::Builder;
//! use openvpn_mgmt_test::scripted::{beside, client};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (client, _events, mut daemon) = client(Builder::new()).await;
//! let pid = beside(client.pid(), async {
//!     daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
//! });
//! assert_eq!(pid.await.unwrap(), 7);
//! # }
//! ```
//!
//! - [`Daemon::says`] writes bytes as they are: half a line, a line with its `\r\n`, or many.
//! - [`Daemon::hears`] takes the next line and holds it against this one; [`Daemon::line`] gives it.
//!   So what was sent too much, too early or in another order fails the next step.
//! - [`Daemon::passes_fence`] answers the command with which a client makes sure that no reply is
//!   outstanding; between [`Daemon::hears_fence`] and its answer a script can say more.
//! - `drop(daemon)` closes the connection; [`Daemon::is_closed`] tells that the client has.
//!
//! For a greeting of another version, a password, a small pipe or a stream of another kind, begin
//! with [`pipe`], [`pipe_of`] or [`Daemon::on`] and say the rest: [`Daemon::greets`],
//! [`Daemon::asks_password`], [`Daemon::gets_ready`].
//!
//! No step waits for ever: after ten minutes it fails. A failed step shows the conversation so far.
//! Tests whose clock is paused pass that time at once.
mod daemon;
mod stream;
mod transcript;

use std::future::Future;

use openvpn_mgmt::{Builder, Client, Events, Session};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};

pub use daemon::Daemon;
pub use stream::NeverShut;

/// How a daemon asks for the management password, without a line end.
pub const PROMPT: &str = "ENTER PASSWORD:";

/// The reply to `env-filter 0`.
pub const UNFILTERED: &str = "SUCCESS: env_filter_level=0\r\n";

/// The reply to `state on`.
pub const STATES_ON: &str = "SUCCESS: real-time state notification set to ON\r\n";

/// The first line of a daemon with this version of the management interface.
#[must_use]
pub fn greeting(version: u32) -> String {
    format!(">INFO:OpenVPN Management Interface Version {version} -- type 'help' for more info\r\n")
}

/// Of OpenVPN 2.6, as Debian has it.
const VERSION: u32 = 5;

/// A pipe with room for what a test says and hears at once: the client's end, and the daemon.
#[must_use]
pub fn pipe() -> (DuplexStream, Daemon) {
    pipe_of(64 * 1024)
}

/// A pipe that holds this many bytes each way.
#[must_use]
pub fn pipe_of(bytes: usize) -> (DuplexStream, Daemon) {
    let (ours, theirs) = duplex(bytes);
    (ours, Daemon::on(theirs))
}

/// A session that collects no requests, so that nothing is sent but what a test calls.
pub async fn connected(builder: Builder) -> (Session, Daemon) {
    let (ours, mut daemon) = pipe();
    (attached(builder, ours, &mut daemon).await, daemon)
}

/// As [`connected`], over a stream at whose other end the daemon is.
pub async fn attached<S>(
    builder: Builder,
    ours: impl AsyncRead + AsyncWrite + Send + 'static,
    daemon: &mut Daemon<S>,
) -> Session
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let attaching = builder.requests(false);
    let session = beside(attaching.attach(ours), daemon.greets(VERSION)).await;
    session.unwrap_or_else(|error| daemon.fails(error))
}

/// As [`connected`], taken apart.
pub async fn client(builder: Builder) -> (Client, Events, Daemon) {
    let (session, daemon) = connected(builder).await;
    let (client, events, _) = session.split();
    (client, events, daemon)
}

/// A session that collects requests, for which it needs settings of its own.
pub async fn with_requests(builder: Builder) -> (Session, Daemon) {
    let (ours, mut daemon) = pipe();
    let session = beside(builder.attach(ours), async {
        daemon.greets(VERSION).await.gets_ready().await;
    });
    let session = session.await.unwrap_or_else(|error| daemon.fails(error));
    (session, daemon)
}

/// Runs a call beside what the daemon does meanwhile, and gives what came of the call.
pub async fn beside<T>(call: impl Future<Output = T>, daemon: impl Future) -> T {
    tokio::join!(call, daemon).0
}
