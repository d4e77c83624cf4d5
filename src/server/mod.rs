//! The daemon's side of a management connection: for test daemons, proxies, and programs that speak as OpenVPN does.
//!
//! Needs the cargo feature `server`. Two faces:
//!
//! - [`Server`], sans-I/O: a manager's bytes in, typed commands out; replies and events in, bytes out.
//! - [`Connection`], async: the same over any stream.
//!
//! Both read as daemons read, and know nothing of what a daemon answers: that is their owner's to say.
//!
//! ```
//! use openvpn_mgmt::command::Dialect;
//! use openvpn_mgmt::server::{Connection, ReceivedCommand as Command, Reply, Server};
//! use openvpn_mgmt::{attach, Event};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (daemon, manager) = tokio::io::duplex(1024);
//! tokio::spawn(async move {
//!     let mut daemon = Connection::new(daemon, Server::new(Dialect::openvpn(2, 6, 14)));
//!     daemon.event("INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info").await?;
//!     while let Some(received) = daemon.next().await? {
//!         let reply = match received.command() {
//!             Command::Empty => continue,
//!             Command::Quit(_) => break,
//!             Command::Pid(_) => Reply::success("pid=4711"),
//!             Command::EnvFilter(_) => Reply::success("env_filter_level=0"),
//!             Command::Notifications(_) => Reply::success("real-time state notification set to ON"),
//!             Command::Unreadable(problem) => Reply::error(problem.answer().as_slice()),
//!             _ => Reply::error("unknown command, enter 'help' for more options"),
//!         };
//!         daemon.reply(reply).await?;
//!     }
//!     daemon.close().await
//! });
//!
//! let (client, _events, _requests) = attach(manager).await?.split();
//! assert_eq!(client.pid().await?, 4711);
//! # Ok(()) }
//! ```

mod blocks;
mod connection;
mod input;
mod lines;
mod password;
mod protocol;
mod received;
mod received_command;

pub use blocks::Blocks;
pub use connection::Connection;
pub use lines::{LineError, Lines, Reply, ToLines, Typed};
pub use password::PasswordTry;
pub use protocol::{DEFAULT_BLOCK_LIMIT, Server};
pub use received::Received;
pub use received_command::ReceivedCommand;

#[cfg(test)]
mod tests;
