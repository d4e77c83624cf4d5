//! Who is in at a server, or at several: the session table.
//!
//! [`LivePeers`] follows the sessions it is given, beside whoever else reads and answers them: it reads their events, asks
//! `status` where events do not tell all, and keeps one [`PeerRecord`] for each session of each client. It gives
//! [snapshots](LivePeers::snapshot), and a stream of [changes](Change).
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use openvpn_mgmt::Builder;
//! use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications};
//! use openvpn_mgmt::peers::{Change, LivePeers};
//!
//! #[tokio::main]
//! async fn main() -> openvpn_mgmt::Result<()> {
//!     let peers = LivePeers::new();
//!     let (_, mut changes) = peers.subscribe();
//!     tokio::spawn(async move {
//!         while let Some(change) = changes.next().await {
//!             match change {
//!                 Ok(Change::Joined(peer)) => println!("{:?} is there, from {:?}", peer.name(), peer.real_address()),
//!                 Ok(Change::Left { record, how, .. }) => println!("{:?} left: {how}", record.name()),
//!                 Ok(_) => {}
//!                 Err(lagged) => println!("{lagged}"), // the table has all; `subscribe` anew gives it
//!             }
//!         }
//!     });
//!     let bytes = AnyCommand::new(Bytecount::every(Duration::from_secs(5)));
//!     let set_up = [AnyCommand::new(Notifications::on(Channel::State)), bytes];
//!     let mut link = Builder::new().reconnect("/run/openvpn/server.sock").set_up(set_up);
//!     loop {
//!         let mut attached = link.next().await?;
//!         peers.attach("server", &attached);
//!         // Answer its requests here, as ever.
//!         while let Some(_item) = attached.session.next().await {}
//!     }
//! }
//! ```
//!
//! [`Peers`] is the same table without streams and clocks, for programs that read the events themselves.
//!
//! # What a session is
//! A session of a client begins when it is first seen, by `>CLIENT:CONNECT`, by another event or by `status`, and
//! [ends](Departure) once:
//! - at its `>CLIENT:DISCONNECT`, with the bytes and the duration that the daemon tells;
//! - at the next CONNECT with its ID: the client began anew from its own port (but for the first CONNECT of one that was seen
//!   in its handshake, by `status`);
//! - when its daemon restarts or ends. One that announces clients says `DISCONNECT` of each before;
//! - when it is not in `status` any more.
//!
//! When *our* connection ends and another begins, sessions go on, with their bytes, where the daemon is not known to have
//! restarted and `status` has a client of the same ID, time of connection and names. The bytes of a session never go back.
//!
//! # What a daemon does not tell
//! - Without `management-client-auth` it says who is in, and not who leaves: that is found by the next `status`, within the
//!   [interval](LivePeersBuilder::interval).
//! - What became of a REAUTH: see [`Phase::Renewing`]. Why a client left. That it moved to another port, but by `status`.
//! - After `env-filter 1` and above, names and addresses in events are not vouched for, and are not taken from them. A
//!   `status` is asked for instead, a second later at most.
//! - All, where a client's name is so long that `status` [breaks off](crate::Error::BrokenOff): the table goes on by events
//!   alone, and [says so](PeersSnapshot::blind).
//! - On a connection without [requests](crate::Builder::requests) there are no identities for commands. Restarts are seen
//!   where [states](crate::Client::state_on) are on, and by what `status` shows.

mod change;
mod changes;
mod daemon;
mod events;
mod facts;
mod follow;
mod live;
mod record;
mod snapshot;
mod status;
mod store;
mod table;

pub use change::{Change, Departure};
pub use changes::Changes;
pub use facts::Facts;
pub use live::{LivePeers, LivePeersBuilder};
pub use record::{PeerRecord, Phase, RecordId};
pub use snapshot::{PeerRow, PeersSnapshot};
pub use table::Peers;

#[cfg(test)]
mod tests;
