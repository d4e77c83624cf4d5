//! Each command's wire form, its checks and its [`ReplyShape`].
//!
//! Nothing leaves here that a daemon would read differently from what was meant.

pub(crate) mod clients;
pub(crate) mod config;
pub(crate) mod credentials;
pub(crate) mod daemon;
pub(crate) mod keys;
mod lexer;
mod quote;
pub(crate) mod raw;
pub(crate) mod realtime;
pub(crate) mod remote;
mod shape;
pub(crate) mod status;
mod wire;

pub use crate::types::limits;
pub use clients::{EnvFilter, KillTarget, Transport};
pub use config::{IntoPeerConfig, PeerConfig};
pub use daemon::Signal;
pub(crate) use lexer::parameters;
pub use quote::quote;
pub use realtime::History;
pub use remote::{ProxyAction, RemoteAction};
pub use shape::{Fence, ReplyShape};
pub use status::StatusFormat;
pub(crate) use wire::{Effect, Expect, Kind, Wire, Writer, in_range};
