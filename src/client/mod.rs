//! The client: one connection, many handles.
//!
//! [`connect`] does the handshake and starts the driver, the one task that owns
//! the socket; [`Client`] sends commands to it, [`Events`] subscribes to what it hears.

mod builder;
mod caller;
mod commands;
mod driver;
mod endpoint;
mod env_filter;
mod events;
mod exchange;
mod handle;
mod handshake;
mod identity;
mod outlet;
mod reply_timer;
mod requests;
mod session;
mod shared;
mod transport;

pub use builder::Builder;
pub use endpoint::Endpoint;
pub use events::{Events, Lagged};
pub use handle::Client;
pub use identity::{Peer, PeerEnd, Peers};
pub use requests::{
    CertificateRequest, Challenge, ChallengeRequest, ClientRequest, ClientResponse,
    CredentialsRequest, DroppedRequest, HoldRequest, NeedOkRequest, NeedStrRequest, Overflow,
    PasswordError, PasswordRequest, PendingAuth, PendingClient, ProxyRequest, Refusal,
    RemoteRequest, Request, Requests, SignRequest, UsernameRequest,
};
pub use session::{Session, attach, connect};
