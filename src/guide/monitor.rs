//! A monitor, an exporter, an audit log: watches daemons and changes nothing.
//!
//! # Configure the daemon
//! A management socket is enough: `management /run/openvpn/server.sock unix`. To be told at once who comes and goes, and not
//! only by `status`, a server needs `management-client-auth`; but then somebody must decide about each client, and a daemon
//! has one manager. A monitor beside a sign-in server is a part of that program.
//!
//! # The program
//! A [`Link`](crate::Link) gives one session after another, over restarts of the daemon, and tells what was missed between
//! them:
//!
//! ```
//! use std::time::Duration;
//!
//! use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications};
//! use openvpn_mgmt::{Builder, Event, Item, Link};
//!
//! /// What each new session is told first.
//! fn watched(link: Link) -> Link {
//!     link.set_up([
//!         AnyCommand::new(Notifications::on(Channel::State)),
//!         AnyCommand::new(Bytecount::every(Duration::from_secs(5))),
//!     ])
//! }
//!
//! async fn watch(mut link: Link) -> openvpn_mgmt::Result<()> {
//!     loop {
//!         let mut attached = link.next().await?; // An error: trying again is of no use, as with a wrong password.
//!         println!("session {}, restarted: {:?}", attached.number, attached.missed.restarted);
//!         for client in &attached.missed.left {
//!             println!("gone meanwhile: {:?}", client.common_name());
//!         }
//!         while let Some(item) = attached.session.next().await {
//!             match item {
//!                 Ok(Item::Event(Event::State(state))) => println!("{state}"),
//!                 Ok(Item::Event(Event::ByteCountClient(count))) => {
//!                     println!("client {}: {} in, {} out", count.cid, count.bytes_in, count.bytes_out);
//!                 }
//!                 Ok(_) => {}
//!                 Err(lagged) => println!("{lagged}"),
//!             }
//!         }
//!     }
//! }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #     let fake = std::sync::Arc::new(openvpn_mgmt_test::FakeDaemon::v2_6().server_without_client_auth());
//! #     let dialed = std::sync::Arc::clone(&fake);
//! #     let link = Builder::new().reconnect_with(move || std::future::ready(dialed.connect()));
//! #     tokio::spawn(watch(watched(link)));
//! #     fake.hears("bytecount 5").await?;
//! #     fake.with(|daemon| daemon.hangs_up());
//! #     fake.hears("bytecount 5").await?;
//! #     Ok(())
//! # }
//! ```
//!
//! For a daemon on this machine the link is `Builder::new().reconnect("/run/openvpn/server.sock")`.
//!
//! Several daemons are a [`Fleet`](crate::Fleet), whose items have the names of its members; `tests/programs/exporter.rs` of the
//! repository is a whole exporter of many daemons, `tests/programs/audit.rs` an audit log.
//!
//! # Which source says what
//! | for | take | how fresh |
//! | --- | --- | --- |
//! | is it up? | [`Event::State`](crate::Event::State); at the start [`Attached::now`](crate::Attached) | at once |
//! | bytes of a tunnel, of each client | [`Event::ByteCount`](crate::Event::ByteCount), [`ByteCountClient`](crate::Event::ByteCountClient) | the interval of `bytecount`, from 1 s |
//! | who is in | [`peers::LivePeers`](crate::peers::LivePeers), which keeps a table by events and `status`; for an audit log its [`changes_of`](crate::peers::LivePeers::changes_of) a fleet | at once, or by its interval where the server announces nobody |
//! | the same once | [`status`](crate::Client::status) | when asked; 10,000 clients take some 4 ms to read |
//! | the same, without a management socket | the files of `--status` and `--log`: [`StatusFile`](crate::reply::StatusFile), [`LogFileLines`](crate::events::LogFileLines) | the interval of `--status`, from 1 s; the log at once |
//! | totals | [`load_stats`](crate::Client::load_stats) | when asked; one line |
//! | why did it restart? | the detail of `RECONNECTING`, and the [log](crate::Client::log_on) | at once |
//!
//! # What it must get right, and what the crate does for it
//! - **Never hold up the VPN.** OpenVPN stops forwarding packets while nobody reads its management socket. A session reads
//!   always; events that your program has no time for are lost, and [counted](crate::Lagged). After a lag ask for `status`.
//! - **Nothing missed is nothing happened?** No: see `docs/LASTING.md`, "What was missed".
//! - **Numbers of clients are not names.** They start over; take [`Events::peer`](crate::Events::peer) and
//!   [`epoch`](crate::Events::epoch) with them.
//! - **A password in the log** is cut out of [`Event::Log`](crate::Event::Log) where it stands behind a known mark. Keep `verb` at
//!   6 or below all the same.
//!
//! More: `examples/reconnect.rs`, `exporter.rs` (for Prometheus), `audit.rs` (a log of who was in), `peers.rs`.
