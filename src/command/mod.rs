//! Commands as values: each knows its checks, its wire form, its [`ReplyShape`] and how its reply is read.
//!
//! [`Client`](crate::Client) has a method for each. A value is for what a method cannot do: to build a command
//! before there is a connection, to see what a daemon would get, to keep a list of different ones.
//!
//! ```
//! use std::time::Duration;
//!
//! use openvpn_mgmt::command::{AnyCommand, Bytecount, ClientDeny, Command, Dialect, HoldRelease};
//! use openvpn_mgmt::{Cid, Kid};
//!
//! let deny = ClientDeny::new(Cid(7), Kid(1), "not \"you\"");
//! let encoded = deny.encode(Dialect::openvpn(2, 6, 14))?;
//! assert_eq!(encoded.as_bytes(), b"client-deny 7 1 \"not \\\"you\\\"\"\n");
//!
//! let set_up =
//!     [AnyCommand::new(Bytecount::every(Duration::from_secs(5))), AnyCommand::new(HoldRelease)];
//! # async fn example(client: openvpn_mgmt::Client, set_up: [AnyCommand; 2]) -> openvpn_mgmt::Result<()> {
//! for command in &set_up {
//!     client.send(command).await?;
//! }
//! # Ok(()) }
//! # Ok::<(), openvpn_mgmt::Error>(())
//! ```
//!
//! Nothing leaves here that a daemon would read differently from what was meant.

mod answers;
mod any;
mod auth_retry;
mod client_settings;
mod clients;
mod config;
mod credentials;
mod daemon;
mod encoded;
mod history;
mod keys;
mod kill;
mod lexer;
mod list;
mod notifications;
mod parse;
mod pending_auth;
mod quote;
mod raw;
mod realtime;
mod received;
mod remote;
mod shape;
mod signal;
mod status;
mod writer;

use std::fmt;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::reply::{self, RawReply};
use crate::types::{Feature, Text};

pub use crate::types::{Dialect, limits};
pub use answers::{CrResponse, NeedOk, NeedStr};
pub use any::AnyCommand;
pub use auth_retry::{AuthRetry, ForgetPasswords, SetAuthRetry};
pub use client_settings::{ClientPf, EnvFilter, PushUpdate};
pub use clients::{ClientAuth, ClientAuthNt, ClientDeny, ClientKill};
pub use config::{IntoPeerConfig, PeerConfig};
pub use credentials::{Password, Username};
pub use daemon::{
    AnnounceVersion, Help, Mute, Net, NetworkChange, Pid, Quit, SetMute, SetVerb, Test, Verb,
    Version,
};
pub use encoded::Encoded;
pub(crate) use encoded::{Effect, Expect, Kind};
pub use history::{History, HistoryOf, Recorded};
pub use keys::{Certificate, PkSig, Pkcs11IdCount, Pkcs11IdGet, RsaSig};
pub use kill::{KillTarget, Transport};
#[cfg(feature = "server")]
pub(crate) use lexer::Lexed;
pub use lexer::LexerProblem;
#[cfg(any(feature = "server", all(feature = "process", unix)))]
pub(crate) use lexer::lex;
pub(crate) use lexer::parameters;
#[cfg(feature = "server")]
pub(crate) use list::with_commands;
pub use notifications::{Channel, Notifications};
pub use parse::{ParseCommandError, parse};
pub use pending_auth::ClientPendingAuth;
pub use quote::quote;
pub use raw::RawCommand;
pub use realtime::{Bytecount, Hold, HoldRelease, SetHold, State};
#[cfg(feature = "server")]
pub(crate) use received::{BlockLines, Line, Parse};
pub use remote::{ProxyAction, RemoteAction, RemoteEntryCount, RemoteEntryGet};
pub use shape::{Fence, ReplyShape};
pub use signal::Signal;
pub use status::{LoadStats, Nclients, Status, StatusFormat};
pub(crate) use writer::Writer;
use writer::in_range;

/// A command that can be [sent](crate::Client::send).
///
/// `Debug` shows no secret. The trait is sealed: a reply of another shape than was declared would be taken for
/// another command's. For commands this crate does not know there is [`RawCommand`].
pub trait Command: fmt::Debug + Send + Sync + sealed::Sealed {
    /// What the reply says; `()` where it only says that the command was accepted.
    type Reply: Send;

    /// Checks the arguments, and writes the command in the form that a daemon of this [`Dialect`] reads.
    ///
    /// # Errors
    /// - [`Error::InvalidArgument`]: an argument that the daemon would read differently.
    /// - [`Error::Unsupported`]: the daemon has no such command, or it is not known whether it has.
    fn encode(&self, dialect: Dialect) -> Result<Encoded>;

    /// Reads what the daemon answered, where that was no `ERROR:`.
    ///
    /// # Errors
    /// [`Error::UnexpectedReply`] where it is not in the command's form; [`Error::Refused`] where the daemon
    /// refuses by other means than one `ERROR:` line.
    fn read(&self, reply: &RawReply) -> Result<Self::Reply>;
}

mod sealed {
    use super::{Dialect, Learned, RawReply};

    /// What only the commands of this crate are, and what the client has to know of them.
    pub trait Sealed {
        /// Whether the wire form depends on what `version` has yet to tell.
        fn needs_version(&self, _dialect: Dialect) -> bool {
            false
        }

        /// What its reply tells of the daemon.
        fn learned(&self, _reply: &RawReply) -> Learned {
            Learned::Nothing
        }
    }
}

pub(crate) use sealed::Sealed;

/// What the reply of a command tells of the daemon.
#[derive(Debug)]
pub enum Learned {
    /// Nothing that other commands depend on.
    Nothing,
    /// What it is.
    Version(Box<reply::Version>),
}

/// Refuses what this daemon does not have, and what is not known of it.
fn require(command: &'static str, dialect: Dialect, feature: Feature) -> Result<()> {
    match dialect.has(feature) {
        Some(true) => Ok(()),
        Some(false) => Err(Error::Unsupported { command, needs: feature.needs() }),
        None => Err(version_unknown(command)),
    }
}

/// Why a command whose form depends on the daemon's release cannot be written without it.
fn version_unknown(command: &'static str) -> Error {
    Error::Unsupported { command, needs: "to know the daemon's release, as `version` tells it" }
}

/// An argument as a value keeps it.
fn text(argument: impl AsRef<[u8]>) -> Text {
    Text::from(Bytes::copy_from_slice(argument.as_ref()))
}

#[cfg(test)]
mod tests;
