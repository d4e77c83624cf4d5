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
//! # Programs that last
//! [`Builder::reconnect`] gives a [`Link`]: one session after another to a daemon that restarts, is stopped, or is held by
//! another manager for a while, with what was [missed](Missed) between them. [`Listener`] is for daemons that dial in, and end
//! with their session. The guide `docs/LASTING.md` of the repository tells what is promised, what OpenVPN does not give, and
//! which of the two to choose.
//!
//! # Layers
//! - [`demux`]: bytes to lines, replies apart from events. Sans-I/O, and an async face.
//! - [`events`]: event lines to typed values, and back.
//! - [`command`]: commands as values: what each looks like on the wire, what is refused beforehand, and how its reply is read.
//! - [`reply`]: replies to typed values, and back.
//! - [`Client`], [`Events`], [`Requests`]: one connection, many handles.
#![cfg_attr(
    feature = "server",
    doc = "- [`server`]: the daemon's side of a connection, for test daemons and proxies (feature `server`)."
)]
//! - [`handler`]: sign-in servers and VPN clients as a trait to implement; [`challenge`]: what they ask beside passwords.

pub mod challenge;
pub mod command;
pub mod demux;
pub mod events;
#[cfg(any(doc, doctest))]
pub mod guide;
pub mod handler;
pub mod reply;
#[cfg(feature = "server")]
pub mod server;

mod client;
mod error;
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
pub use reply::{AuthRetry, Status};
pub use requests::{
    AuthTokenRequest, CertificateRequest, Challenge, ChallengeRequest, ClientRequest,
    ClientResponse, CredentialsRequest, DroppedRequest, HoldRequest, NeedOkRequest, NeedStrRequest,
    Origin, Overflow, PasswordError, PasswordRequest, PendingAuth, PendingClient, ProxyRequest,
    Refusal, RemoteRequest, Request, RequestSource, Requests, SignRequest, SourceError, Sourced,
    Sources, UsernameRequest, WebAuthRequest,
};
pub use session::{
    AcceptError, Attached, Backoff, Builder, Dialer, Endpoint, FoundOrphan, Item, Link, LinkClient,
    LinkStatus, LinkWatch, Listener, ListenerBuilder, Missed, Orphan, OrphanPolicy, Picture,
    ResumedClient, Session, SessionSource, Trouble, WhileAway, attach, connect,
};
pub use types::{
    ArgumentProblem, Cid, Kid, MacAddress, Protocol, RealAddress, Secret, Text, VirtualAddress,
    WriteError,
};

/// The programs in the README are compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
