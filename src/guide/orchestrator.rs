//! An orchestrator: a program that runs many daemons, its own and others', and watches them as one.
//!
//! # Which daemons are yours?
//! | | take | when your program ends |
//! | --- | --- | --- |
//! | your program starts them, and a VPN without it must not be | [`process::Process`](crate::process::Process), feature `process` | they end, also by `kill -9` |
//! | your program starts them, and they go on without it | the same with [`listens_at`](crate::process::Process::listens_at) | they go on |
//! | a service manager starts them, and they dial in | [`Listener`](crate::Listener) | they end |
//! | somebody else starts them | [`Link`](crate::Link): `Builder::new().reconnect(address)` | they go on |
//!
//! All four are members of one [`Fleet`](crate::Fleet):
//!
//! ```no_run
//! use openvpn_mgmt::process::{Process, RestartPolicy};
//! use openvpn_mgmt::{Builder, Fleet, Listener, MemberItem, Request};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut fleet = Fleet::new();
//! // Ours: started now, and anew when it crashes.
//! let ours = Process::new("/etc/vpn/office.ovpn").hold(true);
//! fleet.add("office", ours.supervise(RestartPolicy::new()))?;
//! // Others'.
//! fleet.add("udp", Builder::new().reconnect("/run/openvpn/udp.sock"))?;
//! fleet.add_listener("edge", Listener::bind("/run/vpn/in.sock").await?)?;
//!
//! while let Some(item) = fleet.next().await {
//!     let name = item.member.name();
//!     match item.what {
//!         MemberItem::Attached(session) => println!("{name}: session {}", session.number),
//!         // What has to be set up before the tunnel is, is set up here.
//!         MemberItem::Request(Request::Hold(hold)) => hold.release().await?,
//!         MemberItem::Event(event) => println!("{name}: {event}"),
//!         MemberItem::Lagged(lagged) => println!("{name}: {lagged}"),
//!         MemberItem::Detached(reason) => println!("{name}: {reason}"),
//!         MemberItem::Away(error) => println!("{name} is away: {error}"),
//!         MemberItem::Ended(error) => println!("{name} will not come back: {error:?}"),
//!         _ => {}
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! # Commands to one, some, all
//! From any task, by [`Fleet::client`](crate::Fleet::client). They go out at the same time, and one that does not answer costs its
//! own time:
//!
//! ```no_run
//! use openvpn_mgmt::FleetClient;
//! use openvpn_mgmt::command::{LoadStats, Pid};
//!
//! # async fn example(fleet: FleetClient) -> openvpn_mgmt::Result<()> {
//! let pid = fleet.to("office")?.send(&Pid).await?;
//! for (name, load) in fleet.all(&LoadStats).await {
//!     println!("{name}: {load:?}");
//! }
//! # let _ = pid;
//! # Ok(()) }
//! ```
//!
//! # What it must get right, and what the crate does for it
//! - **A daemon of one's own that does not start says why in its own words**:
//!   [`StartError`](crate::process::StartError) has its last lines, and names a privilege that was missing.
//! - **Nothing is left behind.** A daemon that dials in ends with the connection, so with your program, however that ends. Its socket
//!   and folder are gone as soon as it has dialed.
//! - **One bad member hurts no other.** Members take turns; what one of them says too much is lost to that one, and counted.
//! - **A crash loop ends**: [`RestartPolicy`](crate::process::RestartPolicy) pauses longer each time, and gives up.
//! - **A command is not sent twice.** One to a member whose session ends before the reply is
//!   [`Error::Closed`](crate::Error::Closed), and only you know whether to say it again.
//!
//! More: `examples/orchestrator.rs`, `spawn.rs`, `fleet.rs`, `listen.rs`; `docs/LASTING.md`.
