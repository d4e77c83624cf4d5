//! Talk to OpenVPN from a program: an async SDK for its management interface.
//!
//! [`connect`] gives a [`Session`]: a [`Client`], whose every command is one method,
//! [`Events`], a typed subscription that has missed nothing, and [`Requests`], what the
//! daemon asks, each request knowing its own answers.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use openvpn_mgmt::{Event, connect};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (client, mut events, _) = connect("/run/openvpn/client.sock").await?.split();
//! client.state_on().await?;
//! client.bytecount(Duration::from_secs(5)).await?;
//! client.hold_release().await?;
//! while let Some(event) = events.next().await {
//!     match event {
//!         Ok(Event::State(state)) => println!("{state}"),
//!         Ok(Event::ByteCount(count)) => println!("{} in, {} out", count.bytes_in, count.bytes_out),
//!         Ok(_) => {}
//!         Err(lagged) => eprintln!("{lagged}"), // told, and the loop goes on
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! What the daemon asks is answered by the request itself:
//!
//! ```no_run
//! # fn allowed(_: &openvpn_mgmt::ClientRequest) -> bool { true }
//! use openvpn_mgmt::{Request, Requests};
//!
//! async fn answer(mut requests: Requests) {
//!     while let Some(request) = requests.next().await {
//!         let answered = match request {
//!             Request::Hold(hold) => hold.release().await,
//!             Request::Credentials(ask) => ask.answer("al ice", "s3cret").await,
//!             Request::ClientConnect(peer) if allowed(&peer) => peer.allow().await,
//!             Request::ClientConnect(peer) => peer.deny("not on the list", Some("ask your admin")).await,
//!             other => other.decline().await,
//!         };
//!         if let Err(error) = answered {
//!             eprintln!("{error}"); // One client that left ends nothing.
//!         }
//!     }
//! }
//! ```
//!
//! The guides begin with OpenVPN's own options: [a VPN client](guide::vpn_client), [a sign-in server](guide::sign_in_server),
//! [a monitor](guide::monitor), an orchestrator (`guide::orchestrator`, feature `process`), [tests](guide::testing), [coming from another package](guide::migrating).
//!
//! # Which stream do I want?
//! | you want | take |
//! | --- | --- |
//! | to answer what the daemon asks; nothing of it is ever lost | [`Requests`], or a [`handler`] that runs over them |
//! | what the daemon tells, in a task of its own; a slow reader loses the oldest, and is told how many | [`Events`], and [`Client::subscribe`] for more of them |
//! | both in the order of the wire, in one loop | [`Session::next`] |
//! | the same over daemons that restart | [`Link`], whose sessions each have these |
//! | raw lines | [`demux`] |
//!
//! Whatever is dropped opts out, and nothing of it piles up.
//!
//! # Who does what
//! ```text
//!             your tasks                      one task, the driver                the daemon
//!  client.pid() ──command──> queue ──────────> exchange ───────bytes────────────> reads
//!       ^                                         │                                  │
//!       └───────────reply──────────────────────── ┘ <──┐                             │
//!  events.next() <── broadcast <── dispatcher <────────┤ demux, events <──bytes── writes
//!  requests.next() <── registry <────────┘
//! ```
//!
//! The driver always reads, and reads while it writes. In time:
//!
//! ```text
//!  you              driver                 daemon
//!  state_on() ────> state on ────────────>
//!                   SUCCESS: … <──────────           the call returns
//!                   >STATE:… <────────────           to each subscriber
//!  status() ──────> status 3 ────────────>
//!                   HEADER,… <────────────           kept for the call
//!                   >LOG:… <──────────────           an event within the reply: to each subscriber
//!                   END <─────────────────           the call returns
//!  (dropped) ─────> nothing, where it was not sent yet; else its reply is thrown away
//! ```
//!
//! An event that came before a reply is there when the call returns.
//!
//! # What is promised
//! 1. **It always reads.** No slow consumer holds up the daemon, which would hold up the VPN.
//! 2. **A reply reaches its own caller or nobody**, also where calls are dropped or time out.
//! 3. **Nothing is sent that the daemon would read differently.** What it would cut, drop, split or run is
//!    [`Error::InvalidArgument`], and nothing is sent.
//! 4. **What needs an answer is never dropped**, and a decision is only sent to the client it was taken for: else it is
//!    [`Error::Stale`].
//! 5. **Secrets stay secret**: [wiped](Secret), `[redacted]`, and while there are requests in them alone.
//! 6. **Everything received is hostile.** Memory is bounded, nothing panics, and what cannot be read is kept as it came.
//! 7. **Everything ends**, with an error that says why and what to look at.
//!
//! # Cancel safety
//! Every future of the crate may be dropped at any time. A command that was not sent yet is not sent then; one that was is sent
//! whole, and its reply is nobody's. `next` of a stream loses nothing. What differs is said with the method.
//!
//! # Features
//! | feature | adds |
//! | --- | --- |
//! | `process` | OpenVPN as a child of the program; Unix only |
//! | `serde` | events, replies and requests as JSON, and records that are read from it |
//! | `server` | the daemon's side of a connection, for test daemons and proxies |
//! | `systemd` | listeners on sockets that systemd hands over |
//!
//! None is on by default.
//!
//! # Traces
//! What the crate does is traced by `tracing`, under the target `openvpn_mgmt`, within these spans, all of level `INFO`:
//!
//! | span | is around | fields |
//! | --- | --- | --- |
//! | `connection` | the greeting, and all that the driver does to its end | `daemon`: where it was connected to, who dialed in, or `a stream` |
//! | `member` | what a [`Fleet`] does with one member, its connections included | `member`: its name |
//! | `attempt` | what an [`AuthServer`](handler::AuthServer) does about a client, its handler included | `cid`, `kid`; `kind`: `connect` or `reauth`; `daemon`, where there are several: its name, and which connection to it |
//!
//! The span in which a connection is made, if any, is around its `connection`. Commands are traced at `DEBUG` by their name alone, with
//! the field `command`; what a program should look at, at `WARN`; bytes received are counted at `TRACE`. No trace holds a secret.
//!
//! # Programs that last
//! [`Builder::reconnect`] gives a [`Link`]: one session after another to a daemon that restarts, is stopped, or is held by
//! another manager for a while, with what was [missed](Missed) between them. [`Listener`] is for daemons that dial in, and end
//! with their session. A [`Fleet`] is many of either as one: a stream of all that they say and ask, and commands to one, some or
//! all. The guide `docs/LASTING.md` of the repository tells what is promised, what OpenVPN does not give, and
//! which of the two to choose.
//!
//! # What is not a connection
//! Files, rows that a program has kept and lines that a person has typed are read without any I/O:
//!
//! | | |
//! | --- | --- |
//! | the file of `--status` | [`reply::StatusFile`] |
//! | the file of `--log` | [`events::LogFileLines`] |
//! | a row of `state`, `log`, `echo` | [`events::State::parse_row`], [`events::LogLine::parse_row`], [`events::Echo::parse_row`] |
//! | an event line, `>STATE:…` without its `>` | [`Event::parse`] |
//! | a command line | [`command::parse`](command::parse()) |
//!
//! # Layers
//! | module | does |
//! | --- | --- |
//! | [`demux`] | bytes to lines, replies apart from events; sans-I/O, and with an async face |
//! | [`events`] | event lines to typed values, and back |
//! | [`command`] | commands as values: what each looks like on the wire, what is refused beforehand, and how its reply is read |
//! | [`reply`] | replies to typed values, and back |
//! | [`challenge`] | challenges, both sides of them |
//! | this one | [`Client`], [`Events`], [`Requests`]: one connection, many handles; [`Session`], [`Link`], [`Listener`]: how connections come about; [`Fleet`]: many daemons as one |
//! | [`handler`] | sign-in servers and VPN clients as a trait to implement |
#![cfg_attr(
    feature = "server",
    doc = "| [`server`] | the daemon's side of a connection (feature `server`) |"
)]
//! | [`peers`] | who is in at a server, or at several: the session table |
#![cfg_attr(
    all(feature = "process", unix),
    doc = "| [`process`] | OpenVPN as a child of the program: started, restarted and stopped (feature `process`) |"
)]
#![cfg_attr(
    feature = "serde",
    doc = "| [`json`] | the JSON of events, replies and requests (feature `serde`) |"
)]
//!
#![doc = include_str!("tables.md")]
// docs.rs shows which feature an item needs; it builds with a nightly compiler.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod challenge;
pub mod command;
pub mod demux;
pub mod events;
#[cfg(any(doc, doctest))]
pub mod guide;
pub mod handler;
#[cfg(feature = "serde")]
pub mod json;
pub mod peers;
#[cfg(all(feature = "process", unix))]
pub mod process;
pub mod reply;
#[cfg(feature = "server")]
pub mod server;

mod client;
mod error;
mod fleet;
mod requests;
mod session;
mod types;

pub use client::{Client, Events, Lagged, Peer, PeerEnd, PeerIdentities};
pub use command::{
    AnyCommand, Command, Dialect, EnvFilter, History, IntoPeerConfig, KillTarget, PeerConfig,
    ProxyAction, RemoteAction, ReplyShape, Signal, StatusFormat, Transport,
};
pub use error::{CloseReason, Error, Result};
pub use events::{Event, Info, StateName};
pub use fleet::{
    Fleet, FleetClient, FleetItem, FleetRequests, MemberAttached, MemberItem, MemberStatus,
    Outcomes,
};
pub use reply::{AuthRetry, Status};
pub use requests::{
    AuthTokenRequest, CertificateRequest, Challenge, ChallengeRequest, ClientRequest,
    ClientResponse, CredentialsRequest, DroppedRequest, HoldRequest, NeedOkRequest, NeedStrRequest,
    Origin, Overflow, PasswordError, PasswordRequest, PendingAuth, PendingClient, ProxyRequest,
    Refusal, RemoteRequest, Request, RequestSource, Requests, SignRequest, SourceError, Sourced,
    Sources, UsernameRequest, WebAuthRequest,
};
pub use session::{
    AcceptError, Attached, Backoff, Builder, Dialer, Endpoint, FoundOrphan, IntoSessionSource,
    Item, Link, LinkClient, LinkStatus, LinkWatch, Listener, ListenerBuilder, Missed, OneSession,
    Orphan, OrphanPolicy, Picture, ResumedClient, Session, SessionSource, Trouble, WhileAway,
    attach, connect,
};
pub use types::{
    ArgumentProblem, Cid, Kid, LocalTime, MacAddress, ParseError, Protocol, RealAddress, Secret,
    Text, VirtualAddress, WriteError,
};

/// The programs in the README are compiled with the documentation's; one of them needs a feature.
#[cfg(all(doctest, feature = "process", unix))]
#[doc = include_str!("../README.md")]
struct Readme;
