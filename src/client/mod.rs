//! The client: one connection, many handles.
//!
//! The driver is the one task that owns the stream; [`Client`] sends commands to it, [`Events`] subscribes to
//! what it hears, and the registry keeps the requests that are open.

mod broadcast;
mod commands;
mod deadline;
mod dispatcher;
mod driver;
mod env_filter;
mod events;
mod exchange;
mod handle;
mod identity;
mod pending_command;
pub(crate) mod registry;
mod reply_timer;
mod shared;
mod start;
mod transport;

pub(crate) use broadcast::BroadcastLimits;
pub(crate) use deadline::far;
pub(crate) use events::Next;
pub use events::{Events, Lagged};
pub use handle::Client;
pub(crate) use handle::WeakClient;
pub use identity::{Peer, PeerEnd, PeerIdentities};
pub(crate) use registry::Limits;
pub(crate) use start::{Greeted, Settings, start};
pub(crate) use transport::{Foreign, Transport};
